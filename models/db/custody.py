"""The ledger of who held a case from when to when: it follows the history, in its transaction.

Only an accepted case is held: by the unit that leads it, by the desk while nobody does, by whoever
looks at its result, or by nobody while it stands still by approval.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from models.case import Event
from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("custody")
#: What happens to a case without anybody taking it or leaving it.
_STILL: Final = (
    "case:received",
    "case:tags:",
    "case:content:",
    "case:source:",
    "case:reply:",
    "case:code:",
    "case:processing:",
    "case:routing:",
)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of a case's life: `holding` is unit, desk, review or standing.

    `unit` is who held it where a unit did; `until_at` is None while it is still held.
    """

    case_no: int
    seq: int
    holding: str
    unit: str | None
    from_at: datetime
    until_at: datetime | None


async def follow(conn: Connection, events: Sequence[Event]) -> None:
    """Let the ledger follow the cases that the events are about, as they stand now."""
    moved: dict[tuple[str, int], datetime] = {}
    for event in events:
        if event.verb.startswith("case:") and not event.verb.startswith(_STILL):
            moved[event.city, event.case_no] = event.at
    if moved:
        await conn.execute(
            _SQL["follow"],
            [city for city, _ in moved],
            [case_no for _, case_no in moved],
            list(moved.values()),
        )


async def of_case(conn: Connection, city: str, case_no: int) -> list[Held]:
    """Give the whole ledger of a case, oldest first."""
    return [to_struct(row, Held) for row in await conn.fetch(_SQL["of_case"], city, case_no)]


async def within(conn: Connection, city: str, since: datetime, until: datetime) -> list[Held]:
    """Give what was held in a stretch of time, each row cut to it."""
    return [to_struct(row, Held) for row in await conn.fetch(_SQL["within"], city, since, until)]
