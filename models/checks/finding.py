"""What a check finds: how bad, what, where, and what to do, in words for who keeps the data."""

from collections.abc import Callable
from datetime import date
from typing import Literal

import msgspec

from models.dates import Dated

Severity = Literal["error", "warning", "info"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong or doubtful. `code` is stable; `text` and `remedy` are Chinese.

    `error` means that cases would go wrong, `warning` that people will have to decide what data
    could, `info` that something is worth knowing. `where` names the thing, e.g. a unit's code.
    """

    severity: Severity
    code: str
    where: str
    text: str
    remedy: str


def error(code: str, where: str, text: str, remedy: str) -> Finding:
    """Make a finding that must be mended before the city runs."""
    return Finding(severity="error", code=code, where=where, text=text, remedy=remedy)


def warning(code: str, where: str, text: str, remedy: str) -> Finding:
    """Make a finding that leaves work to people."""
    return Finding(severity="warning", code=code, where=where, text=text, remedy=remedy)


def info(code: str, where: str, text: str, remedy: str) -> Finding:
    """Make a finding that is worth knowing."""
    return Finding(severity="info", code=code, where=where, text=text, remedy=remedy)


def current(thing: Dated) -> bool:
    """Tell whether the thing has no end: the data are checked for the time to come."""
    return thing.valid_to is None


def overlap(one: Dated, other: Dated) -> bool:
    """Tell whether two things hold on a common day."""
    start = max(one.valid_from or date.min, other.valid_from or date.min)
    return start <= min(one.valid_to or date.max, other.valid_to or date.max)


def goes_round(code: str, after: Callable[[str], str | None]) -> bool:
    """Tell whether going on from a code by `after` comes back to a code already passed."""
    seen = {code}
    following = after(code)
    while following:
        if following in seen:
            return True
        seen.add(following)
        following = after(following)
    return False
