"""The umpire: takes up disputes whose units did not agree in time, so that someone designates.

One at a time per city by a lease; even two at once take up a dispute once, since each holds the
cases that it takes up.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from models.case import SYSTEM, CaseNo, Event
from models.db import disputes, events
from models.db.disputes import Dispute
from models.db.pool import Connection
from models.ids import uuid7
from models.moment import now
from routing.catalogue import Catalogue
from routing.disputes import DISPUTE, TAKEN_UP
from routing.watch import Watch

LEASE: Final = "umpire"
_BATCH: Final = 200


class Umpire(Watch):
    """Watches the time that units have to agree, as one of the worker's stages."""

    name = "disputes"
    lease = LEASE
    batch = _BATCH

    async def _take_up(self, book: Catalogue) -> int:
        """Take up what was not settled in time."""
        city = book.city.adcode
        async with self._db.city(city) as conn:
            return await take_up(conn, city, now(), self._batch)


async def take_up(conn: Connection, city: str, at: datetime, batch: int) -> int:
    """Take up the disputes that were not settled by `at`; give how many.

    One between districts is the city bureau's to decide, any other the hotline's.
    """
    over = await disputes.lapsed(conn, city, at, batch)
    taken = [msgspec.structs.replace(one, level=_level(one)) for one in over]
    if taken:
        await disputes.take_up(conn, city, taken, DISPUTE)
        await events.append(conn, list(_told(city, taken, at)))
    return len(taken)


def _level(dispute: Dispute) -> str:
    return "city" if dispute.cause == "territory" else dispute.level


def _told(city: str, taken: Sequence[Dispute], at: datetime) -> list[Event]:
    return [
        Event(
            city=city,
            event_id=uuid7(),
            case_no=CaseNo(dispute.case_no),
            at=at,
            verb=TAKEN_UP,
            actor=SYSTEM,
            data={"dispute_no": dispute.dispute_no, "level": dispute.level},
        )
        for dispute in taken
    ]
