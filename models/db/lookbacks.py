"""Look-backs at closed cases as rows: planned, opened when due, done once."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("lookbacks")


class Lookback(msgspec.Struct, frozen=True, kw_only=True):
    """Looking again at what was closed.

    `kind` is after_close or quarterly, `rule` what it is done by, `unit` who looked, `result` held,
    rebound or void (no longer to be done).
    """

    case_no: int
    n: int
    kind: str
    rule: str
    planned_at: datetime
    due_at: datetime
    opened_at: datetime | None = None
    done_at: datetime | None = None
    done_by: str | None = None
    unit: str | None = None
    result: str | None = None
    finding: str | None = None
    files: tuple[UUID, ...] = ()


async def plan(conn: Connection, city: str, one: Lookback) -> None:
    """Plan a look-back; its number is given here, and there is one of a kind at a time."""
    said = (one.kind, one.rule, one.planned_at, one.due_at)
    await conn.execute(_SQL["plan"], city, one.case_no, *said)


async def open_due(conn: Connection, city: str, at: datetime, limit: int) -> list[Lookback]:
    """Open what has come due by a moment, each once; give it."""
    rows = await conn.fetch(_SQL["open_due"], city, at, limit)
    return [to_struct(row, Lookback) for row in rows]


async def of_case(conn: Connection, city: str, case_no: int) -> list[Lookback]:
    """Give the look-backs of a case."""
    return [to_struct(row, Lookback) for row in await conn.fetch(_SQL["of_case"], city, case_no)]


async def open_ones(conn: Connection, city: str, limit: int) -> list[Lookback]:
    """Give the look-backs that are to be done now, the longest due first."""
    return [to_struct(row, Lookback) for row in await conn.fetch(_SQL["open_ones"], city, limit)]


async def done(conn: Connection, city: str, one: Lookback) -> None:
    """Note what a look-back found."""
    await conn.execute(
        _SQL["done"],
        city,
        one.case_no,
        one.n,
        one.done_at,
        one.done_by,
        one.unit,
        one.result,
        one.finding,
        list(one.files),
    )


async def void(conn: Connection, city: str, case_no: int, at: datetime, staff: str) -> None:
    """Drop what else was planned for a case."""
    await conn.execute(_SQL["void"], city, case_no, at, staff)
