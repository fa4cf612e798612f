"""What the ledger of custody says in hours: who held a case how long, and how much of it counts.

Hours count while offices are open on working days. They are counted when asked for and not kept: a
calendar that is settled later must not leave old figures wrong.
"""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final

import msgspec

from models.db import custody as store
from models.db.custody import Held
from models.db.disputes import Bouncing, bouncing
from models.db.pool import Connection
from models.moment import CHINA, aware
from routing.calendar import WorkCalendar
from routing.catalogue import Catalogue

#: When offices are open (设计默认): a start after the end of it counts from the next day (K04).
_OPENS, _CLOSES = time(9), time(17)
_ONE: Final = timedelta(days=1)
_HOUR: Final = 3600.0


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the ledger with its hours: all of them, and those of working time."""

    holding: str
    unit: str | None
    from_at: datetime
    until_at: datetime
    hours: float
    working_hours: float


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit is charged for a stretch of time, with what it did to be rid of cases."""

    unit: str
    cases: int
    hours: float
    working_hours: float
    bouncing: Bouncing

    @property
    def index(self) -> float:
        """The buck-passing index: wishes denied, ping-pongs and disputes lost, per case held."""
        bounced = self.bouncing.denied + self.bouncing.ping_pongs + self.bouncing.lost
        return bounced / self.cases if self.cases else float(bounced)


def working_seconds(calendar: WorkCalendar, start: datetime, end: datetime) -> float:
    """Count the seconds between two moments in which offices are open."""
    first, last = aware(start), aware(end)
    total, day = 0.0, first.date()
    while day <= last.date():
        if calendar.is_working(day):
            total += max(
                0.0, (min(last, _at(day, _CLOSES)) - max(first, _at(day, _OPENS))).total_seconds()
            )
        day += _ONE
    return total


async def ledger(conn: Connection, book: Catalogue, case_no: int, at: datetime) -> list[Charge]:
    """Give the ledger of a case with its hours; what is still held counts until `at`."""
    rows = await store.of_case(conn, book.city.adcode, case_no)
    return [_charge(book.calendar, row, at) for row in rows]


async def accounts(
    conn: Connection, book: Catalogue, since: datetime, until: datetime
) -> dict[str, Account]:
    """Give what each unit is charged between two moments, with its returns and disputes."""
    city = book.city.adcode
    held = await store.within(conn, city, since, until)
    bounced = await bouncing(conn, city, since, until)
    days = _Days(book.calendar, since, until)
    by_unit: dict[str, list[Held]] = {}
    for row in held:
        if row.unit is not None:
            by_unit.setdefault(row.unit, []).append(row)
    return {
        unit: _account(unit, by_unit.get(unit, ()), bounced.get(unit), days)
        for unit in sorted(by_unit.keys() | bounced.keys())
    }


def _account(unit: str, rows: Iterable[Held], bounced: Bouncing | None, days: "_Days") -> Account:
    held = list(rows)
    spans = [(row.from_at, row.until_at or row.from_at) for row in held]
    return Account(
        unit=unit,
        cases=len({row.case_no for row in held}),
        hours=sum((end - start).total_seconds() for start, end in spans) / _HOUR,
        working_hours=sum(days.seconds(start, end) for start, end in spans) / _HOUR,
        bouncing=bounced or Bouncing(unit=unit),
    )


def _charge(calendar: WorkCalendar, row: Held, at: datetime) -> Charge:
    until = row.until_at or max(at, row.from_at)
    return Charge(
        holding=row.holding,
        unit=row.unit,
        from_at=aware(row.from_at),
        until_at=aware(until),
        hours=(until - row.from_at).total_seconds() / _HOUR,
        working_hours=working_seconds(calendar, row.from_at, until) / _HOUR,
    )


class _Days:
    """Working time from the start of a stretch, day by day, so that many spans are counted fast."""

    def __init__(self, calendar: WorkCalendar, since: datetime, until: datetime) -> None:
        self._calendar = calendar
        first, last = aware(since).date(), aware(until).date()
        self._days = [first + _ONE * n for n in range((last - first).days + 2)]
        self._until = [0.0]
        for day in self._days:
            open_ = (_at(day, _CLOSES) - _at(day, _OPENS)).total_seconds()
            self._until.append(self._until[-1] + open_ * calendar.is_working(day))

    def seconds(self, start: datetime, end: datetime) -> float:
        """Count the working seconds of a span within the stretch."""
        return self._before(aware(end)) - self._before(aware(start))

    def _before(self, moment: datetime) -> float:
        n = bisect_left(self._days, moment.date())
        today = 0.0
        if self._calendar.is_working(moment.date()):
            opens, closes = _at(moment.date(), _OPENS), _at(moment.date(), _CLOSES)
            today = max(0.0, (min(moment, closes) - opens).total_seconds())
        return self._until[n] + today


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, CHINA)
