"""What units do with a task: sign, contact, submit."""

from datetime import timedelta
from typing import Final

import msgspec

from models.case import Outcome, State, TaskState
from models.db import standing
from models.db.pool import Connection
from models.errors import Invalid
from routing import clocking, duty
from routing.matter import Change, Matter
from routing.verbs import Contact, Reached, Sign, Submit

#: Two vain attempts count as a contact when they lie this far apart (不同时段, 设计默认).
_APART: Final = timedelta(hours=2)
_TRIED: Final = "case:task:contact_tried"
#: How soon the same words are one act sent twice.
_AT_ONCE: Final = timedelta(minutes=2)
_SHORTEST: Final = 2
#: What a unit may wish for the promise of its case: asked for, granted, denied.
_WISHES: Final = (
    ("case:extension:requested", "case:extension:granted", "case:extension:denied"),
    ("case:suspension:requested", "case:suspended", "case:suspension:denied"),
)
_MOOT: Final = "已提交办结,申请不再审批"


def sign(matter: Matter, request: Sign, change: Change) -> None:
    """Take a task on; the lead's signature puts the case to work."""
    handler = said(request.handler, "handler_required", "签收须填写经办人。")
    change.on_task(signed_at=matter.at, handler=handler)
    if change.task and change.task.is_lead and matter.case.state is State.DISPATCHED:
        change.on_case(state=State.IN_PROGRESS)
    if change.task and change.task.is_lead:
        duty.end(matter, change)
    change.data["handler"] = handler
    change.body["handler"] = handler


def contact(matter: Matter, request: Contact, change: Change) -> None:
    """Note the first contact, or an attempt: two vain ones at different times count as one."""
    change.data |= {"method": request.method.value, "result": request.result.value}
    change.data |= {"note": request.note} if request.note else {}
    task = change.target
    if task is not None and task.state is TaskState.RETURN_REQ:
        _while_argued(matter, change)
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


def _while_argued(matter: Matter, change: Change) -> None:
    """Let a unit that asked to be relieved still call the citizen: its clock runs on."""
    if change.target is None or change.target.signed_at is None:
        raise matter.conflict("wrong_state", "该任务尚未签收,不能登记联系。")
    change.on_task(state=change.target.state)


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
    if change.task is not None and not change.task.is_lead:
        # The lead reads it in the history: of the tasks each unit sees its own alone.
        change.data["opinion"] = reply
    if change.task is not None and change.task.is_lead:
        change.on_case(state=State.SUBMITTED)
        rest(matter, change)
        # Whoever has handed in a result cannot return the case any more: the window closes.
        change.stops += [
            (clock, change.event)
            for clock in matter.running
            if (known := matter.book.clocks.get(clock.code)) is not None
            and known.window
            and "case:task:return_requested" in known.stops
        ]


def rest(matter: Matter, change: Change) -> None:
    """Let the promises to close stand while a result is looked at; wishes about them are moot."""
    promises = clocking.closing(matter.book, matter.running)
    change.stops += [(clock, clocking.PAUSED) for clock in promises]
    moot = [denied for asked, granted, denied in _WISHES if _waits(matter, asked, granted, denied)]
    if moot:
        change.more_events += [(denied, {"note": _MOOT}) for denied in moot]
        change.effects.append(_drop_wishes)


def _waits(matter: Matter, asked: str, granted: str, denied: str) -> bool:
    return matter.count(asked) > matter.count(granted) + matter.count(denied)


async def _drop_wishes(conn: Connection, change: Change) -> None:
    matter = change.matter
    await standing.drop_extensions(conn, matter.case, matter.at, matter.actor.name, _MOOT)
    await standing.end_suspensions(conn, matter.case, matter.at, "submitted")


def refuse_twice(matter: Matter, change: Change) -> None:
    """Refuse the very same words of the same actor at once again: they were sent twice.

    Said once more later they count; whoever sent them twice gets the case as it is.
    """
    done = [past for past in matter.history if "request" in past.data]
    if not done or matter.at - done[-1].at >= _AT_ONCE:
        return
    if (done[-1].data["request"], done[-1].actor) == (change.data["request"], matter.actor):
        raise matter.conflict("said_already", "相同内容刚刚已登记。")


def said(text: str, code: str, detail: str) -> str:
    """Give the text without outer space; Invalid where nothing is said."""
    said = text.strip()
    if len(said) < _SHORTEST:
        raise Invalid(code, detail)
    return said
