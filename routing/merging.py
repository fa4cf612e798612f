"""Several reports of one matter: one case answers, every reporter is told.

A merged case keeps its number, its tracking code and its promise: the main one may not close later
than the earliest that was promised. Taken apart again, it stands as it stood, with the time left.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from models.case import (
    Case,
    CaseNo,
    Queue,
    State,
    TaskState,
    Urgency,
    read_case_no,
    show_case_no,
)
from models.db import cases, links
from models.db.clocks import Clock
from models.db.links import Promise
from models.db.pool import Connection
from models.errors import NotFound
from models.moment import aware
from routing import clocking
from routing.act import Act
from routing.dispatch import accepted
from routing.following import follow
from routing.handling import said
from routing.lifecycle import Move
from routing.link_verbs import Merge, Unmerge
from routing.matter import Change, Effect, Matter
from routing.plan import ACCEPTED
from routing.promises import closing_codes, freed, promised_ends, sooner
from routing.restoring import restore_clocks, restore_task, was
from routing.writing import aside, matter_of, write

MERGED: Final = "case:merged"
UNMERGED: Final = "case:unmerged"
TAKEN: Final = "case:merge_taken"
LEFT: Final = "case:merge_left"
#: Why a case that stands on its own again is at the desk (models.tags.REVIEW_REASONS).
_ALONE: Final = "unmerged"
_OPEN: Final = (State.SCREEN, State.ACCEPTED, State.DISPATCHED, State.IN_PROGRESS)
_NOT_THE_SAME: Final = "经核实与已答复的事项不是同一件事,另行办理。"
_HIGHEST: Final = 2**63 - 1
_MACHINE: Final = (Queue.TAG, Queue.ROUTE)


class Other(NamedTuple):
    """The case that answers, and the earliest end that was promised of the one merged into it."""

    main: Matter
    promise: Promise | None


def number_of(city: str, given: str | int) -> CaseNo:
    """Read a case number of the city as people or programs write it."""
    if isinstance(given, int):
        # What no number can be is none of the city's.
        return CaseNo(given if 0 < given <= _HIGHEST else 0)
    own, number = read_case_no(given)
    if own != city:
        raise NotFound("case_not_found", "没有这个工单。")
    return number


async def hold_both(conn: Connection, city: str, number: int, request: Merge) -> None:
    """Hold a case and the one it goes into, with all that belong to them, in order."""
    await links.hold_around(conn, city, [number, number_of(city, request.into)])


async def hold_own(conn: Connection, city: str, number: int, _request: Any) -> None:  # noqa: ANN401
    """Hold a case and the one that answers for it, in order."""
    await links.hold_around(conn, city, [number])


async def look_merge(conn: Connection, matter: Matter, request: Merge) -> Other:
    """Find the case that will answer: of a merged one its main case, of no closed one."""
    case = matter.case
    main = await _main(conn, matter, number_of(case.city, request.into))
    if case.parent_no is not None:
        raise matter.conflict("part_of_another", "本件是拆出的子单,由其主单答复,不能并案。")
    if await links.parts(conn, case.city, case.case_no):
        raise matter.conflict("split_already", "该件已拆单,请先解除拆单再并案。")
    if main.case_no == case.case_no:
        raise matter.conflict("merge_cycle", "不能并入自己,也不能并入已并到本件的工单。")
    _may_take(matter, main)
    held = await matter_of(conn, matter.book, main, matter.actor, matter.at)
    return Other(held, await _promise(conn, matter))


async def _main(conn: Connection, matter: Matter, number: CaseNo) -> Case:
    city = matter.case.city
    found = await cases.get(conn, city, number)
    if found is not None and found.state is State.MERGED and found.merged_into is not None:
        found = await cases.get(conn, city, found.merged_into)
    if found is None:
        raise NotFound("main_not_found", "要并入的工单不存在。")
    return found


def _may_take(matter: Matter, main: Case) -> None:
    """Refuse main cases that cannot answer for the matter's."""
    if main.state in (State.NEW, State.SCREEN) and main.queue in _MACHINE:
        raise matter.conflict("main_not_read", "要并入的工单还在识别或派单中,请稍后再并。")
    if main.state is State.SUBMITTED or main.suspended_at is not None:
        raise matter.conflict(
            "main_stands_still", "要并入的工单正在审核结果或挂起,时限停着,暂不能并。"
        )
    if main.state not in _OPEN:
        detail = "要并入的工单已办结或已转出:请用“关联工单”标为重复或相关,本件单独办理。"
        raise matter.conflict("main_over", detail)
    if matter.case.urgency == Urgency.P0 and main.urgency != Urgency.P0:
        detail = "突发件不能并入非突发件:请反向并案,或先更正紧急程度。"
        raise matter.conflict("main_less_urgent", detail)


