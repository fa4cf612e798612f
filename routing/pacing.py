"""Shorter closing times while a policy pack says so, as during a great event (F88)."""

from functools import lru_cache
from math import ceil
from typing import Final

import msgspec

from models.clock import ClockDef, Span

_WHOLE: Final = 1.0


def paced(clock: ClockDef, pace: float) -> ClockDef:
    """Give the clock with that share of its time, rounded up to whole units, never none."""
    return clock if pace == _WHOLE else _shortened(_Known(clock), pace)


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
