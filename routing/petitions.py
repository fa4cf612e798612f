"""Review and recheck of a petition (F10): asked for within thirty days, decided within thirty.

A petition's own road is that of every case, with the clocks of petitions in place of the hotline's;
these are the steps that may follow its answer (信访工作条例 articles 35 and 36).
"""

from collections.abc import Mapping
from typing import Final

from models.case import State
from routing.act import Act, Do
from routing.clock_verbs import PetitionStep
from routing.facts import family
from routing.handling import said
from routing.lifecycle import AT_WORK, Move
from routing.matter import Change, Matter
from routing.plan import PETITION

_OVER: Final = (State.CLOSED, State.ARCHIVED)
#: What was asked for is decided although the case is done again meanwhile.
_ANY: Final = (*AT_WORK, *_OVER)
#: Each step: its verb, its event, the event it answers, the window that it must keep.
_STEPS: Final = (
    ("ask_review", "petition:review_asked", "case:closed", "K26A"),
    ("decide_review", "petition:review_decided", "petition:review_asked", None),
    ("ask_recheck", "petition:recheck_asked", "petition:review_decided", "K27A"),
    ("decide_recheck", "petition:recheck_decided", "petition:recheck_asked", None),
)


def is_petition(matter: Matter) -> bool:
    """Tell whether a case is a petition, by its request type or its channel."""
    return PETITION in (matter.case.kind, family(matter.case.channel))


def _step(event: str, after: str, window: str | None) -> Do:
    def step(matter: Matter, request: PetitionStep, change: Change) -> None:
        """Note one step: in its order, once, and asked for in time."""
        text = said(request.text, "text_required", "须写明申请或决定的内容。")
        if not is_petition(matter):
            raise matter.conflict("not_a_petition", "只有信访事项有复查、复核。")
        if matter.count(event) or not matter.count(after):
            raise matter.conflict("wrong_step", "信访复查、复核须按次序进行,每步一次。")
        ends = [clock.due_at for clock in matter.clocks if clock.code == window]
        if ends and max(ends) < matter.at:
            raise matter.conflict("window_closed", "已超过申请期限(30 日)。")
        change.data |= {"note": text} | ({"organ": request.organ} if request.organ else {})

    return step


ACTS: Final[Mapping[str, Act]] = {
    verb: Act(
        Move(who="operator", data=PetitionStep, cases=_OVER if window else _ANY, event=event),
        _step(event, after, window),
    )
    for verb, event, after, window in _STEPS
}
