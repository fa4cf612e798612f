"""Procedures beside a case in steps, each an event that clocks listen to (K34, K36, K37, K39).

Hazardous waste that pollutes badly is reported at once to the government and the authority above;
what is kept as evidence is decided on in seven working days; a penalty is opened and decided; an
application for public information that came as a report is answered.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from models.case import State
from models.db.pool import Connection
from models.errors import Invalid
from routing.act import Act, Do
from routing.closure_verbs import Step
from routing.handling import said
from routing.lifecycle import AT_WORK, Move, Who
from routing.matter import Change, Matter

_ANY: Final = (*AT_WORK, State.CLOSED, State.ARCHIVED)
#: The government of the place and the authority above it (article 541 of the Code).
_BOTH: Final = 2


class Known(NamedTuple):
    """One step: its event, those it may follow, what it asks for.

    `after` empty begins a procedure, which may begin anew once an event of `ends` has ended it.
    """

    verb: str
    event: str
    zh: str
    after: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    document: bool = False
    addressees: int = 0
    who: Who = "anyone"
    cases: tuple[State, ...] = _ANY


_STEPS: Final = (
    Known("find_hazwaste", "hazwaste:found", "危废严重污染", ends=("hazwaste:reported",)),
    Known(
        "report_hazwaste",
        "hazwaste:reported",
        "危废严重污染上报",
        after=("hazwaste:found",),
        addressees=_BOTH,
    ),
    Known(
        "register_evidence",
        "evidence:registered",
        "先行登记保存证据",
        ends=("evidence:decided",),
        document=True,
    ),
    Known(
        "decide_evidence",
        "evidence:decided",
        "对登记保存证据的处理",
        after=("evidence:registered",),
        document=True,
    ),
    Known(
        "find_offence",
        "penalty:found",
        "发现涉嫌违法行为",
        ends=("penalty:refused", "penalty:decided"),
    ),
    Known("open_penalty", "penalty:opened", "行政处罚立案", ("penalty:found",), document=True),
    Known("refuse_penalty", "penalty:refused", "不予立案", ("penalty:found",)),
    Known("decide_penalty", "penalty:decided", "行政处罚决定", ("penalty:opened",), document=True),
    Known(
        "register_disclosure",
        "disclosure:registered",
        "政府信息公开申请登记",
        ends=("disclosure:answered",),
        who="operator",
        cases=(State.SCREEN, *_ANY),
    ),
    Known(
        "answer_disclosure",
        "disclosure:answered",
        "政府信息公开答复",
        after=("disclosure:registered",),
        document=True,
        who="operator",
        cases=(State.SCREEN, *_ANY),
    ),
)
_CHAINS: Final = {
    step.event: tuple(
        one.event for one in _STEPS if one.event.partition(":")[0] == step.event.partition(":")[0]
    )
    for step in _STEPS
}


def _do(step: Known) -> Do:
    def do(matter: Matter, request: Step, change: Change) -> None:
        """Note one step in its order."""
        begun: tuple[str | None, ...] = step.after or (*step.ends, None)
        if (last := _last(matter, step.event)) not in begun:
            raise matter.conflict(
                "wrong_step", f"{step.zh}:须按次序办理(当前:{last or '未开始'})。"
            )
        note = said(request.note, "note_required", f"{step.zh}须写明情况。")
        if step.document and not request.document.strip():
            raise Invalid("document_required", f"{step.zh}须写明文书号。")
        if len(set(request.addressees)) < step.addressees:
            raise Invalid("addressees_required", "须报告本级人民政府和上一级生态环境主管部门。")
        change.data |= {"note": note}
        change.data |= {"document": request.document} if request.document else {}
        change.data |= {"addressees": list(request.addressees)} if request.addressees else {}

    return do


def _last(matter: Matter, event: str) -> str | None:
    """Give the step of the procedure that was done last."""
    chain = _CHAINS[event]
    return next((past.verb for past in reversed(matter.history) if past.verb in chain), None)


async def undone(_conn: Connection, matter: Matter) -> list[str]:
    """Say that hazardous waste was found and not reported: the case cannot be closed before."""
    waits = _last(matter, "hazwaste:found") == "hazwaste:found"
    return ["危废严重污染尚未上报"] if waits else []


ACTS: Final[Mapping[str, Act]] = {
    step.verb: Act(Move(who=step.who, data=Step, cases=step.cases, event=step.event), _do(step))
    for step in _STEPS
}
