"""Chinese working days: the week, the statutory holidays and the make-up days of the yearly notice.

The `holidays` package knows every published notice; `data/calendar.toml` says for which years it
was compared, and it and a city's own days override single days. A year whose notice is not out is
counted by its statutory days and called provisional: never silently wrong (domain section 4.5,
global rule 6).
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import holidays
import msgspec

from models.city_load import read_calendar
from models.clock import CalendarDay
from models.data_files import convert_all, read_toml

DATA: Final = Path(__file__).with_name("data") / "calendar.toml"
_ONE: Final = timedelta(days=1)
#: The release of the package that the days come from: another one may know other notices.
_HOLIDAYS: Final = version("holidays")
_THURSDAY: Final = 3
#: How many years past the settled ones are read beforehand, since reading one opens files.
_AHEAD: Final = 3
_DIGEST_LENGTH: Final = 10


class SettledYear(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A year whose notice is out and was compared with what we count; `source` names the notice."""

    year: int
    source: str


class _Year:
    """The holidays and make-up days of one year, by name."""

    def __init__(self, year: int) -> None:
        found = holidays.country_holidays("CN", years=year, language="zh_CN")
        self.rest: Mapping[date, str] = dict(found.items())
        self.makeup = frozenset(day for day in found.weekend_workdays if day.year == year)


class WorkCalendar:
    """Which days are working days; `extra` are days settled otherwise, the later entry winning.

    `version` names what it is made of: another one may count otherwise. With `roll_weekend` a term
    that ends on a weekend ends on the next working day, as it does on a holiday.
    """

    def __init__(
        self,
        extra: Iterable[CalendarDay] = (),
        *,
        roll_weekend: bool = True,
        settled: Iterable[int] | None = None,
    ) -> None:
        """Lay the days of `extra` over those of data/calendar.toml, which also says `settled`."""
        published, own = _published()
        self.settled = published if settled is None else frozenset(settled)
        for year in range(min(published), max(published) + _AHEAD):
            _year(year)
        self._extra = {date.fromisoformat(day.day): day for day in (*own, *extra)}
        self._roll_weekend = roll_weekend
        self.version = self._digest()

    def _digest(self) -> str:
        plain = [
            _HOLIDAYS,
            sorted(self.settled),
            [(day.isoformat(), known.working) for day, known in sorted(self._extra.items())],
            self._roll_weekend,
        ]
        return hashlib.sha256(msgspec.json.encode(plain)).hexdigest()[:_DIGEST_LENGTH]

    def is_working(self, day: date) -> bool:
        """Tell whether people work on the day."""
        if (own := self._extra.get(day)) is not None:
            return own.working
        year = _year(day.year)
        return day in year.makeup or (day.weekday() < 5 and day not in year.rest)  # noqa: PLR2004

    def is_provisional(self, day: date) -> bool:
        """Tell whether a notice that is not out yet may still change the day.

        The last week of a year is settled by the notice of the next one where New Year is a Monday
        to Thursday, since then a bridge may be worked in before it (as in 2006 and 2018).
        """
        if day in self._extra:
            return False
        if day.year not in self.settled:
            return True
        new_year = date(day.year + 1, 1, 1)
        bridged = new_year.weekday() <= _THURSDAY and day >= new_year - timedelta(days=7)
        return bridged and new_year.year not in self.settled

    def note(self, day: date) -> str:
        """Say in Chinese what the day is: 工作日, 调休上班, 周末 or the holiday's name."""
        if (own := self._extra.get(day)) is not None:
            said = own.note or ("上班" if own.working else "放假")
        elif day in _year(day.year).makeup:
            said = "调休上班"
        else:
            said = _year(day.year).rest.get(day) or ("周末" if day.weekday() >= 5 else "工作日")  # noqa: PLR2004
        return f"{said}(放假安排未公布,估算)" if self.is_provisional(day) else said

    def next_working(self, day: date) -> date:
        """Give the day itself where it is a working day, or the first one after it."""
        while not self.is_working(day):
            day += _ONE
        return day

    def rolled(self, day: date) -> date:
        """Give the day on which a term of natural days ends that is counted to `day`."""
        end = self.next_working(day)
        if self._roll_weekend or end == day:
            return end
        first = day
        while not self.is_working(first - _ONE):
            first -= _ONE
        rest = (first + _ONE * n for n in range((end - first).days))
        return end if any(map(self._is_holiday, rest)) else day

    def _is_holiday(self, day: date) -> bool:
        own = self._extra.get(day)
        return not own.working if own is not None else day in _year(day.year).rest

    def add_working_days(self, day: date, n: int) -> date:
        """Give the n-th working day after the day, itself not counted; ValueError below 0."""
        if n < 0:
            msg = f"cannot count {n} working days"
            raise ValueError(msg)
        for _ in range(n):
            day = self.next_working(day + _ONE)
        return day

    def working_between(self, start: date, end: date) -> int:
        """Count the working days after `start` up to and with `end`; 0 where `end` is not later."""
        days = (start + _ONE * k for k in range(1, (end - start).days + 1))
        return sum(map(self.is_working, days))


@cache
def _year(year: int) -> _Year:
    return _Year(year)


def settled() -> frozenset[int]:
    """Name the years whose notices were compared with what we count."""
    return _published()[0]


@cache
def _published() -> tuple[frozenset[int], tuple[CalendarDay, ...]]:
    years = convert_all(DATA, "year", read_toml(DATA).get("year", []), SettledYear)
    return frozenset(year.year for year in years), read_calendar(DATA)
