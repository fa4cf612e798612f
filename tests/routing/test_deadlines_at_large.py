"""A hundred thousand random deadlines from 2024 to 2027, against an independent counter of days.

The counter knows only the table of notices in oracle.py: it lists the working days once and finds
ends by their place in the list, where the program walks from day to day.
"""

import random
from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from typing import Final

from models.city_load import load_city
from models.clock import ClockDef
from models.moment import CHINA
from routing.catalogue import catalogue
from routing.clocks import deadline, span_of
from tests.routing.oracle import is_working

_FIRST: Final = date(2024, 1, 1)
_LAST: Final = date(2027, 12, 31)
_DAYS: Final = (_LAST - _FIRST).days + 1
_WORKED: Final = [day for n in range(_DAYS) if is_working(day := _FIRST + timedelta(days=n))]
_HOURS: Final = {"H": 3600, "MIN": 60, "S": 1}


def expected(clock: ClockDef, start: datetime, urgency: str) -> datetime | None:
    """Count by the list of working days; None where the end lies past the table."""
    span = span_of(clock, urgency)
    if span.unit in _HOURS:
        return start + timedelta(seconds=span.n * _HOURS[span.unit])
    base = start.date()
    if clock.cutoff_hour is not None and start.hour >= clock.cutoff_hour:
        base += timedelta(days=1)
    if span.unit == "W":
        place = bisect_right(_WORKED, base) + span.n - 1
        end = base if span.n == 0 else (_WORKED[place] if place < len(_WORKED) else None)
    else:
        place = bisect_right(_WORKED, base + timedelta(days=span.n - 1))
        end = _WORKED[place] if place < len(_WORKED) else None
    return datetime.combine(end, time(23, 59, 59), CHINA) if end else None


def test_a_hundred_thousand_random_deadlines_agree() -> None:
    """Whatever clock, urgency and moment: the program ends it where the list of days does."""
    book = catalogue(load_city("430100"))
    clocks = [clock for clock in book.clocks.values() if not clock.retention]
    dice = random.Random(20261121)  # noqa: S311 - the same moments in every run
    seconds = _DAYS * 86_400
    midnight = datetime.combine(_FIRST, time(), CHINA)
    done, wrong = 0, []
    while done < 100_000:
        clock = clocks[done % len(clocks)]
        start = midnight + timedelta(seconds=dice.randrange(seconds))
        urgency = dice.choice(("P0", "P1", "P2", "P3"))
        wanted = expected(clock, start, urgency)
        if wanted is None:
            continue
        done += 1
        if (found := deadline(clock, start, urgency, book.calendar).due_at) != wanted:
            wrong.append((clock.code, start, urgency, found, wanted))
    assert wrong == []
