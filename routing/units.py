"""From a role and a place to the unit that is this role there, by the city's bindings.

The smallest territory that holds the role decides: township, zone, county, city (domain section 3.2
step T5 and 3.7.8); a zone that enforces is bound to its roles like a county. Abolished divisions
give way to their successors, and bindings, units and powers count only while they are valid: on
the day of the dispatch, whenever the facts were (domain section 1, F25). Where the lead is to
enforce, a township or a zone without the power is passed over for the next wider one.
"""

from datetime import date
from typing import Final

import msgspec

from models.city import Binding, Chief, City, Period, Power, Unit
from models.dates import holds_on

_MOST_KEPT: Final = 20_000
_TOWNSHIP: Final = "township"
_NO_POWERS: Final[frozenset[str]] = frozenset()


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case happens, after abolished codes were replaced; `renamed` are (old, new) codes.

    `unknown` are codes of a township or zone that the city does not have.
    """

    adcode: str | None = None
    township: str | None = None
    zone: str | None = None
    outside: bool = False
    renamed: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The unit of a role at a place, None where none is bound; `territory` is what decided.

    `passed` are units of narrower territories that have no power to enforce here.
    """

    role: str
    unit: Unit | None
    territory: str = ""
    passed: tuple[Unit, ...] = ()


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What holds at a place: its powers on the day of the dispatch, the periods on the facts'."""

    place: Place
    zone_enforces: bool | None
    powers: frozenset[str]
    periods: tuple[Period, ...]


