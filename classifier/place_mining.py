"""Named places mined from past tickets: what recurs before a suffix such as 路, 小区 or 学校.

Only names that independent tickets share are kept, never what may be a person's: names and numbers
are hidden before anything is counted, and a place must be named by so many groups of messages.
"""

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from classifier.place_names import Place, tallied

_FILE: Final = tomllib.loads(
    (Path(__file__).with_name("data") / "place_words.toml").read_text(encoding="utf-8")
)
_WORDS: Final = _FILE["words"]
_LEAST: Final = 2
_MOST: Final = 7
#: A name starts after one of these or a mark; it holds none of the words that join other words.
_BEFORE: Final = frozenset(_WORDS["before"])
_NEVER: Final = re.compile(rf"[{_WORDS['never']}]|^(?:{'|'.join(_WORDS['plain'].split())})+$")
_GENERIC: Final = frozenset(_WORDS["generic"].split())
#: Words that stand before names and are none of theirs.
_JOINING: Final = re.compile("|".join(_WORDS["joining"].split()))
TICKETS: Final = "历史工单"
#: Most of a place's tickets come from one county, or its name tells nothing.
ONE_COUNTY: Final = 0.6
_SUFFIX: Final = re.compile(
    "|".join(f"(?P<{kind}>{ends})" for kind, ends in _FILE["kinds"].items())
)
_HAN: Final = re.compile(r"[一-龥]+")
#: A shorter name that nearly always stands within a longer one is a piece of it.
_PIECE: Final = 0.75


class Heard(NamedTuple):
    """A text to mine: its folded characters, its group of like messages, its county or none.

    None is a message about another city: what is said there too is no name of a place here.
    """

    text: str
    group: int
    county: str | None


def mine(heard: Sequence[Heard], least: int, city: str) -> list[Place]:
    """Mine the names that at least so many groups of messages share, without the city's own."""
    heard = [one._replace(text=_JOINING.sub(" ", one.text.replace(city, " "))) for one in heard]
    groups: dict[str, set[int]] = defaultdict(set)
    elsewhere: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for one in heard:
        for name, kind in set(candidates(one.text)):
            if one.county is None:
                elsewhere[name] += 1
            else:
                groups[name].add(one.group)
                kinds[name] = kind
    often = {name: len(of) for name, of in groups.items() if len(of) >= least}
    local = {name: n for name, n in often.items() if elsewhere[name] * 4 <= n}
    names = _whole(local)
    counts = _count(heard, names)
    return [
        Place(
            name=name,
            kind=kinds[name],
            messages=sum(counts[name].values()),
            counts=tallied(counts[name]),
            source=TICKETS,
        )
        for name in sorted(names)
        if max(counts[name].values()) >= max(least - 1, ONE_COUNTY * sum(counts[name].values()))
    ]


def candidates(text: str) -> Iterator[tuple[str, str]]:
    """Give what may be names in a folded text, with their kind; most are not."""
    for stretch in _HAN.finditer(text):
        line = stretch.group()
        for match in _SUFFIX.finditer(line):
            yield from _before(line, match)


def _before(line: str, match: re.Match[str]) -> Iterator[tuple[str, str]]:
    kind = match.lastgroup or ""
    for size in range(_LEAST, _MOST + 1):
        start = match.start() - size
        if start < 0:
            break
        stem = line[start : match.start()]
        if _NEVER.search(stem):
            break
        if stem not in _GENERIC and (start == 0 or line[start - 1] in _BEFORE):
            yield line[start : match.end()], kind


def _whole(often: Mapping[str, int]) -> set[str]:
    """Leave out names that are pieces of longer ones and longer ones that add a chance word."""
    pieces = {
        name[cut:]
        for name, count in often.items()
        for cut in range(1, len(name) - 2)
        if count >= _PIECE * often.get(name[cut:], count + 1)
    }
    return {name for name in often if name not in pieces}


def _count(heard: Iterable[Heard], names: set[str]) -> dict[str, Counter[str]]:
    """Count each name's messages by county, the names of one group once a county."""
    seen: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for one in heard:
        if one.county is not None:
            for name, _ in set(candidates(one.text)):
                if name in names:
                    seen[name].add((one.group, one.county))
    return {name: Counter(county for _, county in seen[name]) for name in names}
