"""Cities made at random: how many counties, zones and units, who is bound to what, which rules.

Everything that a decision looks up is left to chance, also what a careful city would not leave to
it: roles without a unit, units whose time is over, zones over two counties, old codes of old codes.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from models.city import Binding, City, Division, National, Period, Power, Unit, Zone
from models.duty import TIERS, Condition, Rule
from routing.catalogue import catalogue
from routing.formulas import measures
from routing.reward_rules import reward_rules
from routing.rules import national_of
from tests.routing.kit import CITY, FRIDAY

TYPES: Final = ("A01", "A03", "N02", "W01", "S01")
ROLES: Final = ("ECO", "UMA", "HUD", "WAT", "STR", "PRO", "ZON", "SAN", "TPB")
FLAGS: Final = ("time:night", "rural", "canteen", "place:source_water")
_TODAY: Final = FRIDAY.date()
_LEVELS: Final = {"ZON": "zone", "STR": "town", "PRO": "town"}


def walked_cities(seeds: Iterable[int]) -> dict[int, City]:
    """Make cities with all that is read from files: the program reads those before it serves."""
    cities = {seed: random_city(random.Random(seed)) for seed in seeds}  # noqa: S311 - the same ones
    for city in cities.values():
        catalogue(city)
    measures()
    reward_rules()
    return cities


def random_city(dice: random.Random) -> City:
    """Make a city; no two of them need have anything in common but the code and the clocks."""
    divisions = _divisions(dice)
    counties = [d.code for d in divisions if d.level == "county"]
    towns = [d.code for d in divisions if d.level == "township"]
    zones = _zones(dice, counties, towns)
    places = [CITY, *counties, *towns, *(zone.code for zone in zones)]
    units, bindings = _units(dice, places)
    local = [*towns, *(zone.code for zone in zones)]
    base, own = _rules(dice, "n", places), _rules(dice, "c", places)
    city = City(
        adcode=CITY,
        name="测试市",
        short_names=("测试",),
        version=f"random-{dice.randrange(10**9)}",
        divisions=divisions,
        zones=zones,
        units=units,
        bindings=bindings,
        duties=own,
        powers=_powers(dice, local),
        periods=_periods(dice, counties),
    )
    clocks = national_of(city).clocks
    national = National(version="cn-random", rules=base, clocks=clocks)
    return msgspec.structs.replace(city, national=national)


def _divisions(dice: random.Random) -> tuple[Division, ...]:
    made = [Division(code=CITY, name="测试市", level="city", parent=f"{CITY[:2]}0000")]
    counties = [f"{CITY[:4]}{n:02}" for n in range(1, dice.randint(2, 6))]
    for n, code in enumerate(counties):
        gone = n > 0 and dice.random() < 0.25
        made.append(
            Division(
                code=code,
                name=f"第{n}区",
                level="county",
                parent=CITY,
                valid_to=_TODAY - timedelta(days=dice.randint(1, 400)) if gone else None,
                successor=counties[n - 1] if gone else None,
            )
        )
        made += [
            Division(code=f"{code}{t:03}", name=f"{n}区{t}街道", level="township", parent=code)
            for t in range(1, dice.randint(1, 4))
        ]
    return tuple(made)


def _zones(dice: random.Random, counties: Sequence[str], towns: Sequence[str]) -> tuple[Zone, ...]:
    return tuple(
        Zone(
            code=f"{CITY}-Z-{n}",
            name=f"第{n}开发区",
            adcodes=tuple(some(dice, counties, 2)) or (counties[0],),
            townships=tuple(some(dice, towns, 1)),
            has_enforcement=dice.random() < 0.5,
        )
        for n in range(dice.randint(0, 3))
    )


def _units(
    dice: random.Random, places: Sequence[str]
) -> tuple[tuple[Unit, ...], tuple[Binding, ...]]:
    """Bind most roles in most places to units, of which some serve several places or not now."""
    units: list[Unit] = []
    bindings: list[Binding] = []
    for place in places:
        for role in ROLES:
            if dice.random() < 0.35:
                continue
            if not units or dice.random() < 0.85:
                units.append(_unit(dice, place, role))
            bound = units[-1] if dice.random() < 0.8 else dice.choice(units)
            bindings.append(
                Binding(role=role, territory=place, unit=bound.code, valid_to=_ended(dice))
            )
    return tuple(units), tuple(bindings)


def _unit(dice: random.Random, place: str, role: str) -> Unit:
    where = "city" if place == CITY else "county"
    level = _LEVELS.get(role, "external" if dice.random() < 0.05 else where)
    return Unit(
        code=f"{place}-{role}",
        name=f"{place}{role}局",
        short_name=f"{role}{place}",
        level=level,
        adcodes=(place,) if place.isdecimal() and len(place) == len(CITY) else (),
        has_enforcement=dice.random() < 0.7,
        valid_to=_ended(dice),
    )


def _ended(dice: random.Random) -> date | None:
    """Give a day that is past, mostly none."""
    return _TODAY - timedelta(days=dice.randint(1, 300)) if dice.random() < 0.1 else None


def _powers(dice: random.Random, local: Sequence[str]) -> tuple[Power, ...]:
    return tuple(
        Power(
            item=f"p{n}",
            types=(dice.choice(TYPES),),
            territory=dice.choice(local),
            valid_from=_TODAY + timedelta(days=dice.randint(-300, 30)),
        )
        for n in range(dice.randint(0, 6) if local else 0)
    )


def _periods(dice: random.Random, counties: Sequence[str]) -> tuple[Period, ...]:
    return tuple(
        Period(
            code=f"t{n}",
            kind=dice.choice(("exam", "event")),
            name=f"时期{n}",
            valid_from=_TODAY - timedelta(days=dice.randint(0, 60)),
            valid_to=_TODAY + timedelta(days=dice.randint(0, 60)),
            adcodes=tuple(some(dice, counties, 1)),
            on=dice.random() < 0.8,
        )
        for n in range(dice.randint(0, 3))
    )


def _rules(dice: random.Random, prefix: str, places: Sequence[str]) -> tuple[Rule, ...]:
    return tuple(_rule(dice, f"{prefix}{n}", places) for n in range(dice.randint(2, 14)))


def _rule(dice: random.Random, name: str, places: Sequence[str]) -> Rule:
    lead = dice.choice(ROLES) if dice.random() < 0.8 else None
    counties = [place for place in places if len(place) == len(CITY) and place.isdecimal()]
    return Rule(
        id=name,
        tier=dice.choice(TIERS),
        when=Condition(
            types=tuple(some(dice, TYPES, 2)),
            flags=tuple(some(dice, FLAGS, 1)) if dice.random() < 0.3 else (),
            adcodes=tuple(some(dice, counties, 1)) if dice.random() < 0.3 else (),
            in_zone=dice.choice((None, None, None, True, False)),
            delegated=dice.choice((None, None, None, None, True)),
            periods=("exam",) if dice.random() < 0.1 else (),
        ),
        lead=lead,
        pool=lead is None and dice.random() < 0.4,
        cooperating=tuple(role for role in some(dice, ROLES, 3) if role != lead),
        urgency=dice.choice((None, None, "P1", "P3")),
        review="hand" if dice.random() < 0.05 else None,
        enforces=dice.choice((None, True, False)),
        valid_to=_ended(dice),
        note=f"规则{name}",
        source="test",
    )


def some(dice: random.Random, values: Sequence[str], most: int) -> list[str]:
    """Give at most so many of the values, or none."""
    return dice.sample(list(values), dice.randint(0, min(most, len(values))))
