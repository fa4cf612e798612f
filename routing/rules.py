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

from models.city import City, National
from models.city_load import read_clocks, read_rules
from models.clock import ClockDef
from models.duty import TIERS, Condition, Rule, categories_met
from models.taxonomy import ROLES
from routing.facts import Facts

DATA: Final = Path(__file__).with_name("data")
_DIGEST_LENGTH: Final = 8
_EMERGENCY: Final = "P0"
#: Roles that are townships, their managers or zones: they enforce only what is delegated to them.
LOCAL_ROLES: Final = frozenset(c for c, r in ROLES.items() if r.per in {"township", "zone"})

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
    """Name the release of the national rules and clocks by a digest of their files."""
    total = hashlib.sha256()
    for path in (*_duty_files(), DATA / "clocks.toml"):
        total.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return f"cn-{total.hexdigest()[:_DIGEST_LENGTH]}"


@cache
def installed_national() -> National:
    """Give the national rules and clocks as installed."""
    return National(version=national_version(), rules=national_rules(), clocks=national_clocks())


def national_of(city: City) -> National:
    """Give the national rules and clocks that a city stands on: its release's, or the installed."""
    return city.national or installed_national()


def clocks_of(city: City) -> dict[str, ClockDef]:
    """Give the clocks that hold in a city by code: its own and its terms over the national ones."""
    laid = {clock.code: clock for clock in (*national_of(city).clocks, *city.clocks)}
    known = [terms for terms in city.clock_terms if terms.code in laid]
    return laid | {terms.code: terms.laid_over(laid[terms.code]) for terms in known}


class Rules:
    """The rules of one city, by tier and main issue type: `all` in their order, `laws` by rule."""

    def __init__(self, own: Sequence[Rule], base: Iterable[Rule]) -> None:
        """Lay a city's own rules over the base."""
        replaced = {rule.id for rule in own}
        self.all = (*own, *(rule for rule in base if rule.id not in replaced))
        self.laws = {rule.id: rule.laws for rule in self.all}
        self._tiers = {tier: [r for r in self.all if r.tier == tier] for tier in TIERS}
        self._local = {tier: any(map(_needs_power, own)) for tier, own in self._tiers.items()}
        self._by_type: dict[tuple[str, str], tuple[Rule, ...]] = {}

    def first(self, tier: str, facts: Facts, urgency: str | None = None) -> Rule | None:
        """Give the first rule of the tier that holds for the facts, at another urgency if given."""
        at = urgency or facts.urgency
        for rule in self._candidates(tier, facts.main):
            if holds(rule, facts, at):
                return rule
        return None

    def barred(
        self, tier: str, facts: Facts, urgency: str, chosen: Rule | None
    ) -> tuple[Rule, ...]:
        """Give the rules before the chosen one that hold but for a power not delegated."""
        found = []
        if not self._local[tier]:
            return ()
        for rule in self._candidates(tier, facts.main):
            if rule is chosen:
                break
            if not may_lead(rule, facts) and _fits(rule, facts, urgency):
                found.append(rule)
        return tuple(found)

    def _candidates(self, tier: str, main: str) -> tuple[Rule, ...]:
        key = (tier, main)
        found = self._by_type.get(key)
        if found is None:
            rules = self._tiers[tier]
            found = tuple(r for r in rules if not r.when.types or main in r.when.types)
            self._by_type[key] = found
        return found


def holds(rule: Rule, facts: Facts, urgency: str | None = None) -> bool:
    """Tell whether a rule is valid on the day of the facts, fits them, and may name its lead."""
    return _fits(rule, facts, urgency or facts.urgency) and may_lead(rule, facts)


def may_lead(rule: Rule, facts: Facts) -> bool:
    """Tell whether the rule's lead may enforce: a township or zone only what it is delegated."""
    if not _needs_power(rule):
        return True
    own_zone = facts.zone_enforces is True and ROLES[rule.lead or ""].per == "zone"
    return own_zone or facts.main in facts.powers


def _needs_power(rule: Rule) -> bool:
    return rule.lead in LOCAL_ROLES and rule.enforces is not False


def in_force(rule: Rule, day: date) -> bool:
    """Tell whether the rule is valid on a day."""
    return (rule.valid_from is None or rule.valid_from <= day) and (
        rule.valid_to is None or day <= rule.valid_to
    )


