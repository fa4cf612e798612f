"""Writing a change: the case under its condition first, then all that belongs to it.

An act on one case may change others (a parent, parts, a main case): each is a change of its own,
written the same way.
"""

from datetime import datetime
from typing import Final

from models.case import Actor, Case, State, Task
from models.db import cases, clocks, dispatch, events, outbox
from models.db.pool import Connection
from routing import clocking
from routing.catalogue import Catalogue
from routing.dispatch import event
from routing.matter import Change, Matter
from routing.plain import plain_data
from routing.plan import ACCEPTED, DISPATCHED

#: Events whose clocks the desk's own functions start.
_STARTED_THERE: Final = (ACCEPTED, DISPATCHED)


async def matter_of(
    conn: Connection, book: Catalogue, case: Case, actor: Actor, at: datetime
) -> Matter:
    """Read what belongs to a case that is held."""
    city, no = case.city, case.case_no
    return Matter(
        book=book,
        case=case,
        tasks=tuple(await cases.tasks(conn, city, no)),
        clocks=tuple(await clocks.of_case(conn, city, no)),
        history=tuple(await events.history(conn, city, no)),
        actor=actor,
        at=at,
    )


async def write(conn: Connection, change: Change) -> None:
    """Write a change with its tasks, clocks, events and messages; Conflict where it came late."""
    matter, case = change.matter, change.case
    city, no = case.city, case.case_no
    moved = await cases.move(conn, matter.case, case)
    for old, new in _moved_tasks(change):
        moved = moved and await cases.move_task(conn, old, new, _own(matter, change, old))
    if not moved:
        raise matter.conflict("stale_revision", "该件已被他人更新,请刷新后再操作。")
    if change.facts_changed:
        await cases.set_facts(conn, case)
    await _write_clocks(conn, change)
    await dispatch.add_tasks(conn, city, change.new_tasks, matter.at)
    if change.correction is not None:
        await cases.add_correction(conn, case, matter.actor.name, matter.at, change.correction)
    await tell(conn, change)
    await outbox.put(conn, city, list(change.outgoing()))
    if change.charged:
        await clocks.charge(conn, city, no, case.lead_unit)
    for effect in change.effects:
        await effect(conn, change)


async def tell(conn: Connection, change: Change) -> None:
    """Write the events of a change into the history."""
    matter = change.matter
    told = [(change.event, change.data), *change.more_events]
    await events.append(
        conn,
        [
            event(change.case, verb, matter.at, matter.actor, plain_data(said))
            for verb, said in told
        ],
    )


def _moved_tasks(change: Change) -> list[tuple[Task, Task]]:
    own = [(change.target, change.task)] if change.target and change.task else []
    return [*own, *change.others]


def _own(matter: Matter, change: Change, task: Task) -> str | None:
    """Give the unit that the written task must belong to: the actor's, for its own act."""
    return matter.actor.unit if task is change.target else None


async def _write_clocks(conn: Connection, change: Change) -> None:
    """Stop and start what the events of the change stop and start, and what it says itself."""
    matter, case = change.matter, change.case
    task_no = change.target.task_no if change.target else None
    happened = [change.event, *(verb for verb, _ in change.more_events)]
    stopped = {clock.key: (clock, why) for clock, why in change.stops}
    for verb in happened:
        for clock, why in clocking.stops(matter.book, matter.running, verb, task_no):
            stopped.setdefault(clock.key, (clock, why))
    await clocks.stop(conn, case.city, case.case_no, matter.at, list(stopped.values()))
    starts = list(change.starts)
    if case.closed_at is None and case.state is not State.MERGED:
        verbs_left = [verb for verb in happened if verb not in _STARTED_THERE]
        tasks = [change.task] if change.task else []
        starts += clocking.starts(
            matter.book, case, tasks, verbs_left, matter.at, held=matter.clocks
        )
    await clocks.start(conn, case.city, starts)
