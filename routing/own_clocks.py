"""The desk's own clocks stand while the law counts no time: a hearing, a third party asked.

They belong to what goes on beside the case or after it, so the case itself does not stand. The end
moves at once by the longest pause and back when the pause is over: no clock is ever forgotten.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from models.case import State
from models.clock import Basis, Shift
from models.db.clocks import Clock
from models.errors import Invalid
from models.moment import aware
from routing import clocking
from routing.act import Act
from routing.clock_verbs import PauseClock, ResumeClock
from routing.clocks import show_span
from routing.extending import running_of
from routing.handling import said
from routing.lifecycle import Move
from routing.matter import Change, Matter
from routing.suspending import reason_of, until_of

_PAUSE: Final = "pause"
_HANDLED: Final = tuple(state for state in State if state is not State.NEW)


def pause(matter: Matter, request: PauseClock, change: Change) -> None:
    """Let a clock stand for a while that the law does not count."""
    clock, reason = running_of(matter, request.code), reason_of(matter, request.reason)
    known = matter.book.clocks[clock.code]
    if not (known.desk and known.outlives and reason.code in known.pause):
        detail = f"{known.zh}不能因“{reason.zh}”单独停表。"
        raise matter.conflict("nothing_to_suspend", detail)
    basis = clocking.basis_of_running(matter.book, clock)
    if _standing(matter, basis) is not None:
        raise matter.conflict("suspended", f"{known.zh}已停表。")
    days = reason.limit.n if request.days is None else request.days
    if not 0 < days <= reason.limit.n:
        raise Invalid("suspension_too_long", f"停表一次不超过 {show_span(reason.limit)}。")
    until = until_of(matter, msgspec.structs.replace(reason.limit, n=days))
    shift = Shift(kind=_PAUSE, start=matter.at, end=until)
    _run(matter, change, clock, msgspec.structs.replace(basis, shifts=(*basis.shifts, shift)))
    ends_when = said(request.ends_when, "condition_required", "停表须写明解除条件。")
    change.data |= {"reason": reason.zh, "ends_when": ends_when, "until": until.isoformat()}


def resume(matter: Matter, request: ResumeClock, change: Change) -> None:
    """Let a clock run on: its end comes nearer by the rest of the pause."""
    reason = said(request.reason, "reason_required", "恢复计时须写明理由。")
    clock = running_of(matter, request.code)
    basis = clocking.basis_of_running(matter.book, clock)
    standing = _standing(matter, basis)
    if standing is None:
        raise matter.conflict("not_suspended", "该时限没有停表。")
    ended = msgspec.structs.replace(standing, end=matter.at)
    shifts = tuple(ended if shift is standing else shift for shift in basis.shifts)
    _run(matter, change, clock, msgspec.structs.replace(basis, shifts=shifts))
    change.data["reason"] = reason


def _standing(matter: Matter, basis: Basis) -> Shift | None:
    """Give the pause that goes on, None where there is none."""
    pauses = (shift for shift in basis.shifts if shift.kind == _PAUSE and shift.end is not None)
    return next((shift for shift in pauses if shift.end and shift.end > matter.at), None)


def _run(matter: Matter, change: Change, clock: Clock, basis: Basis) -> None:
    moved = clocking.rebased(matter.book, matter.case, clock, matter.at, basis)
    change.stops.append((clock, change.event))
    change.starts.append(moved)
    change.data |= {"code": clock.code, "was": aware(clock.due_at).isoformat()}
    change.data["due_at"] = aware(moved.due_at).isoformat()


ACTS: Final[Mapping[str, Act]] = {
    "pause_clock": Act(
        Move(who="operator", data=PauseClock, cases=_HANDLED, event="clock:paused"), pause
    ),
    "resume_clock": Act(
        Move(who="operator", data=ResumeClock, cases=_HANDLED, event="clock:resumed"), resume
    ),
}
