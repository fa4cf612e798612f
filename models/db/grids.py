"""The grid of a city as stored, and what its workers are asked to verify (F23, F24)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from models.db import queries
from models.db.pool import Connection
from models.db.rows import Row, to_struct
from models.grid import Grid

_SQL: Final = queries.load("grids")


class Cell(Grid, frozen=True, kw_only=True):
    """A cell with how many work there, and how its checks of some time went."""

    workers: int
    open: int
    reported: int
    lapsed: int


class GridCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A question to the worker of a grid, and what was found.

    `state` is asked, reported, withdrawn or lapsed; `asked_unit` is None for the desk. `lon` and
    `lat` are as the device gave them, in `datum`; `photos` are SHA-256 in hex. It is `late` when
    the worker looked after it was due.
    """

    case_no: int
    n: int
    grid: str
    grid_name: str
    state: str
    asked_at: datetime
    asked_by: str
    asked_unit: str | None
    place: str
    what: str
    types: tuple[str, ...]
    unannounced: bool
    due_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    reason: str | None = None
    result: str | None = None
    finding: str | None = None
    found_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    datum: str | None = None
    photos: tuple[str, ...] = ()
    late: bool = False


class PatrolFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What a grid worker found on patrol: by which grid, when, where (`datum`), with photos."""

    grid: str
    grid_name: str
    found_at: datetime
    lon: float
    lat: float
    datum: str
    photos: tuple[str, ...] = ()


async def replace_tree(
    conn: Connection, city: str, grids: Sequence[Grid], at: datetime
) -> tuple[int, int]:
    """Put a whole tree in place of the one before; gives how many cells are new, how many closed.

    What is left out is closed, not deleted: what was asked of it stays known.
    """
    closed = await conn.fetch(_SQL["retire"], city, [grid.code for grid in grids])
    rows = await conn.fetch(
        _SQL["put"],
        city,
        at,
        [grid.code for grid in grids],
        [grid.name for grid in grids],
        [grid.level for grid in grids],
        [grid.parent for grid in grids],
        [grid.grade.value for grid in grids],
    )
    return sum(row["fresh"] for row in rows), len(closed)


async def one(conn: Connection, city: str, code: str) -> Grid | None:
    """Give a cell, in use or not."""
    return _grid(await conn.fetchrow(_SQL["one"], city, code))


async def tree(conn: Connection, city: str) -> list[Grid]:
    """Give the cells in use, from the city down."""
    return [to_struct(row, Grid) for row in await conn.fetch(_SQL["tree"], city)]


async def under(conn: Connection, city: str, code: str | None, since: datetime) -> list[Cell]:
    """Give the cells right under one, or the root for None, with their checks since a moment."""
    rows = await conn.fetch(_SQL["under"], city, code, since)
    return [to_struct(row, Cell) for row in rows]


async def nearest(conn: Connection, city: str, code: str) -> Grid | None:
    """Give the cell, or the nearest above it, where somebody works; None where nobody does."""
    return _grid(await conn.fetchrow(_SQL["nearest"], city, code))


async def named(conn: Connection, city: str, code: str, text: str) -> list[Grid]:
    """Give the communities of a township or county that a text names."""
    rows = await conn.fetch(_SQL["named"], city, code, text)
    return [to_struct(row, Grid) for row in rows]


async def ask(conn: Connection, city: str, check: GridCheck) -> None:
    """Keep a question; its case must be held."""
    await conn.execute(
        _SQL["ask"],
        city,
        check.case_no,
        check.n,
        check.grid,
        check.asked_at,
        check.asked_by,
        check.asked_unit,
        check.place,
        check.what,
        list(check.types),
        check.unannounced,
        check.due_at,
    )


async def report(conn: Connection, city: str, done: GridCheck) -> None:
    """Keep what was found."""
    await conn.execute(
        _SQL["report"],
        city,
        done.case_no,
        done.n,
        done.ended_at,
        done.ended_by,
        done.result,
        done.finding,
        done.found_at,
        done.lon,
        done.lat,
        done.datum,
        list(done.photos),
        done.late,
    )


async def withdraw(conn: Connection, city: str, gone: GridCheck) -> None:
    """Take a question back."""
    said = (gone.ended_at, gone.ended_by, gone.reason)
    await conn.execute(_SQL["withdraw"], city, gone.case_no, gone.n, *said)


async def of_case(conn: Connection, city: str, case_no: int) -> list[GridCheck]:
    """Give what grids were asked about a case, as far as the connection may see it."""
    return _checks(await conn.fetch(_SQL["of_case"], city, case_no))


async def of_grid(
    conn: Connection, city: str, grid: str, since: datetime, limit: int
) -> list[GridCheck]:
    """Give what a grid was asked since a moment, open questions first."""
    return _checks(await conn.fetch(_SQL["of_grid"], city, grid, since, limit))


async def over(
    conn: Connection, city: str, at: datetime, states: Sequence[str], limit: int
) -> list[GridCheck]:
    """Hold open questions whose time has passed, or whose case is in none of the states."""
    return _checks(await conn.fetch(_SQL["over"], city, at, list(states), limit))


async def lapse(conn: Connection, city: str, gone: GridCheck) -> None:
    """Let a question go that nobody answered."""
    said = (gone.state, gone.ended_at, gone.ended_by, gone.reason)
    await conn.execute(_SQL["lapse"], city, gone.case_no, gone.n, *said)


async def patrol(conn: Connection, city: str, case_no: int) -> PatrolFinding | None:
    """Give the finding that opened a case; None where no patrol did."""
    payload = await conn.fetchval(_SQL["patrol"], city, case_no)
    return msgspec.convert(payload, PatrolFinding) if payload else None


def _grid(row: Row | None) -> Grid | None:
    return to_struct(row, Grid) if row else None


def _checks(rows: Sequence[Row]) -> list[GridCheck]:
    return [to_struct(row, GridCheck) for row in rows]
