"""The sweeper: notes each warning and each breach of a clock once, and watches what waits.

One sweeper per city at a time by a lease; even two at once note an alarm once, since an alarm is a
row whose key says which clock and which level.
"""

import os
import socket
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from models.case import SYSTEM, CaseNo, Event
from models.city import City
from models.db import clocks, events, lease
from models.db.clocks import Advance, ClockKey, Ripe
from models.db.pool import Database
from models.ids import uuid7
from models.moment import aware, now
from routing.catalogue import Catalogue, catalogue
from routing.clocking import starts
from routing.plan import RECEIVED

LEASE: Final = "sweeper"
BREACH: Final = "breach"
_LEASE_S: Final = 30.0
_BATCH: Final = 500


class Sweeper:
    """Watches the clocks of cities, as one of the worker's stages."""

    name = "sweep"

    def __init__(
        self,
        db: Database,
        cities: Mapping[str, City],
        holder: str | None = None,
        batch: int = _BATCH,
    ) -> None:
        """Keep the store, the cities by adcode, the name to hold the lease by, and the batch."""
        self._db = db
        self._books = {adcode: catalogue(city) for adcode, city in cities.items()}
        self._holder = holder or f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"
        self._batch = batch

    async def run_once(self, city: str) -> int:
        """Note what is due in one batch; 0 where nothing is, or another sweeper is at it."""
        async with self._db.city(city) as conn:
            if not await lease.take(conn, city, LEASE, self._holder, _LEASE_S):
                return 0
        watched = await watch_desk(self._db, self._books[city], self._batch)
        return watched + await sweep(self._db, self._books[city], now(), self._batch)


async def watch_desk(db: Database, book: Catalogue, batch: int) -> int:
    """Start the clocks of cases that wait at the desk unwatched, from their receipt on.

    Cases reach the desk in many ways; looking for those without a clock misses none of them.
    """
    if not any(clock.start == RECEIVED for clock in book.clocks.values()):
        return 0
    city = book.city.adcode
    async with db.city(city) as conn:
        waiting = await clocks.unwatched(conn, city, batch)
        made = [
            clock
            for case in waiting
            for clock in starts(book, case, [], (RECEIVED,), case.received_at)
        ]
        await clocks.start(conn, city, made)
    return len(made)


async def sweep(db: Database, book: Catalogue, at: datetime, batch: int) -> int:
    """Note warnings and breaches that have come by `at`; give how many clocks were ripe."""
    city = book.city.adcode
    async with db.city(city) as conn:
        ripe = await clocks.ripe(conn, city, at, batch)
        if not ripe:
            return 0
        steps = [advance(book, clock, at) for clock in ripe]
        noted = await clocks.advance(conn, city, at, steps)
        due = {clock.key: clock for clock in ripe}
        await events.append(conn, [_event(city, due[key], key, level, at) for key, level in noted])
    return len(ripe)


def advance(book: Catalogue, clock: Ripe, at: datetime) -> Advance:
    """Say which levels a clock has reached by `at`, and when to look at it again."""
    known = book.clocks.get(clock.code)
    warned = sum(moment <= at for moment in clock.warn_at)
    over = clock.due_at <= at
    if over and known is not None and known.window:
        return _step(clock, clock.warned, lapsed_at=clock.due_at)
    levels = [f"warn{n}" for n in range(clock.warned + 1, warned + 1)]
    if over and clock.breached_at is None:
        levels.append(BREACH)
    ahead = [moment for moment in (*clock.warn_at, clock.due_at) if moment > at]
    return _step(
        clock,
        warned,
        levels=tuple(levels),
        breached_at=clock.due_at if over else clock.breached_at,
        next_at=min(ahead, default=None),
    )


def _step(
    clock: Ripe,
    warned: int,
    *,
    levels: tuple[str, ...] = (),
    breached_at: datetime | None = None,
    next_at: datetime | None = None,
    lapsed_at: datetime | None = None,
) -> Advance:
    return Advance(
        clock=clock,
        levels=levels,
        warned=max(warned, clock.warned),
        breached_at=breached_at,
        next_at=next_at,
        lapsed_at=lapsed_at,
    )


def _event(city: str, clock: Ripe, key: ClockKey, level: str, at: datetime) -> Event:
    verb = "clock:breached" if level == BREACH else "clock:warned"
    data = {
        "task_no": key.task_no,
        "code": key.code,
        "attempt": key.attempt,
        "level": level,
        "unit": clock.unit,
        "due_at": aware(clock.due_at).isoformat(),
    }
    return Event(
        city=city,
        event_id=uuid7(),
        case_no=CaseNo(key.case_no),
        at=at,
        verb=verb,
        actor=SYSTEM,
        data=data,
    )
