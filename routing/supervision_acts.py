"""The acts of supervision, by verb: orders, the ledger, letters that press, key complaints."""

from collections.abc import Mapping
from typing import Final

import msgspec

from models.case import State
from routing import key_cases, ledgering, pressing, supervising
from routing import supervision_verbs as verbs
from routing.act import Act, Do, Look
from routing.lifecycle import AT_WORK, Move, Who

_OPEN: Final = (State.SCREEN, *AT_WORK)
_GIVEN: Final = (*AT_WORK, State.CLOSED)
_ANY: Final = tuple(state for state in State if state is not State.NEW)


class Elevate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A repeated case to be handled together with who is above its unit."""


def _act(  # noqa: PLR0917  # who, what and where read in this order
    who: Who,
    data: type[msgspec.Struct],
    cases: tuple[State, ...],
    event: str,
    do: Do,
    look: Look | None,
    *,
    by_system: bool = False,
) -> Act:
    return Act(Move(who=who, data=data, cases=cases, event=event, by_system=by_system), do, look)


ACTS: Final[Mapping[str, Act]] = {
    "urge": _act(
        *("supervisor", verbs.Urge, _OPEN, supervising.URGED, supervising.urge),
        supervising.look,
        by_system=True,
    ),
    "supervise": _act(
        *("supervisor", verbs.Supervise, _OPEN, supervising.SUPERVISED, supervising.supervise),
        supervising.look,
        by_system=True,
    ),
    "settle_order": _act(
        *("supervisor", verbs.SettleOrder, _ANY, supervising.ENDED, supervising.settle),
        supervising.look,
    ),
    "feedback": _act(
        *("anyone", verbs.Feedback, _OPEN, supervising.ANSWERED, supervising.feedback),
        supervising.look,
    ),
    "ledger": _act(
        *("supervisor", verbs.Ledger, AT_WORK, ledgering.LEDGERED, ledgering.ledger),
        ledgering.look,
    ),
    "release": _act(
        *("supervisor", verbs.Release, _ANY, ledgering.RELEASED, ledgering.release),
        ledgering.look,
    ),
    "report_progress": _act(
        *("unit", verbs.ReportProgress, _GIVEN, ledgering.REPORTED, ledgering.report),
        ledgering.look,
    ),
    "strike_name": _act(
        *("supervisor", verbs.StrikeName, _ANY, ledgering.STRUCK, ledgering.strike),
        ledgering.listed,
    ),
    "remind": _act(
        *("supervisor", verbs.Press, _GIVEN, pressing.REMINDED, pressing.remind),
        pressing.look("remind"),
    ),
    "interview": _act(
        *("supervisor", verbs.Press, _GIVEN, pressing.INTERVIEWED, pressing.interview),
        pressing.look("interview"),
    ),
    "notice": _act(
        *("supervisor", verbs.Press, _GIVEN, pressing.NOTIFIED, pressing.notify),
        pressing.look("notice"),
    ),
    "receive_document": _act(
        *("unit", verbs.ReceiveDocument, _ANY, pressing.RECEIVED, pressing.receive),
        pressing.documents,
    ),
    "mark_key": _act(
        *("supervisor", verbs.MarkKey, _OPEN, key_cases.MARKED, key_cases.mark),
        key_cases.look,
        by_system=True,
    ),
    "elevate": _act(
        *("supervisor", Elevate, AT_WORK, key_cases.ELEVATED, key_cases.elevate),
        key_cases.look,
        by_system=True,
    ),
    "own": _act(
        *("supervisor", verbs.Own, _GIVEN, key_cases.OWNED, key_cases.own),
        None,
    ),
}