class Directory:
    """A city's units by role and territory."""

    def __init__(self, city: City) -> None:
        """Index the city's bindings, units, divisions, zones, powers and chiefs."""
        self.city = city
        self.units = {unit.code: unit for unit in city.units}
        self.zones = {zone.code: zone for zone in city.zones}
        self._zone_of_town = {town: zone for zone in city.zones for town in zone.townships}
        self._divisions = {division.code: division for division in city.divisions}
        self._heirs = {d.code: (d.successor,) for d in city.divisions if d.successor}
        self._bindings: dict[tuple[str, str], list[Binding]] = {}
        for binding in city.bindings:
            self._bindings.setdefault((binding.role, binding.territory), []).append(binding)
        self._local_roles = {b.role for b in city.bindings if b.territory != city.adcode}
        self._powers: dict[str, list[Power]] = {}
        for power in city.powers:
            self._powers.setdefault(power.territory, []).append(power)
        self._settings: dict[tuple[str | None, str | None, str | None, date, date], Setting] = {}

    def place(self, adcode: str | None, township: str | None, zone: str | None, on: date) -> Place:
        """Settle where a case happens: successors of abolished codes, the one county of a zone.

        A township that a zone covers wholly lies in that zone, named or not.
        """
        current = self._successor(adcode, on)
        town = self._successor(township, on)
        known = self.zones.get(zone or "") or self._zone_of_town.get(town or "")
        if town and (current is None or town != township):
            current = town[:6]
        if current is None and known and len(known.adcodes) == 1:
            current = known.adcodes[0]
        lost = town is not None and not self._is_town(town)
        pairs = [(adcode, current), (township, None if lost else town)]
        stray = [code for code, gone in ((town, lost), (zone, zone not in self.zones)) if gone]
        return Place(
            adcode=current,
            township=None if lost else town,
            zone=known.code if known else None,
            outside=current is not None and not self._is_here(current),
            renamed=tuple((old, new) for old, new in pairs if old and new and old != new),
            unknown=tuple(code for code in stray if code),
        )

    def setting(
        self, adcode: str | None, township: str | None, zone: str | None, on: date, facts: date
    ) -> Setting:
        """Give what holds at a place for a dispatch on a day, of facts of another."""
        key = (adcode, township, zone, on, facts)
        found = self._settings.get(key)
        if found is None:
            if len(self._settings) >= _MOST_KEPT:
                self._settings.clear()
            found = self._settings[key] = self._setting(*key)
        return found

    def _setting(
        self, adcode: str | None, township: str | None, zone: str | None, on: date, facts: date
    ) -> Setting:
        place = self.place(adcode, township, zone, on)
        known = self.zones.get(place.zone or "")
        return Setting(
            place=place,
            zone_enforces=known.has_enforcement if known else None,
            powers=self._delegated((place.township, place.zone), on)
            | (self._delegated((place.adcode,), on) if place.township else _NO_POWERS),
            periods=tuple(
                period
                for period in self.city.periods
                if period.on
                and holds_on(period, facts)
                and (not period.adcodes or place.adcode in period.adcodes)
            ),
        )

    def _delegated(self, territories: tuple[str | None, ...], on: date) -> frozenset[str]:
        return frozenset(
            code
            for territory in territories
            for power in self._powers.get(territory or "", ())
            if holds_on(power, on)
            for code in power.types
        )

    def ended(self, code: str, on: date) -> bool:
        """Tell whether a division of the city is abolished on that day."""
        division = self._divisions.get(code)
        return division is not None and not holds_on(division, on)

    def needs_place(self, role: str) -> bool:
        """Tell whether the role is different units in different parts of the city."""
        return role in self._local_roles

    def find(self, role: str, place: Place, on: date) -> Found:
        """Name the unit that is the role at the place on that day."""
        return self._find(role, place, on, None, None)

    def find_lead(self, role: str, setting: Setting, on: date, issue: str) -> Found:
        """Name the unit that is to enforce in the role, for a main issue type."""
        return self._find(role, setting.place, on, setting, issue)

    def _find(
        self, role: str, place: Place, on: date, setting: Setting | None, issue: str | None
    ) -> Found:
        passed: list[Unit] = []
        for territory in self._territories(place):
            unit = self._held(role, territory, on)
            if unit is None:
                continue
            if setting is None or _may_enforce(unit, setting, issue):
                return Found(role=role, unit=unit, territory=territory, passed=tuple(passed))
            passed.append(unit)
        return Found(role=role, unit=None, passed=tuple(passed))

    def chiefs(self, flags: frozenset[str], adcode: str | None, on: date) -> list[Chief]:
        """Name the chiefs of the waters and forests among the flags, for the county's stretch.

        Where no stretch is the county's, those who answer for the whole.
        """
        held = [c for c in self.city.chiefs if c.flag in flags and self._serves(c, on)]
        near = {chief.flag for chief in held if adcode in chief.adcodes}
        return [
            chief
            for chief in held
            if adcode in chief.adcodes or (not chief.adcodes and chief.flag not in near)
        ]

    def name(self, territory: str) -> str:
        """Give the Chinese name of a division or zone, the code where it has none here."""
        if territory == self.city.adcode:
            return self.city.name
        known = self._divisions.get(territory) or self.zones.get(territory)
        return known.name if known else territory

    def _territories(self, place: Place) -> list[str]:
        """Name the territories from the narrowest on; what succeeds one has what it has not."""
        wanted = (place.township, place.zone, place.adcode, self.city.adcode)
        return [code for one in wanted if one for code in (one, *self._heirs.get(one, ()))]

    def _held(self, role: str, territory: str, on: date) -> Unit | None:
        for binding in self._bindings.get((role, territory), ()):
            if self._serves(binding, on):
                return self.units[binding.unit]
        return None

    def _serves(self, bound: Binding | Chief, on: date) -> bool:
        unit = self.units.get(bound.unit)
        return unit is not None and holds_on(bound, on) and holds_on(unit, on)

    def _successor(self, code: str | None, on: date) -> str | None:
        for _ in self._divisions:
            division = self._divisions.get(code or "")
            ended = division is not None and division.valid_to is not None
            if division is None or not ended or not division.successor or holds_on(division, on):
                break
            code = division.successor
        return code

    def _is_town(self, code: str) -> bool:
        known = self._divisions.get(code)
        return known is not None and known.level == _TOWNSHIP

    def _is_here(self, adcode: str) -> bool:
        return adcode == self.city.adcode or adcode in self._divisions


def _may_enforce(unit: Unit, setting: Setting, issue: str | None) -> bool:
    """Tell whether a unit may enforce at the place: townships and zones only by delegation."""
    if unit.level == "town":
        return issue in setting.powers
    if unit.level == "zone":
        return unit.has_enforcement or bool(setting.zone_enforces) or issue in setting.powers
    return True
