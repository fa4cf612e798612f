"""Emergencies: events apart from the cases that tell of them, always opened by a person (F66, F67).

An emergency bears the number of the case that told of it first, and its acts are acts on that case:
its clocks (K28 to K33) run with the case's, its history is the case's. The time to report upward
runs from when the city knew: when the report came in, unless a person says when it was known. That
to tell the neighbours runs from when somebody found that it may reach them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from models.case import State
from models.db import emergencies as store
from models.db.emergencies import Call, Emergency, Notice, Report, Whole
from models.db.pool import Connection
from models.errors import Invalid
from routing import clocking
from routing.act import Act
from routing.emergency_facts import CROSSING, KNOWN, facts, going
from routing.emergency_list import NEIGHBOUR, listed, untold
from routing.emergency_verbs import (
    EmergencyCall,
    EndEmergency,
    GradeEmergency,
    JoinEmergency,
    OpenEmergency,
    ReportEmergency,
    Said,
    TellEmergency,
)
from routing.grading import grade
from routing.handling import refuse_twice, said
from routing.lifecycle import AT_WORK, Move
from routing.looking import moment
from routing.matter import Change, Effect, Matter
from routing.terms import triggers

_TOLD, _NEIGHBOURS = "emergency:told", "emergency:neighbour_told"
#: What the clock of the next report starts from.
_NEXT_DUE: Final = "emergency:report_due"
_REPORTED: Final = {
    "first": "emergency:reported_first",
    "follow": "emergency:reported_follow",
    "final": "emergency:reported_final",
}
_ANY: Final = tuple(
    state for state in State if state not in {State.NEW, State.REJECTED, State.MERGED}
)
#: A case that may be taken for an emergency: what is over tells of none.
_OPEN: Final = (State.SCREEN, *AT_WORK, State.TRANSFERRED)
_FEWEST: Final = 2
_EMERGENCY: Final = "P0"


async def seen(conn: Connection, matter: Matter, _request: Any) -> Whole | None:  # noqa: ANN401
    """Read the emergency that a case tells of."""
    return await store.of_case(conn, matter.case.city, matter.case.case_no)


async def seen_other(conn: Connection, matter: Matter, request: JoinEmergency) -> Any:  # noqa: ANN401
    """Read the case's own emergency and the one it shall join."""
    own = await store.of_case(conn, matter.case.city, matter.case.case_no)
    return own, await store.get(conn, matter.case.city, request.emergency_no)


def open_one(matter: Matter, request: OpenEmergency, change: Change) -> None:
    """Take a case for an emergency: everyone who must be told is listed, the clocks start."""
    if change.seen is not None:
        raise matter.conflict("emergency_open", "该件已列为突发事件。")
    known = triggers()[1]
    if request.trigger not in known:
        codes = "、".join(f"{one.code} {one.zh}" for one in known.values())
        raise Invalid("trigger_unknown", f"突发事件类别须为:{codes}。")
    event = Emergency(
        emergency_no=matter.case.case_no,
        trigger=request.trigger,
        level=request.level,
        water=request.water or request.trigger == "drinking_water",
        crossing=request.crossing or bool(request.neighbours),
        summary=said(request.summary, "summary_required", "列为突发事件须写明情况。"),
        known_at=_known(matter, request),
        opened_at=matter.at,
        opened_by=matter.actor.name,
    )
    notices = listed(matter, request, crossing=event.crossing)
    change.data |= facts(event) | {"trigger": event.trigger, "notices": len(notices)}
    _as_emergency(change)
    # Not by the event that is written now: they run from when it was known.
    change.starts += clocking.starts(
        *(matter.book, change.case, [], [KNOWN], event.known_at),
        held=matter.clocks,
        said={KNOWN: facts(event)},
    )
    if event.crossing:
        near = [one.addressee for one in untold(notices, NEIGHBOUR)]
        change.more_events.append((CROSSING, {"neighbours": near}))

    async def keep(conn: Connection, _change: Change) -> None:
        await store.open_one(conn, matter.case.city, event)
        await store.list_notices(conn, matter.case.city, event.emergency_no, notices)

    change.effects.append(keep)


