"""What operators do with a unit's work: returns, results, withdrawals."""

from typing import Any, Final

from models.case import Outcome, Queue, State, Task
from routing import clocking, disputes, duty, returns
from routing.handling import said
from routing.matter import Change, Matter
from routing.verbs import Approve, ApproveReturn, DenyReturn, Rework, Withdraw

#: Why a returned case is at the desk (models.tags.REVIEW_REASONS).
RETURNED: Final = "returned"
_REVIEWED: Final = "case:task:reviewed"


def approve_return(matter: Matter, request: ApproveReturn, change: Change) -> None:
    """Relieve a unit: the case waits at the desk, its own clocks run on and are nobody's.

    The unit keeps a part in it, for safety and evidence, until the next lead has signed.
    """
    disputes.refuse_while_open(matter)
    change.on_task(returned_at=matter.at)
    change.on_case(queue=Queue.REVIEW, review_reasons=(RETURNED,), lead_unit=None)
    change.charged = True
    if change.target is not None:
        change.stop_all("case:task:returned", change.target.task_no)
        duty.keep(matter, change, change.target)
        returns.answer(matter, change, change.target, granted=True)
    _result(change, accepted=True, note=request.note)


def deny_return(matter: Matter, request: DenyReturn, change: Change) -> None:
    """Keep a unit at its task, as it was before it asked."""
    disputes.refuse_while_open(matter)
    note = said(request.note, "note_required", "不同意退单须写明意见。")
    task = change.target
    if task is not None:
        change.on_task(state=returns.before(task))
        disputes.stop_started_by(matter, change, returns.REQUESTED, task.task_no, change.event)
        returns.answer(matter, change, task, granted=False)
    change.on_case(no_return=matter.case.no_return or request.no_return)
    _result(change, accepted=False, note=note)


def withdraw(matter: Matter, request: Withdraw, change: Change) -> None:
    """Take a cooperating unit's task back; the lead changes only by redispatch."""
    reason = said(request.reason, "reason_required", "撤回须写明理由。")
    if change.target is not None and change.target.is_lead:
        raise matter.conflict("lead_stays", "主办任务不能撤回,请改派。")
    change.stop_all("case:task:withdrawn", request.task_no)
    change.data["reason"] = reason


def approve(matter: Matter, request: Approve, change: Change) -> None:
    """Find a result good; "not true" is settled only by a second person."""
    task = change.target
    if task is None:
        return
    reviews = _reviews(task)
    mine = {"by": matter.actor.name, "at": matter.at.isoformat(), "note": request.note}
    change.on_task(result=(task.result or {}) | {"reviews": [*reviews, mine]})
    change.data |= {"note": request.note} if request.note else {}
    if (task.result or {}).get("outcome") != Outcome.NOT_TRUE.value:
        return
    if any(review["by"] == matter.actor.name for review in reviews):
        detail = "认定“不属实”须由另一位审核人复核。"
        raise matter.conflict("second_reviewer_needed", detail)
    if not reviews:
        change.event = _REVIEWED
        change.on_task(state=task.state)


def rework(matter: Matter, request: Rework, change: Change) -> None:
    """Send a result back; the promise to close runs on, later by the time it was looked at.

    A case that was closed already is put to work again and gets a short promise of its own.
    """
    reason = said(request.reason, "reason_required", "退回重办须写明理由。")
    change.data["reason"] = reason
    change.body["text"] = reason
    if matter.case.closed_at is not None:
        _again(matter, change)
        return
    if change.target is None or not change.target.is_lead:
        return
    change.on_case(state=State.IN_PROGRESS)
    change.starts += [
        clocking.resumed(matter.book, matter.case, clock, matter.at)
        for clock in clocking.under_review(matter.book, matter.clocks)
    ]


def _again(matter: Matter, change: Change) -> None:
    """Put a closed case back to work; the answer that was given stays in its history."""
    if change.target is None or not change.target.is_lead:
        raise matter.conflict("lead_only", "已办结的工单只能由主办单位重办。")
    change.data["answered"] = matter.case.result
    change.on_case(state=State.IN_PROGRESS, closed_at=None, result=None)


def _result(change: Change, *, accepted: bool, note: str) -> None:
    change.data |= {"accepted": accepted} | ({"note": note} if note else {})
    change.body |= {"accepted": accepted, "text": note}


def _reviews(task: Task) -> list[dict[str, Any]]:
    reviews: list[dict[str, Any]] = (task.result or {}).get("reviews", [])
    return reviews
