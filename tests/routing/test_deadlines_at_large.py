"""A hundred thousand random deadlines from 2024 to 2027, against an independent counter of days.

The counter knows only the table of notices in oracle.py: it lists the working days once and finds
ends by their place in the list, where the program walks from day to day.
"""

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

import msgspec

from models.city_load import load_city
from models.clock import ClockDef, Span
from models.moment import CHINA
from routing.calendar import WorkCalendar
from routing.catalogue import catalogue
from routing.clocks import deadline, span_clock, span_of
from tests.routing.oracle import MAKEUP, REST, is_working

_FIRST: Final = date(2024, 1, 1)
_LAST: Final = date(2027, 12, 31)
_DAYS: Final = (_LAST - _FIRST).days + 1
_WORKED: Final = [day for n in range(_DAYS) if is_working(day := _FIRST + timedelta(days=n))]
_HOURS: Final = {"H": 3600, "MIN": 60, "S": 1}


_MOMENTS: Final = 100_000


def expected(
    clock: ClockDef, start: datetime, urgency: str, *, weekends: bool
) -> tuple[datetime | None, list[str]]:
    """Count by the list of working days, and say what had a part in it; no end past the table."""
    span = span_of(clock, urgency)
    if span.unit in _HOURS:
        return start + timedelta(seconds=span.n * _HOURS[span.unit]), ["hours"]
    base, said = start.date(), ["working days" if span.unit == "W" else "natural days"]
    if clock.cutoff_hour is not None and start.hour >= clock.cutoff_hour:
        base += timedelta(days=1)
        said.append("after the cut-off")
    if span.unit == "W":
        end = base if span.n == 0 else _nth_worked(bisect_right(_WORKED, base) + span.n - 1)
    else:
        last = base + timedelta(days=span.n)
        end = _rolled(last, weekends=weekends) if clock.roll else last
        said += ["rolled"] if end not in (last, None) else []
    if end is None:
        return None, said
    between = (base + timedelta(days=n) for n in range(1, (end - base).days + 1))
    said += ["over a worked weekend"] if not MAKEUP.isdisjoint(between) else []
    return datetime.combine(end, time(23, 59, 59), CHINA), said


def _nth_worked(place: int) -> date | None:
    return _WORKED[place] if place < len(_WORKED) else None


def _rolled(last: date, *, weekends: bool) -> date | None:
    """Give the end of natural days: a day of rest gives way, a mere weekend only where it may."""
    place = bisect_left(_WORKED, last)
    end = _nth_worked(place)
    if end is None or end == last or weekends:
        return end
    gap = (end - _WORKED[place - 1]).days
    around = {_WORKED[place - 1] + timedelta(days=n) for n in range(1, gap)}
    return end if around & REST else last


def some_clocks(dice: random.Random) -> Iterator[ClockDef]:
    """Give the shipped clocks, and as many again whose terms are left to chance."""
    shipped = [c for c in catalogue(load_city("430100")).clocks.values() if not c.retention]
    while True:
        yield from shipped
        for _ in shipped:
            span = Span(n=dice.randint(0, 90), unit=dice.choice(("W", "W", "N", "N", "H", "MIN")))
            cutoff = dice.choice((None, dice.randint(0, 23)))
            made = span_clock(span, roll=dice.random() < 0.8)
            yield msgspec.structs.replace(made, cutoff_hour=cutoff)


def test_a_hundred_thousand_random_deadlines_agree() -> None:
    """Whatever clock, urgency and moment: the program ends it where the list of days does."""
    calendars = {weekends: WorkCalendar(roll_weekend=weekends) for weekends in (True, False)}
    dice = random.Random(20261121)  # noqa: S311 - the same moments in every run
    seconds = _DAYS * 86_400
    midnight = datetime.combine(_FIRST, time(), CHINA)
    wrong, seen = [], Counter[str]()
    clocks = some_clocks(dice)
    while seen["all"] < _MOMENTS:
        clock, urgency = next(clocks), dice.choice(("P0", "P1", "P2", "P3"))
        start = midnight + timedelta(seconds=dice.randrange(seconds))
        weekends = dice.random() < 0.7
        wanted, said = expected(clock, start, urgency, weekends=weekends)
        if wanted is None:
            continue
        seen.update(("all", *said))
        if (found := deadline(clock, start, urgency, calendars[weekends]).due_at) != wanted:
            wrong.append((clock.code, start, urgency, found, wanted))
    assert wrong == []
    # Each kind of count, and each of what makes counting hard, was there often enough to matter.
    assert min(seen[kind] for kind in ("hours", "working days", "natural days")) > 10_000
    hard = ("after the cut-off", "rolled", "over a worked weekend")
    assert min(seen[one] for one in hard) > 3_000