def _known(matter: Matter, request: OpenEmergency) -> datetime:
    """Say since when the city knows: since the report, or since what was found later."""
    if request.known_at is None:
        return matter.case.received_at
    return moment(matter, request.known_at, "知晓")


def _as_emergency(change: Change) -> None:
    """Let a case that tells of an emergency have the time of one."""
    if change.case.urgency != _EMERGENCY:
        change.on_case(urgency=_EMERGENCY)
        change.facts_changed = True


def join(matter: Matter, request: JoinEmergency, change: Change) -> None:
    """Note that this case tells of an emergency that is known already."""
    own, other = change.seen
    if own is not None:
        raise matter.conflict("emergency_open", "该件已列为或并入突发事件。")
    if other is None or other.event.ended_at is not None:
        raise Invalid("emergency_unknown", "没有这个进行中的突发事件。")
    change.data["emergency_no"] = request.emergency_no
    _as_emergency(change)

    async def keep(conn: Connection, _change: Change) -> None:
        case = matter.case
        number, name = request.emergency_no, matter.actor.name
        await store.join(conn, case.city, case.case_no, number, matter.at, name)

    change.effects.append(keep)


def call(matter: Matter, request: EmergencyCall, change: Change) -> None:
    """Keep the record of a call between several parties."""
    event = going(matter, change)
    refuse_twice(matter, change)
    if len({line.strip() for line in request.lines} - {""}) < _FEWEST:
        raise Invalid("lines_required", "通话记录须写明通话各方(如 12345、119、承办单位)。")
    words = said(request.said, "said_required", "通话记录须写明内容和商定事项。")
    change.data |= {"lines": list(request.lines)}
    record = Call(n=0, at=matter.at, lines=request.lines, said=words, staff=matter.actor.name)
    change.effects.append(_kept(store.keep_call, event, record))


def tell(matter: Matter, request: TellEmergency, change: Change) -> None:
    """Note who has been told; once every neighbour is, their clock stops."""
    event = going(matter, change)
    notices: tuple[Notice, ...] = change.seen.notices
    numbers = {notice.n for notice in notices}
    wanted = set(request.notices)
    if not wanted or not wanted <= numbers:
        raise Invalid("notice_unknown", "通知名单中没有这个序号。")
    how = said(request.how, "how_required", "须写明通知方式。")
    change.data |= {"notices": sorted(wanted), "how": how}
    near = {notice.n for notice in notices if notice.kind == NEIGHBOUR}
    left = {notice.n for notice in untold(notices, NEIGHBOUR)} - wanted
    if near & wanted and not left:
        change.more_events.append((_NEIGHBOURS, {"notices": sorted(near)}))

    async def keep(conn: Connection, _change: Change) -> None:
        city, no = matter.case.city, event.emergency_no
        await store.tell(conn, city, no, sorted(wanted), matter.at, matter.actor.name, how)

    change.effects.append(keep)


def receive(matter: Matter, _request: Said, change: Change) -> None:
    """Let a unit say that it has the notice meant for it."""
    event = going(matter, change)
    mine = [notice.n for notice in change.seen.notices if notice.unit == matter.actor.unit]
    if not mine:
        raise matter.conflict("not_on_the_list", "本单位不在该事件的通知名单中。")
    change.data["notices"] = mine

    async def keep(conn: Connection, _change: Change) -> None:
        city, no = matter.case.city, event.emergency_no
        await store.receive(conn, city, no, mine, matter.at, matter.actor.name)

    change.effects.append(keep)


def arrive(matter: Matter, request: Said, change: Change) -> None:
    """Note that a unit is on the spot; the first arrival counts."""
    event = going(matter, change)
    change.data |= {"unit": matter.actor.unit} | ({"note": request.note} if request.note else {})

    async def keep(conn: Connection, _change: Change) -> None:
        await store.arrive(conn, matter.case.city, event.emergency_no, matter.at)

    change.effects.append(keep)


