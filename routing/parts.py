"""One report, several matters: split into parts with leads of their own.

Each part is a case of its own, with its own tasks and clocks; nobody outside is told of it. The
lead of the most urgent part answers for all (domain section 3.7.6).
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from models.case import Case, CaseNo, State, TaskState, case_no
from models.db import intake, links
from models.db.pool import Connection
from models.decision import Assignee
from models.errors import Invalid
from models.moment import china_day
from models.taxonomy import ISSUE_TYPES, REQUEST_TYPES
from routing import correcting, desk, disputes, returns
from routing.accused import about_officials
from routing.act import Act
from routing.dispatch import accepted
from routing.lifecycle import MOVES, Move
from routing.link_verbs import Part, Split
from routing.matter import Change, Effect, Matter
from routing.plan import ACCEPTED, DISPATCHED
from routing.promises import reaching
from routing.restoring import was
from routing.verbs import Accept, Dispatch, Redispatch
from routing.writing import open_part

SPLIT: Final = "case:split"
OFF: Final = "case:split_off"
#: Why a part is at the desk (models.tags.REVIEW_REASONS).
_TO_PLACE: Final = "part_to_place"
_BY_CATALOGUE: Final = "按责任目录拆单"
_NO_LEAD: Final = "lead_required"
_FEWEST: Final = 2
_WAITING: Final = (State.SCREEN, State.ACCEPTED)
_AT_WORK: Final = (State.DISPATCHED, State.IN_PROGRESS)


class Drawn(NamedTuple):
    """The parts that a case will have, with their numbers."""

    parts: tuple[Part, ...]
    numbers: tuple[CaseNo, ...]


async def look_split(conn: Connection, matter: Matter, request: Split) -> Drawn:
    """Settle the parts and draw their numbers; Conflict where the case has parts or is one."""
    case = matter.case
    if case.parent_no is not None:
        raise matter.conflict("part_of_another", "本件是拆出的子单,不能再拆。")
    if await links.parts(conn, case.city, case.case_no):
        raise matter.conflict("split_already", "该件已拆单;要重拆请先解除拆单。")
    parts = request.parts or suggested(correcting.machine_word(matter))
    if len(parts) < _FEWEST:
        raise Invalid("parts_required", "拆单须有两个以上的子问题:请逐项写明类型和主办。")
    for part in parts:
        _check(matter, part)
    day = china_day(matter.at)
    first = await intake.draw(conn, case.city, day, len(parts))
    return Drawn(parts, tuple(case_no(day, first + n) for n in range(len(parts))))


def suggested(case: Case) -> tuple[Part, ...]:
    """Give the parts that the decision suggests, the main one first; nothing where it does not."""
    decision = case.decision
    if decision is None or not decision.split or decision.lead is None:
        return ()
    apart = {code for part in decision.split for code in part.types}
    main = tuple(code for code in case.types if code not in apart)
    leads = [(main, decision.lead), *((part.types, part.lead) for part in decision.split)]
    return tuple(
        Part(types=types, lead_role=lead.role, lead_unit=lead.unit) for types, lead in leads
    )


def split(matter: Matter, request: Split, change: Change) -> None:
    """Split a case: its parts go out, the lead of the most urgent one answers for all."""
    disputes.refuse_while_open(matter)
    returns.refuse_while_asked(matter)
    drawn: Drawn = change.seen
    why = request.reason.strip() or _BY_CATALOGUE
    pairs = zip(drawn.parts, drawn.numbers, strict=True)
    born = [_born(matter, part, number, why) for part, number in pairs]
    _no_two_alike(matter, born)
    change.data |= {
        "parts": [one.case.number for one in born],
        "units": [one.case.lead_unit for one in born if one.case.lead_unit],
        "reason": why,
        "was": was(matter.case),
        "lead_before": matter.case.lead_unit,
        "tasks": [],
    }
    _lead_by(matter, change, _leading(matter, born), why)
    _reach(matter, change, born)
    change.on_case(queue=None, review_reasons=())
    change.correction = None
    change.effects += [_opening(one, why) for one in born]


def _born(matter: Matter, part: Part, number: CaseNo, why: str) -> Change:
    """Make a part as an accepted case of its own; without a lead it waits at the desk."""
    case = _blank(matter.case, part, number)
    own = msgspec.structs.replace(matter, case=case, tasks=(), clocks=(), history=())
    change = _accepted(own, part, why)
    if matter.case.no_return and change.case.lead_unit == matter.case.lead_unit:
        # Whoever was designated for the whole returns no part of it.
        bound = msgspec.structs.replace(case, no_return=True)
        change = _accepted(msgspec.structs.replace(own, case=bound), part, why)
    change.data = {"parent": matter.case.number, **change.data}
    change.data.pop("request", None)
    change.correction = None
    if change.case.lead_unit is None:
        decision = change.case.decision
        reasons = (_TO_PLACE, *(decision.reasons if decision else ()))
        change.on_case(review_reasons=tuple(dict.fromkeys(reasons)))
    return change


def _accepted(own: Matter, part: Part, why: str) -> Change:
    """Send a part out, or leave it at the desk where it has no lead or needs none."""
    change = Change(own, MOVES["accept"], None, "")
    try:
        desk.accept(own, _wish(part, why, dispatch=part.dispatch), change)
    except Invalid as refusal:
        if refusal.code != _NO_LEAD:
            raise
        change = Change(own, MOVES["accept"], None, "")
        desk.accept(own, _wish(part, why, dispatch=False), change)
    return change


def _blank(parent: Case, part: Part, number: CaseNo) -> Case:
    named = "、".join(ISSUE_TYPES[code].zh for code in part.types)
    return msgspec.structs.replace(
        parent,
        case_no=number,
        parent_no=parent.case_no,
        state=State.SCREEN,
        queue=None,
        title=part.title.strip() or named,
        text=part.gist.strip() or parent.text,
        source_due_at=None,
        kind=part.kind or parent.kind,
        types=part.types,
        lead_unit=None,
        decision=None,
        review_reasons=(),
        no_return=False,
        accepted_at=None,
        dispatched_at=None,
        result=None,
    )


def _wish(part: Part, why: str, *, dispatch: bool) -> Accept:
    return Accept(
        urgency=part.urgency,
        lead_role=part.lead_role if dispatch else None,
        lead_unit=part.lead_unit if dispatch else None,
        cooperating=part.cooperating if dispatch else None,
        reason=why,
        dispatch=dispatch,
    )


def _check(matter: Matter, part: Part) -> None:
    unknown = [code for code in part.types if code not in ISSUE_TYPES]
    if unknown or not part.types:
        raise Invalid("issue_type_unknown", f"没有污染类型代码 {'、'.join(unknown)}。")
    if part.kind is not None and part.kind not in REQUEST_TYPES:
        raise Invalid("request_type_unknown", f"没有诉求类型代码 {part.kind}。")
    correcting.check_units(matter.book, [part.lead_unit, *(part.cooperating or ())])
    if about_officials(_blank(matter.case, part, matter.case.case_no)):
        detail = "涉及公职人员的问题不作子单:请更正本件,污染诉求另建污染件。"
        raise matter.conflict("open_pollution_instead", detail)


def _no_two_alike(matter: Matter, born: Sequence[Change]) -> None:
    """Refuse parts that the same unit leads in the same role: those are one (domain 3.7.6)."""
    leads = [(_lead(one.case), one.case.kind) for one in born]
    for lead, kind in leads:
        if lead is not None and leads.count((lead, kind)) > 1:
            name = matter.unit_name(lead.unit)
            raise matter.conflict("same_lead_twice", f"主办相同的问题不拆单:{name}。")


def _lead(case: Case) -> Assignee | None:
    return case.decision.lead if case.decision and case.lead_unit else None


def _leading(matter: Matter, born: Sequence[Change]) -> Case:
    """Name the part whose lead answers for all: the most urgent, of those the first."""
    led = [one.case for one in born if one.case.lead_unit]
    if not led:
        raise matter.conflict("lead_required", "至少有一个子单须确定主办单位。")
    return min(led, key=lambda case: case.urgency or "P2")


def _lead_by(matter: Matter, change: Change, part: Case, why: str) -> None:
    """Give the case to the lead of a part alone; its other units are at work on parts now."""
    lead = _lead(part)
    if lead is None or lead.unit is None:
        return
    change.data["lead"] = lead.unit
    if not matter.tasks:
        _send_out(matter, change, lead, why)
        return
    stays = matter.lead is not None and matter.lead.unit == lead.unit
    for task in matter.open_tasks:
        if task is matter.lead and stays:
            continue
        change.data["tasks"].append([task.task_no, task.state.value])
        change.on_other(task, state=TaskState.WITHDRAWN, returned_at=matter.at)
        change.stop_all(SPLIT, task.task_no)
    if not stays:
        change.on_case(state=State.DISPATCHED)
        wish = Redispatch(lead_unit=lead.unit, lead_role=lead.role, reason=why)
        desk.lead_anew(matter, wish, change, why)
        change.data["lead_task"] = change.new_tasks[0].task_no


def _send_out(matter: Matter, change: Change, lead: Assignee, why: str) -> None:
    unit, role = lead.unit, lead.role
    if matter.case.state is State.SCREEN:
        accept = Accept(lead_unit=unit, lead_role=role, cooperating=(), reason=why)
        desk.accept(matter, accept, change)
        change.more_events.insert(0, (ACCEPTED, {"kind": change.case.kind}))
        change.tells = "ACCEPT"
    else:
        wish = Dispatch(lead_unit=unit, lead_role=role, cooperating=(), reason=why)
        desk.dispatch(matter, wish, change)
        change.more_events.append((DISPATCHED, {"lead": unit, "units": [unit]}))
    change.on_case(state=State.DISPATCHED)


def _reach(matter: Matter, change: Change, born: Sequence[Change]) -> None:
    """Let a promise that is given with the split be that of the part with the longest time."""
    if matter.case.source_due_at is not None:
        return
    clocks = [clock for one in born for clock in one.starts]
    change.starts = [
        reaching(matter.book, clock, [c for c in clocks if c.code == clock.code])
        for clock in change.starts
    ]
    if change.body.get("due_at"):
        change.body |= accepted(matter.book, change.case, change.starts)


def _opening(born: Change, why: str) -> Effect:
    async def effect(conn: Connection, parent: Change) -> None:
        born.more_events.insert(0, (born.event, dict(born.data)))
        born.event = OFF
        born.data = {"parent": parent.case.number}
        await open_part(conn, born)
        matter, no = born.matter, parent.case.case_no
        await links.add(conn, born.case, no, "split", why=why, by=matter.actor.name, at=matter.at)

    return effect


ACTS: Final[Mapping[str, Act]] = {
    "split": Act(
        Move(who="operator", data=Split, cases=(*_WAITING, *_AT_WORK), event=SPLIT),
        split,
        look_split,
    ),
}
