"""The grade of an emergency by what is known by now, and the times to report that follow."""

from datetime import datetime
from typing import Final

import msgspec

from models.db import emergencies as store
from models.db.clocks import Clock
from models.db.emergencies import Emergency, Notice
from models.db.pool import Connection
from models.errors import Invalid
from routing import clocking
from routing.emergency_facts import CROSSING, KNOWN, facts, going
from routing.emergency_list import NEIGHBOUR, further, untold
from routing.emergency_verbs import GradeEmergency
from routing.handling import said
from routing.matter import Change, Matter

#: The clocks of the report upward, one of them by the grade; that of telling the neighbours.
_TO_REPORT: Final = ("K28", "K29", "K31")
_TELL_NEAR: Final = "K33"
#: Levels as they get graver.
_GRAVITY: Final = ("", "IV", "III", "II", "I")


def grade(matter: Matter, request: GradeEmergency, change: Change) -> None:
    """Set what is known by now, and count the time to report and to tell the neighbours anew.

    Before the first report its time runs from when it was known; what turns graver after it is
    reported again, in the time of its new grade from now on.
    """
    event = going(matter, change)
    _before_final(matter, change)
    graded = _graded(event, request)
    reason = said(request.reason, "reason_required", "定级须写明依据。")
    change.data |= facts(graded) | {"reason": reason}
    reported = any(report.kind == "first" for report in change.seen.reports)
    wanted = _report_clocks(matter, change, graded, matter.at if reported else event.known_at)
    running = {clock.code for clock in matter.running}
    fit = {clock.code for clock in wanted}
    change.stops += [
        (clock, change.event)
        for clock in matter.running
        if (clock.code in _TO_REPORT and clock.code not in fit)
        or (clock.code == _TELL_NEAR and not graded.crossing)
    ]
    if not reported or _graver(event, graded):
        change.starts += [clock for clock in wanted if clock.code not in running]
    notices: tuple[Notice, ...] = change.seen.notices
    added = further(notices, request.neighbours, crossing=graded.crossing)
    near = untold((*notices, *added), NEIGHBOUR)
    if graded.crossing and near and _TELL_NEAR not in running:
        change.more_events.append((CROSSING, {"neighbours": [one.addressee for one in near]}))

    async def keep(conn: Connection, _change: Change) -> None:
        await store.grade(conn, matter.case.city, graded)
        await store.list_notices(conn, matter.case.city, event.emergency_no, added)

    change.effects.append(keep)


def _graded(event: Emergency, request: GradeEmergency) -> Emergency:
    """Give an emergency as it is known by now; naming neighbours says that it may reach them."""
    if request.neighbours and request.crossing is False:
        raise Invalid("crossing_unclear", "指明相邻地区的,不能同时认定不跨界。")
    known = {
        "level": request.level,
        "water": request.water,
        "crossing": True if request.neighbours else request.crossing,
    }
    given = {name: value for name, value in known.items() if value is not None}
    return msgspec.structs.replace(event, **given)


def _graver(was: Emergency, now: Emergency) -> bool:
    """Tell whether an emergency is graver by now: its level, or drinking water touched."""
    return _GRAVITY.index(now.level) > _GRAVITY.index(was.level) or (now.water and not was.water)


def _report_clocks(matter: Matter, change: Change, event: Emergency, at: datetime) -> list[Clock]:
    """Give the clock of the report upward that a grade asks for, from a moment on."""
    known = {KNOWN: facts(event)}
    made = clocking.starts(
        matter.book, change.case, [], [KNOWN], at, held=matter.clocks, said=known
    )
    return [clock for clock in made if clock.code in _TO_REPORT]


def _before_final(matter: Matter, change: Change) -> None:
    if any(report.kind == "final" for report in change.seen.reports):
        raise matter.conflict("reported_finally", "已终报,不能再定级;情况反复请另列突发事件。")
