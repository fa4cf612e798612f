"""Ending a dispute: the units agree on a lead, or someone above them designates one for good."""

from typing import Final

import msgspec

from models.case import Queue, State, Task, TaskState
from models.db import disputes as store
from models.db.pool import Connection
from models.errors import Forbidden, Invalid
from routing import desk, disputes, duty, returns
from routing.dispute_verbs import Adjudicate, Body, EscalateDispute, Negotiate
from routing.disputes import DISPUTE, NEGOTIATED, Quarrel
from routing.handling import said
from routing.matter import Change, Matter
from routing.verbs import Redispatch

_REDISPATCHED: Final = "case:redispatched"


def negotiate(matter: Matter, request: Negotiate, change: Change) -> None:
    """Say who a party agrees shall lead; once all parties say the same, that unit leads."""
    quarrel = _open(matter)
    unit = matter.actor.unit or ""
    if unit not in quarrel.parties:
        raise Forbidden("not_a_party", "本单位不是该争议的当事单位。")
    if matter.at >= quarrel.until:
        raise matter.conflict("negotiation_over", "自行协商时限已过,等待会商指定。")
    if request.lead_unit not in quarrel.parties:
        raise Invalid("lead_not_a_party", "协商确定的主办须为争议双方之一。")
    if quarrel.words.get(unit) == request.lead_unit:
        raise matter.conflict("consent_given", "本单位已表示同意,等待对方。")
    note = said(request.note, "note_required", "协商须写明依据或约定。")
    word = {"dispute_no": quarrel.dispute_no, "unit": unit}
    change.data |= {**word, "lead_unit": request.lead_unit, "note": note}
    agreed = msgspec.structs.replace(quarrel, words=quarrel.words | {unit: request.lead_unit})
    if not agreed.agreed_on(request.lead_unit):
        return
    ended = {"dispute_no": quarrel.dispute_no, "lead": request.lead_unit, "note": note}
    change.more_events.append((NEGOTIATED, ended))
    _lead(matter, change, Redispatch(lead_unit=request.lead_unit, reason=note, no_return=True))
    disputes.settle(matter, change, quarrel, {"stage": "agreed"}, request.lead_unit)


def adjudicate(matter: Matter, request: Adjudicate, change: Change) -> None:
    """Designate the lead: for good, by a document; afterwards no return is taken."""
    if not matter.tasks:
        raise matter.conflict("dispatch_instead", "该件尚未派单,请用派单。")
    quarrel = disputes.open_one(matter)
    lead = matter.lead
    if quarrel is None and matter.case.no_return and lead and lead.unit == request.lead_unit:
        raise matter.conflict("designated_already", "该单位已是指定主办。")
    if quarrel is not None and quarrel.level == "coord" and request.body is not Body.COORD:
        raise matter.conflict("coord_decides", "该争议已提交协调机构,须由协调机构指定。")
    if matter.case.state is State.SUBMITTED and matter.case.lead_unit != request.lead_unit:
        detail = "主办已提交结果:只能指定现主办;要改由他人主办,请先退回重办。"
        raise matter.conflict("result_handed_in", detail)
    document = said(request.document, "document_required", "会商指定须注明决议文书。")
    reason = said(request.reason, "reason_required", "会商指定须写明理由。")
    number = quarrel.dispute_no if quarrel else None
    change.data |= {"dispute_no": number, "unit": request.lead_unit, "body": request.body.value}
    change.data |= {"document": document, "reason": reason}
    wanted = Redispatch(
        lead_unit=request.lead_unit, lead_role=request.lead_role, reason=reason, no_return=True
    )
    _lead(matter, change, wanted)
    if quarrel is not None:
        settled = {"stage": "designated", "body": request.body.value, "document": document}
        disputes.settle(matter, change, quarrel, settled, request.lead_unit)


