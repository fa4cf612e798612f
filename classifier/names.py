"""Telling a person's name from other words, by surnames and by what no name holds."""

import re
import tomllib
from pathlib import Path
from typing import Final

from models.tags import Span

_DATA: Final = Path(__file__).with_name("data")
_FILE: Final = tomllib.loads((_DATA / "surnames.toml").read_text(encoding="utf-8"))
_NEVER: Final = _FILE["never"]
#: Common words that begin like a name ("严重"): two characters each.
_WORDS: Final = frozenset(
    word
    for line in (_DATA / "not_names.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for word in line.split()
)


def _surnames(text: str) -> str:
    """Make a pattern of any of the surnames; those of one character as a class, which is quick."""
    names = set(text.split())
    single = "".join(sorted(name for name in names if len(name) == 1))
    double = sorted(name for name in names if len(name) > 1)
    return f"(?:{'|'.join((*double, f'[{single}]'))})"


def _pattern(surnames: str) -> re.Pattern[str]:
    """Make a pattern of a surname with a title or a given name of one or two characters."""
    titles = "|".join(_FILE["title"].split())
    given = rf" ?[^{_NEVER}\W\da-z_]{{1,2}}(?![县市区镇乡村街路])"
    return re.compile(rf"{_surnames(surnames)}(?P<given>{titles}|{given}|(?!\w))")


_FIRM: Final = _pattern(_FILE["plain"] + " " + _FILE["doubtful"])
_DOUBTFUL: Final = _pattern(_FILE["plain"])
_LOOSE: Final = re.compile(
    rf"(?!{_surnames(_FILE['not_loose'])}){_surnames(_FILE['plain'] + ' ' + _FILE['loose'])}"
    rf"[^{_NEVER}\W\da-z_](?:[^{_NEVER}{_FILE['after']}\W\da-z_])?(?![县市区镇乡村街路])"
)
#: A surname before the title of a private person.
TITLED: Final = (
    rf"{_surnames(_FILE['plain'] + ' ' + _FILE['titled'])}"
    rf"(?:{'|'.join(_FILE['private_title'].split())})"
)
#: The shortest written name of a person.
_SHORTEST: Final = 2


def firm_name(match: re.Match[str]) -> Span | None:
    """Give the span of the name that starts the group `hide`, after words such as 我叫."""
    found = _FIRM.match(match.string, *match.span("hide"))
    return found.span() if found else None


def doubtful_name(match: re.Match[str]) -> Span | None:
    """Give the span of the group `hide` where all of it is a name, after words such as 本人."""
    found = _DOUBTFUL.fullmatch(match.string, *match.span("hide"))
    return found.span() if found and found["given"] and not _is_word(found) else None


def loose_name(match: re.Match[str]) -> Span | None:
    """Give the span of the name that starts the group `hide`, after words such as 邻居."""
    found = _LOOSE.match(match.string, *match.span("hide"))
    return found.span() if found and not _is_word(found) else None


def whole_name(match: re.Match[str]) -> Span | None:
    """Give the span of the group `hide` where all of it is a name and no word."""
    found = _LOOSE.fullmatch(match.string, *match.span("hide"))
    return found.span() if found and not _is_word(found) else None


def listed_names(match: re.Match[str]) -> Span | None:
    """Give the span of the group `hide` where it is a list of names, one of them of three signs."""
    start = match.start("hide")
    names = match["hide"].split("、")
    found = [_LOOSE.fullmatch(name) for name in names]
    if any(one is None or _is_word(one) for one in found) or max(map(len, names)) == _SHORTEST:
        return None
    return start, match.end("hide")


def _is_word(found: re.Match[str]) -> bool:
    return found.group()[:_SHORTEST] in _WORDS
