"""What operators do with a case: accept, correct, dispatch, refuse, pass on, close."""

from typing import Any, Final

import msgspec

from models.case import Case, Outcome, Queue, State, Task, TaskState
from models.db import copies
from models.db.pool import Connection
from models.errors import Invalid
from routing import clocking, correcting
from routing.dispatch import accepted, decided, dispatched, summary, tasks_of
from routing.handling import said
from routing.lifecycle import GONE
from routing.matter import Change, Matter
from routing.plan import ACCEPTED, DISPATCHED
from routing.verbs import Accept, Close, Correction, Dispatch, Redispatch, Reject, Transfer

#: Request types that the desk may answer itself, without a unit.
_ANSWERABLE: Final = ("ZX", "BY", "JY", "CF")
_LATER: Final = (State.DISPATCHED, State.IN_PROGRESS)
_EMERGENCY: Final = "P0"
_RESULT: Final = ("outcome", "reply_text", "measures", "reply_method")
#: What a decision sets of a case.
_DECIDED: Final = (
    "queue",
    "kind",
    "types",
    "urgency",
    "adcode",
    "township",
    "zone",
    "happened_on",
    "lead_unit",
    "decision",
    "accepted_at",
    "dispatched_at",
)


def accept(matter: Matter, request: Accept, change: Change) -> None:
    """Accept a case and send it out as decided or corrected, or only accept it."""
    if request.dispatch:
        _send_out(matter, request, change, (ACCEPTED, DISPATCHED))
        change.more_events.append((DISPATCHED, summary(change.case, change.new_tasks)))
    else:
        _accept_only(matter, request, change)
    change.on_case(accepted_at=matter.at)
    change.data |= {"kind": change.case.kind, "types": list(change.case.types)}
    change.body |= accepted(matter.book, change.case, change.starts)
    _confirm_urgency(matter, change)


def _accept_only(matter: Matter, request: Accept, change: Change) -> None:
    case = correcting.corrected(matter, request)
    decision = correcting.decision_for(matter, case, _facts_of(request))
    _decide(matter, change, decided(matter.book, case, decision, matter.at), request)
    change.on_case(state=State.ACCEPTED, queue=Queue.REVIEW)
    change.starts += clocking.starts(
        matter.book, change.case, [], (ACCEPTED,), matter.at, held=matter.clocks
    )


def correct(matter: Matter, request: Correction, change: Change) -> None:
    """Set facts right; before dispatch the case is decided again, after it the decision stands."""
    case = correcting.corrected(matter, request)
    if matter.case.state not in _LATER:
        decision = correcting.decision_for(matter, case, request)
        case = decided(matter.book, case, decision, matter.at)
        kept = matter.case.review_reasons if matter.tasks else decision.reasons
        change.on_case(review_reasons=kept)
    else:
        # What changed after the dispatch has been looked at: it need not wait at the desk.
        case = msgspec.structs.replace(case, queue=None)
        change.on_case(review_reasons=())
    _decide(matter, change, case, request)
    change.data["changed"] = change.correction.human if change.correction else {}


def dispatch(matter: Matter, request: Dispatch, change: Change) -> None:
    """Send an accepted case out."""
    if matter.tasks:
        raise matter.conflict("redispatch_instead", "该件已派过单,请用改派。")
    _send_out(matter, request, change, (DISPATCHED,))
    change.data |= summary(change.case, change.new_tasks)


def _send_out(matter: Matter, request: Dispatch, change: Change, events: tuple[str, ...]) -> None:
    case = correcting.corrected(matter, request)
    decision = correcting.decision_for(matter, case, request)
    case = dispatched(matter.book, case, decision, matter.at)
    _decide(matter, change, case, request)
    change.new_tasks = tasks_of(matter.book, case, decision, matter.at)
    change.charged = True
    if decision.copies:
        change.effects.append(_send_copies)
    change.starts += clocking.starts(
        matter.book, case, change.new_tasks, events, matter.at, held=matter.clocks
    )


async def _send_copies(conn: Connection, change: Change) -> None:
    await copies.send(conn, change.case.city, [change.case], change.matter.at)


def _decide(matter: Matter, change: Change, case: Case, request: Correction) -> None:
    """Put a decided case into the change, with what the person made of the machine's word."""
    reasons = change.case.review_reasons if case.state is matter.case.state else ()
    change.on_case(
        **{name: getattr(case, name) for name in _DECIDED},
        review_reasons=reasons,
    )
    change.facts_changed = True
    change.correction = correcting.difference(correcting.machine_word(matter), case, request)


def _facts_of(request: Dispatch) -> Correction:
    """Leave out of a dispatch all but what it says of the facts."""
    return Correction(**{name: getattr(request, name) for name in Correction.__struct_fields__})


def _confirm_urgency(matter: Matter, change: Change) -> None:
    """Write down that a person confirmed or lifted an emergency."""
    was, now = matter.case.urgency, change.case.urgency
    if _EMERGENCY in (was, now):
        verb = "case:urgency:confirmed" if now == _EMERGENCY else "case:urgency:lifted"
        change.more_events.append((verb, {"was": was, "now": now}))


def reject(matter: Matter, request: Reject, change: Change) -> None:
    """Refuse a case for a listed reason; the notice goes to whoever sent it."""
    known = matter.book.rejections.get(request.code)
    if known is None:
        codes = "、".join(matter.book.rejections)
        raise Invalid("rejection_unknown", f"不予受理的理由须为 {codes} 之一。")
    notice = said(request.notice, "notice_required", "不予受理须写明告知内容。")
    _end(matter, change, {"code": request.code, "reason": known.zh, "notice": notice})
    change.data["code"] = request.code
    change.body |= {"accepted": False, "reason": request.code, "text": notice}