async def _promise(conn: Connection, matter: Matter) -> Promise | None:
    """Give the earliest end promised of a case and of those merged into it."""
    case, codes = matter.case, closing_codes(matter.book)
    own = [
        Promise(aware(clock.due_at), case.case_no)
        for clock in matter.running
        if clock.code in codes and clock.task_no == 0
    ]
    if not own and case.source_due_at is not None:
        own.append(Promise(aware(case.source_due_at), case.case_no))
    theirs = await links.promise(conn, case.city, case.case_no, codes, matter.at)
    return min([*own, *([theirs] if theirs else [])], default=None)


def merge(matter: Matter, request: Merge, change: Change) -> None:
    """Merge a case: its units go home, its clocks stop, the main case keeps its promise."""
    why = said(request.reason, "reason_required", "并案须写明依据。")
    other: Other = change.seen
    main, case = other.main, matter.case
    change.data |= {
        "into": main.case.number,
        "reason": why,
        "was": was(case),
        "tasks": [[task.task_no, task.state.value] for task in matter.open_tasks],
    }
    for task in matter.open_tasks:
        change.on_other(task, state=TaskState.WITHDRAWN, returned_at=matter.at)
    change.stop_all(MERGED)
    change.on_case(merged_into=main.case.case_no, queue=None, review_reasons=(), lead_unit=None)
    if case.accepted_at is None:
        change.on_case(accepted_at=matter.at)
        change.more_events.append((ACCEPTED, {"kind": case.kind, "types": list(case.types)}))
        change.tells = "ACCEPT"
        change.body |= accepted(matter.book, main.case, main.running)
    change.effects.append(_taking(matter, other, why))


def _taking(merged: Matter, other: Other, why: str) -> Effect:
    async def effect(conn: Connection, change: Change) -> None:
        main, by = other.main, merged.actor.name
        await links.add(conn, change.case, main.case.case_no, "merge", why=why, by=by, at=merged.at)
        await follow(conn, merged, main.case.case_no, why)
        taken = aside(main, TAKEN)
        taken.data |= {"from": merged.case.number, "reason": why, "sooner": []}
        if other.promise is not None:
            _keep(taken, other.promise)
        await write(conn, taken)

    return effect


def _keep(change: Change, promise: Promise) -> None:
    """Move the promises to close that are later than the one given, and say which moved."""
    matter = change.matter
    codes = closing_codes(matter.book)
    for clock in matter.running:
        if clock.code in codes and clock.task_no == 0 and clock.due_at > promise.due_at:
            moved = sooner(matter, clock, promise)
            change.stops.append((clock, TAKEN))
            change.starts.append(moved)
            change.data["sooner"].append(_told(clock, moved))
            change.data["promised_by"] = show_case_no(matter.case.city, CaseNo(promise.case_no))


def _told(clock: Clock, moved: Clock) -> dict[str, Any]:
    return {
        "code": clock.code,
        "attempt": moved.attempt,
        "was": aware(clock.due_at).isoformat(),
        "due_at": aware(moved.due_at).isoformat(),
    }


async def look_unmerge(conn: Connection, matter: Matter, _request: Unmerge) -> Other:
    """Read the case that answered, and what it still keeps of others once this one is out."""
    case = matter.case
    main = await cases.get(conn, case.city, case.merged_into) if case.merged_into else None
    if main is None or not matter.past(MERGED):
        raise matter.conflict("not_merged", "该件不是人工并案的工单,不能解除并案。")
    held = await matter_of(conn, matter.book, main, matter.actor, matter.at)
    return Other(held, None)


