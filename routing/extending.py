"""Longer time for a promise: asked before it ends, approved before it ends, as often as allowed.

K15: the unit asks at least a working day before the end and has told the citizen; each extension is
at most a part of the clock's own span, and all of them together have a ceiling (the clock's data).
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from models.case import State, TaskState
from models.clock import ClockDef, Shift, Span
from models.clock import Extension as Terms
from models.db import standing
from models.db.clocks import Clock
from models.db.pool import Connection
from models.db.standing import Extension
from models.errors import Invalid
from models.moment import aware
from routing import clocking
from routing.act import Act
from routing.clock_verbs import DenyExtension, ExtendOwn, GrantExtension, RequestExtension
from routing.clocking import basis_of_running
from routing.clocks import left, show_span, span_of
from routing.handling import said
from routing.lifecycle import AT_WORK, Move
from routing.matter import Change, Matter
from routing.verbs import ReplyMethod

_EXTENSION: Final = "extension"
GRANTED: Final = "case:extension:granted"
_LED: Final = (State.DISPATCHED, State.IN_PROGRESS)
_HANDLED: Final = tuple(state for state in State if state is not State.NEW)
_WORKING: Final = (TaskState.SIGNED, TaskState.IN_PROGRESS)


async def look(conn: Connection, matter: Matter, _request: msgspec.Struct) -> list[Extension]:
    """Read what extensions were asked for the case."""
    return await standing.extensions(conn, matter.case.city, matter.case.case_no)


def request(matter: Matter, request: RequestExtension, change: Change) -> None:
    """Ask for more time to close the case."""
    reason = said(request.reason, "reason_required", "申请延期须写明理由。")
    if request.told is ReplyMethod.NONE:
        raise Invalid("citizen_not_told", "申请延期前须已向诉求人说明。")
    past: list[Extension] = change.seen
    clock, known = _promise(matter)
    terms = _terms(known)
    _in_time(matter, clock, terms)
    span = Span(n=request.n, unit=_unit(clock, known))
    _within(matter, known, terms, span, past)
    asked = Extension(
        n=len(past) + 1,
        code=clock.code,
        span_n=span.n,
        span_unit=span.unit,
        reason=reason,
        told=f"{request.told.value}:{request.told_note.strip()}".rstrip(":"),
        state="requested",
        asked_at=matter.at,
        asked_by=matter.actor.name,
        unit=matter.actor.unit or "",
        due_before=clock.due_at,
    )
    change.data |= {"code": clock.code, "n": span.n, "unit_of_time": span.unit, "reason": reason}
    change.data |= {"told": request.told.value, "due_at": aware(clock.due_at).isoformat()}
    change.effects.append(lambda conn, _: standing.ask_extension(conn, matter.case, asked))


def grant(matter: Matter, request: GrantExtension, change: Change) -> None:
    """Approve an extension before the clock has run out: it goes on with its later end."""
    asked = _waiting(matter, change)
    clock = running_of(matter, asked.code)
    if clock.due_at <= matter.at:
        raise matter.conflict("promise_over", "时限已到期,不能再批准延期。")
    span = asked.span if request.n is None else Span(n=request.n, unit=asked.span_unit)
    if not 0 < span.n <= asked.span.n:
        raise Invalid("extension_too_long", f"批准的延期应为 1 至 {asked.span.n}。")
    longer = _prolong(matter, change, clock, span)
    decided = msgspec.structs.replace(
        asked,
        state="granted",
        decided_at=matter.at,
        decided_by=matter.actor.name,
        note=request.note,
        due_after=longer.due_at,
    )
    change.data |= {"note": request.note} if request.note else {}
    change.effects.append(lambda conn, _: standing.decide_extension(conn, matter.case, decided))


def deny(matter: Matter, request: DenyExtension, change: Change) -> None:
    """Deny an extension: the promise stays as it is."""
    note = said(request.note, "note_required", "不同意延期须写明意见。")
    asked = _waiting(matter, change)
    decided = msgspec.structs.replace(
        asked, state="denied", decided_at=matter.at, decided_by=matter.actor.name, note=note
    )
    change.data |= {"code": asked.code, "note": note}
    change.effects.append(lambda conn, _: standing.decide_extension(conn, matter.case, decided))


def extend_own(matter: Matter, request: ExtendOwn, change: Change) -> None:
    """Prolong a clock of the desk's own, as the law or the city allows it."""
    reason = said(request.reason, "reason_required", "延期须写明理由。")
    clock = running_of(matter, request.code)
    known = matter.book.clocks[clock.code]
    terms = _terms(known)
    if not known.desk:
        raise matter.conflict("not_desks_clock", "该时限由承办单位申请延期。")
    _in_time(matter, clock, terms)
    span = Span(n=request.n, unit=_unit(clock, known))
    before = sum(shift.kind == _EXTENSION for shift in basis_of_running(matter.book, clock).shifts)
    if before >= terms.times or (terms.each and span.n > terms.each.n) or span.n < 1:
        raise matter.conflict("extension_limit", _allowed(known, terms, matter.case.urgency))
    _prolong(matter, change, clock, span)
    change.data["reason"] = reason


