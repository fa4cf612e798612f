"""The sweeper: notes each warning, breach and day overdue of a clock once, and watches what waits.

One sweeper per city at a time by a lease; even two at once note an alarm once, since an alarm is a
row whose key says which clock and which level. They go by the database's time, not their own.
"""

from datetime import datetime
from typing import Final

from models.case import SYSTEM, CaseNo, Event
from models.db import clocks, events
from models.db.clocks import DAY, Advance, ClockKey, Ripe
from models.db.pool import Database
from models.ids import uuid7
from models.moment import aware
from routing.catalogue import Catalogue
from routing.clocking import starts
from routing.plan import RECEIVED
from routing.watch import Watch

LEASE: Final = "sweeper"
BREACH: Final = "breach"
#: A clock that is overdue rises a level a day, this often at most (global rule 5).
OVERDUE_MOST: Final = 30
_VERBS: Final = {"warn": "clock:warned", BREACH: "clock:breached", "overdue": "clock:overdue"}
_BATCH: Final = 500


class Sweeper(Watch):
    """Watches the clocks of cities, as one of the worker's stages."""

    name = "sweep"
    lease = LEASE
    batch = _BATCH

    async def _take_up(self, book: Catalogue) -> int:
        """Note what is due in one batch."""
        async with self._db.city(book.city.adcode) as conn:
            at = await clocks.moment(conn)
        watched = await watch_desk(self._db, book, self._batch)
        return watched + await sweep(self._db, book, at, self._batch)


async def watch_desk(db: Database, book: Catalogue, batch: int) -> int:
    """Start the clocks of cases that wait at the desk unwatched, from their receipt on.

    Cases reach the desk in many ways; looking for those without a clock misses none of them. A
    clock that outlives its case says nothing of its waiting: an emergency's, a question's.
    """
    if not any(clock.start == RECEIVED for clock in book.clocks.values()):
        return 0
    city = book.city.adcode
    aside = [clock.code for clock in book.clocks.values() if clock.outlives]
    async with db.city(city) as conn:
        waiting = await clocks.unwatched(conn, city, batch, aside)
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
    over = clock.due_at <= at
    if over and known is not None and known.window:
        return Advance(
            clock=clock,
            levels=(),
            warned=clock.warned,
            breached_at=None,
            next_at=None,
            lapsed_at=clock.due_at,
        )
    warned = max(sum(moment <= at for moment in clock.warn_at), clock.warned)
    raised = min((at - clock.due_at) // DAY, OVERDUE_MOST) if over else 0
    levels = [f"warn{n}" for n in range(clock.warned + 1, warned + 1)]
    levels += [BREACH] if over and clock.breached_at is None else []
    levels += [f"overdue{n}" for n in range(clock.raised + 1, raised + 1)]
    return Advance(
        clock=clock,
        levels=tuple(levels),
        warned=warned,
        breached_at=clock.due_at if over else clock.breached_at,
        raised=max(raised, clock.raised),
        next_at=_next(clock, max(raised, clock.raised), at),
    )


def _next(clock: Ripe, raised: int, at: datetime) -> datetime | None:
    if clock.due_at > at:
        return min(moment for moment in (*clock.warn_at, clock.due_at) if moment > at)
    return clock.due_at + DAY * (raised + 1) if raised < OVERDUE_MOST else None


def _event(city: str, clock: Ripe, key: ClockKey, level: str, at: datetime) -> Event:
    verb = _VERBS[level.rstrip("0123456789")]
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