def unmerge(matter: Matter, request: Unmerge, change: Change) -> None:
    """Let a merged case stand on its own again, as it stood, with the time that was left."""
    why = said(request.reason, "reason_required", "解除并案须写明理由。")
    past = matter.past(MERGED)[-1].data
    before, states = past["was"], {no: TaskState(state) for no, state in past["tasks"]}
    lead = next((t for t in matter.tasks if t.is_lead and t.task_no in states), None)
    for task in matter.tasks:
        if task.task_no in states:
            restore_task(change, task, states[task.task_no])
    change.on_case(
        state=_again(State(before["state"])),
        merged_into=None,
        lead_unit=lead.unit if lead else before["lead_unit"],
    )
    if change.case.state is State.ACCEPTED:
        reasons = tuple(dict.fromkeys((*before["reasons"], _ALONE)))
        change.on_case(queue=Queue.REVIEW, review_reasons=reasons)
    else:
        queue = Queue(before["queue"]) if before["queue"] else None
        change.on_case(queue=queue, review_reasons=tuple(before["reasons"]))
    if change.seen.main.case.closed_at is not None:
        # Its source was told the end of the other one as its own.
        change.tells = "REWORK"
        change.body["text"] = _NOT_THE_SAME
    _clocks_again(matter, change, accepted_first=not before["accepted"], tasks={0, *states})
    change.data |= {"reason": why, "from": change.seen.main.case.number}
    change.effects.append(_leaving(matter, change.seen, why))


def _again(state: State) -> State:
    """Give the state to stand in: what was merged while it waited has been accepted by it."""
    return State.ACCEPTED if state is State.SCREEN else state


def _clocks_again(matter: Matter, change: Change, *, accepted_first: bool, tasks: set[int]) -> None:
    if accepted_first:
        change.starts += clocking.starts(
            matter.book, change.case, [], (ACCEPTED,), matter.at, held=matter.clocks
        )
    else:
        restore_clocks(change, MERGED, tasks)


def _leaving(merged: Matter, other: Other, why: str) -> Effect:
    async def effect(conn: Connection, change: Change) -> None:
        main, by = other.main, merged.actor.name
        await links.undo(
            conn, change.case, main.case.case_no, "merge", why=why, by=by, at=merged.at
        )
        left = aside(main, LEFT)
        left.data |= {"from": merged.case.number, "reason": why, "later": []}
        codes = closing_codes(main.book)
        rest = await links.promise(conn, main.case.city, main.case.case_no, codes, main.at)
        _let_go(left, rest)
        await write(conn, left)

    return effect


def _let_go(change: Change, rest: Promise | None) -> None:
    """Give the main case back the time that it gave up for a case that has left."""
    matter, number = change.matter, change.data["from"]
    taken = [one.data for one in matter.past(TAKEN) if one.data["from"] == number]
    ends = {(one["code"], one["due_at"]) for data in taken for one in data["sooner"]}
    for clock in matter.running:
        end = next(
            (end for end in promised_ends(matter, clock) if _named(clock, end) in ends), None
        )
        if end is None or clock.task_no != 0:
            continue
        moved = freed(matter, clock, end)
        if rest is not None and moved.due_at > rest.due_at:
            moved = _still(matter, moved, rest)
        change.stops.append((clock, LEFT))
        change.starts.append(moved)
        change.data["later"].append(_told(clock, moved))


def _named(clock: Clock, end: datetime) -> tuple[str, str]:
    """Name an end that a clock was given, as the history does."""
    return clock.code, aware(end).isoformat()


def _still(matter: Matter, clock: Clock, rest: Promise) -> Clock:
    """Keep what was promised of the cases that stay."""
    return msgspec.structs.replace(sooner(matter, clock, rest), attempt=clock.attempt)


ACTS: Final[Mapping[str, Act]] = {
    "merge": Act(
        Move(who="operator", data=Merge, cases=_OPEN, to_case=State.MERGED, event=MERGED),
        merge,
        look_merge,
        hold_both,
    ),
    "unmerge": Act(
        Move(who="operator", data=Unmerge, cases=(State.MERGED,), event=UNMERGED),
        unmerge,
        look_unmerge,
        hold_own,
    ),
}
