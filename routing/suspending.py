"""Clocks that stand still: for listed reasons, by approval, up to a limit, and never forgotten.

A unit asks, the desk grants until a day; then the case's pausable clocks stand. They run on with
the time they had left when someone resumes them, or by themselves when the limit has passed. While
the citizen is asked for more, they stand at once, but only once and for three working days.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import dropwhile
from typing import Final

import msgspec

from models.case import Case, Event, State, TaskState
from models.clock import PauseReason, Span
from models.db import standing, verification
from models.db.clocks import Clock
from models.db.pool import Connection
from models.db.standing import Suspension
from models.errors import Invalid
from models.grid import Verified
from models.moment import aware, china_day
from routing import clocking
from routing.act import Act
from routing.clock_verbs import (
    AskSupplement,
    DenySuspension,
    GrantSuspension,
    NoteSupplement,
    Resume,
    Suspend,
)
from routing.clocks import deadline, show_span, span_clock
from routing.handling import said
from routing.lifecycle import AT_WORK, GONE, Move
from routing.matter import Change, Matter
from routing.pauses import SUPPLEMENT

SUSPENDED, ASKED = clocking.SUSPENDED
RESUMED: Final = "case:resumed"
GIVEN: Final = "case:supplement:given"
#: The refusal of a report that says too little (domain section 4.3, NA7).
_TOO_VAGUE: Final = "NA7"
#: What the grid found (routing.grid_checks).
_LOOKED: Final = ("grid:reported", "grid:reported:later")
_LED: Final = (State.DISPATCHED, State.IN_PROGRESS)
_WORKING: Final = (TaskState.SIGNED, TaskState.IN_PROGRESS)
_BEFORE_RESULT: Final = (State.SCREEN, State.ACCEPTED, *_LED)


async def look(conn: Connection, matter: Matter, _request: msgspec.Struct) -> list[Suspension]:
    """Read what suspensions were asked for the case."""
    return await standing.suspensions(conn, matter.case.city, matter.case.case_no)


async def not_suspended(conn: Connection, matter: Matter, request: msgspec.Struct) -> None:
    """Refuse to hand in the lead's result of a case whose clocks stand still."""
    if matter.lead is not None and matter.lead.unit == matter.actor.unit:
        await runs(conn, matter, request)


async def runs(_conn: Connection, matter: Matter, _request: msgspec.Struct) -> None:
    """Refuse what would leave clocks standing in a state in which nothing lets them run on."""
    if matter.case.suspended_at is not None:
        raise matter.conflict("suspended", f"该件{stood(matter.case, matter.at)},请先恢复计时。")


async def supplement_tried(conn: Connection, matter: Matter, request: msgspec.Struct) -> None:
    """Refuse to turn a report away as too vague before the citizen was asked and had the time.

    Where there is nobody to ask the grid's look stands for it; what the grid found is not vague.
    """
    if getattr(request, "code", None) != _TOO_VAGUE:
        return
    looked = [event for verb in _LOOKED for event in matter.past(verb)]
    if any(event.data.get("verified") == Verified.TRUE for event in looked):
        raise matter.conflict("grid_found_it", "网格核查已发现所反映情况,不得以线索不详不予受理。")
    asked = bool(matter.past(ASKED)) and matter.case.suspended_at is None
    if asked or (looked and not (await verification.standing(conn, matter.case)).callable):
        return
    detail = (
        "线索不详的,须先请诉求人补充,期限内未补充才可不予受理;"
        "没有联系方式的,须先由网格按最近的道路路口核查。"
    )
    raise matter.conflict("supplement_first", detail)


def stood(case: Case, at: datetime) -> str:
    """Say for how long the clocks of a case have stood still; "" where they run."""
    if case.suspended_at is None:
        return ""
    return f"已停表第 {(china_day(at) - china_day(case.suspended_at)).days + 1} 天"


def suspend(matter: Matter, request: Suspend, change: Change) -> None:
    """Ask that the clocks stand still, or stand still for longer."""
    reason = reason_of(matter, request.reason)
    if not reason.asked:
        raise Invalid("pause_reason_unknown", f"“{reason.zh}”不能申请停表,请用对应的操作。")
    ends_when = said(request.ends_when, "condition_required", "申请停表须写明解除条件。")
    past: list[Suspension] = change.seen
    if any(one.state == "requested" for one in past):
        raise matter.conflict("suspension_pending", "已有停表申请待审批。")
    _may_stand(matter, reason, past)
    days = reason.limit.n if request.days is None else request.days
    if not 0 < days <= reason.limit.n:
        raise Invalid("suspension_too_long", f"停表一次不超过 {show_span(reason.limit)}。")
    asked = _asked(matter, past, reason.code, ends_when)
    asked = msgspec.structs.replace(asked, days=days)
    change.data |= {"pause": reason.code, "reason": reason.zh, "ends_when": ends_when, "days": days}
    change.effects.append(lambda conn, _: standing.ask_suspension(conn, matter.case, asked))


