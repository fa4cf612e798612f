"""Everything that decides a city's cases, put together once per release of its data."""

from functools import lru_cache

from models.city import City
from models.taxonomy import labels, laws
from routing import rules
from routing.calendar import WorkCalendar
from routing.rules import Rules
from routing.units import Directory


class Catalogue:
    """A city's rules, clocks, calendar and units, ready for use; `version` names all of them."""

    def __init__(self, city: City) -> None:
        """Put a city's own data over the national ones; reads files, so do it before serving."""
        self.city = city
        self.rules = Rules(city.duties, rules.national_rules())
        self.clocks = rules.clocks_of(city)
        self.calendar = WorkCalendar(city.calendar)
        self.directory = Directory(city)
        self.measures = labels("measure")
        self.rejections = labels("rejection")
        self.return_reasons = labels("return_reason")
        laws()
        self.version = f"{rules.national_version()} {city.adcode}-{city.version}"


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