def transfer(matter: Matter, request: Transfer, change: Change) -> None:
    """Pass a matter that is not environmental back, with where it should go."""
    destination = said(request.destination, "destination_required", "转出须写明去向。")
    notice = request.notice.strip() or f"该事项不属生态环境部门职责,转{destination}办理。"
    _end(matter, change, {"destination": destination, "notice": notice})
    change.data["destination"] = destination
    change.body |= {"accepted": False, "reason": "NA8", "text": notice}


def redispatch(matter: Matter, request: Redispatch, change: Change) -> None:
    """Give the lead to another unit, which signs anew; the promise to close keeps its end."""
    correcting.check_units(matter.book, [request.lead_unit])
    reason = said(request.reason, "reason_required", "改派须写明理由。")
    if not matter.tasks:
        raise matter.conflict("dispatch_instead", "该件尚未派单,请用派单。")
    old = matter.lead
    if old is not None and old.unit == request.lead_unit:
        raise matter.conflict("same_lead", "该单位已是主办单位。")
    leaving = [task for task in matter.open_tasks if task is old or task.unit == request.lead_unit]
    for task in leaving:
        change.on_other(task, state=TaskState.WITHDRAWN, returned_at=matter.at)
        change.stop_all("case:redispatched", task.task_no)
    lead_anew(matter, request, change, reason)
    change.data |= {"from": old.unit if old else None, "unit": request.lead_unit, "reason": reason}


def lead_anew(matter: Matter, request: Redispatch, change: Change, reason: str) -> None:
    """Give the lead to a unit chosen by a person: its task, its clocks, the case's decision."""
    book, case = matter.book, matter.case
    if case.decision is None:
        raise matter.conflict("dispatch_instead", "该件没有派单决定,请先派单。")
    lead = correcting.named(book, case.decision, request.lead_unit, request.lead_role)
    decision = correcting.by_hand(book, case.decision, lead, reason)
    change.on_case(
        lead_unit=request.lead_unit,
        decision=decision,
        queue=None,
        review_reasons=(),
        no_return=case.no_return or request.no_return,
    )
    change.facts_changed = change.charged = True
    change.correction = correcting.difference(case, change.case, request)
    alone = msgspec.structs.replace(decision, cooperating=())
    change.new_tasks = tasks_of(book, case, alone, matter.at, _next_task(matter.tasks))
    change.starts += clocking.starts(
        book,
        change.case,
        change.new_tasks,
        (DISPATCHED,),
        matter.at,
        held=matter.clocks,
        whole_case=False,
    )


def close(matter: Matter, request: Close, change: Change) -> None:
    """End a case: its lead's result approved and nobody at work on it, or answered by the desk."""
    if change.seen:
        raise matter.conflict("still_open", f"尚有未了事项,不能办结:{'、'.join(change.seen)}。")
    if matter.case.state is State.SUBMITTED:
        result = _result(matter, request)
    else:
        result = _direct(matter, request)
    _end(matter, change, result | ({"note": request.note} if request.note else {}))
    change.on_case(accepted_at=matter.case.accepted_at or matter.at)
    change.data |= {name: result.get(name) for name in ("outcome", "measures", "direct")}
    change.body |= {
        "outcome": result.get("outcome"),
        "reply": result.get("reply_text"),
        "measures": result.get("measures", []),
        "unit": matter.unit_name(matter.case.lead_unit),
    }


def _result(matter: Matter, request: Close) -> dict[str, Any]:
    lead = matter.lead
    if lead is None or lead.state is not TaskState.DONE:
        raise matter.conflict("lead_not_done", "主办结果尚未审核通过,不能办结。")
    if matter.open_tasks:
        units = "、".join(str(matter.unit_name(task.unit)) for task in matter.open_tasks)
        raise matter.conflict("open_tasks", f"协办任务尚未完成或撤回:{units}。")
    result = {name: (lead.result or {}).get(name) for name in _RESULT}
    if request.outcome is not None and request.outcome.value != result["outcome"]:
        if request.outcome is Outcome.NOT_TRUE:
            raise matter.conflict("second_reviewer_needed", "“不属实”须由主办提交、两人复核。")
        result["outcome"] = request.outcome.value
    return result | ({"reply_text": request.reply_text} if request.reply_text else {})


def _direct(matter: Matter, request: Close) -> dict[str, Any]:
    active = [task for task in matter.tasks if task.state not in GONE]
    if matter.case.kind not in _ANSWERABLE or active:
        detail = "只有咨询、建议、表扬和重复诉求可由受理岗直接答复办结。"
        raise matter.conflict("needs_unit", detail)
    reply = said(request.reply_text or "", "reply_required", "直接答复须填写答复内容。")
    return {"direct": True, "reply_text": reply}


def _end(matter: Matter, change: Change, result: dict[str, Any]) -> None:
    """End the case: nobody works on it, nothing runs, nothing waits."""
    for task in matter.open_tasks:
        change.on_other(task, state=TaskState.WITHDRAWN, returned_at=matter.at)
    change.on_case(
        queue=None, review_reasons=(), result=result, closed_at=matter.at, suspended_at=None
    )
    change.stop_all(change.event)


def _next_task(tasks: tuple[Task, ...]) -> int:
    return max(task.task_no for task in tasks) + 1
