"""Cases left out of the marks: asked for, approved by another person, under a ceiling (F36).

Due diligence is not punished: an unreasonable demand (as a person finds, NA9), force majeure and
what was put on the ledger and explained do not count. Each unit has a ceiling a month; the last
exclusion under it raises an alarm, none goes over it. What is left out is one closing of a case:
opened again and closed again, it counts, unless that is asked for anew.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from models.case import State
from models.db import exclusions as store
from models.db.exclusions import Exclusion
from models.db.pool import Connection
from models.moment import china_day
from routing.act import Act
from routing.formulas import measures
from routing.handling import said
from routing.lifecycle import Move
from routing.marks import month_from
from routing.matter import Change, Matter
from routing.plain import plain
from routing.verify_verbs import AskExclusion, DecideExclusion

ASKED: Final = "marks:exclusion:asked"
GRANTED: Final = "marks:exclusion:granted"
DENIED: Final = "marks:exclusion:denied"
REVOKED: Final = "marks:exclusion:revoked"
CEILING: Final = "marks:exclusion:ceiling"
_OVER: Final = (State.CLOSED, State.ARCHIVED)
CAUSES: Final = {
    "unreasonable": "不合理诉求",
    "force_majeure": "不可抗力",
    "explained": "已上报解释的挂账件",
}


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """Cases of a unit that are left out of a month, and whether its ceiling is reached."""

    unit: str
    cases: tuple[int, ...]
    causes: tuple[str, ...]
    ceiling: int
    reached: bool


class Seen(NamedTuple):
    """What was asked of a case, and how far the unit's ceiling of that month is used."""

    past: list[Exclusion]
    used: int = 0
    ceiling: int = 0

    @property
    def open(self) -> Exclusion | None:
        """What is asked and not settled."""
        return next((one for one in self.past if one.granted is None), None)


async def look(conn: Connection, matter: Matter, _request: Any) -> Seen:  # noqa: ANN401
    """Read what was asked of a case."""
    return Seen(await store.of_case(conn, matter.case))


async def look_ceiling(conn: Connection, matter: Matter, _request: Any) -> Seen:  # noqa: ANN401
    """Read what was asked and how far the ceiling is used, which nobody else settles meanwhile."""
    seen = Seen(await store.of_case(conn, matter.case))
    wish = seen.open
    if wish is None:
        return seen
    city = matter.case.city
    await store.hold_unit(conn, city, wish.unit)
    period = month_from(wish.month)
    closed = await store.closed(conn, city, [wish.unit], period.since, period.until)
    used = await store.used(conn, city, wish.unit, wish.month)
    return Seen(seen.past, used, measures().ceiling.of(closed[wish.unit]))


def ask(matter: Matter, request: AskExclusion, change: Change) -> None:
    """Ask that a closed case shall not count in its unit's marks."""
    seen: Seen = change.seen
    granted = any(one.granted and not _outdated(matter, one) for one in seen.past)
    if seen.open is not None or granted:
        raise matter.conflict("exclusion_asked", "该件已申请或已不纳入考核。")
    unit = matter.case.lead_unit
    if unit is None:
        raise matter.conflict("lead_required", "该件没有主办单位,不计入考核。")
    if matter.actor.unit not in {None, unit}:
        raise matter.conflict("lead_only", "只有主办单位可以申请。")
    reason = plain(said(request.reason, "reason_required", "须写明不纳入考核的理由。"))
    wish = Exclusion(
        case_no=matter.case.case_no,
        unit=unit,
        month=_month(matter),
        cause=request.cause,
        reason=reason,
        asked_by=matter.actor.name,
        asked_at=matter.at,
    )
    change.data |= {"cause": request.cause, "reason": reason}

    async def keep(conn: Connection, change: Change) -> None:
        await store.ask(conn, change.matter.case, wish)

    change.effects.append(keep)


