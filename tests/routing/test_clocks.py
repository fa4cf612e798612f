"""Deadlines: the oracle table of the trade, the global rules, and properties over four years."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.clock import ClockDef, Span
from models.decision import Deadline
from models.errors import Invalid
from models.moment import CHINA
from routing.calendar import WorkCalendar
from routing.clocks import (
    deadline,
    parse_span,
    shifted,
    show_span,
    span_clock,
    warnings,
)
from tests.routing.oracle import is_working

CALENDAR = WorkCalendar()
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 9, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=CHINA)
)
SPANS = st.builds(Span, n=st.integers(1, 30), unit=st.sampled_from(("W", "N")))
#: Domain section 4.5: the day of dispatch and the last day of each span, the last one rolled.
ORACLE = {
    "2026-02-13": "02-14 02-24 02-25 02-27 03-05 03-12 03-16",
    "2026-04-29": "04-30 05-06 05-07 05-09 05-15 05-22 05-29",
    "2026-09-18": "09-20 09-21 09-22 09-24 10-09 10-15 10-19",
    "2026-09-30": "10-08 10-09 10-10 10-13 10-20 10-27 10-30",
    "2026-11-20": "11-23 11-24 11-25 11-27 12-04 12-11 12-21",
}
COLUMNS = ("1W", "2W", "3W", "5W", "10W", "15W", "30N")
CELLS = [
    (start, span, last)
    for start, row in ORACLE.items()
    for span, last in zip(COLUMNS, row.split(), strict=True)
]


def count(span: str | Span, start: datetime, **changed: object) -> Deadline:
    """Count a bare span, or one with other terms."""
    definition = span_clock(parse_span(span) if isinstance(span, str) else span)
    known = {name: getattr(definition, name) for name in ClockDef.__struct_fields__}
    return deadline(ClockDef(**(known | changed)), start, None, CALENDAR)


def at(text: str) -> datetime:
    """Read a moment in China."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(("start", "span", "last"), CELLS)
def test_the_oracle_table(start: str, span: str, last: str) -> None:
    """Every cell of the table is met, to the last second of its day."""
    found = count(span, at(f"{start}T10:00"))
    assert found.due_at == at(f"2026-{last}T23:59:59")
    assert not found.provisional


def test_natural_days_that_end_in_a_holiday_roll_past_it() -> None:
    """Fifteen natural days from 18 September end in the National Day week and roll to its end."""
    assert count("15N", at("2026-09-18T09:00")).due_at.date() == date(2026, 10, 8)
    fixed = count("15N", at("2026-09-18T09:00"), roll=False)
    assert fixed.due_at.date() == date(2026, 10, 3)


@pytest.mark.parametrize(
    ("start", "first"), [("2026-11-19T16:59", "2026-11-20"), ("2026-11-19T17:00", "2026-11-23")]
)
def test_a_start_after_the_cutoff_counts_from_the_next_day(start: str, first: str) -> None:
    """From 17:00 a signing clock begins as if it were dispatched the day after."""
    found = count("1W", at(start), cutoff_hour=17)
    assert found.due_at.date().isoformat() == first


def test_hours_run_through_nights_and_holidays() -> None:
    """Two hours on New Year's Eve at 23:00 end at one o'clock."""
    found = count("2H", at("2026-02-16T23:00"))
    assert found.due_at == at("2026-02-17T01:00")
    assert found.calendar == "H"
    assert count("30MIN", at("2026-10-01T10:00:20")).due_at == at("2026-10-01T10:30:20")


def test_a_deadline_in_an_unsettled_year_says_so() -> None:
    """Fifteen working days that reach into 2027 are provisional, and so is each of its days."""
    found = count("15W", at("2026-12-20T10:00"))
    assert found.provisional
    assert "估算" in found.trace[-1].note
    assert not count("5W", at("2026-12-20T10:00")).provisional


def test_the_trace_names_each_day() -> None:
    """The count over the National Day names holidays, the weekend and the make-up day."""
    notes = {step.day: step.note for step in count("3W", at("2026-09-30T10:00")).trace}
    assert notes["2026-09-30"] == "当日不计入,次日起算"
    assert notes["2026-10-01"] == "国庆节,不计"
    assert notes["2026-10-04"] == "周末,不计"
    assert notes["2026-10-10"] == "调休上班"


def test_urgency_picks_its_own_span() -> None:
    """An urgent case has the span that the clock gives its urgency, others the ordinary one."""
    definition = ClockDef(
        code="K",
        zh="",
        en="",
        scope="case",
        start="",
        stop="",
        ordinary=Span(n=15, unit="W"),
        by_urgency={"P1": Span(n=3, unit="W")},
        source="",
    )
    friday = at("2026-11-20T14:30")
    assert deadline(definition, friday, "P1", CALENDAR).due_at.date() == date(2026, 11, 25)
    assert deadline(definition, friday, "P2", CALENDAR).due_at.date() == date(2026, 12, 11)
    assert deadline(definition, friday, None, CALENDAR).due_at.date() == date(2026, 12, 11)