def _fits(rule: Rule, facts: Facts, urgency: str) -> bool:
    when = rule.when
    return (
        in_force(rule, facts.day)
        and (not when.types or facts.main in when.types)
        and (not when.any_types or not facts.type_set.isdisjoint(when.any_types))
        and (not when.kinds or facts.kind in when.kinds)
        and (not when.urgencies or urgency in when.urgencies)
        and (not when.flags or facts.flag_set.issuperset(when.flags))
        and (not when.any_flag or not facts.flag_set.isdisjoint(when.any_flag))
        and (not when.no_flags or facts.flag_set.isdisjoint(when.no_flags))
        and (not when.channels or not facts.channel_names.isdisjoint(when.channels))
        and (not when.categories or _called(when, facts, urgency))
        and _there(when, facts)
        and _then(when, facts)
    )


def _called(when: Condition, facts: Facts, urgency: str) -> bool:
    """Tell whether the platform calls it so; nobody's category outweighs a hazard in the text."""
    return urgency != _EMERGENCY and bool(categories_met(when.categories, facts.categories))


def _there(when: Condition, facts: Facts) -> bool:
    """Tell whether the place is one that the condition asks for."""
    return (
        (not when.adcodes or facts.adcode in when.adcodes)
        and (not when.townships or facts.township in when.townships)
        and (not when.zones or facts.zone in when.zones)
        and (when.in_zone is None or when.in_zone == (facts.zone is not None))
        and (when.zone_enforces is None or when.zone_enforces == facts.zone_enforces)
        and (when.delegated is None or when.delegated == (facts.main in facts.powers))
    )


def _then(when: Condition, facts: Facts) -> bool:
    """Tell whether the time is one that the condition asks for."""
    timed = when.from_hour is not None or when.to_hour is not None
    seasonal = when.from_day is not None or when.to_day is not None
    return (
        (not timed or _hour_within(when, facts.hour))
        and (not seasonal or _day_within(when, f"{facts.day:%m-%d}"))
        and (not when.periods or bool(_holding(when, facts)))
    )


def _hour_within(when: Condition, hour: int) -> bool:
    """Tell whether the hour lies in [from, to), which may wrap midnight."""
    first, last = when.from_hour or 0, 24 if when.to_hour is None else when.to_hour
    if first <= last:
        return first <= hour < last
    return hour >= first or hour < last


def _day_within(when: Condition, day: str) -> bool:
    """Tell whether a day of the year, as `MM-DD`, lies in [from, to], which may wrap its end."""
    first, last = when.from_day or "01-01", when.to_day or "12-31"
    if first <= last:
        return first <= day <= last
    return day >= first or day <= last


def _holding(when: Condition, facts: Facts) -> list[str]:
    """Name the periods asked for that hold for the main type."""
    return [
        period.name
        for period in facts.periods
        if period.kind in when.periods and (not period.types or facts.main in period.types)
    ]


def matched(when: Condition, facts: Facts, urgency: str | None = None) -> Conditions:
    """Name the conditions that a rule set, each with the values of the case that met it."""
    said: Conditions = {}
    _say(said, "types", [facts.main] if when.types else [])
    _say(said, "any_types", [code for code in facts.types if code in when.any_types])
    _say(said, "flags", list(when.flags))
    _say(said, "any_flag", [flag for flag in facts.flags if flag in when.any_flag])
    _say(said, "no_flags", list(when.no_flags))
    _say(said, "periods", _holding(when, facts))
    _say(said, "categories", list(categories_met(when.categories, facts.categories)))
    single = {
        "kinds": facts.kind,
        "channels": facts.channel,
        "urgencies": urgency or facts.urgency,
        "adcodes": facts.adcode,
        "townships": facts.township,
        "zones": facts.zone,
    }
    said |= {name: value or "" for name, value in single.items() if getattr(when, name)}
    if when.in_zone is not None or when.zone_enforces is not None:
        said["zone"] = facts.zone or "不在功能区内"
    if when.delegated is not None:
        said["delegated"] = "已赋权" if when.delegated else "未赋权"
    if when.from_hour is not None or when.to_hour is not None:
        said["hour"] = str(facts.hour)
    if when.from_day is not None or when.to_day is not None:
        said["day"] = f"{facts.day:%m-%d}"
    return said


def _say(said: Conditions, name: str, values: list[str]) -> None:
    if values:
        said[name] = values


def _duty_files() -> list[Path]:
    return sorted(DATA.glob("duties*.toml"))
