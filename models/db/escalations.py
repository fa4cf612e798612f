"""Alarms on their way to people: taken up once, told once, whoever does it and however often."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct
from models.ids import uuid7

_SQL: Final = queries.load("escalations")


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm of a clock that nobody was told of; `barred` units must not hear of the case."""

    case_no: int
    task_no: int
    code: str
    attempt: int
    level: str
    unit: str | None
    due_at: datetime | None
    types: tuple[str, ...] | None
    adcode: str | None
    barred: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[int, int, str, int, str]:
        """What names the alarm within its city."""
        return (self.case_no, self.task_no, self.code, self.attempt, self.level)


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A breach that nothing has followed yet."""

    case_no: int
    task_no: int
    code: str
    attempt: int
    unit: str | None
    due_at: datetime


class Escalation(msgspec.Struct, frozen=True, kw_only=True):
    """Who was told of an alarm: a post in a unit, None the supervisors; `rung` counts upward."""

    case_no: int
    task_no: int
    code: str
    attempt: int
    level: str
    unit: str | None
    rung: int
    to_unit: str | None
    to_post: str

    @property
    def key(self) -> tuple[int, int, str, int, str]:
        """What names the alarm within its city."""
        return (self.case_no, self.task_no, self.code, self.attempt, self.level)


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What someone in a post is to read; `about` names what it tells, which is told once."""

    case_no: int
    kind: str
    about: str
    to_unit: str | None
    to_post: str
    title: str
    body: str
    notice_id: UUID = msgspec.field(default_factory=uuid7)
    made_at: datetime | None = None


async def alarms(conn: Connection, city: str, limit: int) -> list[Alarm]:
    """Hold and give up to `limit` alarms that nobody was told of, those of no unit first."""
    return [to_struct(row, Alarm) for row in await conn.fetch(_SQL["alarms"], city, limit)]


async def escalate(
    conn: Connection, city: str, made: Sequence[tuple[Escalation, Notice]]
) -> list[Notice]:
    """Write who is told of held alarms, with the notices of those that are new; give these."""
    told = [escalation for escalation, _ in made]
    keys = [list(column) for column in zip(*(one.key for one in told), strict=True)]
    rows = await conn.fetch(
        _SQL["escalate"],
        city,
        *keys,
        [one.unit for one in told],
        [one.rung for one in told],
        [one.to_unit for one in told],
        [one.to_post for one in told],
    )
    new = {tuple(row.values()) for row in rows}
    notices = [notice for escalation, notice in made if escalation.key in new]
    await tell(conn, city, notices)
    await conn.execute(_SQL["escalated"], city, *keys)
    return notices


async def tell(conn: Connection, city: str, notices: Sequence[Notice]) -> None:
    """Write notices; what was told before is not told again."""
    if not notices:
        return
    await conn.execute(
        _SQL["tell"],
        city,
        [notice.notice_id for notice in notices],
        [notice.case_no for notice in notices],
        [notice.kind for notice in notices],
        [notice.about for notice in notices],
        [notice.to_unit for notice in notices],
        [notice.to_post for notice in notices],
        [notice.title for notice in notices],
        [notice.body for notice in notices],
    )


async def breach(conn: Connection, city: str) -> Breach | None:
    """Hold and give the oldest breach that nothing has followed."""
    row = await conn.fetchrow(_SQL["breach"], city)
    return to_struct(row, Breach) if row else None


async def acted(conn: Connection, city: str, breach: Breach) -> None:
    """Note that a held breach was followed."""
    key = (breach.case_no, breach.task_no, breach.code, breach.attempt)
    await conn.execute(_SQL["acted"], city, *key)


async def notices(
    conn: Connection, city: str, unit: str | None, bodies: Sequence[str], limit: int
) -> list[Notice]:
    """Give the unread notices of a unit; for None, of the supervisors and the bodies they serve."""
    if unit is not None:
        rows = await conn.fetch(_SQL["notices"], city, unit, limit)
    else:
        rows = await conn.fetch(_SQL["own_notices"], city, list(bodies), limit)
    return [to_struct(row, Notice) for row in rows]


async def read_notice(  # noqa: PLR0917  # whose and by whom reads in this order
    conn: Connection, city: str, notice_id: UUID, unit: str | None, bodies: Sequence[str], by: str
) -> bool:
    """Note who has read a notice; False where there is none of theirs unread."""
    found = await conn.fetchval(_SQL["read_notice"], city, notice_id, unit, list(bodies), by)
    return found is not None


async def of_case(conn: Connection, city: str, case_no: int) -> list[Escalation]:
    """Give who was told of a case's alarms."""
    return [to_struct(row, Escalation) for row in await conn.fetch(_SQL["of_case"], city, case_no)]
