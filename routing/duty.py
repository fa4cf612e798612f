"""Whoever got a case first acts (首接负责): safety and evidence while it is argued whose it is.

A unit that is relieved keeps a part in the case until the next lead has signed, so that there is
no hour in which nobody could act.
"""

from typing import Final

from models.case import Task, TaskState
from routing.disputes import helper
from routing.matter import Change, Matter

KEPT: Final = "case:duty:kept"
ENDED: Final = "case:duty:ended"
#: What has nothing to secure: inquiries and the like.
_WORDS_ONLY: Final = ("ZX", "BY", "JY", "CF")


def keep(matter: Matter, change: Change, leaving: Task) -> None:
    """Leave a unit that is relieved a part in the case until someone else has signed."""
    if matter.case.kind in _WORDS_ONLY:
        return
    helping = any(t.unit == leaving.unit and not t.is_lead for t in matter.open_tasks)
    if helping or any(task.unit == leaving.unit for task in change.new_tasks):
        return
    task = helper(matter, change, leaving.unit)
    change.more_events.append((KEPT, {"task_no": task.task_no, "unit": leaving.unit}))


def end(matter: Matter, change: Change) -> None:
    """Relieve those who kept a part, now that the lead has signed."""
    kept = {event.data["task_no"] for event in matter.past(KEPT)}
    for task in matter.open_tasks:
        if task.task_no in kept and task.state is not TaskState.SUBMITTED and not task.is_lead:
            change.on_other(task, state=TaskState.WITHDRAWN, returned_at=matter.at)
            change.stop_all(ENDED, task.task_no)
            change.more_events.append((ENDED, {"task_no": task.task_no, "unit": task.unit}))
