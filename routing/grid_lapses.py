"""Questions to the grid that nobody answered: they lapse when due, and end with their case.

One at a time per city by a lease; even two at once let a question go once, since each holds what
it takes up.
"""

from datetime import datetime
from typing import Final

import msgspec

from models.case import SYSTEM, Case, CaseNo, Event
from models.db import cases, events, grids
from models.db.grids import GridCheck
from models.db.pool import Connection
from models.ids import uuid7
from models.moment import now
from routing import ticking
from routing.catalogue import Catalogue
from routing.grid_checks import OPEN, WITHDRAWN
from routing.ticking import Happening
from routing.watch import Watch

LEASE: Final = "grid"
LAPSED: Final = "grid:lapsed"
_CASE_OVER: Final = "工单已结束"
_BATCH: Final = 200


class GridLapses(Watch):
    """Lets unanswered questions go, as one of the worker's stages."""

    name = "grid"
    lease = LEASE
    batch = _BATCH

    async def _take_up(self, book: Catalogue) -> int:
        """Let go what is over."""
        async with self._db.city(book.city.adcode) as conn:
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
