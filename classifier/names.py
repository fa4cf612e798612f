"""Telling a person's name from other words, by surnames and by what no name holds."""

import re
import tomllib
from pathlib import Path
from typing import Final

from models.tags import Span

_FILE: Final = tomllib.loads(
    (Path(__file__).with_name("data") / "surnames.toml").read_text(encoding="utf-8")
)
_NEVER: Final = _FILE["never"]


def _pattern(surnames: str) -> re.Pattern[str]:
    """Make a pattern of a surname with a title or a given name of one or two characters."""
    ordered = sorted(set(surnames.split()), key=len, reverse=True)
    titles = "|".join(_FILE["title"].split())
    given = rf" ?[^{_NEVER}\W\da-z_]{{1,2}}(?![县市区镇乡村街路])"
    return re.compile(rf"(?:{'|'.join(ordered)})(?P<given>{titles}|{given}|(?!\w))")


_FIRM: Final = _pattern(_FILE["plain"] + " " + _FILE["doubtful"])
_DOUBTFUL: Final = _pattern(_FILE["plain"])


def firm_name(match: re.Match[str]) -> Span | None:
    """Give the span of the name that starts the group `hide`, after words such as 我叫."""
    found = _FIRM.match(match.string, *match.span("hide"))
    return found.span() if found else None


def doubtful_name(match: re.Match[str]) -> Span | None:
    """Give the span of the group `hide` where all of it is a name, after words such as 本人."""
    found = _DOUBTFUL.fullmatch(match.string, *match.span("hide"))
    return found.span() if found and found["given"] else None
