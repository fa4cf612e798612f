"""Every act on a case by its verb: its move, the function that builds its change, what it must see.

A part of the trade with acts of its own gives a table of them, named in `_PARTS` and nowhere else.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from models.errors import Invalid
from routing import (
    answering,
    apart,
    blocking,
    crimes,
    desk,
    dispute_acts,
    disputes,
    disputing,
    emergencies,
    evidence,
    excluding,
    extending,
    first_steps,
    grid_checks,
    handling,
    helping,
    inspections,
    joint,
    key_cases,
    ledgering,
    lookback,
    looking,
    merging,
    own_clocks,
    parts,
    petitions,
    proceeding,
    rejoining,
    relating,
    restricting,
    returning,
    returns,
    review,
    rewarding,
    supervision_acts,
    suspending,
    tracing,
    verifying,
)
from routing.act import Act, Check, Do, Look
from routing.lifecycle import MOVES

__all__ = ["ACTS", "CHECKS", "Act", "Do", "Look", "act_of"]

_DO: Final[Mapping[str, Do]] = {
    "accept": desk.accept,
    "correct": desk.correct,
    "dispatch": desk.dispatch,
    "reject": desk.reject,
    "transfer": desk.transfer,
    "redispatch": disputing.redispatch,
    "close": lookback.close,
    "sign": handling.sign,
    "contact": handling.contact,
    "submit": handling.submit,
    "request_return": returning.request_return,
    "approve_return": review.approve_return,
    "deny_return": review.deny_return,
    "withdraw": review.withdraw,
    "approve": review.approve,
    "rework": review.rework,
}
_LOOK: Final[Mapping[str, Look]] = {"close": blocking.blocks}
#: The acts of each part that has some of its own.
_PARTS: Final[tuple[Mapping[str, Act], ...]] = (
    dispute_acts.ACTS,
    parts.ACTS,
    rejoining.ACTS,
    answering.ACTS,
    merging.ACTS,
    relating.ACTS,
    helping.ACTS,
    extending.ACTS,
    suspending.ACTS,
    own_clocks.ACTS,
    petitions.ACTS,
    supervision_acts.ACTS,
    emergencies.ACTS,
    verifying.ACTS,
    excluding.ACTS,
    rewarding.ACTS,
    looking.ACTS,
    lookback.ACTS,
    crimes.ACTS,
    proceeding.ACTS,
    joint.ACTS,
    inspections.ACTS,
    grid_checks.ACTS,
    restricting.ACTS,
    tracing.ACTS,
)
#: What other parts look at before an act is done, by its verb.
CHECKS: Final[Mapping[str, tuple[Check, ...]]] = {
    "submit": (
        suspending.not_suspended,
        answering.no_open_parts,
        evidence.self_checked,
        first_steps.done_first,
        evidence.sufficient,
    ),
    "approve": (evidence.sufficient,),
    "close": (evidence.sufficient,),
    "merge": (
        disputes.not_disputed,
        apart.not_joined,
        ledgering.not_ledgered,
        emergencies.bears_none,
        restricting.alone,
        suspending.runs,
        blocking.nothing_goes_on,
    ),
    "consolidate": (suspending.runs,),
    "accept": (suspending.runs,),
    "dispatch": (suspending.runs,),
    "relate": (apart.not_joined, restricting.alone),
    "split": (apart.not_split, restricting.alone, suspending.runs),
    "unsplit": (
        disputes.not_disputed,
        rejoining.of_parts(
            disputes.not_disputed,
            returns.not_asked,
            ledgering.not_ledgered,
            emergencies.bears_none,
            blocking.nothing_goes_on,
        ),
    ),
    "request_return": (tracing.traced_first,),
    "ask_grid": (restricting.alone,),
    "share": (restricting.alone,),
    "propose_joint": (restricting.alone,),
    "dispatch_joint": (restricting.alone,),
    "publish_inspection": (restricting.alone,),
    "reject": (
        suspending.supplement_tried,
        answering.no_open_parts,
        disputes.not_disputed,
        emergencies.bears_none,
        ledgering.not_ledgered,
        blocking.nothing_goes_on,
    ),
    "transfer": (
        answering.no_open_parts,
        disputes.not_disputed,
        ledgering.not_ledgered,
        blocking.only_emergencies_go_on,
    ),
    "archive": (ledgering.not_ledgered,),
    "withdraw": (key_cases.not_alone,),
    "waive": (key_cases.not_alone,),
    "rework": (answering.rework_parts,),
}

ACTS: Final[Mapping[str, Act]] = MappingProxyType(
    {verb: Act(move, _DO[verb], _LOOK.get(verb)) for verb, move in MOVES.items()}
    | {verb: act for part in _PARTS for verb, act in part.items()}
)


def act_of(verb: str) -> Act:
    """Give the act of a verb; Invalid for one that there is not."""
    found = ACTS.get(verb)
    if found is None:
        raise Invalid("verb_unknown", f"没有“{verb}”这个操作,可用:{'、'.join(ACTS)}。")
    return found
