"""From a clock and a start to a deadline, with the count behind it day by day (domain section 4.5).

Global rules: the day itself is not counted; working-day and natural-day clocks end at the last
second of their last day; a natural-day end on a day of rest rolls to the next working day (civil
code 203); a start at or after the cut-off hour counts as one of the next day; hours and minutes run
through everything.
"""

import re
from calendar import isleap
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

import msgspec

from models.clock import Basis, ClockDef, Span
from models.decision import DayStep, Deadline
from models.errors import Invalid
from models.moment import CHINA, aware
from routing.calendar import WorkCalendar

_ONE: Final = timedelta(days=1)
_LAST_SECOND: Final = time(23, 59, 59)
_SPAN: Final = re.compile(r"(\d{1,4})\s*(W|N|H|MIN|S|Y)", re.IGNORECASE)
_UNITS: Final = {
    "H": timedelta(hours=1),
    "MIN": timedelta(minutes=1),
    "S": timedelta(seconds=1),
}
_NAMES: Final = {
    "W": "个工作日",
    "N": "个自然日",
    "H": "小时",
    "MIN": "分钟",
    "S": "秒",
    "Y": "年",
}
_LEAP_DAY: Final = (2, 29)
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
        warn=(),
        warn_left=(),
        source="按给定时限",
    )


def show_span(span: Span) -> str:
    """Write a span in Chinese: `15 个工作日`, `当日`."""
    if span.n == 0:
        return "当日"
    name = _NAMES[span.unit]
    return f"{span.n} {name}"


def span_of(clock: ClockDef, urgency: str | None) -> Span:
    """Give the span that the clock allows a case of that urgency; None means the ordinary one."""
    return clock.by_urgency.get(urgency or "", clock.ordinary)


def basis_of(clock: ClockDef, start: datetime, urgency: str | None) -> Basis:
    """Say what a clock that starts now is counted from."""
    return Basis(
        start=aware(start).replace(microsecond=0),
        span=span_of(clock, urgency),
        cutoff_hour=clock.cutoff_hour,
        roll=clock.roll,
        urgency=urgency,
    )


def deadline(
    clock: ClockDef, start: datetime, urgency: str | None, calendar: WorkCalendar
) -> Deadline:
    """Count a clock from an aware start; hours and minutes keep its seconds."""
    return first_count(basis_of(clock, start, urgency), calendar)


def first_count(basis: Basis, calendar: WorkCalendar) -> Deadline:
    """Count a deadline before anything has moved it."""
    local = aware(basis.start).replace(microsecond=0)
    if basis.span.unit in _UNITS:
        return _continuous(basis.span, local)
    if basis.span.unit == "Y":
        return _years(basis.span, local)
    terms = (_is_late(basis, local), basis.roll, basis.cutoff_hour)
    return _counted(calendar, local.date(), basis.span, terms)


def warnings(
    clock: ClockDef, start: datetime, urgency: str | None, calendar: WorkCalendar
) -> tuple[datetime, ...]:
    """Give the moments to warn at: the clock's fractions of its counted time, in order.

    A fraction of a working-day clock is one of its working days: half of one day is its noon.
    """
    return fractions(clock.warn, basis_of(clock, start, urgency), calendar)


def fractions(
    parts: tuple[float, ...], basis: Basis, calendar: WorkCalendar
) -> tuple[datetime, ...]:
    """Give the moments at which parts of the first count have passed."""
    span, local = basis.span, aware(basis.start).replace(microsecond=0)
    if span.unit in _UNITS:
        return tuple(local + _UNITS[span.unit] * span.n * part for part in parts)
    base = local.date() + _ONE * _is_late(basis, local)
    return tuple(_part_of_days(calendar, base, span, part) for part in parts)


def left(due: datetime, span: Span, calendar: WorkCalendar) -> datetime:
    """Give the moment at which no more than `span` is left; a day is left while it lasts whole."""
    if span.unit in _UNITS:
        return due - _UNITS[span.unit] * span.n
    day = aware(due).date()
    if span.unit == "N":
        day -= _ONE * (span.n - 1)
    else:
        for n in range(span.n):
            day -= _ONE * (n > 0)
            while not calendar.is_working(day):
                day -= _ONE
    return datetime.combine(day, time(), CHINA)


