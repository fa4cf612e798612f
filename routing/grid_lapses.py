"""Questions to the grid that nobody answered: they lapse when due, and end with their case.

One at a time per city by a lease; even two at once let a question go once, since each holds what
it takes up.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from models.case import SYSTEM, Case, CaseNo, Event
from models.city import City
from models.db import cases, events, grids, lease
from models.db.grids import GridCheck
from models.db.pool import Connection, Database
from models.ids import uuid7
from models.moment import now
from routing import ticking
from routing.catalogue import Catalogue, catalogue
from routing.grid_checks import OPEN, WITHDRAWN
from routing.live import live
from routing.ticking import Happening

LEASE: Final = "grid"
LAPSED: Final = "grid:lapsed"
_CASE_OVER: Final = "工单已结束"
_BATCH: Final = 200


class GridLapses:
    """Lets unanswered questions go, as one of the worker's stages."""

    name = "grid"

    def __init__(
        self,
        db: Database,
        cities: Mapping[str, City],
        holder: str | None = None,
        batch: int = _BATCH,
    ) -> None:
        """Keep the store, the cities as published, the name to hold the lease by, the batch."""
        self._db = db
        self._cities = live(cities)
        self._watch = lease.Watch(LEASE, holder)
        self._batch = batch

    async def run_once(self, city: str) -> int:
        """Let go what is over; 0 where nothing is, or another is at it."""
        async with self._db.city(city) as conn:
            if not await self._watch.keep(conn, city):
                return 0
            book = catalogue(await self._cities.follow(conn, city))
        async with self._db.city(city) as conn:
            return await let_go(conn, book, now(), self._batch)


async def let_go(conn: Connection, book: Catalogue, at: datetime, batch: int) -> int:
    """Let go the questions that are over by `at`; give how many."""
    city = book.city.adcode
    over = await grids.over(conn, city, at, [state.value for state in OPEN], batch)
    for check in over:
        case = await cases.get(conn, city, check.case_no)
        if case is not None:
            await _end(conn, book, case, check, at)
    return len(over)


async def _end(
    conn: Connection, book: Catalogue, case: Case, check: GridCheck, at: datetime
) -> None:
    """Write how a question ended, with its event and clock."""
    ended = case.state not in OPEN
    verb = WITHDRAWN if ended else LAPSED
    gone = msgspec.structs.replace(
        check,
        state="withdrawn" if ended else "lapsed",
        ended_at=at,
        ended_by=SYSTEM.name,
        reason=_CASE_OVER if ended else None,
    )
    await grids.lapse(conn, case.city, gone)
    data = {"n": gone.n, "grid": gone.grid, "grid_name": gone.grid_name}
    data |= {"note": gone.reason} if gone.reason else {}
    told = Event(
        city=case.city,
        event_id=uuid7(),
        case_no=CaseNo(case.case_no),
        at=at,
        verb=verb,
        actor=SYSTEM,
        data=data,
    )
    await events.append(conn, [told])
    await ticking.happened(conn, book, case, [Happening(verb, data)], at)
