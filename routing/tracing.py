"""An unknown source is found first: by whoever leads, within the time that the clocks' data gives.

Nobody returns such a case because its source may be another's. Once the source is found, with a
record of measuring or sniffing, the case may be handed over: once (domain section 3.4, B6).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from models.case import State, Task, TaskState
from models.db.pool import Connection
from models.errors import Forbidden, Invalid
from models.moment import CHINA, aware
from routing import desk, disputes, disputing, duty
from routing.act import Act
from routing.handling import said
from routing.lifecycle import AT_WORK, Move
from routing.matter import Change, Matter
from routing.tracing_verbs import HandOver, TraceSource
from routing.verbs import Redispatch, RequestReturn

TRACED: Final = "case:source:traced"
HANDED_OVER: Final = "case:source:handed_over"
#: Reasons to return a case that say that another unit answers for it.
_ANOTHERS: Final = ("R1", "R2", "R3")
_SNIFFERS: Final = 2
_WORKING: Final = (TaskState.SIGNED, TaskState.IN_PROGRESS, TaskState.RETURN_REQ)
_RECORDS: Final = {"monitoring": "监测记录", "sniffing": "嗅辨记录"}


def trace(matter: Matter, request: TraceSource, change: Change) -> None:
    """Note which source was found, and the record that shows it."""
    _traceable(matter)
    if not request.evidence:
        raise Invalid("record_required", f"须附{_RECORDS[request.record]}。")
    people = tuple(dict.fromkeys(name.strip() for name in request.people if name.strip()))
    if request.record == "sniffing" and len(people) < _SNIFFERS:
        raise Invalid("sniffers_required", f"嗅辨须由不少于 {_SNIFFERS} 人进行并写明姓名。")
    change.data |= {
        "note": said(request.source, "source_required", "须写明查明的来源(单位或点位)。"),
        "record": request.record,
        "at": _moment(matter, request.at).isoformat(),
        "people": len(people),
        "evidence": [str(file) for file in request.evidence],
    }


def hand_over(matter: Matter, request: HandOver, change: Change) -> None:
    """Give the lead to the unit that answers for the source that was found; it signs anew."""
    lead = _lead_only(matter)
    disputes.refuse_while_open(matter)
    if matter.count(HANDED_OVER):
        raise matter.conflict("handed_over_already", "溯源后只能移交一次,该件已移交过。")
    _traceable(matter)
    found = matter.past(TRACED)
    if not found:
        raise matter.conflict("trace_first", "须先查明来源并登记监测或嗅辨记录,方可移交。")
    reason = said(request.reason, "reason_required", "移交须写明该单位对来源负责的依据。")
    desk.redispatch(_as_traced(matter), Redispatch(lead_unit=request.unit, reason=reason), change)
    change.on_case(state=State.DISPATCHED)
    disputing.relieved(matter, change, reason)
    duty.keep(matter, change, lead)
    record = {name: found[-1].data[name] for name in ("record", "evidence")}
    change.data |= record | {"note": found[-1].data["note"]}


async def traced_first(_conn: Connection, matter: Matter, request: RequestReturn) -> None:
    """Refuse to return a case whose source is unknown because it may be another's."""
    tracing = matter.case.decision is not None and matter.case.decision.tracing
    if not tracing or request.reason not in _ANOTHERS:
        return
    if matter.count(TRACED):
        raise matter.conflict("hand_over_instead", "来源已查明,请用移交(附溯源记录),不用退单。")
    detail = "来源不明的由主办单位先行溯源,不得以来源可能属他处或他部门为由退单;查明后可移交。"
    raise matter.conflict("trace_first", detail)


def _lead_only(matter: Matter) -> Task:
    lead = matter.lead
    if lead is None or lead.unit != matter.actor.unit:
        raise Forbidden("lead_only", "只有主办单位可以做这个操作。")
    if lead.signed_at is None:
        raise matter.conflict("wrong_state", "该任务尚未签收,请先签收。")
    return lead


def _traceable(matter: Matter) -> None:
    if matter.case.decision is None or not matter.case.decision.tracing:
        raise matter.conflict("not_tracing", "该件不是来源不明的溯源件。")


def _as_traced(matter: Matter) -> Matter:
    """Give the matter with its source known, so that the next lead need not look for it again."""
    case = matter.case
    decision = msgspec.structs.replace(case.decision, tracing=False) if case.decision else None
    return msgspec.structs.replace(matter, case=msgspec.structs.replace(case, decision=decision))


def _moment(matter: Matter, at: datetime) -> datetime:
    at = at.replace(tzinfo=CHINA) if at.tzinfo is None else aware(at)
    if not matter.case.received_at <= at <= matter.at:
        raise Invalid("moment_wrong", "记录时间须在收到诉求之后、现在之前。")
    return at


ACTS: Final[Mapping[str, Act]] = {
    "trace_source": Act(
        Move(
            who="unit",
            data=TraceSource,
            cases=AT_WORK,
            tasks=_WORKING,
            lead_only=True,
            event=TRACED,
        ),
        trace,
    ),
    "hand_over": Act(
        Move(
            who="unit",
            data=HandOver,
            cases=(State.DISPATCHED, State.IN_PROGRESS),
            event=HANDED_OVER,
        ),
        hand_over,
    ),
}
