"""Clocks in the store: started, stopped and charged with a case's moves, and swept when ripe."""

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from models.case import Case
from models.clock import Basis
from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_case, to_struct
from models.decision import DayStep
from models.moment import aware

_SQL: Final = queries.load("clocks")
#: A clock that is overdue is noted again after each of these.
DAY: Final = timedelta(days=1)


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """One clock of a case (`task_no` 0) or of a task; a clock that runs again is a new `attempt`.

    `warn_at` are the moments to warn at, of which `warned` are past; `raised` counts the days of
    being overdue that were noted. `stop_reason` is the event that stopped it, or `lapsed`. `basis`
    is what its deadline was counted from, `counted_by` the calendar that did it, None where none
    matters. A `desk` clock is the desk's own.
    """

    case_no: int
    task_no: int
    code: str
    attempt: int = 1
    unit: str | None = None
    started_at: datetime
    due_at: datetime
    calendar: str
    provisional: bool = False
    trace: tuple[DayStep, ...] = ()
    warn_at: tuple[datetime, ...] = ()
    warned: int = 0
    breached_at: datetime | None = None
    raised: int = 0
    stopped_at: datetime | None = None
    stop_reason: str | None = None
    basis: Basis | None = None
    counted_by: str | None = None
    desk: bool = False

    @property
    def key(self) -> "ClockKey":
        """What names the clock within its city."""
        return ClockKey(self.case_no, self.task_no, self.code, self.attempt)

    @property
    def next_at(self) -> datetime:
        """When the sweeper must look at it next: a warning, its end, or a day more overdue."""
        if self.breached_at is not None:
            return self.due_at + DAY * (self.raised + 1)
        return min((*self.warn_at[self.warned :], self.due_at))


class ClockKey(NamedTuple):
    """Names one clock within a city."""

    case_no: int
    task_no: int
    code: str
    attempt: int


class Ripe(msgspec.Struct, frozen=True, kw_only=True):
    """A running clock with something to note, as the sweeper needs it."""

    case_no: int
    task_no: int
    code: str
    attempt: int
    unit: str | None
    due_at: datetime
    warn_at: tuple[datetime, ...]
    warned: int
    breached_at: datetime | None
    raised: int = 0

    @property
    def key(self) -> ClockKey:
        """What names the clock within its city."""
        return ClockKey(self.case_no, self.task_no, self.code, self.attempt)


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """What the sweeper noted of a clock: `levels` reached and what comes next, None for nothing."""

    clock: Ripe
    levels: tuple[str, ...]
    warned: int
    breached_at: datetime | None
    next_at: datetime | None
    raised: int = 0
    lapsed_at: datetime | None = None


class Recount(msgspec.Struct, frozen=True, kw_only=True):
    """A running clock as it was counted again; `cause` is the event that says why it moved."""

    clock: Clock
    cause: UUID | None = None


async def start(conn: Connection, city: str, clocks: Sequence[Clock]) -> None:
    """Start clocks in one statement; each must be new."""
    if not clocks:
        return
    terms: dict[Hashable, tuple[int, Clock]] = {}
    which = [terms.setdefault(_terms(clock), (len(terms) + 1, clock))[0] for clock in clocks]
    shared = [clock for _, clock in terms.values()]
    await conn.execute(
        _SQL["start"],
        city,
        [clock.case_no for clock in clocks],
        [clock.task_no for clock in clocks],
        [clock.code for clock in clocks],
        [clock.attempt for clock in clocks],
        [clock.unit for clock in clocks],
        which,
        [clock.started_at for clock in shared],
        [clock.due_at for clock in shared],
        [clock.calendar for clock in shared],
        [clock.provisional for clock in shared],
        [clock.trace for clock in shared],
        [_literal(clock.warn_at) for clock in shared],
        [clock.next_at for clock in shared],
        [clock.warned for clock in shared],
        [clock.breached_at for clock in shared],
        [clock.basis for clock in shared],
        [clock.counted_by for clock in shared],
        [clock.desk for clock in shared],
        [clock.raised for clock in shared],
    )


def _terms(clock: Clock) -> Hashable:
    """Tell apart the terms that clocks run on; counts made once are the same objects."""
    return (
        id(clock.trace),
        id(clock.basis),
        clock.started_at,
        clock.due_at,
        clock.calendar,
        clock.provisional,
        clock.warn_at,
        clock.next_at,
        clock.warned,
        clock.breached_at,
        clock.counted_by,
        clock.desk,
        clock.raised,
    )


async def stop(
    conn: Connection, city: str, case_no: int, at: datetime, stops: Sequence[tuple[Clock, str]]
) -> None:
    """Stop clocks of a case, each with the event that does it."""
    if not stops:
        return
    await conn.execute(
        _SQL["stop"],
        city,
        case_no,
        at,
        [clock.task_no for clock, _ in stops],
        [clock.code for clock, _ in stops],
        [clock.attempt for clock, _ in stops],
        [reason for _, reason in stops],
    )


