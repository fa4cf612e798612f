"""What units do: sign, contact, submit, ask to be relieved."""

from datetime import timedelta
from typing import Final

import msgspec

from models.case import Outcome, State
from models.errors import Invalid
from routing import clocking
from routing.matter import Change, Matter
from routing.verbs import Contact, Reached, RequestReturn, Sign, Submit

#: How often a case may be returned, whoever asks.
MAX_RETURNS: Final = 2
#: Two vain attempts count as a contact when they lie this far apart (不同时段, 设计默认).
_APART: Final = timedelta(hours=2)
_TRIED: Final = "case:task:contact_tried"
_SHORTEST: Final = 2


def sign(matter: Matter, request: Sign, change: Change) -> None:
    """Take a task on; the lead's signature puts the case to work."""
    handler = said(request.handler, "handler_required", "签收须填写经办人。")
    change.on_task(signed_at=matter.at, handler=handler)
    if change.task and change.task.is_lead and matter.case.state is State.DISPATCHED:
        change.on_case(state=State.IN_PROGRESS)
    change.data["handler"] = handler
    change.body["handler"] = handler


def contact(matter: Matter, request: Contact, change: Change) -> None:
    """Note the first contact, or an attempt: two vain ones at different times count as one."""
    change.data |= {"method": request.method.value, "result": request.result.value}
    change.data |= {"note": request.note} if request.note else {}
    task = change.target
    if (
        task is not None
        and task.contacted_at is None
        and not _counts(matter, request, task.task_no)
    ):
        change.event = _TRIED
        change.on_task(state=task.state)
        change.tells = None
        return
    if task is not None and task.contacted_at is None:
        change.on_task(contacted_at=matter.at)
    change.body["text"] = request.note


def _counts(matter: Matter, request: Contact, task_no: int) -> bool:
    if request.result is not Reached.NOT_REACHED:
        return True
    return any(matter.at - event.at >= _APART for event in matter.past(_TRIED, task_no))


def submit(matter: Matter, request: Submit, change: Change) -> None:
    """Hand in a result; the lead's stops the promise to close until someone has looked at it."""
    reply = said(request.reply_text, "reply_required", "提交办结须填写答复内容。")
    if request.outcome is Outcome.NOT_TRUE and not request.evidence:
        raise Invalid("evidence_required", "认定“不属实”须附现场或监测证据。")
    unknown = [code for code in request.measures if code not in matter.book.measures]
    if unknown:
        raise Invalid("measure_unknown", f"没有处置措施代码 {'、'.join(unknown)}。")
    result = msgspec.to_builtins(request) | {"reply_text": reply}
    result.pop("task_no")
    change.on_task(submitted_at=matter.at, result=result)
    change.data |= {"outcome": request.outcome.value, "measures": list(request.measures)}
    change.data["evidence"] = [str(file) for file in request.evidence]
    change.body |= {"outcome": request.outcome.value, "reply": reply}
    change.body["measures"] = list(request.measures)
    if change.task is not None and change.task.is_lead:
        change.on_case(state=State.SUBMITTED)
        paused = clocking.closing(matter.book, matter.running)
        change.stops += [(clock, clocking.PAUSED) for clock in paused]


def request_return(matter: Matter, request: RequestReturn, change: Change) -> None:
    """Ask to be relieved: in the window, for a listed reason, twice at most, not if designated."""
    reasons = matter.book.return_reasons
    if request.reason not in reasons:
        known = "、".join(f"{code} {label.zh}" for code, label in reasons.items())
        raise Invalid("return_reason_unknown", f"退单理由须为:{known}。")
    basis = said(request.basis, "basis_required", "退单须写明依据。")
    if request.proposed_unit and request.proposed_unit not in matter.book.directory.units:
        raise Invalid("unit_unknown", f"本市没有单位 {request.proposed_unit}。")
    _may_return(matter, change)
    proposed = matter.unit_name(request.proposed_unit)
    change.data |= {
        "reason": request.reason,
        "basis": basis,
        "proposed_unit": request.proposed_unit,
    }
    change.body |= {"reason": request.reason, "text": basis, "proposed_unit": proposed}


def _may_return(matter: Matter, change: Change) -> None:
    if matter.case.no_return:
        raise matter.conflict("return_forbidden", "该件已指定主办,不得再退。")
    if matter.count("case:task:return_requested") >= MAX_RETURNS:
        raise matter.conflict("return_limit", f"该件已申请退单 {MAX_RETURNS} 次,不得再退。")
    task_no = change.target.task_no if change.target else 0
    windows = [
        clock.due_at
        for clock in matter.clocks
        if clock.task_no == task_no and matter.book.clocks[clock.code].window
    ]
    if windows and max(windows) < matter.at:
        raise matter.conflict("return_window_closed", "已超过退单申请时限。")


def said(text: str, code: str, detail: str) -> str:
    """Give the text without outer space; Invalid where nothing is said."""
    said = text.strip()
    if len(said) < _SHORTEST:
        raise Invalid(code, detail)
    return said
