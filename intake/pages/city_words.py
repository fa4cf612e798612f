"""A city as its pages need it: names for codes, and what a select offers."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Final

from aiohttp import web

from models.city import City, Division, Unit
from models.clock import PauseReason
from models.moment import now
from routing.catalogue import catalogue
from routing.plan import is_closing


class CityWords:
    """Names of a city's places, units and clocks, and the choices its forms give."""

    def __init__(self, city: City) -> None:
        """Sort the city's data once."""
        self.city = city
        self._catalogue = catalogue(city)
        self.counties = [d for d in _current(city) if d.level == "county"]
        self.townships = {
            county.code: [
                d for d in _current(city) if d.parent == county.code and d.level != "stat"
            ]
            for county in self.counties
        }
        self._places = {d.code: d.name for d in city.divisions} | {
            z.code: z.name for z in city.zones
        }
        self._units = {unit.code: unit for unit in city.units}
        clocks = self._catalogue.clocks.values()
        self.windows = tuple(clock.code for clock in clocks if clock.window)

    def place(
        self, adcode: str | None, township: str | None = None, zone: str | None = None
    ) -> str:
        """Name a place from the county down; empty when nothing is known."""
        codes = (adcode, township, zone)
        return " ".join(self._places.get(code, code) for code in codes if code)

    def unit(self, code: str | None) -> str:
        """Name a unit in short."""
        known = self._units.get(code or "")
        return known.short_name if known else (code or "")

    def unit_in_full(self, code: str | None) -> str:
        """Name a unit in full, as citizens read it."""
        known = self._units.get(code or "")
        return known.name if known else (code or "")

    def clock(self, code: str | None) -> str:
        """Name a clock."""
        known = self._catalogue.clocks.get(code or "")
        return known.zh if known else (code or "")

    @property
    def pauses(self) -> list[PauseReason]:
        """Give the reasons for which clocks may stand still."""
        return list(self._catalogue.pauses.values())

    def is_clock(self, code: str) -> bool:
        """Tell whether a code is a clock's."""
        return code in self._catalogue.clocks

    def closes(self, code: str) -> bool:
        """Tell whether a clock is the promise to close the case."""
        known = self._catalogue.clocks.get(code)
        return known is not None and is_closing(known)

    def met(self, code: str, stopped_by: str | None) -> bool:
        """Tell whether what stopped a clock is what it waits for, not the end of its task."""
        known = self._catalogue.clocks.get(code)
        return known is None or stopped_by in known.stops

    def is_working(self, day: date) -> bool:
        """Tell whether people work on a day."""
        return self._catalogue.calendar.is_working(day)

    def unit_groups(self, barred: Collection[str] = ()) -> list[tuple[str, list[Unit]]]:
        """Give the units to choose from, those of the city first, then county by county.

        The `barred` are left out: units that the case complains of.
        """
        names = {"city": "市级单位", "zone": "功能区", "external": "外部单位"}
        groups: dict[str, list[Unit]] = {}
        for unit in self.city.units:
            if unit.code in barred:
                continue
            if unit.valid_to is None or unit.valid_to >= now().date():
                groups.setdefault(self._group(unit, names), []).append(unit)
        return sorted(groups.items(), key=lambda group: group[0] != "市级单位")

    def _group(self, unit: Unit, names: dict[str, str]) -> str:
        county = next((self._places.get(code) for code in unit.adcodes), None)
        return names.get(unit.level) or county or "其他"


def _current(city: City) -> list[Division]:
    today = now().date()
    return [d for d in city.divisions if d.valid_to is None or d.valid_to >= today]


class WordsOfCities(Mapping[str, CityWords]):
    """The words of every city by adcode, made anew when another release of it is in force."""

    def __init__(self, cities: Mapping[str, City]) -> None:
        """Make them once for the cities as they are."""
        self._cities = cities
        self._made = {adcode: CityWords(city) for adcode, city in cities.items()}

    def __getitem__(self, adcode: str) -> CityWords:
        """Give the words of a city as it is in force."""
        found = self._made[adcode]
        if found.city is not self._cities[adcode]:
            found = self._made[adcode] = CityWords(self._cities[adcode])
        return found

    def __iter__(self) -> Iterator[str]:
        """Name the cities."""
        return iter(self._made)

    def __len__(self) -> int:
        """Count the cities."""
        return len(self._made)


#: The words of every installed city, by adcode.
CITY_WORDS: Final = web.AppKey("city_words", WordsOfCities)
