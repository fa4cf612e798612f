"""One lead or the pool, in cities of which nothing is fixed: counties, zones, units, bindings."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from models.city import Binding, City
from models.decision import Decision
from routing.catalogue import Catalogue
from routing.engine import Facts, judge
from tests.routing.kit import FRIDAY
from tests.routing.towns import FLAGS, TYPES, random_city, some

_CITIES: Final = 150
_REPORTS: Final = 20


def random_facts(city: City, dice: random.Random) -> Facts:
    """Make the facts of a report from somewhere in a city, an old code or nowhere known."""
    counties = [d.code for d in city.divisions if d.level == "county"]
    towns = [d.code for d in city.divisions if d.level == "township"]
    zones = [zone.code for zone in city.zones]
    town = dice.choice([*towns, None, None])
    return Facts(
        types=tuple(some(dice, TYPES, 2)) or (TYPES[0],),
        kind=dice.choice(("TS", "JB")),
        urgency=dice.choice(("P0", "P1", "P2", "P3")),
        flags=tuple(some(dice, FLAGS, 3)),
        adcode=town[:6] if town else dice.choice([*counties, *counties, None]),
        township=town,
        zone=dice.choice([*zones, None]),
        channel="12345_TEL",
        happened_at=FRIDAY - timedelta(days=dice.choice((0, dice.randint(1, 400)))),
        dispatched_at=FRIDAY,
    )


def wrong(city: City, one: Facts, found: Decision) -> Iterator[str]:
    """Say what is wrong with a decision, by what the city says of roles, places and days."""
    if (found.lead is None) != found.pool:
        yield "neither one lead nor the pool"
    units = {unit.code: unit for unit in city.units}
    parts = [part for part in (found.lead, *found.cooperating) if part and part.unit]
    if len({part.unit for part in parts}) < len(parts):
        yield "a unit twice"
    for part in parts:
        unit = units[part.unit or ""]
        if unit.valid_to is not None and unit.valid_to < one.dispatch_day:
            yield f"{unit.code} serves no longer"
        if not any(
            b.role == part.role and b.unit == unit.code and _holds(b, city, one)
            for b in city.bindings
        ):
            yield f"{unit.code} is not {part.role} there"


def _holds(bound: Binding, city: City, one: Facts) -> bool:
    """Tell whether a binding is of the place, or of one that lies over or in it, on the day."""
    old = {d.code: d.successor for d in city.divisions if d.successor}
    places = {city.adcode, one.township, one.zone, one.adcode}
    places |= {code for zone in city.zones if zone.code == one.zone for code in zone.adcodes}
    zones = [z for z in city.zones if one.township and one.township in z.townships]
    places |= {zone.code for zone in zones}
    current = {_last(old, place) for place in places if place}
    places |= current | {place[:6] for place in current}
    return bound.territory in places and (
        bound.valid_to is None or bound.valid_to >= one.dispatch_day
    )


def _last(old: dict[str, str], code: str) -> str:
    while code in old:
        code = old[code]
    return code


def test_in_any_city_there_is_one_lead_or_the_pool() -> None:
    """And whoever leads or helps is bound to that role at that place, and serves when asked."""
    came_to: Counter[str] = Counter()
    for seed in range(_CITIES):
        dice = random.Random(seed)  # noqa: S311 - the same cities in every run
        city = random_city(dice)
        book = Catalogue(city)
        for _ in range(_REPORTS):
            one = random_facts(city, dice)
            found = judge(book, one)
            assert list(wrong(city, one, found)) == [], (seed, one)
            unit = found.lead.unit if found.lead else None
            came_to["pool" if found.pool else "led" if unit else "a role without a place"] += 1
    least = _CITIES * _REPORTS // 10
    assert came_to["pool"] > least
    assert came_to["led"] > least