async def stop_many(
    conn: Connection,
    city: str,
    cases: Iterable[int],
    codes: Sequence[str],
    *,
    at: datetime,
    why: str,
) -> None:
    """Stop the running clocks of those codes in many cases at once."""
    if codes:
        await conn.execute(_SQL["stop_many"], city, list(cases), at, list(codes), why)


async def unwatched(conn: Connection, city: str, limit: int, aside: Sequence[str]) -> list[Case]:
    """Hold and give up to `limit` cases that wait at the desk and have no clock."""
    return [to_case(row) for row in await conn.fetch(_SQL["unwatched"], city, limit, list(aside))]


async def charge(conn: Connection, city: str, case_no: int, unit: str | None) -> None:
    """Charge what runs on for the case itself to the unit that now leads, None for the desk."""
    await conn.execute(_SQL["charge"], city, case_no, unit)


async def of_case(conn: Connection, city: str, case_no: int) -> list[Clock]:
    """Give all clocks of a case, stopped ones too."""
    return [to_struct(row, Clock) for row in await conn.fetch(_SQL["of_case"], city, case_no)]


async def moment(conn: Connection) -> datetime:
    """Give the database's own time, so that sweepers whose clocks differ agree."""
    return aware(await conn.fetchval(_SQL["moment"]))


async def counted_otherwise(conn: Connection, city: str, version: str, limit: int) -> list[Clock]:
    """Lock and give up to `limit` running clocks that another calendar has counted.

    Versions have no order, but what is not equal sorts before or after: two looks along an index.
    """
    rows = await conn.fetch(_SQL["counted_before"], city, version, limit)
    if len(rows) < limit:
        rows += await conn.fetch(_SQL["counted_after"], city, version, limit - len(rows))
    return [to_struct(row, Clock) for row in rows]


async def recount(conn: Connection, city: str, recounts: Sequence[Recount]) -> None:
    """Put clocks as they were counted again; the events that say why must be written before."""
    clocks = [each.clock for each in recounts]
    if not clocks:
        return
    await conn.execute(
        _SQL["recount"],
        city,
        [clock.case_no for clock in clocks],
        [clock.task_no for clock in clocks],
        [clock.code for clock in clocks],
        [each.cause for each in recounts],
        [clock.attempt for clock in clocks],
        [clock.due_at for clock in clocks],
        [clock.provisional for clock in clocks],
        [clock.trace for clock in clocks],
        [_literal(clock.warn_at) for clock in clocks],
        [clock.warned for clock in clocks],
        [clock.next_at for clock in clocks],
        [clock.basis for clock in clocks],
        [clock.counted_by for clock in clocks],
    )


async def ripe(conn: Connection, city: str, at: datetime, limit: int) -> list[Ripe]:
    """Lock and give up to `limit` clocks that have something to note at that moment."""
    return [to_struct(row, Ripe) for row in await conn.fetch(_SQL["ripe"], city, at, limit)]


async def advance(
    conn: Connection, city: str, at: datetime, steps: Sequence[Advance]
) -> set[tuple[ClockKey, str]]:
    """Note alarms and move the clocks on; give the (clock, level) pairs that are new."""
    noted = await _raise_alarms(conn, city, at, steps)
    await conn.execute(
        _SQL["advance"],
        city,
        [step.clock.case_no for step in steps],
        [step.clock.task_no for step in steps],
        [step.clock.code for step in steps],
        [step.clock.attempt for step in steps],
        [step.warned for step in steps],
        [step.breached_at for step in steps],
        [step.raised for step in steps],
        [step.next_at for step in steps],
        [step.lapsed_at for step in steps],
    )
    return noted


async def _raise_alarms(
    conn: Connection, city: str, at: datetime, steps: Sequence[Advance]
) -> set[tuple[ClockKey, str]]:
    alarms = [(step.clock, level) for step in steps for level in step.levels]
    if not alarms:
        return set()
    rows = await conn.fetch(
        _SQL["raise_alarms"],
        city,
        at,
        [clock.case_no for clock, _ in alarms],
        [clock.task_no for clock, _ in alarms],
        [clock.code for clock, _ in alarms],
        [clock.attempt for clock, _ in alarms],
        [level for _, level in alarms],
        [clock.unit for clock, _ in alarms],
    )
    return {
        (ClockKey(row["case_no"], row["task_no"], row["code"], row["attempt"]), row["level"])
        for row in rows
    }


def _literal(moments: Sequence[datetime]) -> str:
    """Write moments as a PostgreSQL array, since arrays of arrays do not unnest by row."""
    return "{" + ",".join(moment.isoformat() for moment in moments) + "}"