def grant(matter: Matter, request: GrantSuspension, change: Change) -> None:
    """Let the clocks stand still until a day; what stood still already goes on to do so."""
    asked = _waiting(matter, change)
    reason = reason_of(matter, asked.reason)
    most = asked.days or reason.limit.n
    days = most if request.days is None else request.days
    if not 0 < days <= most:
        raise Invalid("suspension_too_long", "批准的停表不能长于申请。")
    span = msgspec.structs.replace(reason.limit, n=days)
    decided = _decided(matter, asked, "granted", request.note, until_of(matter, span))
    _stand(matter, change, reason)
    change.data |= {"reason": reason.zh, "until": _shown(decided.until), "pause": reason.code}

    async def keep(conn: Connection, _change: Change) -> None:
        await standing.end_suspensions(conn, matter.case, matter.at, "prolonged", but=asked.n)
        await standing.decide_suspension(conn, matter.case, decided)

    change.effects.append(keep)


def deny(matter: Matter, request: DenySuspension, change: Change) -> None:
    """Deny a suspension: the clocks run on."""
    note = said(request.note, "note_required", "不同意停表须写明意见。")
    decided = _decided(matter, _waiting(matter, change), "denied", note, None)
    change.data["note"] = note
    change.effects.append(lambda conn, _: standing.decide_suspension(conn, matter.case, decided))


def resume(matter: Matter, request: Resume, change: Change) -> None:
    """Let the clocks run on, each with the time that was left."""
    reason = said(request.reason, "reason_required", "恢复计时须写明理由。")
    lapsed = matter.actor.unit is None and matter.actor.kind == "system"
    _run_on(matter, change, "lapsed" if lapsed else "resumed")
    change.data["reason"] = reason


def ask_supplement(matter: Matter, request: AskSupplement, change: Change) -> None:
    """Ask the citizen for what is missing: the clocks stand until it comes, or three days."""
    question = said(request.question, "question_required", "须写明请诉求人补充什么。")
    _only_lead(matter)
    reason = reason_of(matter, SUPPLEMENT)
    past: list[Suspension] = change.seen
    if matter.case.suspended_at is not None:
        raise matter.conflict("suspended", f"该件{stood(matter.case, matter.at)}。")
    if reason.times and sum(one.reason == SUPPLEMENT for one in past) >= reason.times:
        raise matter.conflict("supplement_asked", f"只能请诉求人补充 {reason.times} 次。")
    _stand(matter, change, reason)
    until = until_of(matter, reason.limit)
    asked = _asked(matter, past, SUPPLEMENT, question)
    holds = _decided(matter, asked, "granted", "", until)
    change.data |= {"note": question, "until": _shown(until), "pause": SUPPLEMENT}
    change.effects.append(lambda conn, _: standing.ask_suspension(conn, matter.case, holds))


def note_supplement(matter: Matter, request: NoteSupplement, change: Change) -> None:
    """Note what the citizen added; the clocks run on."""
    text = said(request.text, "text_required", "须写明诉求人补充的内容。")
    _only_lead(matter)
    past: list[Suspension] = change.seen
    if not any(one.state == "granted" and one.reason == SUPPLEMENT for one in past):
        raise matter.conflict("no_supplement_pending", "没有等待诉求人补充的事项。")
    _run_on(matter, change, "given")
    change.data["note"] = text


def _stand(matter: Matter, change: Change, reason: PauseReason) -> None:
    """Stop the clocks that stand still for the reason, unless the case stands still already."""
    if matter.case.suspended_at is not None:
        return
    change.on_case(suspended_at=matter.at)
    change.stops += [(clock, change.event) for clock in _pausable(matter, reason)]


def _run_on(matter: Matter, change: Change, why: str) -> None:
    since = matter.case.suspended_at
    if since is None:
        raise matter.conflict("not_suspended", "该件没有停表。")
    gone = {task.task_no for task in matter.tasks if task.state in GONE}
    still = [
        clock
        for clock in matter.clocks
        if clock.stop_reason in clocking.SUSPENDED
        and clock.stopped_at == since
        and clock.task_no not in gone
        and not _ended(matter, clock, since)
    ]
    change.starts += [clocking.resumed(matter.book, matter.case, c, matter.at) for c in still]
    change.data |= {"since": aware(since).isoformat(), "why": why}
    change.on_case(suspended_at=None)
    change.effects.append(
        lambda conn, _: standing.end_suspensions(conn, matter.case, matter.at, why)
    )