def report(matter: Matter, request: ReportEmergency, change: Change) -> None:
    """Report upward: first, then as often as needed and at least once a day, then finally."""
    event = going(matter, change)
    refuse_twice(matter, change)
    kinds = [one.kind for one in change.seen.reports]
    if (request.kind == "first") == ("first" in kinds) or "final" in kinds:
        detail = "报告须按初报、续报、终报的次序,初报、终报各一次。"
        raise matter.conflict("wrong_report", detail)
    if not request.addressees:
        raise Invalid("addressees_required", "须写明报告对象。")
    text = said(request.text, "text_required", "须写明报告内容。")
    change.event = _REPORTED[request.kind]
    change.data |= {"addressees": list(request.addressees), "level": event.level}
    if request.kind != "final":
        change.starts += clocking.starts(
            matter.book, change.case, [], [_NEXT_DUE], matter.at, held=matter.clocks
        )
    record = Report(
        n=0,
        kind=request.kind,
        at=matter.at,
        level=event.level,
        addressees=request.addressees,
        text=text,
        staff=matter.actor.name,
    )
    change.effects.append(_kept(store.keep_report, event, record))


def end(matter: Matter, request: EndEmergency, change: Change) -> None:
    """End an emergency: reported finally and everyone told, or lifted as a false alarm.

    A false alarm that nobody above has heard of needs no report; one that was reported is taken
    back by the final report.
    """
    event = going(matter, change)
    note = said(request.note, "note_required", "终止应急须写明处置结果。")
    kinds = [one.kind for one in change.seen.reports]
    if "final" not in kinds and not (request.false_alarm and not kinds):
        raise matter.conflict("final_report_missing", "尚未终报,不能终止应急。")
    left = [
        notice.addressee
        for notice in untold(change.seen.notices)
        if not request.false_alarm and (notice.kind != NEIGHBOUR or event.crossing)
    ]
    if left:
        raise matter.conflict("not_all_told", f"尚未通知:{'、'.join(left)}。")
    change.data |= {"note": note} | ({"false_alarm": True} if request.false_alarm else {})

    async def keep(conn: Connection, _change: Change) -> None:
        city, no, by = matter.case.city, event.emergency_no, matter.actor.name
        await store.end(conn, city, no, matter.at, by, false_alarm=request.false_alarm)

    change.effects.append(keep)


async def undone(conn: Connection, matter: Matter) -> list[str]:
    """Say that a case bears an emergency that goes on: it cannot be closed."""
    whole = await store.of_case(conn, matter.case.city, matter.case.case_no)
    goes_on = whole is not None and whole.event.ended_at is None
    return ["突发事件尚未终止"] if goes_on else []


async def bears_none(conn: Connection, matter: Matter, _request: Any) -> None:  # noqa: ANN401
    """Refuse to end a case in a way after which nobody could act on the emergency that it bears."""
    whole = await store.of_case(conn, matter.case.city, matter.case.case_no)
    event = whole.event if whole is not None else None
    if event and event.ended_at is None and event.emergency_no == matter.case.case_no:
        raise matter.conflict("emergency_open", "突发事件尚未终止,不能并案或不予受理。")


def _kept(write: Any, event: Emergency, record: msgspec.Struct) -> Effect:  # noqa: ANN401
    async def keep(conn: Connection, change: Change) -> None:
        await write(conn, change.case.city, event.emergency_no, record)

    return keep


def _act(  # noqa: PLR0917  # who, what and where read in this order
    who: Any,  # noqa: ANN401
    data: type[msgspec.Struct],
    event: str,
    do: Any,  # noqa: ANN401
    look: Any = seen,  # noqa: ANN401
    cases: tuple[State, ...] = _ANY,
) -> Act:
    return Act(Move(who=who, data=data, cases=cases, event=event), do, look)


ACTS: Final[Mapping[str, Act]] = {
    "open_emergency": _act("operator", OpenEmergency, "emergency:opened", open_one, seen, _OPEN),
    "join_emergency": _act(
        *("operator", JoinEmergency, "emergency:joined", join, seen_other, _OPEN)
    ),
    "emergency_call": _act("operator", EmergencyCall, "emergency:called", call),
    "tell_emergency": _act("operator", TellEmergency, _TOLD, tell),
    "receive_emergency": _act("unit", Said, "emergency:received", receive),
    "arrive_emergency": _act("unit", Said, "emergency:arrived", arrive),
    "grade_emergency": _act("operator", GradeEmergency, "emergency:graded", grade),
    "report_emergency": _act("operator", ReportEmergency, _REPORTED["follow"], report),
    "end_emergency": _act("operator", EndEmergency, "emergency:ended", end),
}
