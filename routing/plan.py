"""The clocks that a dispatch starts, with the platform's own closing time where it gave one."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from models.clock import ClockDef
from models.decision import ClockPlan, DayStep, Deadline, TraceStep
from models.moment import aware
from routing.catalogue import Catalogue
from routing.clocks import deadline
from routing.facts import Facts, family

#: The event verbs on which clocks start and stop that this module must know by name.
RECEIVED: Final = "case:received"
ACCEPTED: Final = "case:accepted"
DISPATCHED: Final = "case:dispatched"
CLOSED: Final = "case:closed"


def applies(clock: ClockDef, kind: str, channel: str) -> bool:
    """Tell whether a clock is one for that request type and channel (or its family)."""
    names = {channel, family(channel)}
    return (
        (not clock.kinds or kind in clock.kinds)
        and (not clock.channels or not names.isdisjoint(clock.channels))
        and names.isdisjoint(clock.not_channels)
    )


def is_closing(clock: ClockDef) -> bool:
    """Tell whether a clock is the promise to close the whole case."""
    return clock.scope == "case" and clock.stop == CLOSED


def starting(book: Catalogue, verbs: Collection[str], kind: str, channel: str) -> list[ClockDef]:
    """Name the clocks that events start for such a case and that none of them stops again."""
    return [
        clock
        for clock in book.clocks.values()
        if clock.start in verbs and clock.stop not in verbs and applies(clock, kind, channel)
    ]


def plan_clocks(
    book: Catalogue, facts: Facts, urgency: str
) -> tuple[tuple[ClockPlan, ...], list[TraceStep]]:
    """Plan the clocks that accepting and dispatching start, the platform's own time winning."""
    plans, steps = [], []
    for clock in starting(book, (ACCEPTED, DISPATCHED), facts.kind, facts.channel):
        counted = deadline(clock, facts.dispatched_at, urgency, book.calendar)
        stated = facts.source_due_at if is_closing(clock) else None
        due = as_stated(counted, stated)
        if due is not counted and due.due_at != counted.due_at:
            steps.append(_mismatch(book, clock, counted.due_at, due.due_at))
        plans.append(_plan(clock, due))
    return tuple(plans), steps


def as_stated(counted: Deadline, stated: datetime | None) -> Deadline:
    """Let the closing time that the platform gave win over our own count."""
    if stated is None:
        return counted
    due = aware(stated)
    step = DayStep(day=due.isoformat(), n=0, note="来单载明的办结时限,以来单为准")
    return msgspec.structs.replace(
        counted, due_at=due, provisional=False, trace=(*counted.trace, step)
    )


def _plan(clock: ClockDef, due: Deadline) -> ClockPlan:
    return ClockPlan(
        code=clock.code,
        due_at=due.due_at,
        calendar=due.calendar,
        provisional=due.provisional,
        trace=due.trace,
    )


def _mismatch(book: Catalogue, clock: ClockDef, counted: datetime, stated: datetime) -> TraceStep:
    ours, theirs = f"{counted:%Y-%m-%d %H:%M:%S}", f"{stated:%Y-%m-%d %H:%M:%S}"
    return TraceStep(
        tier="CLOCK",
        rule="calendar_mismatch",
        matched=True,
        effect=f"{clock.zh}:来单时限 {theirs},本地日历推算 {ours},以来单为准。",
        conditions={"clock": clock.code, "stated": theirs, "counted": ours},
        version=book.version,
    )
