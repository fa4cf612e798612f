"""Promises that one case keeps for others: its end is not later than the earliest of theirs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from models.clock import Shift
from models.db import links
from models.db.clocks import Clock
from models.db.links import Promise
from models.db.pool import Connection
from models.moment import aware
from routing import clocking
from routing.catalogue import Catalogue
from routing.matter import Change, Matter
from routing.plan import is_closing
from routing.timing import with_shift

PROMISED: Final = "promised"
#: A helper has this part of the time that the case has (设计默认).
_HELPERS_PART: Final = 2 / 3


def closing_codes(book: Catalogue) -> list[str]:
    """Name the clocks that promise to close a case."""
    return [code for code, clock in book.clocks.items() if is_closing(clock)]


def sooner(matter: Matter, clock: Clock, promise: Promise) -> Clock:
    """Let a running clock run on towards an earlier end, which was promised of another case."""
    shift = Shift(kind=PROMISED, end=aware(promise.due_at))
    return clocking.continued(matter.book, matter.case, clock, matter.at, shift)


def promised_ends(matter: Matter, clock: Clock) -> list[datetime]:
    """Give the ends that a clock keeps for other cases."""
    shifts = clocking.basis_of_running(matter.book, clock).shifts
    return [shift.end for shift in shifts if shift.kind == PROMISED and shift.end is not None]


def freed(matter: Matter, clock: Clock, end: datetime) -> Clock:
    """Let a running clock run on without an end that it kept for another case."""
    basis = clocking.basis_of_running(matter.book, clock)
    kept = tuple(s for s in basis.shifts if s.kind != PROMISED or s.end != end)
    made = clocking.timed(
        matter.book, clock, msgspec.structs.replace(basis, shifts=kept), matter.at
    )
    return msgspec.structs.replace(made, attempt=clock.attempt + 1, started_at=matter.at)


def reaching(book: Catalogue, clock: Clock, parts: Sequence[Clock]) -> Clock:
    """Let the promise that a case starts with reach to the latest of its parts."""
    latest = max((part.due_at for part in parts), default=clock.due_at)
    if not is_closing(book.clocks[clock.code]) or latest <= clock.due_at:
        return clock
    shift = Shift(kind="children", start=clock.started_at, end=aware(latest))
    basis = with_shift(clocking.basis_of_running(book, clock), shift)
    return clocking.timed(book, clock, basis, clock.started_at)


async def kept(conn: Connection, change: Change, starts: Sequence[Clock]) -> list[Clock]:
    """Give clocks that start, none to end later than what other cases and the lead were promised.

    What the case answers for was promised to close by some moment; a helper replies before the
    case must close.
    """
    made = await _within_promised(conn, change, starts)
    matter = change.matter
    stopped = {clock.key for clock, _ in change.stops}
    running = [clock for clock in matter.running if clock.key not in stopped]
    ends = [clock.due_at for clock in clocking.closing(matter.book, [*running, *made])]
    return [_before(matter.book, clock, min(ends)) if ends else clock for clock in made]


async def _within_promised(
    conn: Connection, change: Change, starts: Sequence[Clock]
) -> list[Clock]:
    case, book = change.case, change.matter.book
    codes = closing_codes(book)
    first = [clock for clock in starts if clock.code in codes and clock.attempt == 1]
    if not first:
        return list(starts)
    promise = await links.promise(conn, case.city, case.case_no, codes, change.matter.at)
    if promise is None:
        return list(starts)
    return [_within(book, c, aware(promise.due_at)) if c in first else c for c in starts]


def _before(book: Catalogue, clock: Clock, end: datetime) -> Clock:
    """Let a helper's reply be due within two thirds of what is left until the case must close."""
    known = book.clocks.get(clock.code)
    if known is None or known.scope != "helper" or clock.due_at < end:
        return clock
    left = max(aware(end) - aware(clock.started_at), timedelta())
    return _within(book, clock, aware(clock.started_at) + left * _HELPERS_PART)


def _within(book: Catalogue, clock: Clock, end: datetime) -> Clock:
    if clock.due_at <= end:
        return clock
    basis = with_shift(clocking.basis_of_running(book, clock), Shift(kind=PROMISED, end=end))
    return clocking.timed(book, clock, basis, clock.started_at)
