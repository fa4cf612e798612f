"""What happened to a case, to its clocks: those it stops, starts and counts again.

Acts come here by their change; a part that writes events outside of acts calls `happened`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from models.case import Case, State, Task
from models.db import clocks
from models.db.clocks import Clock, ClockKey
from models.db.pool import Connection
from routing import clocking, promises, recounting
from routing.catalogue import Catalogue
from routing.matter import Change, Matter
from routing.plan import ACCEPTED, DISPATCHED, is_closing

#: Events whose clocks the desk's own functions start.
_STARTED_THERE: Final = (ACCEPTED, DISPATCHED)
_URGENCY: Final = "urgency"


class Happening(NamedTuple):
    """An event that clocks may listen to, with what it says and the task it is about."""

    verb: str
    said: Mapping[str, Any]
    task_no: int | None = None


async def happened(
    conn: Connection,
    book: Catalogue,
    case: Case,
    events: Sequence[Happening],
    at: datetime,
    *,
    tasks: Sequence[Task] = (),
) -> None:
    """Stop and start what events do that some part has written into the history of a case.

    The case must be held, or be one that nobody acts on meanwhile.
    """
    held = await clocks.of_case(conn, case.city, case.case_no)
    running = [clock for clock in held if clock.stopped_at is None]
    await clocks.stop(conn, case.city, case.case_no, at, _stopped(book, running, events))
    started = _started(book, case, events, at, held, tasks=tasks)
    await clocks.start(conn, case.city, started)


async def write(conn: Connection, change: Change) -> None:
    """Stop, start and count again what a change does to the clocks of its case."""
    matter, case = change.matter, change.case
    events = _events(change)
    stopped = {clock.key: (clock, why) for clock, why in change.stops}
    for clock, why in _stopped(matter.book, matter.running, events):
        stopped.setdefault(clock.key, (clock, why))
    await clocks.stop(conn, case.city, case.case_no, matter.at, list(stopped.values()))
    starts = list(change.starts)
    if case.state is not State.MERGED:
        left = [event for event in events if event.verb not in _STARTED_THERE]
        tasks = [change.task] if change.task else []
        over = matter.case.closed_at is not None and case.closed_at is None
        starts += _started(
            *(matter.book, case, left, matter.at, matter.clocks), tasks=tasks, reopened=over
        )
    await clocks.start(conn, case.city, await promises.kept(conn, change, starts))
    again = _at_new_urgency(matter, case, [c for c in matter.running if c.key not in stopped])
    cause = recounting.Cause(kind=_URGENCY, at=matter.at, actor=matter.actor)
    await recounting.put(conn, case.city, again, cause)


def _events(change: Change) -> list[Happening]:
    task_no = change.target.task_no if change.target else None
    told = [(change.event, change.data), *change.more_events]
    return [Happening(verb, said, said.get("task_no", task_no)) for verb, said in told]


def _stopped(
    book: Catalogue, running: Sequence[Clock], events: Sequence[Happening]
) -> list[tuple[Clock, str]]:
    found: dict[ClockKey, tuple[Clock, str]] = {}
    for event in events:
        for clock, why in clocking.stops(book, running, event.verb, event.task_no):
            found.setdefault(clock.key, (clock, why))
    return list(found.values())


def _started(
    book: Catalogue,
    case: Case,
    events: Sequence[Happening],
    at: datetime,
    held: Sequence[Clock],
    *,
    tasks: Sequence[Task],
    reopened: bool = False,
) -> list[Clock]:
    """Start what events start; no promise to close a case is made beside one that stands."""
    said = {event.verb: event.said for event in events}
    made = clocking.starts(book, case, tasks, list(said), at, held=held, said=said)
    if reopened or not clocking.promised(book, held):
        return made
    return [clock for clock in made if not is_closing(book.clocks[clock.code])]


def _at_new_urgency(
    matter: Matter, case: Case, running: Sequence[Clock]
) -> list[tuple[Clock, Clock]]:
    """Count the clocks that run again where a person changed how urgent the case is."""
    was = matter.case.urgency or ""
    if was == (case.urgency or ""):
        return []
    pairs = [
        (clock, clocking.at_urgency(matter.book, case, clock, matter.at, was)) for clock in running
    ]
    return [(old, new) for old, new in pairs if new is not old]
