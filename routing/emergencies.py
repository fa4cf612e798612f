"""Emergencies: events apart from the cases that tell of them, always opened by a person (F66, F67).

An emergency bears the number of the case that told of it first, and its acts are acts on that case:
its clocks (K28 to K33) run with the case's, its history is the case's. The time to report upward
runs from when the city knew, which is when the report came in.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from models.case import State
from models.db import emergencies as store
from models.db.emergencies import Call, Emergency, Notice, Report, Whole
from models.db.pool import Connection
from models.errors import Invalid
from models.taxonomy import ROLES
from routing import clocking
from routing.act import Act
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
from routing.handling import said
from routing.lifecycle import Move
from routing.matter import Change, Effect, Matter
from routing.terms import triggers

#: What the clocks start from: not when it was noted but when it was known.
KNOWN: Final = "emergency:known"
_TOLD, _NEIGHBOURS = "emergency:told", "emergency:neighbour_told"
_REPORTED: Final = {
    "first": "emergency:reported_first",
    "follow": "emergency:reported_follow",
    "final": "emergency:reported_final",
}
_ANY: Final = tuple(
    state for state in State if state not in {State.NEW, State.REJECTED, State.MERGED}
)
_FEWEST: Final = 2
#: The clocks that a new grade counts again from when it was known.
_TELL_NEAR: Final = "K33"
_BY_GRADE: Final = ("K28", "K29", "K31", _TELL_NEAR)
_NEAR: Final = "neighbour"


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
        crossing=request.crossing,
        summary=said(request.summary, "summary_required", "列为突发事件须写明情况。"),
        known_at=matter.case.received_at,
        opened_at=matter.at,
        opened_by=matter.actor.name,
    )
    notices = _notices(matter, request)
    change.data |= _facts(event) | {"trigger": event.trigger, "notices": len(notices)}
    if matter.case.urgency != "P0":
        change.on_case(urgency="P0")
        change.facts_changed = True
    _clocks_from(matter, change, event)

    async def keep(conn: Connection, _change: Change) -> None:
        await store.open_one(conn, matter.case.city, event)
        await store.list_notices(conn, matter.case.city, event.emergency_no, notices)

    change.effects.append(keep)


def _facts(event: Emergency) -> dict[str, Any]:
    """Say of an emergency what its clocks ask for."""
    plain = {True: "true", False: "false"}
    return {
        "level": event.level,
        "water": plain[event.water],
        "crossing": plain[event.crossing],
    }


def _clocks_from(matter: Matter, change: Change, event: Emergency) -> None:
    """Start the clocks of what is known from when it was known, not from when it was noted."""
    known = {KNOWN: _facts(event)}
    change.starts += clocking.starts(
        matter.book, change.case, [], [KNOWN], event.known_at, held=matter.clocks, said=known
    )


def _notices(matter: Matter, request: OpenEmergency) -> list[Notice]:
    """List who is told: by what set it off, and whoever was to help, also those outside the city.

    A helper outside the city's government gets no task: the list is where it is told.
    """
    every, known = triggers()
    case = matter.case
    helpers = [part.role for part in case.decision.cooperating] if case.decision else []
    place = matter.book.directory.place(case.adcode, case.township, case.zone, matter.at.date())
    told: list[tuple[str, str, str | None, str]] = []
    for role in dict.fromkeys((*every.roles, *known[request.trigger].roles, *helpers)):
        unit = matter.book.directory.find(role, place, matter.at.date()).unit
        told.append(("unit", role, unit.code if unit else None, _name(role, unit)))
    told += [("superior", "", None, name) for name in every.superiors]
    told += _neighbours(request.neighbours, request.crossing)
    units = [unit for _, _, unit, _ in told]
    return [
        Notice(n=number, kind=kind, role=role, unit=unit, addressee=name)
        for number, (kind, role, unit, name) in enumerate(told, 1)
        if unit is None or units.index(unit) == number - 1
    ]


def _further(notices: Sequence[Notice], names: tuple[str, ...], *, crossing: bool) -> list[Notice]:
    """List the neighbours named later; what crosses a border has one on the list in any case."""
    listed = any(notice.kind == _NEAR for notice in notices)
    found = _neighbours(names, crossing and not listed)
    return [
        Notice(n=number, kind=kind, role="", unit=None, addressee=name)
        for number, (kind, _, _, name) in enumerate(found, len(notices) + 1)
    ]


def _name(role: str, unit: Any) -> str:  # noqa: ANN401
    if unit is not None:
        return str(unit.name)
    known = ROLES.get(role)
    return known.zh if known else role


def _neighbours(names: tuple[str, ...], crossing: bool) -> list[tuple[str, str, str | None, str]]:
    listed = names or (("可能受影响的相邻、下游地区",) if crossing else ())
    return [(_NEAR, "", None, name) for name in listed]


def join(matter: Matter, request: JoinEmergency, change: Change) -> None:
    """Note that this case tells of an emergency that is known already."""
    own, other = change.seen
    if own is not None:
        raise matter.conflict("emergency_open", "该件已列为或并入突发事件。")
    if other is None or other.event.ended_at is not None:
        raise Invalid("emergency_unknown", "没有这个进行中的突发事件。")
    change.data["emergency_no"] = request.emergency_no

    async def keep(conn: Connection, _change: Change) -> None:
        case = matter.case
        number, name = request.emergency_no, matter.actor.name
        await store.join(conn, case.city, case.case_no, number, matter.at, name)

    change.effects.append(keep)


def call(matter: Matter, request: EmergencyCall, change: Change) -> None:
    """Keep the record of a call between several parties."""
    event = _open(matter, change)
    if len(request.lines) < _FEWEST:
        raise Invalid("lines_required", "通话记录须写明通话各方(如 12345、119、承办单位)。")
    words = said(request.said, "said_required", "通话记录须写明内容和商定事项。")
    change.data |= {"lines": list(request.lines)}
    record = Call(n=0, at=matter.at, lines=request.lines, said=words, staff=matter.actor.name)
    change.effects.append(_kept(store.keep_call, event, record))


def tell(matter: Matter, request: TellEmergency, change: Change) -> None:
    """Note who has been told; once every neighbour is, their clock stops."""
    event = _open(matter, change)
    notices: tuple[Notice, ...] = change.seen.notices
    numbers = {notice.n for notice in notices}
    wanted = set(request.notices)
    if not wanted or not wanted <= numbers:
        raise Invalid("notice_unknown", "通知名单中没有这个序号。")
    how = said(request.how, "how_required", "须写明通知方式。")
    change.data |= {"notices": sorted(wanted), "how": how}
    near = {notice.n for notice in notices if notice.kind == _NEAR}
    left = {n.n for n in notices if n.kind == _NEAR and n.told_at is None} - wanted
    if near & wanted and not left:
        change.more_events.append((_NEIGHBOURS, {"notices": sorted(near)}))

    async def keep(conn: Connection, _change: Change) -> None:
        city, no = matter.case.city, event.emergency_no
        await store.tell(conn, city, no, sorted(wanted), matter.at, matter.actor.name, how)

    change.effects.append(keep)


def receive(matter: Matter, _request: Said, change: Change) -> None:
    """Let a unit say that it has the notice meant for it."""
    event = _open(matter, change)
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
    event = _open(matter, change)
    change.data |= {"unit": matter.actor.unit} | ({"note": request.note} if request.note else {})

    async def keep(conn: Connection, _change: Change) -> None:
        await store.arrive(conn, matter.case.city, event.emergency_no, matter.at)

    change.effects.append(keep)


def grade(matter: Matter, request: GradeEmergency, change: Change) -> None:
    """Set what is known by now; the time to report is counted again from when it was known."""
    event = _open(matter, change)
    given = {
        name: value
        for name in ("level", "water", "crossing")
        if (value := getattr(request, name)) is not None
    }
    graded = msgspec.structs.replace(event, **given)
    reason = said(request.reason, "reason_required", "定级须写明依据。")
    change.data |= _facts(graded) | {"reason": reason}
    reported = any(report.kind == "first" for report in change.seen.reports)
    by_grade = [c for c in matter.running if c.code in _BY_GRADE and not reported]
    wanted = clocking.starts(
        matter.book,
        change.case,
        [],
        [KNOWN],
        event.known_at,
        held=matter.clocks,
        said={KNOWN: _facts(graded)},
    )
    running = {clock.code for clock in matter.running}
    codes = {clock.code for clock in wanted}
    change.stops += [(clock, change.event) for clock in by_grade if clock.code not in codes]
    added = _further(change.seen.notices, request.neighbours, crossing=graded.crossing)
    untold = [n for n in (*change.seen.notices, *added) if n.kind == _NEAR and n.told_at is None]
    fresh = [c for c in wanted if c.code in _BY_GRADE and c.code not in running]
    change.starts += [c for c in fresh if (untold if c.code == _TELL_NEAR else not reported)]

    async def keep(conn: Connection, _change: Change) -> None:
        await store.grade(conn, matter.case.city, graded)
        await store.list_notices(conn, matter.case.city, event.emergency_no, added)

    change.effects.append(keep)


def report(matter: Matter, request: ReportEmergency, change: Change) -> None:
    """Report upward: first, then as often as needed, then finally."""
    event = _open(matter, change)
    kinds = [one.kind for one in change.seen.reports]
    if (request.kind == "first") == ("first" in kinds) or "final" in kinds:
        detail = "报告须按初报、续报、终报的次序,初报、终报各一次。"
        raise matter.conflict("wrong_report", detail)
    if not request.addressees:
        raise Invalid("addressees_required", "须写明报告对象。")
    text = said(request.text, "text_required", "须写明报告内容。")
    change.event = _REPORTED[request.kind]
    change.data |= {"addressees": list(request.addressees), "level": event.level}
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
    """End an emergency: reported finally, and everyone on the list told."""
    event = _open(matter, change)
    note = said(request.note, "note_required", "终止应急须写明处置结果。")
    if all(one.kind != "final" for one in change.seen.reports):
        raise matter.conflict("final_report_missing", "尚未终报,不能终止应急。")
    untold = [notice.addressee for notice in change.seen.notices if notice.told_at is None]
    if untold:
        raise matter.conflict("not_all_told", f"尚未通知:{'、'.join(untold)}。")
    change.data["note"] = note

    async def keep(conn: Connection, _change: Change) -> None:
        city, no = matter.case.city, event.emergency_no
        await store.end(conn, city, no, matter.at, matter.actor.name)

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


def _open(matter: Matter, change: Change) -> Emergency:
    """Give the emergency that this case bears, while it goes on."""
    whole: Whole | None = change.seen
    if whole is None or whole.event.ended_at is not None:
        raise matter.conflict("no_emergency", "该件不是进行中的突发事件。")
    if whole.event.emergency_no != matter.case.case_no:
        number = whole.event.emergency_no
        raise matter.conflict("other_case_bears_it", f"请在首个工单 {number} 上操作该突发事件。")
    return whole.event


def _kept(write: Any, event: Emergency, record: msgspec.Struct) -> Effect:  # noqa: ANN401
    async def keep(conn: Connection, change: Change) -> None:
        await write(conn, change.case.city, event.emergency_no, record)

    return keep


def _act(who: Any, data: type[msgspec.Struct], event: str, do: Any, look: Any = seen) -> Act:  # noqa: ANN401
    return Act(Move(who=who, data=data, cases=_ANY, event=event), do, look)


ACTS: Final[Mapping[str, Act]] = {
    "open_emergency": _act("operator", OpenEmergency, "emergency:opened", open_one),
    "join_emergency": _act("operator", JoinEmergency, "emergency:joined", join, seen_other),
    "emergency_call": _act("operator", EmergencyCall, "emergency:called", call),
    "tell_emergency": _act("operator", TellEmergency, _TOLD, tell),
    "receive_emergency": _act("unit", Said, "emergency:received", receive),
    "arrive_emergency": _act("unit", Said, "emergency:arrived", arrive),
    "grade_emergency": _act("operator", GradeEmergency, "emergency:graded", grade),
    "report_emergency": _act("operator", ReportEmergency, _REPORTED["follow"], report),
    "end_emergency": _act("operator", EndEmergency, "emergency:ended", end),
}
