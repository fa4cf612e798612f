"""The only way a case changes once it is tagged: one act, one transaction, one event.

An act holds the case, checks who acts and from what state, lets the verb's function build the
change, and writes it under conditions on revision, state and unit: two who act at once cannot both
succeed.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from models.case import Actor, Case, Task
from models.city import City
from models.db import cases, clocks, dispatch, events, outbox
from models.db.pool import Connection
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.moment import now
from routing import clocking, verbs
from routing.acts import act_of
from routing.catalogue import catalogue
from routing.dispatch import event
from routing.lifecycle import GONE, Move
from routing.matter import Change, Matter
from routing.plain import plain_data
from routing.plan import ACCEPTED, DISPATCHED

#: Events whose clocks the desk's own functions start.
_STARTED_THERE: Final = (ACCEPTED, DISPATCHED)
_PEOPLE: Final = ("staff", "platform")


async def act(  # noqa: PLR0917  # who, what and where read in this order everywhere
    conn: Connection,
    city: City,
    case_no: int,
    verb: str,
    data: Mapping[str, Any],
    actor: Actor,
    revision: int | None = None,
) -> Case:
    """Do one thing to a case and give the case after it.

    `revision` is the case's as the actor saw it, None to act on whatever it is now. The transaction
    must not be scoped to a unit: the guard here keeps units to their own tasks. The same request of
    the same actor again gives the case as it is. Raises Invalid, Forbidden, NotFound, or Conflict
    with `fresh`.
    """
    known = act_of(verb)
    move = known.move
    request = verbs.read(move.data, data)
    _guard(move, actor)
    matter = await _hold(conn, city, case_no, actor)
    target = _target(matter, move, getattr(request, "task_no", None))
    mark = f"{verb}:{verbs.fingerprint(verb, request, revision)}"
    problem = _mismatch(matter, move, target, revision)
    if problem is not None:
        if _repeated(matter, mark, target):
            return matter.case
        raise problem
    await _check_files(conn, matter, getattr(request, "evidence", ()))
    change = Change(matter, move, target, mark)
    if known.look is not None:
        change.seen = await known.look(conn, matter, request)
    known.do(matter, request, change)
    await _write(conn, change)
    after = await cases.get(conn, city.adcode, case_no)
    return after or matter.case


def _guard(move: Move, actor: Actor) -> None:
    """Let units do what units do, and operators what operators do."""
    known = actor.kind in _PEOPLE
    if not known or (move.who == "unit") != (actor.unit is not None):
        who = "承办单位" if move.who == "unit" else "受理(调度)人员"
        raise Forbidden("not_your_part", f"这个操作只能由{who}完成。")


async def _hold(conn: Connection, city: City, case_no: int, actor: Actor) -> Matter:
    case = await cases.hold(conn, city.adcode, case_no)
    if case is None:
        raise NotFound("case_not_found", "没有这个工单。")
    tasks = tuple(await cases.tasks(conn, city.adcode, case_no))
    if actor.unit is not None and all(task.unit != actor.unit for task in tasks):
        raise NotFound("case_not_found", "没有这个工单。")
    return Matter(
        book=catalogue(city),
        case=case,
        tasks=tasks,
        clocks=tuple(await clocks.of_case(conn, city.adcode, case_no)),
        history=tuple(await events.history(conn, city.adcode, case_no)),
        actor=actor,
        at=now(),
    )


def _target(matter: Matter, move: Move, task_no: int | None) -> Task | None:
    """Find the task that an act is about: the one named, the unit's own, or the one that fits."""
    if not move.tasks:
        return None
    tasks = [task for task in matter.tasks if task_no is None or task.task_no == task_no]
    if not tasks:
        raise NotFound("task_not_found", f"该件没有第 {task_no} 号任务。")
    unit = matter.actor.unit
    if unit is not None:
        tasks = [task for task in tasks if task.unit == unit]
        if not tasks:
            raise Forbidden("not_your_task", "该任务不属于本单位。")
    fitting = [task for task in tasks if task.state in move.tasks]
    present = [task for task in tasks if task.state not in GONE]
    return (fitting or present or tasks)[0]


def _mismatch(
    matter: Matter, move: Move, target: Task | None, revision: int | None
) -> Conflict | None:
    """Say why the move does not fit the present state; None where it fits."""
    case = matter.case
    if revision is not None and revision != case.revision:
        return matter.conflict("stale_revision", "该件已被他人更新,请刷新后再操作。")
    if case.state not in move.cases:
        return matter.conflict("wrong_state", "该件当前状态不允许这个操作。")
    if target is not None and target.state not in move.tasks:
        return matter.conflict("wrong_state", "该任务当前状态不允许这个操作。")
    if target is not None and move.lead_only and not target.is_lead:
        return matter.conflict("lead_only", "只有主办单位可以做这个操作。")
    return None


def _repeated(matter: Matter, mark: str, target: Task | None) -> bool:
    """Tell whether the same actor already did exactly this."""
    task_no = target.task_no if target else None
    return any(
        past.data.get("request") == mark
        and past.actor == matter.actor
        and past.data.get("task_no") == task_no
        for past in matter.history
    )


async def _check_files(conn: Connection, matter: Matter, files: tuple[UUID, ...]) -> None:
    case = matter.case
    wanted = set(files)
    if wanted and await cases.files_held(conn, case.city, case.case_no, [*wanted]) < len(wanted):
        raise Invalid("evidence_unknown", "有证据附件不属于该件,请先上传。")


async def _write(conn: Connection, change: Change) -> None:
    """Write a change: the case under its condition first, then all that belongs to it."""
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
    told = [(change.event, change.data), *change.more_events]
    await events.append(
        conn,
        [event(case, verb, matter.at, matter.actor, plain_data(said)) for verb, said in told],
    )
    await outbox.put(conn, city, list(change.outgoing()))
    if change.charged:
        await clocks.charge(conn, city, no, case.lead_unit)
    for effect in change.effects:
        await effect(conn, change)


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
    if case.closed_at is None:
        verbs_left = [verb for verb in happened if verb not in _STARTED_THERE]
        tasks = [change.task] if change.task else []
        starts += clocking.starts(
            matter.book, case, tasks, verbs_left, matter.at, held=matter.clocks
        )
    await clocks.start(conn, case.city, starts)