def shifted(
    due: Deadline,
    paused: datetime,
    resumed: datetime,
    calendar: WorkCalendar,
    *,
    roll: bool = True,
) -> Deadline:
    """Move a deadline by the time a clock stood still; the count keeps why.

    Hours move by hours, natural days by days and working days by the working days that passed.
    """
    start, end = aware(paused), aware(resumed)
    note = f"{start:%m-%d %H:%M} 至 {end:%m-%d %H:%M} 停表,到期顺延"
    if due.calendar == "H":
        return moved_to(due, aware(due.due_at) + max(end - start, timedelta()), note, calendar)
    day = aware(due.due_at).date()
    if due.calendar == "W":
        day = calendar.add_working_days(day, calendar.working_between(start.date(), end.date()))
    else:
        day += max(end.date() - start.date(), timedelta())
        day = calendar.rolled(day) if roll else day
    return moved_to(due, _end_of(day), note, calendar)


def prolonged(due: Deadline, span: Span, calendar: WorkCalendar, *, roll: bool = True) -> Deadline:
    """Move a deadline by what was granted."""
    note = f"经批准延期 {show_span(span)}"
    if span.unit in _UNITS:
        return moved_to(due, aware(due.due_at) + _UNITS[span.unit] * span.n, note, calendar)
    day = aware(due.due_at).date()
    if span.unit == "W":
        day = calendar.add_working_days(day, span.n)
    else:
        day = calendar.rolled(day + _ONE * span.n) if roll else day + _ONE * span.n
    return moved_to(due, _end_of(day), note, calendar)


def as_stated(counted: Deadline, stated: datetime | None) -> Deadline:
    """Let the due time that the source gave win over our own count."""
    if stated is None:
        return counted
    due = aware(stated)
    step = DayStep(day=due.isoformat(), n=0, note="来单载明的办结时限,以来单为准")
    return msgspec.structs.replace(
        counted, due_at=due, provisional=False, trace=(*counted.trace, step)
    )


def moved_to(due: Deadline, at: datetime, note: str, calendar: WorkCalendar) -> Deadline:
    """Move a deadline and say in its count why."""
    last = at.date()
    step = DayStep(day=last.isoformat(), n=due.trace[-1].n if due.trace else 0, note=note)
    provisional = due.provisional or (due.calendar != "H" and calendar.is_provisional(last))
    return msgspec.structs.replace(
        due, due_at=at, provisional=provisional, trace=(*due.trace, step)
    )


def _is_late(basis: Basis, local: datetime) -> bool:
    return basis.cutoff_hour is not None and local.hour >= basis.cutoff_hour


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


def _years(span: Span, start: datetime) -> Deadline:
    day = start.date()
    year = day.year + span.n
    lost = (day.month, day.day) == _LEAP_DAY and not isleap(year)
    last = day.replace(year=year, day=28 if lost else day.day)
    steps = (
        DayStep(day=day.isoformat(), n=0, note="起算"),
        DayStep(day=last.isoformat(), n=span.n, note=f"满 {show_span(span)}"),
    )
    return Deadline(due_at=_end_of(last), calendar="N", provisional=False, trace=steps)


@lru_cache(maxsize=4096)
def _counted(calendar: WorkCalendar, day: date, span: Span, terms: _Terms) -> Deadline:
    late, roll, cutoff = terms
    base = day + _ONE if late else day
    steps = [DayStep(day=day.isoformat(), n=0, note=_first_note(span, cutoff if late else None))]
    if late:
        note = "视为起算日" if span.n == 0 else "视为起算日,不计入"
        steps.append(DayStep(day=base.isoformat(), n=0, note=note))
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


def _first_note(span: Span, cutoff: int | None) -> str:
    if cutoff is not None:
        return f"{cutoff}:00 后,视为次日起算"
    return "须当日完成" if span.n == 0 else "当日不计入,次日起算"


def _days(calendar: WorkCalendar, base: date, span: Span) -> Iterator[tuple[date, int, bool]]:
    """Walk the days after `base` until `span` is full: the day, the count, whether it counts."""
    day, n = base, 0
    while n < span.n:
        day += _ONE
        counts = span.unit == "N" or calendar.is_working(day)
        n += counts
        yield day, n, counts


def _roll(calendar: WorkCalendar, last: date, n: int, steps: list[DayStep]) -> date:
    end = calendar.rolled(last)
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
