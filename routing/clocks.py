"""From a clock and a start to a deadline, with the count behind it day by day (domain section 4.5).

Global rules: the day itself is not counted; working-day and natural-day clocks end at the last
second of their last day; a natural-day end on a day of rest rolls to the next working day (civil
code 203); a start at or after the cut-off hour counts as one of the next day; hours and minutes run
through everything.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from models.clock import ClockDef, Span
from models.decision import DayStep, Deadline
from models.errors import Invalid
from models.moment import CHINA, aware
from routing.calendar import WorkCalendar

_ONE: Final = timedelta(days=1)
_LAST_SECOND: Final = time(23, 59, 59)
_SPAN: Final = re.compile(r"(\d{1,4})\s*(W|N|H|MIN)", re.IGNORECASE)
_UNITS: Final = {"H": timedelta(hours=1), "MIN": timedelta(minutes=1)}
_NAMES: Final = {"W": "个工作日", "N": "个自然日", "H": "小时", "MIN": "分钟"}
#: Whether the start is late, whether the end rolls, and the cut-off hour.
_Terms = tuple[bool, bool, int | None]
#: What a span is shown as where nothing else is known of its clock.
SPAN_CLOCK: Final = "SPAN"


def parse_span(text: str) -> Span:
    """Read `15W`, `30N`, `4H` or `30MIN`; Invalid on anything else."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise Invalid("span_malformed", f"时限应形如 15W、30N、4H 或 30MIN,收到“{text}”。")
    return Span(n=int(found[1]), unit=found[2].upper())


def span_clock(span: Span, *, roll: bool = True) -> ClockDef:
    """Make a clock of a bare span, without cut-off or warnings: for counting by hand."""
    return ClockDef(
        code=SPAN_CLOCK,
        zh=show_span(span),
        en=f"{span.n} {span.unit}",
        scope="case",
        start="",
        stop="",
        ordinary=span,
        roll=roll,
        source="按给定时限",
    )


def show_span(span: Span) -> str:
    """Write a span in Chinese: `15 个工作日`."""
    name = _NAMES[span.unit]
    return f"{span.n} {name}"


def span_of(clock: ClockDef, urgency: str | None) -> Span:
    """Give the span that the clock allows a case of that urgency; None means the ordinary one."""
    return clock.by_urgency.get(urgency or "", clock.ordinary)


def deadline(
    clock: ClockDef, start: datetime, urgency: str | None, calendar: WorkCalendar
) -> Deadline:
    """Count a clock from an aware start; hours and minutes keep its seconds."""
    span = span_of(clock, urgency)
    local = aware(start).replace(microsecond=0)
    if span.unit in _UNITS:
        return _continuous(span, local)
    late = _is_late(clock, local)
    return _counted(calendar, local.date(), span, (late, clock.roll, clock.cutoff_hour))


def warnings(
    clock: ClockDef, start: datetime, urgency: str | None, calendar: WorkCalendar
) -> tuple[datetime, ...]:
    """Give the moments to warn at: the clock's fractions of its counted time, in order.

    A fraction of a working-day clock is one of its working days: half of one day is its noon.
    """
    span = span_of(clock, urgency)
    local = aware(start).replace(microsecond=0)
    if span.unit in _UNITS:
        return tuple(local + _UNITS[span.unit] * span.n * part for part in clock.warn)
    base = local.date() + _ONE * _is_late(clock, local)
    return tuple(_part_of_days(calendar, base, span, part) for part in clock.warn)


