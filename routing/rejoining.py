"""Parts taken back into the case they were split from, while none of them has a result."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from models.case import State, Task, TaskState
from models.db import links
from models.db.pool import Connection
from models.decision import Assignee
from models.errors import Conflict
from routing import clocking, correcting, returns
from routing.act import Act, Check
from routing.dispatch import tasks_of
from routing.following import follow
from routing.handling import said
from routing.lifecycle import GONE, Move
from routing.link_verbs import Unsplit
from routing.matter import Change, Effect, Matter
from routing.parts import SPLIT
from routing.plan import DISPATCHED
from routing.restoring import restore_clocks, restore_task
from routing.writing import aside, matter_of, write

UNSPLIT: Final = "case:unsplit"
#: The states of a part that is over.
ENDED: Final = (State.CLOSED, State.ARCHIVED, State.REJECTED, State.TRANSFERRED)
_WAITING: Final = (State.SCREEN, State.ACCEPTED)
_AT_WORK: Final = (State.DISPATCHED, State.IN_PROGRESS)


class Family(NamedTuple):
    """The parts of a case as they stand."""

    parts: tuple[Matter, ...]

    @property
    def open(self) -> list[Matter]:
        """The parts that are not over."""
        return [part for part in self.parts if part.case.state not in ENDED]


async def hold_parts(conn: Connection, city: str, number: int, _request: Any) -> None:  # noqa: ANN401
    """Hold a case with its parts and all that was merged into them."""
    parts = [part.case_no for part in await links.parts(conn, city, number)]
    await links.hold_around(conn, city, [number, *parts])


async def look_parts(conn: Connection, matter: Matter, _request: Any) -> Family:  # noqa: ANN401
    """Read the parts of a case; Conflict where it has none."""
    case = matter.case
    found = await links.parts(conn, case.city, case.case_no)
    if not found:
        raise matter.conflict("not_split", "该件没有拆单。")
    parts = [await matter_of(conn, matter.book, part, matter.actor, matter.at) for part in found]
    return Family(tuple(parts))


def of_parts(*checks: Check) -> Check:
    """Make a check that asks others of each part that has no result yet."""

    async def check(conn: Connection, matter: Matter, request: Any) -> None:  # noqa: ANN401
        case = matter.case
        for found in await links.parts(conn, case.city, case.case_no):
            part = await matter_of(conn, matter.book, found, matter.actor, matter.at)
            for one in () if _has_result(part) else checks:
                try:
                    await one(conn, part, request)
                except Conflict as refusal:
                    said_of = f"子单 {found.number}:{refusal.detail}"
                    raise matter.conflict(refusal.code, said_of) from refusal

    return check


def unsplit(matter: Matter, request: Unsplit, change: Change) -> None:
    """Take parts back that have no result yet; who led or helped in them helps in the case."""
    why = said(request.reason, "reason_required", "解除拆单须写明理由。")
    returns.refuse_while_asked(matter)
    family: Family = change.seen
    done = [part.case.number for part in family.parts if _has_result(part)]
    if done:
        detail = f"子单已有结果,不能解除拆单:{'、'.join(done)}。"
        raise matter.conflict("part_has_result", detail)
    past = matter.past(SPLIT)[-1].data
    change.data |= {"reason": why, "parts": [part.case.number for part in family.parts]}
    _restore_units(matter, change, past, why)
    _take_in(matter, change, family)
    change.on_case(queue=None, review_reasons=())
    change.effects += [_taking_back(part, why) for part in family.parts]


def _has_result(part: Matter) -> bool:
    handed_in = any(task.submitted_at is not None for task in part.tasks)
    return handed_in or part.case.state not in (*_WAITING, *_AT_WORK)


def _restore_units(matter: Matter, change: Change, past: Mapping[str, Any], why: str) -> None:
    """Give the case back to the units that the split took out, as they were."""
    states = {no: TaskState(state) for no, state in past["tasks"]}
    now = matter.lead
    gone = [task for task in matter.tasks if task.task_no in states]
    # A lead that was changed since the split stays; the one that the split brought goes again.
    back = (
        [task for task in gone if not task.is_lead and task.unit != now.unit]
        if now is not None and now.task_no != past.get("lead_task")
        else gone
    )
    lead = next((task for task in back if task.is_lead), None)
    if lead is not None and now is not None:
        change.on_other(now, state=TaskState.WITHDRAWN, returned_at=matter.at)
        change.stop_all(UNSPLIT, now.task_no)
    for task in back:
        restore_task(change, task, states[task.task_no])
    restore_clocks(change, SPLIT, {task.task_no for task in back})
    if lead is not None:
        _lead_again(matter, change, lead, states[lead.task_no], why)


def _lead_again(matter: Matter, change: Change, lead: Task, state: TaskState, why: str) -> None:
    decision = matter.case.decision
    if decision is not None:
        named = Assignee(role=lead.role, unit=lead.unit)
        change.on_case(decision=correcting.by_hand(matter.book, decision, named, why))
        change.facts_changed = True
    begun = state is not TaskState.DISPATCHED
    change.on_case(lead_unit=lead.unit, state=State.IN_PROGRESS if begun else State.DISPATCHED)
    change.charged = True


def _take_in(matter: Matter, change: Change, family: Family) -> None:
    """Let the units of the parts help in the case, those that are not in it already."""
    decision = matter.case.decision
    if decision is None:
        return
    there = {change.case.lead_unit} | {task.unit for task in _staying(matter, change)}
    wanted = {
        task.unit: Assignee(role=task.role, unit=task.unit)
        for part in family.parts
        for task in part.open_tasks
        if task.unit not in there
    }
    alone = msgspec.structs.replace(decision, lead=None, cooperating=tuple(wanted.values()))
    first = max((task.task_no for task in matter.tasks), default=0) + 1
    change.new_tasks = tasks_of(matter.book, matter.case, alone, matter.at, first)
    change.starts += clocking.starts(
        matter.book,
        change.case,
        change.new_tasks,
        (DISPATCHED,),
        matter.at,
        held=matter.clocks,
        whole_case=False,
    )


def _staying(matter: Matter, change: Change) -> list[Task]:
    """Give the tasks that someone works on once the change is made."""
    after = {new.task_no: new for _, new in change.others}
    tasks = [after.get(task.task_no, task) for task in matter.tasks]
    return [task for task in tasks if task.state not in GONE]


def _taking_back(part: Matter, why: str) -> Effect:
    async def effect(conn: Connection, parent: Change) -> None:
        no = parent.case.case_no
        change = aside(part, UNSPLIT)
        change.data |= {"parent": parent.case.number, "reason": why}
        for task in part.open_tasks:
            change.on_other(task, state=TaskState.WITHDRAWN, returned_at=part.at)
        change.stop_all(UNSPLIT)
        change.on_case(
            state=State.MERGED,
            merged_into=no,
            queue=None,
            review_reasons=(),
            lead_unit=None,
            suspended_at=None,
        )
        await write(conn, change)
        by = part.actor.name
        await links.undo(conn, part.case, no, "split", why=why, by=by, at=part.at)
        await follow(conn, part, no, why)

    return effect


ACTS: Final[Mapping[str, Act]] = {
    "unsplit": Act(
        Move(who="operator", data=Unsplit, cases=_AT_WORK, event=UNSPLIT),
        unsplit,
        look_parts,
        hold_parts,
    ),
}
