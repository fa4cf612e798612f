"""Cooperating units that are silent: urged by the lead, and gone without by approval.

A helper's silence holds up nobody's clock: urging stops none, and a waiver keeps who was silent.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from models.case import Queue, Task, TaskState
from models.errors import NotFound
from routing.act import Act
from routing.handling import said
from routing.lifecycle import AT_WORK, Move
from routing.link_verbs import AskWaiver, UrgeHelper, Waive
from routing.matter import Change, Matter
from routing.restoring import done_with

URGED: Final = "case:task:urged"
ASKED: Final = "case:task:waiver_requested"
WAIVED: Final = "case:task:waived"
#: Why a case with a silent helper is at the desk (models.tags.REVIEW_REASONS).
_ASKED: Final = "waiver_requested"
_SILENT: Final = (TaskState.DISPATCHED, TaskState.SIGNED, TaskState.IN_PROGRESS)


def urge_helper(matter: Matter, request: UrgeHelper, change: Change) -> None:
    """Note that the lead urged a cooperating unit; no clock stands still for it."""
    helper = _silent(matter, request.helper_no)
    _about(matter, change, helper)
    change.data |= {"note": request.note.strip()} if request.note.strip() else {}


def ask_waiver(matter: Matter, request: AskWaiver, change: Change) -> None:
    """Ask the desk for leave to go on without a cooperating unit."""
    helper = _silent(matter, request.helper_no)
    _may_be_waived(matter, helper)
    _about(matter, change, helper)
    change.data["reason"] = said(request.reason, "reason_required", "申请免除协办须写明理由。")
    reasons = tuple(dict.fromkeys((*matter.case.review_reasons, _ASKED)))
    change.on_case(queue=Queue.REVIEW, review_reasons=reasons)


def waive(matter: Matter, request: Waive, change: Change) -> None:
    """Go on without a cooperating unit that was urged or is late."""
    reason = said(request.reason, "reason_required", "免除协办须写明理由。")
    task = change.target
    if task is None or task.is_lead:
        raise matter.conflict("lead_stays", "主办任务不能免除,请改派。")
    _may_be_waived(matter, task)
    change.on_task(returned_at=matter.at, result={"waived": True, "reason": reason})
    change.stop_all(WAIVED, task.task_no)
    change.data["reason"] = reason
    done_with(change, _ASKED)


def _about(matter: Matter, change: Change, helper: Task) -> None:
    change.data |= {
        "task_no": helper.task_no,
        "unit": helper.unit,
        "units": [helper.unit],
        "due_at": due.isoformat() if (due := _due(matter, helper)) else None,
    }


def _silent(matter: Matter, task_no: int) -> Task:
    """Give a cooperating unit's task that has no reply yet."""
    found = next((task for task in matter.tasks if task.task_no == task_no), None)
    if found is None or found.is_lead:
        raise NotFound("task_not_found", f"该件没有第 {task_no} 号协办任务。")
    if found.state not in _SILENT:
        raise matter.conflict("helper_replied", "该协办单位已回复或已不在本件。")
    return found


def _may_be_waived(matter: Matter, helper: Task) -> None:
    due = _due(matter, helper)
    late = due is not None and due < matter.at
    if not late and not matter.count(URGED, helper.task_no):
        detail = "该协办单位尚未超期,也未催办过:请先催办;确实无须协办的,请用撤回。"
        raise matter.conflict("helper_not_silent_yet", detail)


def _due(matter: Matter, helper: Task) -> datetime | None:
    """Give the latest end of the clocks that a cooperating unit still runs against."""
    ends = [clock.due_at for clock in matter.running if clock.task_no == helper.task_no]
    return max(ends, default=None)


ACTS: Final[Mapping[str, Act]] = {
    "urge_helper": Act(
        Move(
            who="unit",
            data=UrgeHelper,
            cases=AT_WORK,
            tasks=(*_SILENT, TaskState.SUBMITTED, TaskState.DONE),
            lead_only=True,
            event=URGED,
        ),
        urge_helper,
    ),
    "ask_waiver": Act(
        Move(
            who="unit",
            data=AskWaiver,
            cases=AT_WORK,
            tasks=(*_SILENT, TaskState.SUBMITTED, TaskState.DONE),
            lead_only=True,
            event=ASKED,
        ),
        ask_waiver,
    ),
    "waive": Act(
        Move(
            who="operator",
            data=Waive,
            cases=AT_WORK,
            tasks=_SILENT,
            to_task=TaskState.WITHDRAWN,
            event=WAIVED,
        ),
        waive,
    ),
}