def _prolong(matter: Matter, change: Change, clock: Clock, span: Span) -> Clock:
    shift = Shift(kind=_EXTENSION, start=matter.at, span=span)
    longer = clocking.continued(matter.book, matter.case, clock, matter.at, shift)
    change.stops.append((clock, change.event))
    change.starts.append(longer)
    change.data |= {"code": clock.code, "n": span.n, "unit_of_time": span.unit}
    change.data |= {"was": aware(clock.due_at).isoformat(), "due_at": longer.due_at.isoformat()}
    return longer


def _promise(matter: Matter) -> tuple[Clock, ClockDef]:
    running = clocking.closing(matter.book, matter.running)
    if not running:
        raise matter.conflict("no_promise_runs", "没有正在计时的办结时限(可能已停表或已提交)。")
    clock = min(running, key=lambda clock: clock.due_at)
    return clock, matter.book.clocks[clock.code]


def running_of(matter: Matter, code: str) -> Clock:
    """Give the running clock of a code; Conflict where none runs."""
    found = next((clock for clock in matter.running if clock.code == code), None)
    if found is None:
        raise matter.conflict("clock_not_running", f"时限 {code} 没有在计时。")
    return found


def _terms(known: ClockDef) -> Terms:
    if known.extension is None or known.extension.times < 1:
        raise Invalid("not_extensible", f"{known.zh}的时限不得延长。")
    return known.extension


def _unit(clock: Clock, known: ClockDef) -> str:
    """Give the unit that an extension is counted in: working or natural days, hours for hours."""
    each = known.extension.each if known.extension else None
    return each.unit if each and clock.calendar != "H" else clock.calendar


def _in_time(matter: Matter, clock: Clock, terms: Terms) -> None:
    if clock.calendar != "H" and left(clock.due_at, terms.ahead, matter.book.calendar) < matter.at:
        raise matter.conflict(
            "extension_too_late", f"延期须在到期前至少 {show_span(terms.ahead)}申请。"
        )
    if clock.due_at <= matter.at:
        raise matter.conflict("promise_over", "时限已到期,不能再申请延期。")


def _within(
    matter: Matter, known: ClockDef, terms: Terms, span: Span, past: list[Extension]
) -> None:
    """Refuse what is more, or more often, than the clock allows."""
    if any(one.state == "requested" for one in past):
        raise matter.conflict("extension_pending", "已有延期申请待审批。")
    granted = [one for one in past if one.state == "granted" and one.code == known.code]
    total = span.n + sum(one.span_n for one in granted)
    most = _most(known, terms, matter.case.urgency)
    over = terms.total is not None and total > terms.total.n
    if span.n < 1 or span.n > most or over or len(granted) >= terms.times:
        raise matter.conflict("extension_limit", _allowed(known, terms, matter.case.urgency))


def _most(known: ClockDef, terms: Terms, urgency: str | None) -> int:
    """Give the longest extension at a time: a part of the clock's own span, at least one."""
    if terms.each is not None:
        return terms.each.n
    return max(int(span_of(known, urgency).n * (terms.part or 0)), 1)


def _allowed(known: ClockDef, terms: Terms, urgency: str | None) -> str:
    unit = terms.each.unit if terms.each else known.ordinary.unit
    most = show_span(Span(n=_most(known, terms, urgency), unit=unit))
    total = f",累计不超过 {show_span(terms.total)}" if terms.total else ""
    return f"{known.zh}最多延期 {terms.times} 次,每次不超过 {most}{total}。"


def _waiting(matter: Matter, change: Change) -> Extension:
    past: list[Extension] = change.seen
    found = next((one for one in past if one.state == "requested"), None)
    if found is None:
        raise matter.conflict("no_extension_pending", "没有待审批的延期申请。")
    return found


ACTS: Final[Mapping[str, Act]] = {
    "request_extension": Act(
        Move(
            who="unit",
            data=RequestExtension,
            cases=_LED,
            tasks=_WORKING,
            lead_only=True,
            event="case:extension:requested",
        ),
        request,
        look,
    ),
    "grant_extension": Act(
        Move(who="operator", data=GrantExtension, cases=_LED, event=GRANTED), grant, look
    ),
    "deny_extension": Act(
        Move(who="operator", data=DenyExtension, cases=AT_WORK, event="case:extension:denied"),
        deny,
        look,
    ),
    "extend_clock": Act(
        Move(who="operator", data=ExtendOwn, cases=_HANDLED, event="clock:extended"),
        extend_own,
    ),
}
