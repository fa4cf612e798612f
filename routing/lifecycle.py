"""The table of allowed moves (domain section 4.2): what may be done when, by whom, what follows.

Clocks follow from the event: a clock starts and stops at the event verbs that its definition names.
"""

from typing import Final, Literal

import msgspec

from models.case import State, TaskState
from routing import verbs

Who = Literal["operator", "unit", "supervisor", "grid", "anyone"]

#: A case whose units are at work.
AT_WORK: Final = (State.ACCEPTED, State.DISPATCHED, State.IN_PROGRESS, State.SUBMITTED)
#: A case whose lead may still change.
_LED: Final = (State.DISPATCHED, State.IN_PROGRESS)
_WAITING: Final = (State.SCREEN, State.ACCEPTED)
#: A task that is over, whatever came of it.
OVER: Final = (TaskState.DONE, TaskState.RETURNED, TaskState.WITHDRAWN)
#: A task that no longer counts: its unit is out of the case.
GONE: Final = (TaskState.RETURNED, TaskState.WITHDRAWN)
_STARTED: Final = (TaskState.SIGNED, TaskState.IN_PROGRESS)
_BEFORE_RESULT: Final = (TaskState.DISPATCHED, *_STARTED)


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One allowed move. A task's move names the states of case and task it starts from.

    `event` is what is written, `tells` the message to the platform (of the lead's moves only).
    `to_case` and `to_task` are the states after it, None where the move decides or leaves them.
    What `anyone` may do is done by the desk or a unit, never by a grid's worker, whose own moves
    are of `grid`; the system itself does only what is `by_system` as well. What is done `once` is
    refused the second time to who did it too: it must never be taken for sending the same again.
    """

    who: Who
    data: type[msgspec.Struct]
    cases: tuple[State, ...]
    tasks: tuple[TaskState, ...] = ()
    lead_only: bool = False
    to_case: State | None = None
    to_task: TaskState | None = None
    event: str
    tells: str | None = None
    by_system: bool = False
    once: bool = False


MOVES: Final[dict[str, Move]] = {
    "accept": Move(
        who="operator",
        data=verbs.Accept,
        cases=(State.SCREEN,),
        to_case=State.DISPATCHED,
        event="case:accepted",
        tells="ACCEPT",
    ),
    "correct": Move(
        who="operator",
        data=verbs.Correction,
        cases=(*_WAITING, *_LED),
        event="case:corrected",
    ),
    "dispatch": Move(
        who="operator",
        data=verbs.Dispatch,
        cases=(State.ACCEPTED,),
        to_case=State.DISPATCHED,
        event="case:dispatched",
    ),
    "reject": Move(
        who="operator",
        data=verbs.Reject,
        cases=_WAITING,
        to_case=State.REJECTED,
        event="case:rejected",
        tells="ACCEPT",
    ),
    "transfer": Move(
        who="operator",
        data=verbs.Transfer,
        cases=_WAITING,
        to_case=State.TRANSFERRED,
        event="case:transferred",
        tells="ACCEPT",
    ),
    "sign": Move(
        who="unit",
        data=verbs.Sign,
        cases=AT_WORK,
        tasks=(TaskState.DISPATCHED,),
        to_task=TaskState.SIGNED,
        event="case:task:signed",
        tells="SIGN",
    ),
    "contact": Move(
        who="unit",
        data=verbs.Contact,
        cases=_LED,
        tasks=(*_STARTED, TaskState.RETURN_REQ),
        lead_only=True,
        to_task=TaskState.IN_PROGRESS,
        event="case:task:contacted",
        tells="CONTACTED",
    ),
    "submit": Move(
        who="unit",
        data=verbs.Submit,
        cases=AT_WORK,
        tasks=_STARTED,
        to_task=TaskState.SUBMITTED,
        event="case:task:submitted",
        tells="SUBMIT",
    ),
    "request_return": Move(
        who="unit",
        data=verbs.RequestReturn,
        cases=_LED,
        tasks=_BEFORE_RESULT,
        lead_only=True,
        to_task=TaskState.RETURN_REQ,
        event="case:task:return_requested",
        tells="RETURN_REQ",
    ),
    "approve_return": Move(
        who="operator",
        data=verbs.ApproveReturn,
        cases=_LED,
        tasks=(TaskState.RETURN_REQ,),
        lead_only=True,
        to_case=State.ACCEPTED,
        to_task=TaskState.RETURNED,
        event="case:task:returned",
        tells="RETURN_RESULT",
    ),
    "deny_return": Move(
        who="operator",
        data=verbs.DenyReturn,
        cases=_LED,
        tasks=(TaskState.RETURN_REQ,),
        lead_only=True,
        event="case:task:return_denied",
        tells="RETURN_RESULT",
    ),
    "redispatch": Move(
        who="operator",
        data=verbs.Redispatch,
        cases=(State.ACCEPTED, *_LED),
        to_case=State.DISPATCHED,
        event="case:redispatched",
    ),
    "withdraw": Move(
        who="operator",
        data=verbs.Withdraw,
        cases=AT_WORK,
        tasks=(*_BEFORE_RESULT, TaskState.SUBMITTED),
        to_task=TaskState.WITHDRAWN,
        event="case:task:withdrawn",
    ),
    "approve": Move(
        who="operator",
        data=verbs.Approve,
        cases=AT_WORK,
        tasks=(TaskState.SUBMITTED,),
        to_task=TaskState.DONE,
        event="case:task:approved",
    ),
    "rework": Move(
        who="operator",
        data=verbs.Rework,
        cases=(*AT_WORK, State.CLOSED),
        tasks=(TaskState.SUBMITTED, TaskState.DONE),
        to_task=TaskState.IN_PROGRESS,
        event="case:task:reworked",
        tells="REWORK",
    ),
    "close": Move(
        who="operator",
        data=verbs.Close,
        cases=(State.SUBMITTED, *_WAITING),
        to_case=State.CLOSED,
        event="case:closed",
        tells="CLOSE",
    ),
}
