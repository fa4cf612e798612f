"""Wishes to be relieved and disputes about who leads a case, as rows to list and to count.

What may be done next is decided from the case's history, under the lock of the case; these rows
are written in the same transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("disputes")


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute about who leads a case.

    `cause` is second_return, ping_pong or territory; `stage` negotiation, adjudication, then agreed
    or designated; `level` who decides: hotline, city or coord. `opener` is the unit over whose wish
    it arose. The units may agree until `negotiate_until`.
    """

    case_no: int
    dispute_no: int
    cause: str
    stage: str
    level: str
    opener: str
    parties: tuple[str, ...]
    opened_at: datetime
    negotiate_until: datetime
    settled_at: datetime | None = None
    lead_unit: str | None = None
    settled_by: str | None = None
    body: str | None = None
    document: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's wish to be relieved of a task; `n` counts the wishes of that task from 1."""

    case_no: int
    task_no: int
    n: int
    unit: str
    reason: str
    basis: str
    proposed_unit: str | None
    requested_at: datetime


class Bouncing(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit did to be rid of cases in a stretch of time: inputs of the buck-passing index.

    `asked` wishes to be relieved, `granted` and `denied` of them; `disputes` it was a party of,
    `opened` by it, `ping_pongs` among them, `lost` those that left the case with it.
    """

    unit: str
    asked: int = 0
    granted: int = 0
    denied: int = 0
    disputes: int = 0
    opened: int = 0
    ping_pongs: int = 0
    lost: int = 0


async def ask(conn: Connection, city: str, wish: Asked) -> None:
    """Note a wish to be relieved."""
    await conn.execute(
        _SQL["ask"],
        city,
        wish.case_no,
        wish.task_no,
        wish.n,
        wish.unit,
        wish.reason,
        wish.basis,
        wish.proposed_unit,
        wish.requested_at,
    )


async def answer(
    conn: Connection,
    city: str,
    case_no: int,
    task_no: int,
    *,
    at: datetime,
    granted: bool,
    who: str,
) -> None:
    """Note what came of the wish that a task is waiting on, if it is."""
    await conn.execute(_SQL["answer"], city, case_no, task_no, at, granted, who)


async def open_one(conn: Connection, city: str, dispute: Dispute) -> None:
    """Open a dispute; a second open one of a case is refused by the database."""
    await conn.execute(
        _SQL["open"],
        city,
        dispute.case_no,
        dispute.dispute_no,
        dispute.cause,
        dispute.stage,
        dispute.level,
        dispute.opener,
        list(dispute.parties),
        dispute.opened_at,
        dispute.negotiate_until,
    )


async def settle(conn: Connection, city: str, settled: Dispute) -> None:
    """Settle a dispute as the value says."""
    await conn.execute(
        _SQL["settle"],
        city,
        settled.case_no,
        settled.dispute_no,
        settled.stage,
        settled.lead_unit,
        settled.settled_at,
        settled.settled_by,
        settled.body,
        settled.document,
    )


async def escalate(conn: Connection, city: str, case_no: int, dispute_no: int) -> None:
    """Lay a dispute before the coordinating body."""
    await conn.execute(_SQL["raise"], city, case_no, dispute_no)


async def of_case(conn: Connection, city: str, case_no: int) -> list[Dispute]:
    """Give the disputes of a case, oldest first."""
    return [to_struct(row, Dispute) for row in await conn.fetch(_SQL["of_case"], city, case_no)]


async def open_ones(conn: Connection, city: str, limit: int) -> list[Dispute]:
    """Give the disputes that are not settled, the oldest first."""
    return [to_struct(row, Dispute) for row in await conn.fetch(_SQL["open_ones"], city, limit)]


async def lapsed(conn: Connection, city: str, at: datetime, limit: int) -> list[Dispute]:
    """Hold and give disputes whose time to agree has passed."""
    return [to_struct(row, Dispute) for row in await conn.fetch(_SQL["lapsed"], city, at, limit)]


async def take_up(conn: Connection, city: str, taken: Sequence[Dispute], reason: str) -> None:
    """Take disputes from the units and show their cases to the desk with the reason."""
    cases = [dispute.case_no for dispute in taken]
    numbers = [dispute.dispute_no for dispute in taken]
    levels = [dispute.level for dispute in taken]
    await conn.execute(_SQL["adjudicate"], city, cases, numbers, levels)
    await conn.execute(_SQL["to_desk"], city, cases, reason)


async def bouncing(
    conn: Connection, city: str, since: datetime, until: datetime
) -> dict[str, Bouncing]:
    """Count per unit what it did to be rid of cases from `since` until before `until`."""
    found: dict[str, dict[str, int]] = {}
    for name in ("returns_by_unit", "disputes_by_unit"):
        for row in await conn.fetch(_SQL[name], city, since, until):
            counts = {key: value for key, value in row.items() if key != "unit"}
            found.setdefault(row["unit"], {}).update(counts)
    return {unit: Bouncing(unit=unit, **counts) for unit, counts in found.items()}
