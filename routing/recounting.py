"""Counting clocks again, when the calendar is another one or something else moved their ends.

A deadline never moves without an event `clock:recounted` that says why; the store refuses it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from models.case import SYSTEM, Actor, CaseNo, Event
from models.clock import Shift
from models.db import clocks, events
from models.db.clocks import Clock, Recount
from models.db.pool import Connection, Database
from models.ids import uuid7
from models.moment import aware, now
from routing.catalogue import Catalogue
from routing.clocking import basis_of_running, closing, timed
from routing.timing import with_shift
from routing.watch import Watch

RECOUNTED: Final = "clock:recounted"
LEASE: Final = "recounter"
_BATCH: Final = 500


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why clocks are counted again: `calendar`, `urgency` or `children`; by whom and when."""

    kind: str
    at: datetime
    actor: Actor = SYSTEM


class Recounter(Watch):
    """Counts running clocks again that another calendar has counted: one of the worker's stages."""

    name = "recount"
    lease = LEASE
    batch = _BATCH

    async def _take_up(self, book: Catalogue) -> int:
        """Count one batch again."""
        return await recount(self._db, book, self._batch)


async def recount(db: Database, book: Catalogue, batch: int) -> int:
    """Count up to `batch` running clocks again that another calendar counted; give how many."""
    city, at = book.city.adcode, now()
    async with db.city(city) as conn:
        found = await clocks.counted_otherwise(conn, city, book.calendar.version, batch)
        pairs = [(clock, _by_calendar(book, clock, at)) for clock in found]
        await put(conn, city, pairs, Cause(kind="calendar", at=at))
    return len(found)


async def follow_parts(
    conn: Connection, book: Catalogue, held: Sequence[Clock], parts: Sequence[Clock], cause: Cause
) -> None:
    """Let the promise of a divided case reach to the latest promise of its parts.

    `held` are the clocks of the parent case, `parts` those of all its parts. An end is only moved
    later: what was promised for the whole is kept where the parts are promised earlier.
    """
    latest = latest_promise(book, parts)
    running = [c for c in closing(book, held) if c.stopped_at is None]
    if latest is None:
        return
    shift = Shift(kind="children", start=cause.at, end=latest)
    pairs = [
        (clock, timed(book, clock, with_shift(basis_of_running(book, clock), shift), cause.at))
        for clock in running
        if clock.due_at < latest
    ]
    await put(conn, book.city.adcode, pairs, cause)


def latest_promise(book: Catalogue, parts: Sequence[Clock]) -> datetime | None:
    """Give the latest end that is promised for parts of a case, None where none is."""
    each = {part.case_no: [c for c in parts if c.case_no == part.case_no] for part in parts}
    ends = [clock.due_at for own in each.values() for clock in closing(book, own)]
    return max(ends, default=None)


async def put(
    conn: Connection, city: str, pairs: Sequence[tuple[Clock, Clock]], cause: Cause
) -> None:
    """Write clocks as they were counted again, with the events that say why.

    One that had breached and now ends later goes on as a new attempt, so that it can breach anew.
    """
    told = [_event(city, old, new, cause) if _differs(old, new) else None for old, new in pairs]
    await events.append(conn, [event for event in told if event])
    anew = [(old, new) for old, new in pairs if old.breached_at and not new.breached_at]
    for old, new in anew:
        await clocks.stop(conn, city, old.case_no, cause.at, [(old, RECOUNTED)])
        later = msgspec.structs.replace(new, attempt=old.attempt + 1)
        await clocks.start(conn, city, [later])
    moved = [
        Recount(clock=new, cause=event.event_id if event else None)
        for (old, new), event in zip(pairs, told, strict=True)
        if (old, new) not in anew
    ]
    await clocks.recount(conn, city, moved)


def _by_calendar(book: Catalogue, clock: Clock, at: datetime) -> Clock:
    again = timed(book, clock, basis_of_running(book, clock), at) if _known(book, clock) else clock
    return msgspec.structs.replace(again, counted_by=book.calendar.version)


def _known(book: Catalogue, clock: Clock) -> bool:
    return clock.code in book.clocks


def _differs(old: Clock, new: Clock) -> bool:
    return (old.due_at, old.provisional) != (new.due_at, new.provisional)


def _event(city: str, old: Clock, new: Clock, cause: Cause) -> Event:
    data: dict[str, Any] = {
        "task_no": old.task_no,
        "code": old.code,
        "attempt": old.attempt,
        "cause": cause.kind,
        "was": aware(old.due_at).isoformat(),
        "due_at": aware(new.due_at).isoformat(),
        "provisional": new.provisional,
        "calendar": new.counted_by,
    }
    return Event(
        city=city,
        event_id=uuid7(),
        case_no=CaseNo(old.case_no),
        at=cause.at,
        verb=RECOUNTED,
        actor=cause.actor,
        data=data,
    )
