"""The working days of China, against the State Council's notices and an independent counter."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.clock import CalendarDay
from routing.calendar import WorkCalendar
from tests.routing.oracle import MAKEUP, REST, is_working

DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
SETTLED = st.dates(date(2024, 1, 1), date(2026, 12, 31))


@given(DAYS)
def test_a_day_works_as_the_notices_say(day: date) -> None:
    """Every day from 2024 to 2027 is what the notices, or for 2027 the statutes, make it."""
    assert WorkCalendar().is_working(day) is is_working(day)


def test_all_days_of_four_years() -> None:
    """No single day of the four years differs from the notices."""
    calendar = WorkCalendar()
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(366 + 365 * 3)]
    assert [day for day in days if calendar.is_working(day) != is_working(day)] == []


@pytest.mark.parametrize("day", sorted(MAKEUP))
def test_make_up_days_are_worked_and_named(day: date) -> None:
    """A make-up day is a working day on a weekend and says so."""
    calendar = WorkCalendar()
    assert calendar.is_working(day)
    assert calendar.note(day) == "调休上班"


@pytest.mark.parametrize(
    ("day", "note"),
    [
        (date(2026, 10, 1), "国庆节"),
        (date(2026, 2, 17), "春节"),
        (date(2026, 11, 21), "周末"),
        (date(2026, 11, 20), "工作日"),
    ],
)
def test_days_have_names(day: date, note: str) -> None:
    """A day is named as people name it."""
    assert WorkCalendar().note(day) == note


@given(SETTLED)
def test_settled_years_are_not_provisional(day: date) -> None:
    """Days whose notices are all out are not doubted."""
    assert not WorkCalendar().is_provisional(day)


def test_a_year_without_notice_is_provisional_and_says_so() -> None:
    """2027 is counted by its statutory days and called provisional."""
    calendar = WorkCalendar()
    assert not calendar.is_working(date(2027, 2, 8))
    assert calendar.is_provisional(date(2027, 6, 1))
    assert "估算" in calendar.note(date(2027, 6, 1))


def test_the_week_before_an_unsettled_new_year_may_still_change() -> None:
    """Where New Year falls on a Monday to Thursday its notice may move days of the year before."""
    calendar = WorkCalendar()
    assert calendar.is_provisional(date(2027, 12, 30))
    assert not calendar.is_provisional(date(2026, 12, 31))


def test_an_override_wins_and_settles_the_day() -> None:
    """A city's own day counts as it says, whatever the week says."""
    own = CalendarDay(day="2027-03-06", working=True, note="本市补班")
    calendar = WorkCalendar([own])
    assert calendar.is_working(date(2027, 3, 6))
    assert not calendar.is_provisional(date(2027, 3, 6))
    assert calendar.note(date(2027, 3, 6)) == "本市补班"


@given(st.dates(date(2024, 1, 1), date(2027, 10, 15)), st.integers(0, 40))
def test_adding_working_days_agrees_with_walking(day: date, n: int) -> None:
    """The n-th working day is the one an independent walk finds."""
    at, left = day, n
    while left:
        at += timedelta(days=1)
        left -= is_working(at)
    calendar = WorkCalendar()
    assert calendar.add_working_days(day, n) == at
    assert calendar.working_between(day, at) == n


@given(st.dates(date(2024, 1, 1), date(2027, 12, 30)))
def test_the_next_working_day_is_worked_and_none_lies_before_it(day: date) -> None:
    """The next working day is the first one from the day on."""
    found = WorkCalendar().next_working(day)
    assert is_working(found)
    assert not any(is_working(day + timedelta(days=n)) for n in range((found - day).days))


def test_working_days_cannot_be_taken_away() -> None:
    """A negative count is refused."""
    with pytest.raises(ValueError, match="-1"):
        WorkCalendar().add_working_days(date(2026, 1, 5), -1)


def test_the_oracle_is_of_use() -> None:
    """The independent table holds days that a rule of the week alone would get wrong."""
    assert any(day.weekday() < 5 for day in REST)
    assert all(day.weekday() >= 5 for day in MAKEUP)
