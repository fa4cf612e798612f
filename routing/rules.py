"""The duty catalogue at work: loading, a city's rules over the national ones, matching, versions.

Rules are tried tier by tier, first match within a tier; a city's rules come before the national
ones of their tier, and one of the same id takes its place.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from models.city import City
from models.city_load import read_clocks, read_rules
from models.clock import ClockDef
from models.duty import TIERS, Condition, Rule
from routing.facts import Facts

DATA: Final = Path(__file__).with_name("data")
_DIGEST_LENGTH: Final = 8

Conditions = dict[str, str | list[str]]


@cache
def national_rules() -> tuple[Rule, ...]:
    """Read the national base table: every duties*.toml, by file name."""
    return tuple(rule for path in _duty_files() for rule in read_rules(path))


@cache
def national_clocks() -> tuple[ClockDef, ...]:
    """Read the national clocks."""
    return read_clocks(DATA / "clocks.toml")


@cache
def national_version() -> str:
    """Name the release of the national rules by a digest of their files."""
    total = hashlib.sha256()
    for path in _duty_files():
        total.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return f"cn-{total.hexdigest()[:_DIGEST_LENGTH]}"


def clocks_of(city: City) -> dict[str, ClockDef]:
    """Give the clocks that hold in a city by code: its own in place of the national ones."""
    return {clock.code: clock for clock in (*national_clocks(), *city.clocks)}


class Rules:
    """The rules of one city, by tier and main issue type."""

    def __init__(self, own: Sequence[Rule], base: Iterable[Rule]) -> None:
        """Lay a city's own rules over the base."""
        replaced = {rule.id for rule in own}
        laid = [*own, *(rule for rule in base if rule.id not in replaced)]
        self._tiers = {tier: [r for r in laid if r.tier == tier] for tier in TIERS}
        self._by_type: dict[tuple[str, str], tuple[Rule, ...]] = {}

    def first(self, tier: str, facts: Facts) -> Rule | None:
        """Give the first rule of the tier that holds for the facts."""
        return next((r for r in self._candidates(tier, facts.main) if holds(r, facts)), None)

    def _candidates(self, tier: str, main: str) -> tuple[Rule, ...]:
        key = (tier, main)
        found = self._by_type.get(key)
        if found is None:
            rules = self._tiers[tier]
            found = tuple(r for r in rules if not r.when.types or main in r.when.types)
            self._by_type[key] = found
        return found


def holds(rule: Rule, facts: Facts) -> bool:
    """Tell whether the rule is valid on the day of the facts and all its conditions are met."""
    return in_force(rule, facts.day) and all(_tests(rule.when, facts))


def in_force(rule: Rule, day: date) -> bool:
    """Tell whether the rule is valid on a day."""
    return (rule.valid_from is None or rule.valid_from <= day) and (
        rule.valid_to is None or day <= rule.valid_to
    )


def _tests(when: Condition, facts: Facts) -> Iterable[bool]:
    yield not when.types or facts.main in when.types
    yield not when.any_types or not facts.type_set.isdisjoint(when.any_types)
    yield not when.kinds or facts.kind in when.kinds
    yield not when.channels or not facts.channel_names.isdisjoint(when.channels)
    yield not when.urgencies or facts.urgency in when.urgencies
    yield facts.flag_set.issuperset(when.flags)
    yield not when.any_flag or not facts.flag_set.isdisjoint(when.any_flag)
    yield facts.flag_set.isdisjoint(when.no_flags)
    yield not when.adcodes or facts.adcode in when.adcodes
    yield not when.zones or facts.zone in when.zones
    yield when.in_zone is None or when.in_zone == (facts.zone is not None)
    yield when.zone_enforces is None or when.zone_enforces == facts.zone_enforces
    yield _hour_within(when.from_hour, when.to_hour, facts.hour)


def _hour_within(start: int | None, end: int | None, hour: int) -> bool:
    """Tell whether the hour lies in [start, end), which may wrap midnight."""
    first, last = start or 0, 24 if end is None else end
    if first <= last:
        return first <= hour < last
    return hour >= first or hour < last


def matched(when: Condition, facts: Facts) -> Conditions:
    """Name the conditions that a rule set, each with the values of the case that met it."""
    said: Conditions = {}
    _say(said, "types", [facts.main] if when.types else [])
    _say(said, "any_types", [code for code in facts.types if code in when.any_types])
    _say(said, "flags", list(when.flags))
    _say(said, "any_flag", [flag for flag in facts.flags if flag in when.any_flag])
    _say(said, "no_flags", list(when.no_flags))
    single = {
        "kinds": facts.kind,
        "channels": facts.channel,
        "urgencies": facts.urgency,
        "adcodes": facts.adcode,
        "zones": facts.zone,
    }
    said |= {name: value or "" for name, value in single.items() if getattr(when, name)}
    if when.in_zone is not None or when.zone_enforces is not None:
        said["zone"] = facts.zone or "不在功能区内"
    if when.from_hour is not None or when.to_hour is not None:
        said["hour"] = str(facts.hour)
    return said


def _say(said: Conditions, name: str, values: list[str]) -> None:
    if values:
        said[name] = values


def _duty_files() -> list[Path]:
    return sorted(DATA.glob("duties*.toml"))