def grant(matter: Matter, request: DecideExclusion, change: Change) -> None:
    """Leave a case out, up to the ceiling; the last one under it raises an alarm."""
    seen: Seen = change.seen
    wish = _wish(matter, seen)
    if _outdated(matter, wish):
        detail = "该申请针对此前的办结,该件此后已重办:请驳回,由主办单位重新申请。"
        raise matter.conflict("exclusion_outdated", detail)
    if seen.used >= seen.ceiling:
        detail = f"{matter.unit_name(wish.unit)}本月不纳入考核已达上限 {seen.ceiling} 件。"
        raise matter.conflict("exclusion_ceiling", detail)
    change.data |= {"cause": wish.cause, "note": request.note}
    if seen.used + 1 == seen.ceiling:
        alarm = {"unit": wish.unit, "month": str(wish.month), "ceiling": seen.ceiling}
        change.more_events.append((CEILING, alarm))
    _decided(matter, change, granted=True, note=request.note)


def deny(matter: Matter, request: DecideExclusion, change: Change) -> None:
    """Let a case count."""
    wish = _wish(matter, change.seen)
    note = said(request.note, "note_required", "驳回须写明意见。")
    change.data |= {"cause": wish.cause, "note": note}
    _decided(matter, change, granted=False, note=note)


def revoke(matter: Matter, request: DecideExclusion, change: Change) -> None:
    """Let a case count after all that was left out; its place under the ceiling is free again."""
    past: list[Exclusion] = change.seen.past
    granted = next((one for one in past if one.granted and not _outdated(matter, one)), None)
    if granted is None:
        raise matter.conflict("not_excluded", "该件没有不纳入考核。")
    if granted.asked_by == matter.actor.name:
        raise matter.conflict("second_person_needed", "须由申请人以外的人撤销。")
    note = said(request.note, "note_required", "撤销须写明意见。")
    change.data |= {"cause": granted.cause, "granted_by": granted.decided_by, "note": note}

    async def keep(conn: Connection, _change: Change) -> None:
        by, at = matter.actor.name, matter.at
        await store.revoke(conn, matter.case, granted.asked_at, by=by, at=at, note=plain(note))

    change.effects.append(keep)


def _month(matter: Matter) -> date:
    closed = matter.case.closed_at
    return china_day(closed or matter.at).replace(day=1)


def _wish(matter: Matter, seen: Seen) -> Exclusion:
    wish = seen.open
    if wish is None:
        raise matter.conflict("nothing_asked", "该件没有待审核的不纳入考核申请。")
    if wish.asked_by == matter.actor.name:
        raise matter.conflict("second_person_needed", "须由申请人以外的人审核。")
    return wish


def _outdated(matter: Matter, wish: Exclusion) -> bool:
    """Tell whether a case was closed again since a wish about it."""
    closed = matter.case.closed_at
    return closed is not None and wish.asked_at < closed


def _decided(matter: Matter, change: Change, *, granted: bool, note: str) -> None:
    async def keep(conn: Connection, _change: Change) -> None:
        by, at = matter.actor.name, matter.at
        await store.decide(conn, matter.case, granted=granted, by=by, at=at, note=plain(note))

    change.effects.append(keep)


async def used_in(conn: Connection, city: str, month: date) -> list[Used]:
    """Say of each unit with cases left out of a month which, and how far its ceiling is used."""
    granted = await store.granted_in(conn, city, month)
    period = month_from(month)
    units = sorted({one.unit for one in granted})
    closed = await store.closed(conn, city, units, period.since, period.until)
    found = []
    for unit in units:
        own = [one for one in granted if one.unit == unit]
        ceiling = measures().ceiling.of(closed[unit])
        used = Used(
            unit=unit,
            cases=tuple(one.case_no for one in own),
            causes=tuple(dict.fromkeys(one.cause for one in own)),
            ceiling=ceiling,
            reached=len(own) >= ceiling,
        )
        found.append(used)
    return found


ACTS: Final[Mapping[str, Act]] = {
    "ask_exclusion": Act(
        Move(who="anyone", data=AskExclusion, cases=_OVER, event=ASKED), ask, look
    ),
    "grant_exclusion": Act(
        Move(who="operator", data=DecideExclusion, cases=_OVER, event=GRANTED), grant, look_ceiling
    ),
    "deny_exclusion": Act(
        Move(who="operator", data=DecideExclusion, cases=_OVER, event=DENIED), deny, look
    ),
    "revoke_exclusion": Act(
        Move(who="operator", data=DecideExclusion, cases=_OVER, event=REVOKED), revoke, look
    ),
}
