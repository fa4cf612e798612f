"""Cases that shall not count in the marks of their unit, as rows."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

import msgspec

from models.case import Case
from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("exclusions")


class Exclusion(msgspec.Struct, frozen=True, kw_only=True):
    """That a case shall not count: asked by one, settled by another; `month` is its first day."""

    case_no: int
    unit: str
    month: date
    cause: str
    reason: str
    asked_by: str
    asked_at: datetime
    granted: bool | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str | None = None


async def ask(conn: Connection, case: Case, wish: Exclusion) -> None:
    """Ask that a case shall not count."""
    said = (wish.unit, wish.month, wish.cause, wish.reason, wish.asked_by, wish.asked_at)
    await conn.execute(_SQL["ask"], case.city, case.case_no, *said)


async def decide(
    conn: Connection, case: Case, *, granted: bool, by: str, at: datetime, note: str
) -> None:
    """Settle what was asked."""
    await conn.execute(_SQL["decide"], case.city, case.case_no, granted, by, at, note)


async def revoke(
    conn: Connection, case: Case, asked_at: datetime, *, by: str, at: datetime, note: str
) -> None:
    """Let a case count after all that was left out."""
    await conn.execute(_SQL["revoke"], case.city, case.case_no, asked_at, by, at, note)


async def of_case(conn: Connection, case: Case) -> list[Exclusion]:
    """Give what was asked of a case."""
    rows = await conn.fetch(_SQL["of_case"], case.city, case.case_no)
    return [to_struct(row, Exclusion) for row in rows]


async def hold_unit(conn: Connection, city: str, unit: str) -> None:
    """Let those who settle exclusions of one unit go one after the other."""
    await conn.execute(_SQL["hold_unit"], city, unit)


async def used(conn: Connection, city: str, unit: str, month: date) -> int:
    """Count the cases of a unit that are left out of a month."""
    return int(await conn.fetchval(_SQL["used"], city, unit, month))


async def closed(
    conn: Connection, city: str, units: Collection[str], since: datetime, until: datetime
) -> dict[str, int]:
    """Count the cases that each of some units closed in a stretch of time."""
    rows = await conn.fetch(_SQL["closed"], city, list(units), since, until)
    return dict.fromkeys(units, 0) | {row["lead_unit"]: row["count"] for row in rows}


async def granted_in(conn: Connection, city: str, month: date) -> list[Exclusion]:
    """Give the cases that are left out of a month."""
    return [to_struct(row, Exclusion) for row in await conn.fetch(_SQL["granted"], city, month)]


async def open_ones(conn: Connection, city: str, limit: int) -> list[Exclusion]:
    """Give what is asked and not settled, the oldest first."""
    return [to_struct(row, Exclusion) for row in await conn.fetch(_SQL["open"], city, limit)]
