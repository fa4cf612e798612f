"""Claiming work in batches.

A lease counts the attempt before the work starts, so a case that kills its worker is found out, and
three failures send it to the desk.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from models.case import SYSTEM, Case, CaseNo, Event, Queue
from models.db import events, queries
from models.db.pool import Connection
from models.db.rows import to_case
from models.ids import uuid7
from models.moment import now

MAX_ATTEMPTS: Final = 3
_SQL = queries.load("stages")
#: About what all workers hold at once.
_FRONT: Final = 600
_RETRY_AFTER: Final = timedelta(seconds=5)


async def claim(
    conn: Connection, city: str, queue: Queue, limit: int, lease_s: int = 20
) -> list[Case]:
    """Lease up to `limit` cases of a queue for `lease_s` seconds, oldest first.

    Cases tried before come back alone, so that only the one at fault is blamed; one already tried
    three times is sent to the desk instead. Commit before working.
    """
    lease = timedelta(seconds=lease_s)
    tried = await conn.fetch(_SQL["claim_tried"], city, queue.value, lease, _FRONT)
    retried = [to_case(row) for row in tried]
    spent = [case.case_no for case in retried if case.attempts > MAX_ATTEMPTS]
    if spent:
        await _give_up(conn, city, spent, retried[0].error or "worker stopped while on this case")
        retried = []
    if retried:
        return retried
    rows = await conn.fetch(_SQL["claim_new"], city, queue.value, limit, lease)
    return sorted((to_case(r) for r in rows), key=lambda case: case.case_no)


async def fail(conn: Connection, city: str, cases: Sequence[Case], error: str) -> None:
    """Note a failure: try again a little later, or after the third time go to the desk."""
    spent = [case.case_no for case in cases if case.attempts >= MAX_ATTEMPTS]
    again = [case.case_no for case in cases if case.attempts < MAX_ATTEMPTS]
    if again:
        await conn.execute(_SQL["postpone"], city, again, error[:500], _RETRY_AFTER)
    if spent:
        await _give_up(conn, city, spent, error)


async def _give_up(conn: Connection, city: str, case_nos: Sequence[int], error: str) -> None:
    rows = await conn.fetch(_SQL["give_up"], city, case_nos, error[:500])
    await events.append(conn, [_failed(city, row["case_no"], error, uuid7()) for row in rows])


def _failed(city: str, case_no: int, error: str, event_id: UUID) -> Event:
    data = {"error": error[:500]}
    return Event(
        city=city,
        event_id=event_id,
        case_no=CaseNo(case_no),
        at=now(),
        verb="case:processing:failed",
        actor=SYSTEM,
        data=data,
    )
