"""The only way a case changes once it is tagged: one act, one transaction, one event.

An act holds the case, checks who acts and from what state, lets the verb's function build the
change, and writes it under conditions on revision, state and unit: two who act at once cannot both
succeed.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from models.case import SYSTEM, Actor, Case, Task
from models.city import City
from models.db import cases
from models.db.pool import Connection
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.grid import grid_of
from models.moment import now
from routing import answering, verbs
from routing.accused import barred
from routing.acts import CHECKS, act_of
from routing.catalogue import catalogue
from routing.lifecycle import GONE, Move
from routing.matter import Change, Matter
from routing.writing import matter_of, write

_PEOPLE: Final = ("staff", "platform")
_WHO: Final = {"unit": "承办单位", "grid": "网格员"}


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
    the same actor again gives the case as it is, but for what is done once. Raises Invalid,
    Forbidden, NotFound, or Conflict with `fresh`.
    """
    known = act_of(verb)
    move = known.move
    request = verbs.read(move.data, data)
    _guard(move, actor)
    if known.first is not None:
        await known.first(conn, city.adcode, case_no, request)
    matter = await _hold(conn, city, case_no, actor)
    target = _target(matter, move, getattr(request, "task_no", None))
    mark = f"{verb}:{verbs.fingerprint(verb, request, revision)}"
    problem = _mismatch(matter, move, target, revision)
    if problem is not None:
        if not move.once and _repeated(matter, mark, target):
            return matter.case
        raise problem
    await _check_files(conn, matter, getattr(request, "evidence", ()))
    for check in CHECKS.get(verb, ()):
        await check(conn, matter, request)
    change = Change(matter, move, target, mark)
    try:
        if known.look is not None:
            change.seen = await known.look(conn, matter, request)
        known.do(matter, request, change)
    except Conflict:
        if not move.once and _just_done(matter, mark):
            return matter.case
        raise
    await write(conn, change)
    await answering.after(conn, change)
    after = await cases.get(conn, city.adcode, case_no)
    return after or matter.case


def _guard(move: Move, actor: Actor) -> None:
    """Let units do what units do, operators what operators do, and a grid what it was asked."""
    if move.by_system and actor.kind == SYSTEM.kind:
        return
    if actor.kind not in _PEOPLE or not _fits(move, actor):
        who = _WHO.get(move.who, "受理(调度)人员")
        raise Forbidden("not_your_part", f"这个操作只能由{who}完成。")


def _fits(move: Move, actor: Actor) -> bool:
    """Tell whether the actor is of those who may: a grid's worker does the grid's moves alone."""
    in_grid = grid_of(actor.unit) is not None
    if in_grid or move.who == "grid":
        return in_grid and move.who == "grid"
    return move.who == "anyone" or (move.who == "unit") == (actor.unit is not None)


async def _hold(conn: Connection, city: City, case_no: int, actor: Actor) -> Matter:
    case = await cases.hold(conn, city.adcode, case_no)
    if case is None:
        raise NotFound("case_not_found", "没有这个工单。")
    matter = await matter_of(conn, catalogue(city), case, actor, now())
    own = actor.unit if grid_of(actor.unit) is None else None
    if own is not None and not _may_know(matter, own):
        raise NotFound("case_not_found", "没有这个工单。")
    return matter


def _may_know(matter: Matter, unit: str) -> bool:
    """Tell whether a unit may know of a case: it has or had a part, and is not complained of."""
    had_part = any(task.unit == unit for task in matter.tasks)
    return had_part and unit not in barred(matter.book, matter.case, matter.history)


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


def _just_done(matter: Matter, mark: str) -> bool:
    """Tell whether exactly this was the last thing that anybody did, and this actor did it."""
    done = [past for past in matter.history if "request" in past.data]
    return bool(done) and done[-1].data["request"] == mark and done[-1].actor == matter.actor


async def _check_files(conn: Connection, matter: Matter, files: tuple[UUID, ...]) -> None:
    case = matter.case
    wanted = set(files)
    if wanted and await cases.files_held(conn, case.city, case.case_no, [*wanted]) < len(wanted):
        raise Invalid("evidence_unknown", "有证据附件不属于该件,请先上传。")