def shifted(due: Deadline, paused: datetime, resumed: datetime, calendar: WorkCalendar) -> Deadline:
    """Move a deadline by the time a clock stood still; the count keeps why.

    Hours move by hours, natural days by days and working days by the working days that passed.
    """
    start, end = aware(paused), aware(resumed)
    if due.calendar == "H":
        moved = aware(due.due_at) + max(end - start, timedelta())
    else:
        moved = _moved_days(due, start.date(), end.date(), calendar)
    note = f"{start:%m-%d %H:%M} 至 {end:%m-%d %H:%M} 停表,到期顺延"
    step = DayStep(day=moved.date().isoformat(), n=due.trace[-1].n if due.trace else 0, note=note)
    provisional = due.provisional or (due.calendar != "H" and calendar.is_provisional(moved.date()))
    return Deadline(
        due_at=moved, calendar=due.calendar, provisional=provisional, trace=(*due.trace, step)
    )


def _moved_days(due: Deadline, start: date, end: date, calendar: WorkCalendar) -> datetime:
    day = aware(due.due_at).date()
    if due.calendar == "W":
        day = calendar.add_working_days(day, calendar.working_between(start, end))
    else:
        day = calendar.next_working(day + max(end - start, timedelta()))
    return _end_of(day)


def _is_late(clock: ClockDef, local: datetime) -> bool:
    return clock.cutoff_hour is not None and local.hour >= clock.cutoff_hour


def _end_of(day: date) -> datetime:
    return datetime.combine(day, _LAST_SECOND, CHINA)


def _continuous(span: Span, start: datetime) -> Deadline:
    due = start + _UNITS[span.unit] * span.n
    text = show_span(span)
    steps = (
        DayStep(day=start.isoformat(), n=0, note="起算,连续计时,不分节假日"),
        DayStep(day=due.isoformat(), n=span.n, note=f"满 {text}到期"),
    )
    return Deadline(due_at=due, calendar="H", provisional=False, trace=steps)


@lru_cache(maxsize=4096)
def _counted(calendar: WorkCalendar, day: date, span: Span, terms: _Terms) -> Deadline:
    late, roll, cutoff = terms
    base = day + _ONE if late else day
    steps = [DayStep(day=day.isoformat(), n=0, note=_first_note(late, cutoff))]
    if late:
        steps.append(DayStep(day=base.isoformat(), n=0, note="视为起算日,不计入"))
    working = span.unit == "W"
    last = base
    for last, n, counts in _days(calendar, base, span):
        note = calendar.note(last) if counts else f"{calendar.note(last)},不计"
        steps.append(DayStep(day=last.isoformat(), n=n, note=note))
    if not working and roll:
        last = _roll(calendar, last, span.n, steps)
    touched = (date.fromisoformat(step.day) for step in steps)
    provisional = (
        any(map(calendar.is_provisional, touched)) if working else calendar.is_provisional(last)
    )
    return Deadline(
        due_at=_end_of(last), calendar=span.unit, provisional=provisional, trace=tuple(steps)
    )


def _first_note(late: bool, cutoff: int | None) -> str:
    return f"{cutoff}:00 后,视为次日起算" if late else "当日不计入,次日起算"


def _days(calendar: WorkCalendar, base: date, span: Span) -> Iterator[tuple[date, int, bool]]:
    """Walk the days after `base` until `span` is full: the day, the count, whether it counts."""
    day, n = base, 0
    while n < span.n:
        day += _ONE
        counts = span.unit == "N" or calendar.is_working(day)
        n += counts
        yield day, n, counts


def _roll(calendar: WorkCalendar, last: date, n: int, steps: list[DayStep]) -> date:
    end = calendar.next_working(last)
    while last < end:
        last += _ONE
        note = calendar.note(last)
        said = f"末日逢休息日,顺延至此({note})" if last == end else f"{note},顺延"
        steps.append(DayStep(day=last.isoformat(), n=n, note=said))
    return end


@lru_cache(maxsize=4096)
def _part_of_days(calendar: WorkCalendar, base: date, span: Span, part: float) -> datetime:
    whole, rest = divmod(span.n * part, 1)
    days = [day for day, _, counts in _days(calendar, base, span) if counts]
    if whole >= len(days):
        return _end_of(days[-1] if days else base)
    return datetime.combine(days[int(whole)], time(), CHINA) + _ONE * rest
