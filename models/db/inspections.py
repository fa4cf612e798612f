"""Work given by inspections of the state or province, each entry under its number (受理编号)."""

from datetime import date, datetime
from typing import Final

import msgspec

from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("inspections")


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """One matter that an inspection gave, and how its rectification stands (domain section 5.7).

    `responsible` is the one official who answers for it, `deadline` when it shall be put right.
    """

    ref: str
    case_no: int
    assigned_at: datetime
    due_at: datetime | None
    adcode: str
    pollution: str
    content: str
    listed_by: str
    listed_at: datetime
    responsible: str | None = None
    unit: str | None = None
    target: str = ""
    measures: str = ""
    deadline: date | None = None
    issued_at: datetime | None = None
    progress: str = ""
    self_check: str = ""
    accountability: str = ""
    reported_at: datetime | None = None
    acceptance: str = ""
    accepted_at: datetime | None = None
    published_at: datetime | None = None


class Published(Inspection, frozen=True, kw_only=True):
    """A published entry with what its case found, None before it ends."""

    outcome: str | None = None
    reply: str | None = None


async def enlist(conn: Connection, city: str, one: Inspection) -> bool:
    """Put a case on the list; False where the number or the case is listed already."""
    listed = await conn.fetchval(
        _SQL["list"],
        city,
        one.ref,
        one.case_no,
        one.assigned_at,
        one.due_at,
        one.adcode,
        one.pollution,
        one.content,
        one.listed_by,
        one.listed_at,
    )
    return listed is not None


async def of_case(conn: Connection, city: str, case_no: int) -> Inspection | None:
    """Give the entry of a case, None where no inspection gave it."""
    row = await conn.fetchrow(_SQL["of_case"], city, case_no)
    return to_struct(row, Inspection) if row else None


async def by_ref(conn: Connection, city: str, ref: str) -> Inspection | None:
    """Give the entry under a number."""
    row = await conn.fetchrow(_SQL["by_ref"], city, ref)
    return to_struct(row, Inspection) if row else None


async def keep(conn: Connection, city: str, one: Inspection) -> None:
    """Keep how an entry stands."""
    await conn.execute(
        _SQL["keep"],
        city,
        one.ref,
        one.responsible,
        one.unit,
        one.target,
        one.measures,
        one.deadline,
        one.issued_at,
        one.progress,
        one.self_check,
        one.accountability,
        one.reported_at,
        one.acceptance,
        one.accepted_at,
        one.published_at,
    )


async def published(conn: Connection, city: str, since: datetime, limit: int) -> list[Published]:
    """Give the published entries that were given since, the oldest first."""
    rows = await conn.fetch(_SQL["published"], city, since, limit)
    return [to_struct(row, Published) for row in rows]
