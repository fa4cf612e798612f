"""Emergencies with their cases, calls, notices and reports, as rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("emergencies")


class Emergency(msgspec.Struct, frozen=True, kw_only=True):
    """An environmental emergency; it bears the number of the case that told of it first.

    `level` is I to IV, empty while nobody can tell; `water` says that drinking water or another
    sensitive place is touched, `crossing` that it may reach another jurisdiction. One that was none
    is a `false_alarm`.
    """

    emergency_no: int
    trigger: str
    level: str
    water: bool
    crossing: bool
    summary: str
    known_at: datetime
    opened_at: datetime
    opened_by: str
    arrived_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    false_alarm: bool = False


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who must be told: a unit here, or an authority outside the city by name."""

    n: int
    kind: str
    role: str
    unit: str | None
    addressee: str
    told_at: datetime | None = None
    told_by: str | None = None
    how: str | None = None
    received_at: datetime | None = None
    received_by: str | None = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a call between several parties (三方通话)."""

    n: int
    at: datetime
    lines: tuple[str, ...]
    said: str
    staff: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report upward: first, follow or final."""

    n: int
    kind: str
    at: datetime
    level: str
    addressees: tuple[str, ...]
    text: str
    staff: str


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """An emergency with all that belongs to it."""

    event: Emergency
    cases: tuple[int, ...]
    notices: tuple[Notice, ...]
    calls: tuple[Call, ...]
    reports: tuple[Report, ...]


async def open_one(conn: Connection, city: str, event: Emergency) -> None:
    """Open an emergency; the case of its number tells of it."""
    await conn.execute(
        _SQL["open"],
        city,
        event.emergency_no,
        event.trigger,
        event.level,
        event.water,
        event.crossing,
        event.summary,
        event.known_at,
        event.opened_at,
        event.opened_by,
    )
    await join(conn, city, event.emergency_no, event.emergency_no, event.opened_at, event.opened_by)


async def join(  # noqa: PLR0917  # a row, column by column
    conn: Connection, city: str, case_no: int, emergency_no: int, at: datetime, staff: str
) -> None:
    """Note that a case tells of an emergency."""
    await conn.execute(_SQL["join"], city, case_no, emergency_no, at, staff)


async def list_notices(
    conn: Connection, city: str, emergency_no: int, notices: Sequence[Notice]
) -> None:
    """Put those who must be told on the list."""
    names = ("n", "kind", "role", "unit", "addressee")
    columns = ([getattr(notice, name) for notice in notices] for name in names)
    await conn.execute(_SQL["notices"], city, emergency_no, *columns)


async def of_case(conn: Connection, city: str, case_no: int) -> Whole | None:
    """Give the emergency that a case tells of, None where it tells of none."""
    row = await conn.fetchrow(_SQL["of_case"], city, case_no)
    return await _whole(conn, city, to_struct(row, Emergency)) if row else None


async def get(conn: Connection, city: str, emergency_no: int) -> Whole | None:
    """Give an emergency by its number."""
    row = await conn.fetchrow(_SQL["get"], city, emergency_no)
    return await _whole(conn, city, to_struct(row, Emergency)) if row else None


async def newest(conn: Connection, city: str, *, ended: bool, limit: int) -> list[Emergency]:
    """Give the newest emergencies, those that have ended too where asked."""
    rows = await conn.fetch(_SQL["list"], city, ended, limit)
    return [to_struct(row, Emergency) for row in rows]


async def _whole(conn: Connection, city: str, event: Emergency) -> Whole:
    key = (city, event.emergency_no)
    return Whole(
        event=event,
        cases=tuple(row["case_no"] for row in await conn.fetch(_SQL["cases"], *key)),
        notices=tuple(to_struct(r, Notice) for r in await conn.fetch(_SQL["notices_of"], *key)),
        calls=tuple(to_struct(row, Call) for row in await conn.fetch(_SQL["calls_of"], *key)),
        reports=tuple(to_struct(r, Report) for r in await conn.fetch(_SQL["reports_of"], *key)),
    )


async def grade(conn: Connection, city: str, event: Emergency) -> None:
    """Set level, water and crossing as they are known by now."""
    await conn.execute(
        _SQL["grade"], city, event.emergency_no, event.level, event.water, event.crossing
    )


async def arrive(conn: Connection, city: str, emergency_no: int, at: datetime) -> None:
    """Note that someone is on the spot."""
    await conn.execute(_SQL["arrive"], city, emergency_no, at)


async def keep_call(conn: Connection, city: str, emergency_no: int, call: Call) -> None:
    """Keep the record of a call; its number is given here."""
    await conn.execute(
        _SQL["call"], city, emergency_no, call.at, list(call.lines), call.said, call.staff
    )


async def tell(  # noqa: PLR0917  # a row, column by column
    conn: Connection, city: str, no: int, numbers: Sequence[int], at: datetime, by: str, how: str
) -> None:
    """Note that those on the list were told."""
    await conn.execute(_SQL["tell"], city, no, list(numbers), at, by, how)


async def receive(  # noqa: PLR0917  # a row, column by column
    conn: Connection, city: str, no: int, numbers: Sequence[int], at: datetime, by: str
) -> None:
    """Note that those on the list said that they have it."""
    await conn.execute(_SQL["receive"], city, no, list(numbers), at, by)


async def keep_report(conn: Connection, city: str, emergency_no: int, report: Report) -> None:
    """Keep a report upward; its number is given here."""
    await conn.execute(
        _SQL["report"],
        city,
        emergency_no,
        report.kind,
        report.at,
        report.level,
        list(report.addressees),
        report.text,
        report.staff,
    )


async def end(
    conn: Connection, city: str, emergency_no: int, at: datetime, by: str, *, false_alarm: bool
) -> None:
    """End an emergency, or lift one that was none."""
    await conn.execute(_SQL["end"], city, emergency_no, at, by, false_alarm)
