"""What a wish to be relieved leaves behind: the task as it was, and what came of the wish."""

from typing import Final

from models.case import Task, TaskState
from models.db import disputes as store
from models.db.pool import Connection
from routing.matter import Change, Matter

REQUESTED: Final = "case:task:return_requested"
RETURNED: Final = "case:task:returned"
DENIED: Final = "case:task:return_denied"


def before(task: Task) -> TaskState:
    """Give the state that a task was in before its unit asked to be relieved."""
    if task.contacted_at is not None:
        return TaskState.IN_PROGRESS
    return TaskState.SIGNED if task.signed_at is not None else TaskState.DISPATCHED


def refuse_while_asked(matter: Matter) -> None:
    """Refuse to decide over a lead that asks to be relieved before that wish is answered."""
    if matter.lead is not None and matter.lead.state is TaskState.RETURN_REQ:
        raise matter.conflict("return_pending", "该件正在申请退单,请先审核退单。")


async def not_asked(_conn: Connection, matter: Matter, _request: object) -> None:
    """Refuse what would leave nobody to answer a lead that asks to be relieved."""
    refuse_while_asked(matter)


def answer(matter: Matter, change: Change, task: Task, *, granted: bool) -> None:
    """Note what came of a task's wish to be relieved, with the change."""
    case, at, who = matter.case, matter.at, matter.actor.name

    async def note(conn: Connection, _change: Change) -> None:
        await store.answer(
            conn, case.city, case.case_no, task.task_no, at=at, granted=granted, who=who
        )

    change.effects.append(note)
