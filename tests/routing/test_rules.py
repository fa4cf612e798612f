"""The rule language: each condition, order, validity, and a city's rules over the nation's."""

from datetime import date, datetime
from typing import Any

import pytest

from models.duty import Condition
from models.moment import CHINA
from routing.rules import Rules, clocks_of, holds, matched, national_clocks, national_rules
from tests.routing.kit import EAST, FRIDAY, ZONE, facts, rule, small_city


@pytest.mark.parametrize(
    ("condition", "changed", "expected"),
    [
        ({"types": ("A01",)}, {}, True),
        ({"types": ("A02",)}, {}, False),
        ({"any_types": ("N02",)}, {"types": ("A01", "N02")}, True),
        ({"types": ("N02",)}, {"types": ("A01", "N02")}, False),
        ({"kinds": ("JB",)}, {"kind": "JB"}, True),
        ({"kinds": ("JB",)}, {}, False),
        ({"channels": ("12369",)}, {"channel": "12369_WECHAT"}, True),
        ({"channels": ("12369_WEB",)}, {"channel": "12369_WECHAT"}, False),
        ({"urgencies": ("P0",)}, {"urgency": "P0"}, True),
        ({"flags": ("a", "b")}, {"flags": ("a", "b", "c")}, True),
        ({"flags": ("a", "b")}, {"flags": ("a",)}, False),
        ({"any_flag": ("a", "b")}, {"flags": ("b",)}, True),
        ({"any_flag": ("a", "b")}, {}, False),
        ({"no_flags": ("a",)}, {"flags": ("a",)}, False),
        ({"no_flags": ("a",)}, {}, True),
        ({"adcodes": (EAST,)}, {}, True),
        ({"adcodes": (EAST,)}, {"adcode": None}, False),
        ({"zones": (ZONE,)}, {"zone": ZONE}, True),
        ({"in_zone": True}, {}, False),
        ({"in_zone": False}, {}, True),
        ({"zone_enforces": True}, {"zone": ZONE, "zone_enforces": True}, True),
        ({"zone_enforces": False}, {}, False),
    ],
)
def test_a_condition_holds_when_all_it_states_holds(
    condition: dict[str, Any], changed: dict[str, Any], expected: bool
) -> None:
    """Each field restricts as the language says, and an empty one does not."""
    known = facts(*changed.pop("types", ("A01",)), **changed)
    assert holds(rule("r", "T6", when=Condition(**condition)), known) is expected


@pytest.mark.parametrize(
    ("hour", "expected"), [(21, False), (22, True), (23, True), (0, True), (5, True), (6, False)]
)
def test_hours_may_wrap_midnight(hour: int, expected: bool) -> None:
    """A night from 22 to 6 holds on both sides of midnight, its end left out."""
    night = rule("night", "T3", when=Condition(from_hour=22, to_hour=6))
    moment = datetime(2026, 11, 20, hour, 30, tzinfo=CHINA)
    assert holds(night, facts(happened_at=moment)) is expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2026, 8, 14), False), (date(2026, 8, 15), True), (date(2026, 12, 31), True)],
)
def test_a_rule_holds_from_its_first_to_its_last_day(day: date, expected: bool) -> None:
    """Validity is that of the day of the facts, both ends included."""
    dated = rule("d", "T6", valid_from=date(2026, 8, 15), valid_to=date(2026, 12, 31))
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=CHINA)
    assert holds(dated, facts(happened_at=moment)) is expected


def test_the_first_rule_of_a_tier_counts_and_the_citys_come_first() -> None:
    """A city's rule of a tier stands before the nation's, and one of the same id replaces it."""
    base = [rule("a", "T6", lead="ECO"), rule("b", "T6", lead="HUD")]
    assert Rules((), base).first("T6", facts()) is base[0]
    own = rule("c", "T6", lead="UMA")
    assert Rules((own,), base).first("T6", facts()) is own
    replaced = rule("a", "T6", lead="UMA", when=Condition(types=("N02",)))
    found = Rules((replaced,), base).first("T6", facts())
    assert found is base[1]


def test_what_matched_is_told_with_the_values_of_the_case() -> None:
    """A trace names the conditions that a rule set, with what met them."""
    when = Condition(types=("A01", "A02"), any_flag=("x", "y"), adcodes=(EAST,), from_hour=8)
    said = matched(when, facts(flags=("y",)))
    assert said == {
        "types": ["A01"],
        "any_flag": ["y"],
        "adcodes": EAST,
        "hour": str(FRIDAY.hour),
    }


def test_the_shipped_rules_and_clocks_load_with_names_of_their_own() -> None:
    """The national catalogue is not empty and names every rule once."""
    ids = [one.id for one in national_rules()]
    assert len(ids) > 100
    assert len(set(ids)) == len(ids)
    assert {"K04", "K05", "K09", "K10", "K11", "K12"} <= {c.code for c in national_clocks()}


def test_a_citys_clock_stands_in_place_of_the_nations() -> None:
    """A clock of the city with the same code is the one that holds there."""
    (national,) = [clock for clock in national_clocks() if clock.code == "K12"]
    own = national.__class__(**{f: getattr(national, f) for f in national.__struct_fields__})
    found = clocks_of(small_city(clocks=(own,)))
    assert found["K12"] is own
    assert found["K04"] in national_clocks()
