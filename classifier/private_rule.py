"""What a rule of hiding is, and the small tools that the rules share."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from models.tags import Span

Match = re.Match[str]

#: How many characters before a find may say what it is.
_LABEL_REACH: Final = 16


class Rule(NamedTuple):
    """What is hidden as `mark`; a text without any of `signs` need not be searched.

    Nor need one without a long number where `signs` is empty.
    `span` gives what of a match is hidden, None where the match proves to be something else.
    """

    mark: str
    signs: str
    pattern: re.Pattern[str]
    span: Callable[[Match], Span | None]


def whole(match: Match) -> Span | None:
    """Hide all of it."""
    return match.span()


def part(match: Match) -> Span | None:
    """Hide the group `hide`."""
    return match.span("hide")


def labelled(match: Match, label: re.Pattern[str]) -> bool:
    """Tell whether a label stands before a find; the label's pattern ends in `$`."""
    start = match.start()
    return label.search(match.string[max(0, start - _LABEL_REACH) : start]) is not None


def rule(mark: str, signs: str, pattern: str, span: Callable[[Match], Span | None] = whole) -> Rule:
    """Make a rule."""
    return Rule(mark, signs, re.compile(pattern), span)
