"""From a role and a place to the unit that is this role there, by the city's bindings.

The smallest territory that holds the role decides: township, zone, county, city (domain section 3.2
step T5 and 3.7.8); a zone that enforces is bound to its roles like a county. Abolished divisions
give way to their successors, and bindings and units count only while they are valid.
"""

from datetime import date
from typing import Final

import msgspec

from models.city import Binding, City, Division, Unit

_MOST_SUCCESSORS: Final = 5


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case happens, after abolished codes were replaced; `renamed` are (old, new) codes."""

    adcode: str | None = None
    township: str | None = None
    zone: str | None = None
    outside: bool = False
    renamed: tuple[tuple[str, str], ...] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The unit of a role at a place, None where none is bound; `territory` is what decided."""

    role: str
    unit: Unit | None
    territory: str = ""


class Directory:
    """A city's units by role and territory."""

    def __init__(self, city: City) -> None:
        """Index the city's bindings, units, divisions and zones."""
        self.city = city
        self.units = {unit.code: unit for unit in city.units}
        self.zones = {zone.code: zone for zone in city.zones}
        self._divisions = {division.code: division for division in city.divisions}
        self._bindings: dict[tuple[str, str], list[Binding]] = {}
        for binding in city.bindings:
            self._bindings.setdefault((binding.role, binding.territory), []).append(binding)
        self._local_roles = {b.role for b in city.bindings if b.territory != city.adcode}

    def place(self, adcode: str | None, township: str | None, zone: str | None, on: date) -> Place:
        """Settle where a case happens: successors of abolished codes, the one county of a zone."""
        current = self._successor(adcode, on)
        town = self._successor(township, on)
        known = self.zones.get(zone or "")
        if current is None and town:
            current = town[:6]
        if current is None and known and len(known.adcodes) == 1:
            current = known.adcodes[0]
        pairs = [(old, new) for old, new in ((adcode, current), (township, town)) if old and new]
        return Place(
            adcode=current,
            township=town,
            zone=known.code if known else None,
            outside=current is not None and not self._is_here(current),
            renamed=tuple((old, new) for old, new in pairs if old != new),
        )

    def needs_place(self, role: str) -> bool:
        """Tell whether the role is different units in different parts of the city."""
        return role in self._local_roles

    def find(self, role: str, place: Place, on: date) -> Found:
        """Name the unit that is the role at the place on that day."""
        for territory in self._territories(place):
            unit = self._held(role, territory, on)
            if unit is not None:
                return Found(role=role, unit=unit, territory=territory)
        return Found(role=role, unit=None)

    def name(self, territory: str) -> str:
        """Give the Chinese name of a division or zone, the code where it has none here."""
        if territory == self.city.adcode:
            return self.city.name
        known = self._divisions.get(territory) or self.zones.get(territory)
        return known.name if known else territory

    def _territories(self, place: Place) -> list[str]:
        wanted = (place.township, place.zone, place.adcode, self.city.adcode)
        return [territory for territory in wanted if territory]

    def _held(self, role: str, territory: str, on: date) -> Unit | None:
        for binding in self._bindings.get((role, territory), ()):
            unit = self.units.get(binding.unit)
            if unit and _valid(binding, on) and _valid(unit, on):
                return unit
        return None

    def _successor(self, code: str | None, on: date) -> str | None:
        for _ in range(_MOST_SUCCESSORS):
            division = self._divisions.get(code or "")
            ended = division is not None and division.valid_to is not None
            if division is None or not ended or not division.successor or _valid(division, on):
                break
            code = division.successor
        return code

    def _is_here(self, adcode: str) -> bool:
        return adcode == self.city.adcode or adcode in self._divisions


def _valid(thing: Binding | Division | Unit, on: date) -> bool:
    return (thing.valid_from is None or thing.valid_from <= on) and (
        thing.valid_to is None or on <= thing.valid_to
    )
