"""Which clocks an event starts and stops, as each clock's definition names its verbs."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from models.case import Case, Task
from models.clock import ClockDef
from models.db.clocks import Clock
from models.decision import Deadline
from routing.catalogue import Catalogue
from routing.clocks import deadline, shifted, warnings
from routing.plan import ACCEPTED, DISPATCHED, as_stated, is_closing, starting

#: Stop reason of a closing clock that stands still while a result is looked at.
PAUSED: Final = "case:task:submitted"


def starts(
    book: Catalogue,
    case: Case,
    tasks: Sequence[Task],
    verbs: Collection[str],
    at: datetime,
    *,
    held: Iterable[Clock] = (),
    whole_case: bool = True,
) -> list[Clock]:
    """Start the clocks of events: one per task, one of the lead, or one of the case, by scope.

    `held` are the clocks that the case has had; `whole_case` false starts only those of tasks. What
    acceptance starts for a task starts with the task. A unit that may not return has no window.
    """
    found = []
    had = [(clock.task_no, clock.code) for clock in held]
    wanted = {*verbs, ACCEPTED} if DISPATCHED in verbs else set(verbs)
    for definition in starting(book, wanted, case.kind or "", case.channel):
        begun = definition.scope == "case" and definition.start not in verbs
        if begun or (definition.window and case.no_return):
            continue
        for task_no, unit in _holders(definition, case, tasks, whole_case=whole_case):
            attempt = had.count((task_no, definition.code)) + 1
            made = _clock(book, case, definition, at)
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
        and known.stop == verb
        and clock.task_no in (0, task_no)
    ]


def before_dispatch(book: Catalogue) -> list[str]:
    """Name the clocks that run before a case is accepted or dispatched and stop with that."""
    ends = (ACCEPTED, DISPATCHED)
    return [c.code for c in book.clocks.values() if c.stop in ends and c.start not in ends]


def closing(book: Catalogue, clocks: Iterable[Clock]) -> list[Clock]:
    """Pick the promises to close the case, the latest attempt of each."""
    latest: dict[str, Clock] = {}
    for clock in clocks:
        known = book.clocks.get(clock.code)
        if known is not None and is_closing(known):
            best = latest.get(clock.code)
            latest[clock.code] = clock if best is None or clock.attempt > best.attempt else best
    return list(latest.values())


def resumed(book: Catalogue, case: Case, clock: Clock, at: datetime) -> Clock:
    """Let a clock that stood still run on: the same end, later by the time it stood."""
    stood = clock.stopped_at or at
    due = Deadline(
        due_at=clock.due_at,
        calendar=clock.calendar,
        provisional=clock.provisional,
        trace=clock.trace,
    )
    moved = shifted(due, stood, at, book.calendar)
    later = moved.due_at - clock.due_at
    return Clock(
        case_no=case.case_no,
        task_no=clock.task_no,
        code=clock.code,
        attempt=clock.attempt + 1,
        unit=case.lead_unit,
        started_at=at,
        due_at=moved.due_at,
        calendar=moved.calendar,
        provisional=moved.provisional,
        trace=moved.trace,
        warn_at=tuple(moment + later for moment in clock.warn_at if moment > stood),
    )


def _holders(
    definition: ClockDef, case: Case, tasks: Sequence[Task], *, whole_case: bool
) -> list[tuple[int, str | None]]:
    if definition.scope == "case":
        return [(0, case.lead_unit)] if whole_case else []
    wanted = [task for task in tasks if task.is_lead or definition.scope == "task"]
    return [(task.task_no, task.unit) for task in wanted]


def _clock(book: Catalogue, case: Case, definition: ClockDef, at: datetime) -> Clock:
    counted = deadline(definition, at, case.urgency, book.calendar)
    due = as_stated(counted, case.source_due_at if is_closing(definition) else None)
    warn = warnings(definition, at, case.urgency, book.calendar)
    return Clock(
        case_no=case.case_no,
        task_no=0,
        code=definition.code,
        started_at=at,
        due_at=due.due_at,
        calendar=due.calendar,
        provisional=due.provisional,
        trace=due.trace,
        warn_at=tuple(moment for moment in warn if at < moment < due.due_at),
    )
