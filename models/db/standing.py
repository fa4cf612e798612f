"""Suspensions and extensions in the store: what was asked, by whom, and what came of it."""

from datetime import datetime
from typing import Final

import msgspec

from models.case import Case
from models.clock import Span
from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("standing")


class Suspension(msgspec.Struct, frozen=True, kw_only=True):
    """A wish that clocks stand still for a `reason` of the pauses, or one that was granted.

    `state` is requested, granted, denied or over. It ends when `ends_when` comes true, by itself at
    `until`; `over_why` is resumed, lapsed, given, prolonged, submitted or closed.
    """

    n: int
    reason: str
    ends_when: str
    state: str
    asked_at: datetime
    asked_by: str
    unit: str | None = None
    days: int | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    note: str | None = None
    until: datetime | None = None
    over_at: datetime | None = None
    over_why: str | None = None


class Extension(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to have longer for a clock; `state` is requested, granted or denied.

    `told` says how the citizen was told before it was asked.
    """

    n: int
    code: str
    span_n: int
    span_unit: str
    reason: str
    told: str
    state: str
    asked_at: datetime
    asked_by: str
    unit: str
    due_before: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    note: str | None = None
    due_after: datetime | None = None

    @property
    def span(self) -> Span:
        """How much longer."""
        return Span(n=self.span_n, unit=self.span_unit)


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """A suspension that must end."""

    case_no: int
    n: int
    reason: str


async def suspensions(conn: Connection, city: str, case_no: int) -> list[Suspension]:
    """Give all suspensions that were asked or granted for a case, in order."""
    rows = await conn.fetch(_SQL["suspensions"], city, case_no)
    return [to_struct(row, Suspension) for row in rows]


async def ask_suspension(conn: Connection, case: Case, asked: Suspension) -> None:
    """Keep a request, or what holds at once where it names until when."""
    await conn.execute(
        _SQL["ask_suspension"],
        case.city,
        case.case_no,
        asked.n,
        asked.reason,
        asked.ends_when,
        asked.asked_at,
        asked.asked_by,
        asked.unit,
        asked.days,
        asked.decided_at,
        asked.decided_by,
        asked.until,
    )


async def decide_suspension(conn: Connection, case: Case, decided: Suspension) -> None:
    """Write whether a request was granted, and until when."""
    await conn.execute(
        _SQL["decide_suspension"],
        case.city,
        case.case_no,
        decided.n,
        decided.state,
        decided.decided_at,
        decided.decided_by,
        decided.until,
        decided.note,
    )


async def end_suspensions(
    conn: Connection, case: Case, at: datetime, why: str, *, but: int = 0
) -> None:
    """End what holds and what waits of a case, but for one."""
    await conn.execute(_SQL["end_suspensions"], case.city, case.case_no, at, why, but)


async def spent(conn: Connection, city: str, at: datetime, limit: int) -> list[Ending]:
    """Give suspensions whose limit has passed."""
    return [to_struct(row, Ending) for row in await conn.fetch(_SQL["spent"], city, at, limit)]


async def supplemented(conn: Connection, city: str, at: datetime, limit: int) -> list[Ending]:
    """Give suspensions that waited for the citizen, who has said more since."""
    rows = await conn.fetch(_SQL["supplemented"], city, at, limit)
    return [to_struct(row, Ending) for row in rows]


async def drop_extensions(conn: Connection, case: Case, at: datetime, by: str, note: str) -> None:
    """Deny what waits of a case, since its result was handed in."""
    await conn.execute(_SQL["drop_extensions"], case.city, case.case_no, at, by, note)


async def extensions(conn: Connection, city: str, case_no: int) -> list[Extension]:
    """Give all extensions that were asked for a case, in order."""
    rows = await conn.fetch(_SQL["extensions"], city, case_no)
    return [to_struct(row, Extension) for row in rows]


async def ask_extension(conn: Connection, case: Case, asked: Extension) -> None:
    """Keep a request for an extension."""
    await conn.execute(
        _SQL["ask_extension"],
        case.city,
        case.case_no,
        asked.n,
        asked.code,
        asked.span_n,
        asked.span_unit,
        asked.reason,
        asked.told,
        asked.asked_at,
        asked.asked_by,
        asked.unit,
        asked.due_before,
    )


async def decide_extension(conn: Connection, case: Case, decided: Extension) -> None:
    """Write whether an extension was granted, and to when."""
    await conn.execute(
        _SQL["decide_extension"],
        case.city,
        case.case_no,
        decided.n,
        decided.state,
        decided.decided_at,
        decided.decided_by,
        decided.note,
        decided.due_after,
    )