def _begins(event: Event, since: datetime) -> bool:
    return event.verb in clocking.SUSPENDED and event.at >= since


def _ended(matter: Matter, clock: Clock, since: datetime) -> bool:
    """Tell whether what a clock waits for has happened while it stood: a helper has replied."""
    known = matter.book.clocks.get(clock.code)
    return known is not None and any(
        event.verb in known.stops and clock.task_no in (0, event.data.get("task_no"))
        for event in dropwhile(lambda event: not _begins(event, since), matter.history)
    )


def _pausable(matter: Matter, reason: PauseReason) -> list[Clock]:
    clocks = matter.book.clocks
    return [c for c in matter.running if c.code in clocks and reason.code in clocks[c.code].pause]


def _may_stand(matter: Matter, reason: PauseReason, past: Sequence[Suspension]) -> None:
    times = sum(one.reason == reason.code and one.state != "denied" for one in past)
    if reason.times and times >= reason.times:
        raise matter.conflict("suspension_limit", f"因“{reason.zh}”停表最多 {reason.times} 次。")
    if matter.case.suspended_at is None and not _pausable(matter, reason):
        detail = f"没有可因“{reason.zh}”停表的时限在计时。"
        raise matter.conflict("nothing_to_suspend", detail)


def _only_lead(matter: Matter) -> None:
    """Let the desk act, and of the units only the lead."""
    unit = matter.actor.unit
    if unit is not None and (matter.lead is None or matter.lead.unit != unit):
        raise matter.conflict("lead_only", "只有主办单位可以做这个操作。")


def reason_of(matter: Matter, code: str) -> PauseReason:
    """Give the reason of a code; Invalid for one that the city does not know."""
    found = matter.book.pauses.get(code)
    if found is None:
        known = "、".join(f"{r.code} {r.zh}" for r in matter.book.pauses.values() if r.asked)
        raise Invalid("pause_reason_unknown", f"停表理由须为:{known}。")
    return found


def _asked(matter: Matter, past: Sequence[Suspension], code: str, ends_when: str) -> Suspension:
    return Suspension(
        n=len(past) + 1,
        reason=code,
        ends_when=ends_when,
        state="requested",
        asked_at=matter.at,
        asked_by=matter.actor.name,
        unit=matter.actor.unit,
    )


def _decided(
    matter: Matter, asked: Suspension, state: str, note: str, until: datetime | None
) -> Suspension:
    return msgspec.structs.replace(
        asked,
        state=state,
        decided_at=matter.at,
        decided_by=matter.actor.name,
        note=note,
        until=until,
    )


def _waiting(matter: Matter, change: Change) -> Suspension:
    past: list[Suspension] = change.seen
    found = next((one for one in past if one.state == "requested"), None)
    if found is None:
        raise matter.conflict("no_suspension_pending", "没有待审批的停表申请。")
    return found


def until_of(matter: Matter, span: Span) -> datetime:
    """Give the end of the last day of a span that begins now."""
    clock = span_clock(span, roll=False)
    return deadline(clock, matter.at, None, matter.book.calendar).due_at


def _shown(until: datetime | None) -> str | None:
    return aware(until).isoformat() if until else None


ACTS: Final[Mapping[str, Act]] = {
    "suspend": Act(
        Move(
            who="unit",
            data=Suspend,
            cases=_LED,
            tasks=_WORKING,
            lead_only=True,
            event="case:suspension:requested",
        ),
        suspend,
        look,
    ),
    "grant_suspension": Act(
        Move(who="operator", data=GrantSuspension, cases=_LED, event=SUSPENDED), grant, look
    ),
    "deny_suspension": Act(
        Move(who="operator", data=DenySuspension, cases=AT_WORK, event="case:suspension:denied"),
        deny,
        look,
    ),
    "resume": Act(
        Move(who="operator", data=Resume, cases=_BEFORE_RESULT, event=RESUMED, by_system=True),
        resume,
        look,
    ),
    "ask_supplement": Act(
        Move(who="anyone", data=AskSupplement, cases=_BEFORE_RESULT, event=ASKED),
        ask_supplement,
        look,
    ),
    "note_supplement": Act(
        Move(who="anyone", data=NoteSupplement, cases=_BEFORE_RESULT, event=GIVEN, by_system=True),
        note_supplement,
        look,
    ),
}
