"""When a clock ends and warns, from what it was counted from and everything that moved it since.

The same basis with the same calendar gives the same deadline, so a clock can be counted again when
a holiday notice comes out, and nothing that moved it before is lost.
"""

from datetime import datetime, timedelta

import msgspec

from models.clock import Basis, ClockDef, Shift, Span
from models.decision import Deadline
from models.moment import aware
from routing.calendar import WorkCalendar
from routing.clocks import (
    as_stated,
    first_count,
    fractions,
    left,
    moved_to,
    prolonged,
    shifted,
)

_LONG: tuple[str, ...] = ("W", "N")


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """When a clock ends, how that was counted, and when it warns, in order."""

    due: Deadline
    warn_at: tuple[datetime, ...]


def timing(clock: ClockDef, basis: Basis, calendar: WorkCalendar) -> Timing:
    """Count a clock: its first count, then what moved it, then the moments to warn at."""
    due = first_count(basis, calendar)
    moments = list(fractions(clock.warn, basis, calendar))
    for shift in basis.shifts:
        before, due = due.due_at, _moved(due, shift, basis, calendar)
        if shift.kind == "stated":
            moments = _spread(clock.warn, basis.start, due.due_at)
        else:
            later = due.due_at - before
            moments = [m + later if _ahead(m, shift) else m for m in moments]
    if _is_long(basis.span):
        moments += [left(due.due_at, span, calendar) for span in clock.warn_left]
    within = {m for m in moments if basis.start < m < due.due_at}
    return Timing(due=due, warn_at=tuple(sorted(within)))


def with_shift(basis: Basis, shift: Shift) -> Basis:
    """Add what moves a deadline now."""
    return msgspec.structs.replace(basis, shifts=(*basis.shifts, shift))


def _moved(due: Deadline, shift: Shift, basis: Basis, calendar: WorkCalendar) -> Deadline:
    match shift.kind:
        case "pause" if shift.start is not None and shift.end is not None:
            return shifted(due, shift.start, shift.end, calendar, roll=basis.roll)
        case "extension" if shift.span is not None:
            return prolonged(due, shift.span, calendar, roll=basis.roll)
        case "stated":
            return as_stated(due, shift.end)
        case "promised" if shift.end is not None:
            end = min(aware(shift.end), aware(due.due_at))
            return moved_to(due, end, "不晚于相关工单已承诺的时限", calendar)
        case "children" if shift.end is not None:
            end = max(aware(shift.end), aware(due.due_at))
            return moved_to(due, end, "分件的最晚时限", calendar)
        case _:
            return due


def _ahead(moment: datetime, shift: Shift) -> bool:
    return shift.start is None or moment > shift.start


def _spread(parts: tuple[float, ...], start: datetime, end: datetime) -> list[datetime]:
    return [start + max(end - start, timedelta()) * part for part in parts]


def _is_long(span: Span) -> bool:
    """Tell whether a clock has so many days that its last one is worth a word."""
    return span.unit in _LONG and span.n > 1