def escalate(matter: Matter, request: EscalateDispute, change: Change) -> None:
    """Lay a dispute before the coordinating body, which alone decides it from then on."""
    quarrel = _open(matter)
    if quarrel.level == "coord":
        raise matter.conflict("escalated_already", "该争议已提交协调机构。")
    reason = said(request.reason, "reason_required", "提交协调机构须写明理由。")
    change.data |= {"dispute_no": quarrel.dispute_no, "reason": reason}
    change.on_case(queue=Queue.REVIEW, review_reasons=(DISPUTE,))

    async def keep(conn: Connection, _change: Change) -> None:
        await store.escalate(conn, matter.case.city, matter.case.case_no, quarrel.dispute_no)

    change.effects.append(keep)


def redispatch(matter: Matter, request: Redispatch, change: Change) -> None:
    """Give the lead to another unit; back to one that was relieved of it is a ping-pong."""
    disputes.refuse_while_open(matter)
    desk.redispatch(matter, request, change)
    if (old := relieved(matter, change, request.reason)) is not None:
        duty.keep(matter, change, old)
    left = [t.unit for t in matter.tasks if t.is_lead and t.state is TaskState.RETURNED]
    if request.lead_unit not in left or matter.case.no_return or request.no_return:
        return
    after = left[left.index(request.lead_unit) + 1 :]
    others = [*after, *([matter.lead.unit] if matter.lead else [])]
    disputes.open_dispute(
        matter,
        change,
        cause="ping_pong",
        opener=request.lead_unit,
        parties=[request.lead_unit, *others],
    )


def _open(matter: Matter) -> Quarrel:
    quarrel = disputes.open_one(matter)
    if quarrel is None:
        raise matter.conflict("no_dispute", "该件没有未决的主办争议。")
    return quarrel


def _lead(matter: Matter, change: Change, wanted: Redispatch) -> None:
    """Let a unit lead for good: the one that does already, or another in its place."""
    lead = matter.lead
    if lead is not None and lead.unit == wanted.lead_unit:
        _stay(matter, change, lead, wanted.reason)
    else:
        _pass_on(matter, change, lead, wanted)


def _stay(matter: Matter, change: Change, lead: Task, reason: str) -> None:
    change.on_case(no_return=True, queue=None, review_reasons=())
    if lead.state is not TaskState.RETURN_REQ:
        return
    change.on_other(lead, state=returns.before(lead))
    _answer(matter, change, lead, reason, granted=False)


def _pass_on(matter: Matter, change: Change, lead: Task | None, wanted: Redispatch) -> None:
    told = dict(change.data)
    desk.redispatch(matter, wanted, change)
    moved = {"from": lead.unit if lead else None, "unit": wanted.lead_unit, "reason": wanted.reason}
    change.data = told
    change.more_events.append((_REDISPATCHED, moved))
    change.on_case(state=State.DISPATCHED)
    if (old := relieved(matter, change, wanted.reason)) is not None:
        duty.keep(matter, change, old)


def relieved(matter: Matter, change: Change, reason: str) -> Task | None:
    """Grant the wish of a lead that asked to be relieved and now is; None where it did not ask."""
    lead = matter.lead
    if lead is None or lead.state is not TaskState.RETURN_REQ:
        return None
    change.others = [
        (old, msgspec.structs.replace(new, state=TaskState.RETURNED) if old is lead else new)
        for old, new in change.others
    ]
    _answer(matter, change, lead, reason, granted=True)
    return lead


def _answer(matter: Matter, change: Change, lead: Task, reason: str, *, granted: bool) -> None:
    """Answer the wish that the dispute was about, in the history and to the platform."""
    verb = returns.RETURNED if granted else returns.DENIED
    said_so = {"task_no": lead.task_no, "unit": lead.unit, "accepted": granted, "note": reason}
    change.more_events.append((verb, said_so))
    disputes.stop_started_by(matter, change, returns.REQUESTED, lead.task_no, verb)
    returns.answer(matter, change, lead, granted=granted)
    change.tells = "RETURN_RESULT"
    change.body |= {"unit": matter.unit_name(lead.unit), "accepted": granted, "text": reason}
