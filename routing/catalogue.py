"""Everything that decides a city's cases, put together once per release of its data."""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from models.city import City
from models.clock import ClockDef
from models.dates import Dated
from models.duty import categories_met
from models.taxonomy import labels, laws
from routing import rules, terms
from routing.calendar import WorkCalendar
from routing.facts import Facts
from routing.pauses import pauses_of
from routing.rules import Rules
from routing.units import Directory


class Catalogue:
    """A city's rules, clocks, calendar and units, ready for use; `version` names all of them.

    `rulings` keeps what the rules said of facts that look alike to them (`looks`), `started` which
    clocks events start, `counted` what clocks that start together were counted to be.
    """

    def __init__(self, city: City) -> None:
        """Put a city's own data over the national ones; reads files, so do it before serving."""
        national = rules.national_of(city)
        self.city = city
        self.rules = Rules(city.duties, national.rules)
        self.looks = Looks(city, self.rules)
        self.rulings: dict[Hashable, Any] = {}
        self.clocks = rules.clocks_of(city)
        self.started: dict[Hashable, list[ClockDef]] = {}
        self.counted: dict[Hashable, dict[str, Any]] = {}
        self.pauses = pauses_of(city)
        self.calendar = WorkCalendar(city.calendar, roll_weekend=city.roll_weekend)
        self.directory = Directory(city)
        self.measures = labels("measure")
        self.rejections = labels("rejection")
        self.return_reasons = labels("return_reason")
        laws()
        terms.load()
        self.version = f"{national.version} {city.adcode}-{city.version}"


class Looks:
    """What the rules of a release look at: facts that differ in nothing of it are ruled alike."""

    def __init__(self, city: City, known: Rules) -> None:
        """Gather what any rule asks for, and the days on which anything begins or ends."""
        conditions = [rule.when for rule in known.all]
        self._flags = frozenset(f for c in conditions for f in (*c.flags, *c.any_flag, *c.no_flags))
        self._types = frozenset(code for c in conditions for code in c.any_types)
        self._adcodes = frozenset(code for c in conditions for code in c.adcodes)
        self._towns = frozenset(code for c in conditions for code in c.townships)
        self._channels = any(c.channels for c in conditions)
        self._categories = frozenset(one for c in conditions for one in c.categories)
        self._hours = any((c.from_hour, c.to_hour) != (None, None) for c in conditions)
        self._seasons = any((c.from_day, c.to_day) != (None, None) for c in conditions)
        self._days = sorted(set(_edges((*known.all, *_law_times(), *city.periods))))

    def key(self, facts: Facts) -> Hashable:
        """Give equal keys to facts that no rule can tell apart."""
        return (
            facts.types[0],
            tuple(code for code in facts.types[1:] if code in self._types),
            facts.kind,
            facts.urgency,
            facts.urgency_fixed,
            tuple(flag for flag in facts.flags if flag in self._flags),
            facts.adcode if facts.adcode in self._adcodes else None,
            facts.township if facts.township in self._towns else None,
            facts.zone,
            facts.zone_enforces,
            facts.types[0] in facts.powers,
            facts.channel if self._channels else None,
            self._asked(facts.categories),
            facts.hour if self._hours else None,
            (facts.day.month, facts.day.day) if self._seasons else None,
            bisect_right(self._days, facts.day),
            tuple(period.code for period in facts.periods),
        )

    def _asked(self, categories: tuple[str, ...]) -> tuple[str, ...]:
        """Keep the categories that a rule asks for."""
        if not categories or not self._categories:
            return ()
        return categories_met(self._categories, categories)


def _edges(things: Iterable[Dated]) -> Iterator[date]:
    """Name the days from which something holds or holds no longer."""
    for thing in things:
        if thing.valid_from is not None:
            yield thing.valid_from
        if thing.valid_to is not None and thing.valid_to < date.max:
            yield thing.valid_to + timedelta(days=1)


class _LawTime:
    """A law's validity in the words of Dated."""

    def __init__(self, valid_from: date | None, valid_to: date | None) -> None:
        self.valid_from = valid_from
        self.valid_to = valid_to


def _law_times() -> list[_LawTime]:
    return [_LawTime(law.effective_from, law.effective_to) for law in laws().values()]


class _Identity:
    """A city compared by identity: two values of one version may still differ, as in a draft."""

    def __init__(self, city: City) -> None:
        self.city = city

    def __hash__(self) -> int:
        return id(self.city)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.city is self.city


def catalogue(city: City) -> Catalogue:
    """Give the catalogue of a city, made once for each City value."""
    return _made(_Identity(city))


@lru_cache(maxsize=64)
def _made(key: _Identity) -> Catalogue:
    return Catalogue(key.city)
