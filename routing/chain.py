"""Whom an alarm reaches: the posts above a clock, from its unit up to the hotline (F17, F27).

The line goes along the city's own data: posts within a unit, then the unit's parent, which for a
branch of the ecology bureau is the city's bureau (法典 53), then the coordinating body, then the
hotline. Who is complained of, or no longer exists, is left out; where nobody is, the supervisors.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Final, Literal, NamedTuple

import msgspec

from models.city import Unit
from models.data_files import convert_all, read_toml
from routing.catalogue import Catalogue
from routing.rules import DATA

Grade = Literal["urge", "general", "key"]
Press = Literal["remind", "interview", "notice"]
#: The posts of a unit, from the one that hears first.
POSTS: Final = ("liaison", "deputy", "head")
#: Where the units above, the coordinating body and the hotline begin on the line.
_PLACES: Final = {
    "liaison": 0,
    "deputy": 1,
    "head": 2,
    "superior": 3,
    "superior_head": 4,
    "coordinator": 90,
    "hotline": 99,
}
SUPERVISOR: Final = "supervisor"


class Ladder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At which rung the alarms of some clocks enter the line; no `codes` means all the others."""

    codes: tuple[str, ...]
    warn: tuple[str, ...]
    breach: str
    overdue: str


class Orders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What orders need: their clocks, whom they reach, which breaches bring one by themselves."""

    also: tuple[str, ...]
    clock: dict[Grade, str]
    post: dict[Grade, str]
    name: dict[Grade, str]
    progress: str


class KeyTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a case is a key complaint; `flags` of the reader give a reason by themselves."""

    repeats: int
    collective: int
    days: int
    names: dict[str, str]
    flags: dict[str, str]


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form of a letter: its kind's name, the mark in its number, title and body."""

    name: str
    mark: str
    title: str
    body: str


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """All that is settled of supervision."""

    posts: dict[str, str]
    ladders: Mapping[str, Ladder]
    usual: Ladder
    orders: Orders
    key: KeyTerms
    document: dict[Press, Form]


class Rung(NamedTuple):
    """A post on the line: its place, the unit (None: the supervisors), the post."""

    place: int
    unit: str | None
    post: str


@cache
def policy() -> Policy:
    """Read what is settled of supervision."""
    path = DATA / "supervision.toml"
    table = read_toml(path)
    ladders = convert_all(path, "ladder", table["ladder"], Ladder)
    return Policy(
        posts=msgspec.convert(table["posts"], dict[str, str]),
        ladders={code: ladder for ladder in ladders for code in ladder.codes},
        usual=next(ladder for ladder in ladders if not ladder.codes),
        orders=msgspec.convert(table["orders"], Orders),
        key=msgspec.convert(table["key"], KeyTerms),
        document=msgspec.convert(table["document"], dict[Press, Form]),
    )


def addressee(  # noqa: PLR0917  # what, whose and when reads in this order
    book: Catalogue,
    code: str,
    level: str,
    unit: str | None,
    on: date,
    barred: Collection[str] = (),
) -> Rung:
    """Say who is told of a level of a clock; a higher level never reaches a lower rung."""
    wanted, more = _entry(code, level)
    found = line(book, unit, on, barred)
    first = next((i for i, rung in enumerate(found) if rung.place >= _PLACES[wanted]), len(found))
    return found[min(first + more, len(found) - 1)]


def line(book: Catalogue, unit: str | None, on: date, barred: Collection[str] = ()) -> list[Rung]:
    """Give the line above a clock of a unit; the desk's own begins at the hotline."""
    hotline, coordinator = held(book, "HOT", on), held(book, "COORD", on)
    units = book.directory.units
    rungs: list[Rung] = []
    for place, one in _upward(units, unit or hotline):
        if one.code not in barred and _exists(one, on):
            rungs += _posts(book, one, place)
    if coordinator and coordinator not in barred:
        rungs.append(Rung(_PLACES["coordinator"], coordinator, "head"))
    if hotline and hotline not in barred:
        rungs.append(Rung(_PLACES["hotline"], hotline, "head"))
    return rungs or [Rung(0, None, SUPERVISOR)]


def above(
    book: Catalogue, unit: str | None, on: date, barred: Collection[str] = ()
) -> tuple[str, ...]:
    """Name who is above a unit, the nearest first: its parents, the coordinating body, the hotline.

    Whom the city's government does not reach gets no task: an authority outside it is left out.
    """
    units = book.directory.units
    found = [rung.unit for rung in line(book, unit, on, barred) if rung.place >= len(POSTS)]
    known = (code for code in found if code and code != unit)
    return tuple(dict.fromkeys(code for code in known if units[code].level != "external"))


def held(book: Catalogue, role: str, on: date) -> str | None:
    """Name the unit that holds a role for the whole city."""
    units = book.directory.units
    return next(
        (
            b.unit
            for b in book.city.bindings
            if (b.role, b.territory) == (role, book.city.adcode)
            and (b.valid_to is None or b.valid_to >= on)
            and b.unit in units
        ),
        None,
    )


def _entry(code: str, level: str) -> tuple[str, int]:
    """Say at which rung a level enters the line, and how many rungs above it goes."""
    ladder = policy().ladders.get(code, policy().usual)
    if level == "breach":
        return ladder.breach, 0
    n = int(level.lstrip("abcdefghijklmnopqrstuvwxyz"))
    if level.startswith("warn"):
        return ladder.warn[min(n, len(ladder.warn)) - 1], 0
    return ladder.overdue, n - 1


def _upward(units: Mapping[str, Unit], code: str | None) -> Iterator[tuple[int, Unit]]:
    seen: set[str] = set()
    place = 0
    while code is not None and code in units and code not in seen:
        seen.add(code)
        yield place, units[code]
        code = units[code].parent
        place = len(POSTS) if not place else place + 2


def _posts(book: Catalogue, unit: Unit, place: int) -> list[Rung]:
    """Give the posts of a unit on the line; of a unit above, its leaders."""
    listed = [post.rank for post in book.city.posts if post.unit == unit.code]
    there = [rank for rank in POSTS if not listed or rank in listed]
    if not place:
        return [Rung(POSTS.index(rank), unit.code, rank) for rank in there]
    leaders = [rank for rank in there if rank != "liaison"]
    return [Rung(place + POSTS.index(rank) - 1, unit.code, rank) for rank in leaders]


def _exists(unit: Unit, on: date) -> bool:
    return unit.valid_to is None or unit.valid_to >= on


policy()  # read at the start, never while serving
