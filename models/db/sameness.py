"""Sketches of cases, and the search for others of the same days, place or caller.

The search is exact: an index narrows a case's window to some hundred rows, all of which are looked
at. Blind indexes of callers never leave the database; what comes out is which cases share one.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg
import msgspec

from models.case import CaseNo, State
from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct
from models.geo import Point, cell, cells_around

_SQL: Final = queries.load("sameness")
_BITS: Final = 512
#: Two numbers: the case that was asked about, and one that may be of the same event.
Pair = tuple[int, int]


class Sketch(NamedTuple):
    """What a text is compared by: its bits, whose they are, and the keys of what it names."""

    maker: str
    bits: bytes
    names: Sequence[str]


class SketchRow(NamedTuple):
    """A case's sketch, with its types, county and point as they were just read."""

    case_no: int
    sketch: Sketch
    types: Sequence[str]
    adcode: str | None
    point: Point | None


class Stated(NamedTuple):
    """Where a source says that it happens, in its own words; `system` None where it says none."""

    lon: str
    lat: str
    system: str | None


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """A case as it is compared with others; `bits` are None where it has no sketch.

    `again` tells that it says to have been reported before, `merged` how many cases it answers for.
    """

    case_no: CaseNo
    state: State
    source: str
    title: str | None
    text: str
    address: str | None
    received_at: datetime
    closed_at: datetime | None
    types: tuple[str, ...]
    urgency: str | None
    adcode: str | None
    township: str | None
    parent_no: int | None = None
    merged_into: int | None = None
    merged: int = 0
    again: bool = False
    maker: str | None = None
    bits: int | None = None
    names: tuple[str, ...] = ()
    point: Point | None = None


class Window(NamedTuple):
    """Where the same event as a case's is looked for: between which moments, at which levels.

    `counties` is empty where the case's own is unknown: then the whole city is looked through.
    """

    case_no: int
    since: datetime
    until: datetime
    levels: int
    counties: Sequence[str]
    point: Point | None


def levels_of(types: Iterable[str]) -> int:
    """Give the first levels of types as a number, one bit for each letter from A."""
    found = 0
    for code in types:
        found |= 1 << ord(code[0]) - ord("A")
    return found


async def keep(conn: Connection, city: str, rows: Sequence[SketchRow]) -> None:
    """Keep the sketches of cases that were just tagged."""
    if not rows:
        return
    where = [row.point for row in rows]
    await conn.execute(
        _SQL["keep"],
        city,
        [row.case_no for row in rows],
        [row.sketch.maker for row in rows],
        [asyncpg.BitString.frombytes(row.sketch.bits, bitlength=_BITS) for row in rows],
        [_array(row.sketch.names) for row in rows],
        [levels_of(row.types) for row in rows],
        [row.adcode or "" for row in rows],
        [point.lon if point else None for point in where],
        [point.lat if point else None for point in where],
        [cell(point) if point else None for point in where],
    )


async def stated(conn: Connection, city: str, case_nos: Sequence[int]) -> dict[int, Stated]:
    """Give where the sources of cases say that they happen, for those whose source does."""
    rows = await conn.fetch(_SQL["stated"], city, list(case_nos))
    return {row["case_no"]: Stated(row["lon"], row["lat"], row["system"]) for row in rows}


async def correct(
    conn: Connection, city: str, case_no: int, types: Sequence[str], adcode: str | None
) -> None:
    """Let a case be found by what a person says of its types and county."""
    await conn.execute(_SQL["correct"], city, case_no, levels_of(types), adcode or "")


async def matters(conn: Connection, city: str, case_nos: Iterable[int]) -> dict[int, Matter]:
    """Give cases as they are compared, by number; those that are not held are left out."""
    rows = await conn.fetch(_SQL["matters"], city, sorted(set(case_nos)))
    return {row["case_no"]: _matter(row) for row in rows}


async def around(conn: Connection, city: str, windows: Sequence[Window], limit: int) -> set[Pair]:
    """Give for each window the `limit` likeliest cases within it, and those beside its point."""
    if not windows:
        return set()
    everywhere = [] if all(window.counties for window in windows) else await _counties(conn, city)
    counties = [_array(window.counties or everywhere) for window in windows]
    levels = [window.levels for window in windows]
    asked = (_cases(windows), counties, *_span(windows), levels)
    return await _pairs(conn, "around", city, *asked, limit) | await _beside(
        conn, city, [(window, window.point) for window in windows if window.point], limit
    )


async def _beside(
    conn: Connection, city: str, placed: Sequence[tuple[Window, Point]], limit: int
) -> set[Pair]:
    if not placed:
        return set()
    windows = [window for window, _ in placed]
    cells = [_array(map(str, cells_around(point))) for _, point in placed]
    return await _pairs(conn, "beside", city, _cases(windows), *_span(windows), cells, limit)


async def _counties(conn: Connection, city: str) -> list[str]:
    return [row["code"] for row in await conn.fetch(_SQL["counties"], city)]


async def same_caller(
    conn: Connection, city: str, case_nos: Sequence[int], limit: int
) -> set[Pair]:
    """Give for each case the `limit` newest others of its caller, without saying who that is."""
    return await _pairs(conn, "same_caller", city, list(case_nos), limit)


async def _pairs(conn: Connection, name: str, city: str, *args: object) -> set[Pair]:
    rows = await conn.fetch(_SQL[name], city, *args)
    return {(row["own"], row["other"]) for row in rows}


def _matter(row: asyncpg.Record) -> Matter:
    columns = dict(row.items())
    lon, lat, bits = columns.pop("lon"), columns.pop("lat"), columns.pop("bits")
    matter = to_struct(columns | {"names": columns["names"] or ()}, Matter)
    return msgspec.structs.replace(
        matter,
        bits=bits.to_int() if bits is not None else None,
        point=Point(lon, lat) if lon is not None else None,
    )


def _cases(windows: Sequence[Window]) -> list[int]:
    return [window.case_no for window in windows]


def _span(windows: Sequence[Window]) -> tuple[list[datetime], list[datetime]]:
    return [window.since for window in windows], [window.until for window in windows]


def _array(values: Iterable[str]) -> str:
    """Write an array literal; what names hold is letters, so that nothing needs an escape."""
    return "{" + ",".join(f'"{value}"' for value in values) + "}"