@settings(max_examples=1000)
@given(MOMENTS, SPANS)
def test_an_independent_counter_agrees(start: datetime, span: Span) -> None:
    """Walking day by day over the notices finds the same last day."""
    day, left = start.date(), span.n
    while left:
        day += timedelta(days=1)
        left -= 1 if span.unit == "N" else is_working(day)
    while not is_working(day):
        day += timedelta(days=1)
    assert count(span, start).due_at == datetime.combine(day, time(23, 59, 59), CHINA)


@given(MOMENTS, MOMENTS, SPANS, st.booleans())
def test_a_later_start_never_ends_earlier(
    one: datetime, other: datetime, span: Span, cut: bool
) -> None:
    """Deadlines are monotone in their start, with and without a cut-off hour."""
    early, late = sorted((one, other))
    cutoff = 17 if cut else None
    first = count(span, early, cutoff_hour=cutoff)
    second = count(span, late, cutoff_hour=cutoff)
    assert first.due_at <= second.due_at


@given(MOMENTS, st.integers(1, 15), st.integers(1, 15))
def test_working_spans_add(start: datetime, first: int, second: int) -> None:
    """Counting on from a deadline is the same as counting the sum."""
    whole = count(Span(n=first + second, unit="W"), start)
    part = count(Span(n=first, unit="W"), start)
    assert count(Span(n=second, unit="W"), part.due_at).due_at == whole.due_at


@given(MOMENTS, SPANS)
def test_the_trace_counts_up_to_the_span(start: datetime, span: Span) -> None:
    """The days of a trace follow one another, and its count ends at the span."""
    steps = count(span, start).trace
    days = [date.fromisoformat(step.day) for step in steps]
    assert days == sorted(days)
    assert steps[0].n == 0
    assert steps[-1].n == span.n


@given(MOMENTS, SPANS)
def test_warnings_lie_between_start_and_end_in_order(start: datetime, span: Span) -> None:
    """Warnings come in the order of their fractions, after the start and not after the end."""
    definition = span_clock(span, roll=False)
    known = {name: getattr(definition, name) for name in ClockDef.__struct_fields__}
    warned = ClockDef(**(known | {"warn": (0.5, 0.8, 1.0)}))
    found = warnings(warned, start, None, CALENDAR)
    due = deadline(warned, start, None, CALENDAR).due_at
    assert [*found] == sorted(found)
    assert start < found[0]
    assert found[-1] == due


def test_half_of_one_working_day_is_its_noon() -> None:
    """The warning of a one-day clock dispatched on Friday comes on Monday at noon."""
    definition = ClockDef(
        code="K04",
        zh="",
        en="",
        scope="task",
        start="",
        stop="",
        ordinary=Span(n=1, unit="W"),
        warn=(0.5,),
        source="",
    )
    found = warnings(definition, at("2026-11-20T14:30"), None, CALENDAR)
    assert found == (at("2026-11-23T12:00"),)


def test_a_pause_moves_a_deadline_by_the_working_days_it_lasted() -> None:
    """Three working days of looking at a result move the end by three working days, and say so."""
    due = count("15W", at("2026-11-20T14:30"))
    moved = shifted(due, at("2026-12-01T16:00"), at("2026-12-04T09:00"), CALENDAR)
    assert moved.due_at == at("2026-12-16T23:59:59")
    assert "停表" in moved.trace[-1].note


@given(MOMENTS, SPANS, st.timedeltas(timedelta(), timedelta(days=30)))
def test_a_pause_never_takes_time_away(start: datetime, span: Span, pause: timedelta) -> None:
    """A deadline after a pause is never earlier than before it."""
    due = count(span, start)
    assert shifted(due, start, start + pause, CALENDAR).due_at >= due.due_at


@pytest.mark.parametrize("text", ["", "15", "W15", "15D", "-3W", "1.5H"])
def test_spans_that_are_none_are_refused(text: str) -> None:
    """A malformed span is refused with a word on how to write one."""
    with pytest.raises(Invalid, match="span_malformed"):
        parse_span(text)


def test_spans_are_shown_in_chinese() -> None:
    """A span reads as people write it."""
    assert show_span(parse_span("15w")) == "15 个工作日"


def test_a_naive_start_is_refused() -> None:
    """A moment without a zone is never guessed."""
    with pytest.raises(ValueError, match="naive"):
        count("1W", datetime(2026, 11, 20, 14, 30))  # noqa: DTZ001
