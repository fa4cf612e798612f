"""Writing a change: the case under its condition first, then all that belongs to it.

An act on one case may change others (a parent, parts, a main case): each is a change of its own,
written the same way.
"""

from datetime import datetime

import msgspec

from models.case import Actor, Case, Task
from models.db import cases, clocks, dispatch, events, links, outbox
from models.db.pool import Connection
from routing import supervising, ticking
from routing.catalogue import Catalogue
from routing.dispatch import event
from routing.guarding import guard
from routing.lifecycle import Move
from routing.matter import Change, Matter
from routing.plain import plain_data


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
    guard(change)
    matter, case = change.matter, change.case
    city, no = case.city, case.case_no
    moved = await cases.move(conn, matter.case, case)
    for old, new in _moved_tasks(change):
        moved = moved and await cases.move_task(conn, old, new, _own(matter, change, old))
    if not moved:
        raise matter.conflict("stale_revision", "该件已被他人更新,请刷新后再操作。")
    if change.facts_changed:
        await cases.set_facts(conn, case)
    await ticking.write(conn, change)
    await dispatch.add_tasks(conn, city, change.new_tasks, matter.at)
    if change.correction is not None:
        await cases.add_correction(conn, case, matter.actor.name, matter.at, change.correction)
    await tell(conn, change)
    await outbox.put(conn, city, list(change.outgoing()))
    if change.charged:
        await clocks.charge(conn, city, no, case.lead_unit)
        await supervising.pass_on(conn, change)
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


def aside(matter: Matter, event: str) -> Change:
    """Begin a change of a case that an act on another one brings about."""
    change = Change(
        matter, Move(who="operator", data=msgspec.Struct, cases=(), event=event), None, ""
    )
    change.data = {}
    return change


async def open_part(conn: Connection, born: Change) -> None:
    """Write a case that another was split into, as it goes out or waits at the desk."""
    guard(born)
    case = born.case
    await links.open_part(conn, case)
    await ticking.write(conn, born)
    await dispatch.add_tasks(conn, case.city, born.new_tasks, born.matter.at)
    await tell(conn, born)
    for effect in born.effects:
        await effect(conn, born)
