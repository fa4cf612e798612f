"""Shorter closing times while a policy pack says so, as during a great event (F88)."""

from datetime import datetime
from functools import lru_cache
from math import ceil
from typing import Final

import msgspec

from models.clock import ClockDef, Span
from models.decision import Decision
from routing.catalogue import Catalogue
from routing.clocks import as_stated, deadline
from routing.facts import Facts
from routing.plan import ACCEPTED, DISPATCHED, is_closing, starting

_WHOLE: Final = 1.0


def paced(clock: ClockDef, pace: float) -> ClockDef:
    """Give the clock with that share of its time, rounded up, if it is a promise to close."""
    if pace == _WHOLE or not is_closing(clock):
        return clock
    return _shortened(_Known(clock), pace)


def closing_due(book: Catalogue, facts: Facts, decision: Decision) -> datetime | None:
    """Say until when a case must be closed by a decision; None where no clock promises it."""
    due = [
        as_stated(
            deadline(
                paced(clock, decision.pace), facts.dispatched_at, decision.urgency, book.calendar
            ),
            facts.source_due_at,
        ).due_at
        for clock in _closing(book, facts)
    ]
    return min(due, default=None)


def _closing(book: Catalogue, facts: Facts) -> list[ClockDef]:
    started = starting(book, (ACCEPTED, DISPATCHED), facts.kind, facts.channel)
    return [clock for clock in started if is_closing(clock)]


class _Known:
    """A clock compared by identity: its spans by urgency have no hash."""

    def __init__(self, clock: ClockDef) -> None:
        self.clock = clock

    def __hash__(self) -> int:
        return id(self.clock)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and other.clock is self.clock


@lru_cache(maxsize=256)
def _shortened(known: _Known, pace: float) -> ClockDef:
    clock = known.clock
    return msgspec.structs.replace(
        clock,
        ordinary=_part(clock.ordinary, pace),
        by_urgency={urgency: _part(span, pace) for urgency, span in clock.by_urgency.items()},
    )


def _part(span: Span, pace: float) -> Span:
    return msgspec.structs.replace(span, n=max(1, ceil(span.n * pace)))
