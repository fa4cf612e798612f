"""The names of places that a text may say and what each can mean, found in one pass."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import ahocorasick_rs
import msgspec

import models
from models.city import City, Division
from models.data_files import read_csv
from models.tags import Span

_COUNTIES: Final = Path(models.__file__).with_name("data") / "counties.csv"
#: A name of this many characters or fewer, or of these, says too little to mean a county elsewhere.
_SHORTEST: Final = 3
_COMMON: Final = frozenset(
    {
        "新城区",
        "城中区",
        "城关区",
        "市中区",
        "河东区",
        "河西区",
        "江北区",
        "江南区",
        "港口区",
        "桥西区",
        "桥东区",
    }
)


class Meaning(NamedTuple):
    """One thing that a name can mean.

    `kind` is county, township, zone, place, city or elsewhere. `adcodes` are the counties it lies
    in; `code` the township's or zone's; `flag` a protected place's; `full` whether it is the whole
    name and no alias; `city` the city whose name it is.
    """

    kind: str
    city: str
    adcodes: tuple[str, ...]
    code: str | None = None
    flag: str | None = None
    full: bool = True


class Mention(NamedTuple):
    """A name as it stands in a text, with all it can mean."""

    span: Span
    name: str
    meanings: tuple[Meaning, ...]


class _County(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name: str
    city: str


class Gazetteer:
    """The names of the cities served here, and those of counties elsewhere."""

    def __init__(self, cities: Sequence[City]) -> None:
        """Index the names; a name of a city served here never means a place elsewhere."""
        own: dict[str, list[Meaning]] = defaultdict(list)
        for city in cities:
            for name, meaning in _meanings(city):
                if meaning not in own[name]:
                    own[name].append(meaning)
        names = {name: tuple(found) for name, found in own.items()}
        for name, found in _elsewhere().items():
            names.setdefault(name, tuple(found))
        self._names = list(names)
        self._meanings = list(names.values())
        self._find = ahocorasick_rs.AhoCorasick(
            self._names, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest
        )

    def find(self, text: str) -> list[Mention]:
        """Give the names that stand in a text, the longest where several begin, in order."""
        return [
            Mention((start, end), self._names[n], self._meanings[n])
            for n, start, end in self._find.find_matches_as_indexes(text)
        ]


def _meanings(city: City) -> Iterator[tuple[str, Meaning]]:
    for name in (city.name, *city.short_names):
        yield name, Meaning("city", city.adcode, (), full=name == city.name)
    successors = {d.code: d.successor for d in city.divisions if d.successor}
    for division in city.divisions:
        yield from _of_division(city, division, successors)
    for zone in city.zones:
        for name in (zone.name, *zone.aliases):
            yield (
                name,
                Meaning("zone", city.adcode, zone.adcodes, zone.code, full=name == zone.name),
            )
    for place in city.protected_places:
        for name in (place.name, *place.aliases):
            yield name, Meaning("place", city.adcode, place.adcodes, flag=place.flag)


def _of_division(
    city: City, division: Division, successors: dict[str, str]
) -> Iterator[tuple[str, Meaning]]:
    """Give a county's or township's names; an abolished one means its successor.

    An abolished county's name says less: a township of it may have gone to another county.
    """
    code = division.code
    while code in successors:
        code = successors[code]
    if division.level == "county":
        meaning = Meaning("county", city.adcode, (code,), full=division.code == code)
    elif division.level == "township":
        county = successors.get(code[:6], code[:6])
        meaning = Meaning("township", city.adcode, (county,), code)
    else:
        return
    yield division.name, meaning
    for alias in division.aliases:
        yield alias, meaning._replace(full=False)


def _elsewhere() -> dict[str, list[Meaning]]:
    """Give the counties and cities of the whole country by name, without names that say little."""
    found: dict[str, list[Meaning]] = defaultdict(list)
    cities: dict[str, set[str]] = defaultdict(set)
    for county in read_csv(_COUNTIES, _County):
        cities[county.city].add(county.code)
        if len(county.name) >= _SHORTEST and county.name not in _COMMON:
            found[county.name].append(Meaning("elsewhere", county.city, (county.code,)))
    for name in _city_names(cities):
        found.setdefault(name, []).append(Meaning("elsewhere", name, ()))
    return found


def _city_names(cities: Iterable[str]) -> Iterator[str]:
    return (name for name in cities if len(name) >= _SHORTEST and name.endswith(("市", "州", "盟")))
