"""What was looked at, measured and checked in a case, transfers of crimes and joint actions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("closure")


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Someone looked: on the spot, by sampling there, at online data or from afar.

    `found` says that what was reported was there.
    """

    task_no: int
    unit: str
    method: str
    at: datetime
    people: tuple[str, ...]
    place: str
    found: bool
    finding: str
    files: tuple[UUID, ...]
    noted_at: datetime
    noted_by: str
    n: int = 0


class Monitoring(msgspec.Struct, frozen=True, kw_only=True):
    """A wish for sampling or measuring, by `station` and in which hours, and its report."""

    asked_at: datetime
    asked_by: str
    unit: str | None
    station: str
    what: str
    hours: str
    n: int = 0
    reported_at: datetime | None = None
    reported_by: str | None = None
    sampled_at: datetime | None = None
    report_no: str | None = None
    exceeded: bool | None = None
    summary: str | None = None
    files: tuple[UUID, ...] = ()


class SelfCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's own look at its work before it hands it in: what it says to each item."""

    unit: str
    at: datetime
    staff: str
    items: dict[str, str]
    n: int = 0


class Crime(msgspec.Struct, frozen=True, kw_only=True):
    """The transfer of a suspected crime to the police: reported, approved, out, decided on."""

    unit: str
    facts: str
    evidence: tuple[str, ...]
    files: tuple[UUID, ...]
    reported_at: datetime
    reported_by: str
    n: int = 0
    decided_at: datetime | None = None
    approved: bool | None = None
    head: str | None = None
    reason: str | None = None
    transferred_at: datetime | None = None
    document: str | None = None
    recipient: str | None = None
    receipt: str | None = None
    psb_at: datetime | None = None
    psb_filed: bool | None = None
    psb_document: str | None = None


class JointAction(msgspec.Struct, frozen=True, kw_only=True):
    """A joint check, consultation or meeting on a case, and what was concluded.

    `invited` and `participants` are unit codes, or names of bodies outside the city.
    """

    kind: str
    topic: str
    invited: tuple[str, ...]
    proposed_at: datetime
    proposed_by: str
    case_no: int = 0
    n: int = 0
    held_at: datetime | None = None
    participants: tuple[str, ...] = ()
    conclusion: str | None = None
    lead_unit: str | None = None
    document: str | None = None
    concluded_at: datetime | None = None
    concluded_by: str | None = None


async def keep_visit(conn: Connection, city: str, case_no: int, visit: Visit) -> None:
    """Keep a visit; its number is given here."""
    await conn.execute(
        _SQL["visit"],
        city,
        case_no,
        visit.task_no,
        visit.unit,
        visit.method,
        visit.at,
        list(visit.people),
        visit.place,
        visit.found,
        visit.finding,
        list(visit.files),
        visit.noted_at,
        visit.noted_by,
    )


async def visits(conn: Connection, city: str, numbers: Sequence[int]) -> list[Visit]:
    """Give the visits of some cases."""
    return [to_struct(row, Visit) for row in await conn.fetch(_SQL["visits"], city, list(numbers))]


async def ask(conn: Connection, city: str, case_no: int, wish: Monitoring) -> None:
    """Keep a wish for monitoring; its number is given here."""
    said = (wish.asked_at, wish.asked_by, wish.unit, wish.station, wish.what, wish.hours)
    await conn.execute(_SQL["ask"], city, case_no, *said)


async def report(conn: Connection, city: str, case_no: int, done: Monitoring) -> None:
    """Attach its report to a wish for monitoring."""
    await conn.execute(
        _SQL["report"],
        city,
        case_no,
        done.n,
        done.reported_at,
        done.reported_by,
        done.sampled_at,
        done.report_no,
        done.exceeded,
        done.summary,
        list(done.files),
    )


async def monitorings(conn: Connection, city: str, numbers: Sequence[int]) -> list[Monitoring]:
    """Give the wishes for monitoring of some cases, with their reports."""
    rows = await conn.fetch(_SQL["monitorings"], city, list(numbers))
    return [to_struct(row, Monitoring) for row in rows]


async def keep_self_check(conn: Connection, city: str, case_no: int, check: SelfCheck) -> None:
    """Keep a self-check; its number is given here."""
    said = (check.unit, check.at, check.staff, check.items)
    await conn.execute(_SQL["self_check"], city, case_no, *said)


async def self_checks(conn: Connection, city: str, case_no: int) -> list[SelfCheck]:
    """Give the self-checks of a case."""
    return [
        to_struct(row, SelfCheck) for row in await conn.fetch(_SQL["self_checks"], city, case_no)
    ]


async def report_crime(conn: Connection, city: str, case_no: int, crime: Crime) -> None:
    """Open the transfer of a suspected crime; its number is given here."""
    said = (crime.unit, crime.facts, list(crime.evidence), list(crime.files))
    await conn.execute(
        _SQL["report_crime"], city, case_no, *said, crime.reported_at, crime.reported_by
    )


async def step_crime(conn: Connection, city: str, case_no: int, step: str, *said: Any) -> None:  # noqa: ANN401
    """Take a transfer on: `decide_crime`, `transfer_crime` or `end_crime`, with its columns."""
    await conn.execute(_SQL[step], city, case_no, *said)


async def crimes(conn: Connection, city: str, case_no: int) -> list[Crime]:
    """Give the transfers of a case."""
    return [to_struct(row, Crime) for row in await conn.fetch(_SQL["crimes"], city, case_no)]


async def propose(conn: Connection, city: str, case_no: int, action: JointAction) -> None:
    """Keep a proposal of a joint action; its number is given here."""
    said = (action.kind, action.topic, list(action.invited))
    await conn.execute(
        _SQL["propose"], city, case_no, *said, action.proposed_at, action.proposed_by
    )


async def conclude(conn: Connection, city: str, case_no: int, action: JointAction) -> None:
    """Write the conclusion of a joint action."""
    await conn.execute(
        _SQL["conclude"],
        city,
        case_no,
        action.n,
        action.held_at,
        list(action.participants),
        action.conclusion,
        action.lead_unit,
        action.document,
        action.concluded_at,
        action.concluded_by,
    )


async def joint_actions(conn: Connection, city: str, case_no: int) -> list[JointAction]:
    """Give the joint actions of a case."""
    rows = await conn.fetch(_SQL["joint_actions"], city, case_no)
    return [to_struct(row, JointAction) for row in rows]


async def topics(conn: Connection, city: str, limit: int) -> list[JointAction]:
    """Give what waits to be dealt with together, the oldest first (议题池)."""
    return [to_struct(row, JointAction) for row in await conn.fetch(_SQL["topics"], city, limit)]
