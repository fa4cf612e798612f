"""Which clocks an event starts and stops, as each clock's definition names its verbs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from models.case import Case, CaseNo, Task
from models.clock import Basis, ClockDef, Shift
from models.db.clocks import Clock
from models.moment import aware, parse_local
from routing.catalogue import Catalogue
from routing.clocks import basis_of
from routing.pacing import paced
from routing.plan import ACCEPTED, DISPATCHED, is_closing, starting, told_by
from routing.timing import Timing, timing, with_shift

#: Stop reason of a closing clock that stands still while a result is looked at.
PAUSED: Final = "case:task:submitted"
#: Stop reasons of clocks that stand still because the case was suspended.
SUSPENDED: Final = ("case:suspended", "case:supplement:asked")
_SAID_NOTHING: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
_MOST_KEPT: Final = 512
_FIRST: Final = (ACCEPTED, DISPATCHED)


def starts(
    book: Catalogue,
    case: Case,
    tasks: Sequence[Task],
    verbs: Collection[str],
    at: datetime,
    *,
    held: Iterable[Clock] = (),
    whole_case: bool = True,
    said: Mapping[str, Mapping[str, Any]] = _SAID_NOTHING,
) -> list[Clock]:
    """Start the clocks of events: one per task, one of the lead, or one of the case, by scope.

    `held` are the clocks that the case has had; `whole_case` false starts only those of tasks.
    `said` is what the events say, by verb. What acceptance starts for a task starts with the task.
    A unit that may not return has no window; a closed case starts only what outlives it.
    """
    found = []
    had = [(clock.task_no, clock.code) for clock in held]
    wanted = {*verbs, ACCEPTED} if DISPATCHED in verbs else set(verbs)
    if DISPATCHED in verbs:
        said = {**told_by(case.decision), **said}
    for definition in starting(book, wanted, case.kind or "", case.channel, said):
        begun = definition.scope == "case" and definition.start not in verbs
        ended = case.closed_at is not None and not definition.outlives
        if begun or ended or (definition.window and case.no_return and not definition.outlives):
            continue
        stated = _stated(definition, case, said.get(definition.start, {}))
        for task_no, unit in _holders(definition, case, tasks, whole_case=whole_case):
            attempt = had.count((task_no, definition.code)) + 1
            made = _clock(book, case, definition, at, stated)
            found.append(msgspec.structs.replace(made, task_no=task_no, unit=unit, attempt=attempt))
    return found


def stops(
    book: Catalogue, running: Iterable[Clock], verb: str, task_no: int | None
) -> list[tuple[Clock, str]]:
    """Stop what an event stops: clocks of the task it is about, and those of the case."""
    return [
        (clock, verb)
        for clock in running
        if (known := book.clocks.get(clock.code)) is not None
        and verb in known.stops
        and clock.task_no in (0, task_no)
    ]


def before_dispatch(book: Catalogue) -> list[str]:
    """Name the clocks that run before a case is accepted or dispatched and stop with that."""
    return [c.code for c in book.clocks.values() if c.stop in _FIRST and c.start not in _FIRST]


def closing(book: Catalogue, clocks: Iterable[Clock]) -> list[Clock]:
    """Pick the promises to close the case, the latest attempt of each."""
    latest: dict[str, Clock] = {}
    for clock in clocks:
        known = book.clocks.get(clock.code)
        if known is not None and is_closing(known):
            best = latest.get(clock.code)
            latest[clock.code] = clock if best is None or clock.attempt > best.attempt else best
    return list(latest.values())


def under_review(book: Catalogue, clocks: Iterable[Clock]) -> list[Clock]:
    """Pick the promises that stand still while a result is looked at, not those of an earlier end.

    What was promised first and ended long ago has the same reason; it stood still earlier.
    """
    still = [c for c in closing(book, clocks) if c.stop_reason == PAUSED]
    last = max((c.stopped_at for c in still if c.stopped_at), default=None)
    return [clock for clock in still if clock.stopped_at == last]


def promised(book: Catalogue, clocks: Iterable[Clock]) -> bool:
    """Tell whether a promise to close the case runs, or stands still for a while."""
    waits = (PAUSED, *SUSPENDED)
    return any(c.stopped_at is None or c.stop_reason in waits for c in closing(book, clocks))


def resumed(book: Catalogue, case: Case, clock: Clock, at: datetime) -> Clock:
    """Let a clock that stood still run on: the same end, later by the time it stood.

    Where the case became more or less urgent meanwhile, it is counted for that.
    """
    shift = Shift(kind="pause", start=clock.stopped_at, end=at)
    made = continued(book, case, clock, at, shift)
    return at_urgency(book, case, made, at, clock.basis.urgency if clock.basis else None)


def continued(book: Catalogue, case: Case, clock: Clock, at: datetime, shift: Shift) -> Clock:
    """Let a clock run on as its next attempt, with what moved its end; what was noted stays so."""
    return rebased(book, case, clock, at, with_shift(basis_of_running(book, clock), shift))


def rebased(book: Catalogue, case: Case, clock: Clock, at: datetime, basis: Basis) -> Clock:
    """Let a clock run on as its next attempt, counted from another basis."""
    made = timed(book, clock, basis, at)
    fields = {"attempt": clock.attempt + 1, "started_at": at, "stopped_at": None}
    unit = clock.unit if clock.task_no or clock.desk else case.lead_unit
    return msgspec.structs.replace(made, **fields, stop_reason=None, unit=unit)


def timed(book: Catalogue, clock: Clock, basis: Basis, at: datetime) -> Clock:
    """Give the clock as the basis times it: warnings before `at` count as given.

    A breach that was noted stands unless the end now lies ahead.
    """
    known = book.clocks.get(clock.code)
    found = timing(known, basis, book.calendar) if known else None
    if found is None:
        return clock
    breached = clock.breached_at is not None and found.due.due_at <= at
    return msgspec.structs.replace(
        clock,
        basis=basis,
        **_times(book, found),
        warned=max(sum(moment <= at for moment in found.warn_at), 0),
        breached_at=found.due.due_at if breached else None,
        raised=clock.raised if breached else 0,
    )


def at_urgency(book: Catalogue, case: Case, clock: Clock, at: datetime, was: str | None) -> Clock:
    """Count a clock for how urgent its case is now; `was` is what it was counted for.

    What has become more urgent has the shorter time from now on, never more than it had; what is
    less urgent has the whole time from its start.
    """
    now, known, held = case.urgency or "", book.clocks.get(clock.code), clock.basis
    if was is None or was == now or known is None or held is None:
        return clock
    stays = msgspec.structs.replace(clock, basis=msgspec.structs.replace(held, urgency=now))
    basis = basis_of(paced(known, _pace(case, known)), at, now)
    if basis.span == held.span:
        return stays
    if now > was:
        start = clock.started_at if clock.attempt == 1 else held.start
        basis = msgspec.structs.replace(basis, start=start, shifts=held.shifts)
    made = timed(book, clock, basis, at)
    return made if now > was or made.due_at < clock.due_at else stays


def _pace(case: Case, known: ClockDef) -> float:
    return case.decision.pace if case.decision and is_closing(known) else 1.0


def basis_of_running(book: Catalogue, clock: Clock) -> Basis:
    """Give what a clock was counted from; of one that does not know it, its end is as stated."""
    if clock.basis is not None:
        return clock.basis
    known = book.clocks[clock.code]
    stated = Shift(kind="stated", end=clock.due_at)
    return msgspec.structs.replace(basis_of(known, clock.started_at, None), shifts=(stated,))


def _holders(
    definition: ClockDef, case: Case, tasks: Sequence[Task], *, whole_case: bool
) -> list[tuple[int, str | None]]:
    if definition.scope == "case":
        unit = None if definition.desk else case.lead_unit
        return [(0, unit)] if whole_case else []
    lead, helper = definition.scope in ("lead", "task"), definition.scope in ("helper", "task")
    wanted = [task for task in tasks if (lead if task.is_lead else helper)]
    return [(task.task_no, None if definition.desk else task.unit) for task in wanted]


def _stated(definition: ClockDef, case: Case, said: Mapping[str, Any]) -> datetime | None:
    """Give the due time that the event or the source states, where the clock listens to it."""
    if definition.stated and (told := said.get("due_at")):
        return aware(told) if isinstance(told, datetime) else parse_local(str(told))
    heeds = definition.stated or (is_closing(definition) and definition.start in _FIRST)
    return case.source_due_at if heeds else None


def _clock(
    book: Catalogue, case: Case, definition: ClockDef, at: datetime, stated: datetime | None
) -> Clock:
    pace = _pace(case, definition)
    key = (definition.code, at, case.urgency, pace, stated)
    made = book.counted.get(key)
    if made is None:
        if len(book.counted) >= _MOST_KEPT:
            book.counted.clear()
        basis = basis_of(paced(definition, pace), at, case.urgency)
        if stated is not None:
            basis = with_shift(basis, Shift(kind="stated", end=stated))
        times = _times(book, timing(definition, basis, book.calendar))
        made = book.counted[key] = {"started_at": at, "basis": basis, **times}
    return Clock(
        case_no=CaseNo(case.case_no), task_no=0, code=definition.code, desk=definition.desk, **made
    )


def _times(book: Catalogue, found: Timing) -> dict[str, Any]:
    due = found.due
    return {
        "due_at": due.due_at,
        "calendar": due.calendar,
        "provisional": due.provisional,
        "trace": due.trace,
        "warn_at": found.warn_at,
        "counted_by": None if due.calendar == "H" else book.calendar.version,
    }
