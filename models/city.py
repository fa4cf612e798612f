"""A city as data: its divisions, zones, units, role bindings, own rules and clock profile."""

from datetime import date
from typing import Final

import msgspec

from models.clock import CalendarDay, ClockDef, ClockTerms, PauseReason
from models.duty import Rule

#: Municipalities directly under the central government: the city is the province.
MUNICIPALITIES: Final = ("11", "12", "31", "50")


def city_of(code: str) -> str:
    """Give the code of the city that a division's code lies in."""
    return f"{code[:2]}0000" if code.startswith(MUNICIPALITIES) else f"{code[:4]}00"


class Division(msgspec.Struct, frozen=True, kw_only=True):
    """A division; `level` is city, county, township or stat (statistical, no real township).

    `code` has six digits for city and county, nine for a township. A division past `valid_to` is
    abolished and `successor` names the code to use instead.
    """

    code: str
    name: str
    level: str
    parent: str
    aliases: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str | None = None
    source: str = ""


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """A development or resort zone laid over counties; it has no adcode of its own.

    `adcodes` are the counties it lies in, `townships` those it covers wholly.
    `has_enforcement` is false where the county's units enforce.
    """

    code: str
    name: str
    aliases: tuple[str, ...] = ()
    adcodes: tuple[str, ...] = ()
    townships: tuple[str, ...] = ()
    has_enforcement: bool = False
    source: str = ""


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that can be given work; level city, county, zone, town or external."""

    code: str
    name: str
    short_name: str
    level: str
    parent: str | None = None
    adcodes: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    has_enforcement: bool = True
    aliases: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """Which unit is a role in a territory: the code of a township, zone, county or the city.

    The narrowest territory wins, in that order. STR and PRO are bound per township, ZON per zone.
    """

    role: str
    territory: str
    unit: str
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """A power delegated to a township or zone: a row of the delegated items (赋权事项表).

    `territory` is the township's or zone's code, or a county's for all its townships; `types` are
    the issue types that the item is about. It holds from `valid_from` to `valid_to`, inclusive.
    """

    item: str
    types: tuple[str, ...]
    territory: str
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A time for which rules of its own hold: examinations, heavy pollution, a great event.

    `kind` is a label of the group `period`; rules ask for it. It holds from `valid_from` to
    `valid_to`, both inclusive, while `on`, in `adcodes` and for `types` where they are given. A
    `campaign` changes nothing: its cases carry its code, to be counted.
    """

    code: str
    kind: str
    name: str
    valid_from: date
    valid_to: date
    adcodes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    on: bool = True
    source: str = ""


class Chief(msgspec.Struct, frozen=True, kw_only=True):
    """The chief of a river, lake, bay or forest, who gets a copy of what happens there.

    `flag` is that of the water or forest in protected_places.csv, `unit` the chief's office. Where
    `adcodes` are given the chief answers for the stretch in those counties. `title` is the post, as
    in 浏阳河长沙市段河长; it names no person.
    """

    flag: str
    kind: str
    place: str
    title: str
    unit: str
    adcodes: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A post in a unit's chain of command; it names no person.

    `rank` is liaison (联络员), deputy (分管领导) or head (主要领导), `title` how the post is called
    there. A unit of which no post is listed has all three; of others only those listed are told.
    """

    unit: str
    rank: str
    title: str
    source: str = ""


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A category of the city's own platform and the issue types that it means, the main one first.

    Cases come with its name; rules may ask for it where types alone do not tell who answers.
    """

    name: str
    types: tuple[str, ...]
    source: str = ""


class National(msgspec.Struct, frozen=True, kw_only=True):
    """The national rules and clocks as they stood when a city's release was made."""

    version: str
    rules: tuple[Rule, ...]
    clocks: tuple[ClockDef, ...]


class City(msgspec.Struct, frozen=True, kw_only=True):
    """One city, whole; `version` names this release of its data.

    `duties` and `clocks` are its own, laid over the national ones: those of `national` in a stored
    release, else those installed. `clock_terms` are what it settles otherwise of national clocks,
    `pauses` of the reasons for which clocks stand still. With `roll_weekend` a term of natural days
    that ends on a weekend ends on the next working day, as it does after a holiday.
    """

    adcode: str
    name: str
    short_names: tuple[str, ...]
    version: str
    divisions: tuple[Division, ...]
    zones: tuple[Zone, ...]
    units: tuple[Unit, ...]
    bindings: tuple[Binding, ...]
    duties: tuple[Rule, ...] = ()
    clocks: tuple[ClockDef, ...] = ()
    clock_terms: tuple[ClockTerms, ...] = ()
    pauses: tuple[PauseReason, ...] = ()
    calendar: tuple[CalendarDay, ...] = ()
    roll_weekend: bool = True
    protected_places: tuple["ProtectedPlace", ...] = ()
    powers: tuple[Power, ...] = ()
    periods: tuple[Period, ...] = ()
    chiefs: tuple[Chief, ...] = ()
    posts: tuple[Post, ...] = ()
    categories: tuple[Category, ...] = ()
    national: National | None = None


class ProtectedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A named place with a layer of its own: `flag` is such as `place:source_water`."""

    name: str
    flag: str
    aliases: tuple[str, ...] = ()
    adcodes: tuple[str, ...] = ()
    source: str = ""
