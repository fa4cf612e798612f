"""The acts of returns, disputes, letters and complaints about officials, by verb."""

from typing import Final

from models.case import State, TaskState
from routing import dispute_verbs as verbs
from routing import disputing, letters, naming, officials, returning, sharing
from routing.act import Act
from routing.disputes import CONSENTED, DESIGNATED, ESCALATED
from routing.lifecycle import AT_WORK, Move

_LED: Final = (State.DISPATCHED, State.IN_PROGRESS)
_OPEN: Final = (State.SCREEN, *AT_WORK)
_AT_HAND: Final = (
    TaskState.DISPATCHED,
    TaskState.SIGNED,
    TaskState.IN_PROGRESS,
    TaskState.RETURN_REQ,
)

ACTS: Final[dict[str, Act]] = {
    "secure": Act(
        Move(
            who="unit",
            data=verbs.Secure,
            cases=AT_WORK,
            tasks=_AT_HAND,
            event="case:task:secured",
        ),
        returning.secure,
    ),
    "negotiate": Act(
        Move(who="unit", data=verbs.Negotiate, cases=_LED, event=CONSENTED),
        disputing.negotiate,
    ),
    "adjudicate": Act(
        Move(
            who="operator",
            data=verbs.Adjudicate,
            cases=(State.ACCEPTED, *_LED, State.SUBMITTED),
            event=DESIGNATED,
        ),
        disputing.adjudicate,
    ),
    "escalate_dispute": Act(
        Move(who="operator", data=verbs.EscalateDispute, cases=_LED, event=ESCALATED),
        disputing.escalate,
    ),
    "share": Act(
        Move(who="operator", data=verbs.Share, cases=_LED, event=sharing.SHARED),
        sharing.share,
    ),
    "send_letter": Act(
        Move(who="operator", data=verbs.SendLetter, cases=_OPEN, event=letters.ISSUED),
        letters.send,
    ),
    "receive_letter": Act(
        Move(who="operator", data=verbs.ReceiveLetter, cases=_OPEN, event=letters.RECEIVED),
        letters.receive,
    ),
    "answer_letter": Act(
        Move(who="operator", data=verbs.AnswerLetter, cases=_OPEN, event=letters.ANSWERED),
        letters.answer,
    ),
    "name_accused": Act(
        Move(
            who="operator",
            data=verbs.NameAccused,
            cases=_OPEN,
            event="case:accused:named",
        ),
        naming.name_accused,
    ),
    "open_pollution": Act(
        Move(who="operator", data=verbs.OpenPollution, cases=_OPEN, event=officials.OPENED),
        officials.open_pollution,
    ),
}
