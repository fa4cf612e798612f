"""The clocks that a dispatch starts, with the platform's own closing time where it gave one."""

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from models.clock import ClockDef
from models.decision import ClockPlan, Deadline, Decision, TraceStep
from routing.catalogue import Catalogue
from routing.clocks import as_stated, deadline
from routing.facts import Facts, family
from routing.pacing import paced

#: The event verbs on which clocks start and stop that this module must know by name.
RECEIVED: Final = "case:received"
ACCEPTED: Final = "case:accepted"
DISPATCHED: Final = "case:dispatched"
CLOSED: Final = "case:closed"
#: The request type and the family of channels whose clocks are those of petitions (F10).
PETITION: Final = "XF"
_MOST_KEPT: Final = 1000
_DISPATCH: Final = frozenset((ACCEPTED, DISPATCHED))
_SAID_NOTHING: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
_TRACING: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {DISPATCHED: MappingProxyType({"tracing": True})}
)


def applies(clock: ClockDef, kind: str, channel: str) -> bool:
    """Tell whether a clock is one for that request type and channel (or its family)."""
    names = {channel, family(channel)} | ({PETITION} if kind == PETITION else set())
    return (
        (not clock.kinds or kind in clock.kinds)
        and (not clock.channels or not names.isdisjoint(clock.channels))
        and names.isdisjoint(clock.not_channels)
    )


def is_closing(clock: ClockDef) -> bool:
    """Tell whether a clock is the promise to close the whole case."""
    return clock.scope == "case" and clock.stop == CLOSED


def starting(
    book: Catalogue,
    verbs: Collection[str],
    kind: str,
    channel: str,
    said: Mapping[str, Mapping[str, Any]] = _SAID_NOTHING,
) -> list[ClockDef]:
    """Name the clocks that events start for such a case and that none of them stops again.

    `said` is what the events say, by verb, for clocks that ask for it.
    """
    if said:
        return _starting(book, verbs, kind, channel, said)
    key = (frozenset(verbs), kind, channel)
    found = book.started.get(key)
    if found is None:
        found = _starting(book, verbs, kind, channel, said)
        if len(book.started) < _MOST_KEPT:
            book.started[key] = found
    return list(found)


def _starting(
    book: Catalogue,
    verbs: Collection[str],
    kind: str,
    channel: str,
    said: Mapping[str, Mapping[str, Any]],
) -> list[ClockDef]:
    return [
        clock
        for clock in book.clocks.values()
        if clock.start in verbs
        and clock.active
        and not clock.retention
        and not any(verb in verbs for verb in clock.stops)
        and applies(clock, kind, channel)
        and _is_said(clock, said.get(clock.start, {}))
    ]


def told_by(decision: Decision | None) -> Mapping[str, Mapping[str, Any]]:
    """Give what a dispatch by a decision says to the clocks that ask for it."""
    return _TRACING if decision is not None and decision.tracing else _SAID_NOTHING


def plan_clocks(
    book: Catalogue, facts: Facts, decision: Decision
) -> tuple[tuple[ClockPlan, ...], list[TraceStep]]:
    """Plan the clocks that accepting and dispatching start, the platform's own time winning."""
    plans, steps = [], []
    said = told_by(decision)
    for clock in starting(book, _DISPATCH, facts.kind, facts.channel, said):
        if clock.scope == "helper":
            continue
        known = paced(clock, decision.pace) if is_closing(clock) else clock
        counted = deadline(known, facts.dispatched_at, decision.urgency, book.calendar)
        stated = facts.source_due_at if is_closing(clock) else None
        due = as_stated(counted, stated)
        if due is not counted and due.due_at != counted.due_at:
            steps.append(_mismatch(book, clock, counted.due_at, due.due_at))
        plans.append(_plan(clock, due))
    return tuple(plans), steps


def closing_due(book: Catalogue, facts: Facts, decision: Decision) -> datetime | None:
    """Say until when a case must be closed by a decision; None where no clock promises it."""
    due = [
        as_stated(_counted(book, clock, facts, decision), facts.source_due_at).due_at
        for clock in starting(book, _DISPATCH, facts.kind, facts.channel)
        if is_closing(clock)
    ]
    return min(due, default=None)


def _counted(book: Catalogue, clock: ClockDef, facts: Facts, decision: Decision) -> Deadline:
    known = paced(clock, decision.pace)
    return deadline(known, facts.dispatched_at, decision.urgency, book.calendar)


def _is_said(clock: ClockDef, said: Mapping[str, Any]) -> bool:
    wanted = all(_word(said.get(name)) in values for name, values in clock.when.items())
    return wanted and not any(
        _word(said.get(name)) in values for name, values in clock.unless.items()
    )


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


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
