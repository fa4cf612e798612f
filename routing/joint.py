"""Joint checks, consultations and meetings: who took part, the conclusion, its document (F55-F57).

A proposal waits in the pool of topics; its conclusion may name a lead, which the desk then
designates on its basis.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from models.case import State
from models.db import closure
from models.db.closure import JointAction
from models.db.pool import Connection
from models.errors import Invalid
from routing import desk, disputing
from routing.accused import barred
from routing.act import Act
from routing.closure_verbs import ConcludeJoint, DispatchJoint, ProposeJoint
from routing.dispute_verbs import Adjudicate, Body
from routing.disputes import DESIGNATED
from routing.handling import refuse_twice, said
from routing.lifecycle import AT_WORK, Move
from routing.looking import moment
from routing.matter import Change, Matter
from routing.verbs import Dispatch

PROPOSED, CONCLUDED = "joint:proposed", "joint:concluded"
_FEWEST: Final = 2
_BEFORE_RESULT: Final = (State.ACCEPTED, State.DISPATCHED, State.IN_PROGRESS)
_BODIES: Final = {"meeting": Body.COORD}


async def seen(conn: Connection, matter: Matter, _request: Any) -> list[JointAction]:  # noqa: ANN401
    """Read the joint actions of a case."""
    return await closure.joint_actions(conn, matter.case.city, matter.case.case_no)


def propose(matter: Matter, request: ProposeJoint, change: Change) -> None:
    """Put a matter to be dealt with together into the pool of topics."""
    refuse_twice(matter, change)
    invited = _units(matter, request.invited)
    action = JointAction(
        kind=request.kind,
        topic=said(request.topic, "topic_required", "须写明议题或联合检查事项。"),
        invited=invited,
        proposed_at=matter.at,
        proposed_by=matter.actor.name,
    )
    change.data |= {"n": len(change.seen) + 1, "kind": action.kind, "units": list(invited)}
    change.data["note"] = action.topic
    change.effects.append(
        lambda conn, _: closure.propose(conn, matter.case.city, matter.case.case_no, action)
    )


def conclude(matter: Matter, request: ConcludeJoint, change: Change) -> None:
    """Write who took part and what was concluded, by which document."""
    action = _of(matter, change, request.n)
    if action.concluded_at is not None:
        raise matter.conflict("concluded_already", "该事项已有结论。")
    units = _units(matter, request.participants)
    if len(units) < _FEWEST:
        raise Invalid("participants_required", "联合检查、会商须有两个以上单位参与。")
    lead = request.lead_unit
    if lead is not None and lead not in matter.book.directory.units:
        raise Invalid("unit_unknown", f"没有单位 {lead}。")
    done = msgspec.structs.replace(
        action,
        held_at=moment(matter, request.held_at, "联合检查或会商"),
        participants=units,
        conclusion=said(request.conclusion, "conclusion_required", "须写明结论。"),
        document=said(request.document, "document_required", "须写明会议纪要或检查记录文号。"),
        lead_unit=lead,
        concluded_at=matter.at,
        concluded_by=matter.actor.name,
    )
    change.data |= {"n": action.n, "units": list(units), "note": done.conclusion}
    change.data |= {"document": done.document, "lead_unit": lead}
    change.effects.append(
        lambda conn, _: closure.conclude(conn, matter.case.city, matter.case.case_no, done)
    )


def dispatch(matter: Matter, request: DispatchJoint, change: Change) -> None:
    """Give the lead to the unit that a conclusion names, with its document as the basis; once."""
    action = _of(matter, change, request.n)
    if action.lead_unit is None or action.document is None or action.conclusion is None:
        raise matter.conflict("no_conclusion", "该事项没有确定主办单位的结论。")
    used = [past.data["joint"] for past in matter.history if "joint" in past.data]
    if action.n in used:
        raise matter.conflict("conclusion_used", "该结论已作为派单依据;情况有变须另行会商。")
    reason = f"{action.conclusion}({action.document})"
    if not matter.tasks:
        change.event = "case:dispatched"
        change.on_case(state=State.DISPATCHED)
        desk.dispatch(matter, Dispatch(lead_unit=action.lead_unit, reason=reason), change)
    else:
        wanted = Adjudicate(
            lead_unit=action.lead_unit,
            document=action.document,
            reason=action.conclusion,
            body=_BODIES.get(action.kind, Body.HOTLINE),
        )
        disputing.adjudicate(matter, wanted, change)
    change.data |= {"joint": action.n, "document": action.document}


def _of(matter: Matter, change: Change, n: int) -> JointAction:
    actions: list[JointAction] = change.seen
    found = next((one for one in actions if one.n == n), None)
    if found is None:
        raise matter.conflict("no_joint_action", "没有这一项联合检查或会商。")
    return found


def _units(matter: Matter, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Give the units and bodies that shall take part; never one that is complained of."""
    units = tuple(dict.fromkeys(name.strip() for name in wanted if name.strip()))
    if not units:
        raise Invalid("participants_required", "须写明参与单位。")
    kept_out = barred(matter.book, matter.case, matter.history)
    if any(unit in kept_out for unit in units):
        raise Invalid("unit_complained_of", "被反映的单位不得参与。")
    return units


ACTS: Final[Mapping[str, Act]] = {
    "propose_joint": Act(
        Move(who="anyone", data=ProposeJoint, cases=AT_WORK, event=PROPOSED), propose, seen
    ),
    "conclude_joint": Act(
        Move(who="operator", data=ConcludeJoint, cases=AT_WORK, event=CONCLUDED), conclude, seen
    ),
    "dispatch_joint": Act(
        Move(who="operator", data=DispatchJoint, cases=_BEFORE_RESULT, event=DESIGNATED),
        dispatch,
        seen,
    ),
}
