"""What is said of rules' order agrees with cases: tried on every case of a small world."""

from datetime import datetime
from itertools import chain, combinations, product
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.checks.order import contradiction, hides, overlaps, shares, unreachable
from models.duty import Condition, Rule
from models.moment import CHINA
from routing.facts import Facts
from routing.report import report
from routing.rules import holds
from tests.routing.kit import EAST, WEST, ZONE, facts, rule

TYPES: Final = ("A02", "A03", "N02")
FLAGS: Final = ("time:night", "rural")
CALLED: Final = ((), ("0801", "餐饮油烟"), ("0902",))
ODORS: Final = ((), ("odor:industry",), ("odor:catering",))
HOURS: Final = (2, 10, 23)
some = settings(max_examples=60, deadline=None)


def _world() -> list[Facts]:
    subsets = chain.from_iterable(combinations(FLAGS, n) for n in range(3))
    return [
        facts(
            code,
            flags=tuple(sorted({*flags, *odor})),
            zone=zone,
            zone_enforces=enforces,
            adcode=adcode,
            categories=called,
            happened_at=datetime(2026, 11, 20, hour, tzinfo=CHINA),
        )
        for code, flags, odor, (zone, enforces), adcode, called, hour in product(
            TYPES, subsets, ODORS, ((None, None), (ZONE, True)), (EAST, WEST), CALLED, HOURS
        )
    ]


WORLD: Final = _world()


def few(values: tuple[str, ...]) -> Any:
    """Give none, one or two."""
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


ASKED: Final[dict[str, Any]] = {
    "types": few(TYPES),
    "flags": few((*FLAGS, "odor:industry")),
    "any_flag": few((*FLAGS, "odor:industry", "odor:catering")),
    "no_flags": few((*FLAGS, "odor:industry")),
    "adcodes": few((EAST, WEST)),
    "categories": few(("0801", "08*", "0*", "0902", "餐饮油烟")),
    "in_zone": st.booleans(),
    "zone_enforces": st.just(True),
    "from_hour": st.sampled_from([0, 6, 22]),
    "to_hour": st.sampled_from([0, 6, 22, 24]),
}
conditions = (
    st.lists(st.sampled_from(sorted(ASKED)), max_size=3, unique=True)
    .flatmap(lambda names: st.fixed_dictionaries({name: ASKED[name] for name in names}))
    .map(lambda fields: Condition(**fields))
)
rules = st.builds(
    lambda when, lead: rule("r", "T4", when=when, lead=lead),
    conditions,
    st.sampled_from(["ECO", "UMA"]),
)


@some
@given(rules, rules)
def test_rules_that_share_a_case_are_found_to(one: Rule, other: Rule) -> None:
    """No pair that some case fits is overlooked."""
    if any(holds(one, case) and holds(other, case) for case in WORLD):
        assert shares(one, other)


@some
@given(rules, rules)
def test_a_rule_that_hides_another_fits_all_its_cases(first: Rule, later: Rule) -> None:
    """Nothing is called hidden that a case still reaches."""
    if hides(first, later):
        assert all(holds(first, case) for case in WORLD if holds(later, case))


@some
@given(st.lists(rules, min_size=2, max_size=6))
def test_what_is_never_reached_is_no_cases_first(laid: list[Rule]) -> None:
    """Hidden by one rule, or by several together, type by type."""
    named = [rule(f"r{n}", "T4", when=r.when, lead=r.lead) for n, r in enumerate(laid)]
    hidden = {one.id for one, _ in unreachable(named)}
    for case in WORLD:
        first = next((r.id for r in named if holds(r, case)), None)
        assert first not in hidden


@some
@given(conditions)
def test_a_condition_that_contradicts_itself_fits_no_case(when: Condition) -> None:
    """And what some case fits is never called so."""
    if contradiction(when):
        assert not any(holds(rule("r", "T4", when=when), case) for case in WORLD)


@pytest.mark.parametrize(
    "when",
    [
        Condition(flags=("rural",), no_flags=("rural",)),
        Condition(any_flag=("rural",), no_flags=("rural", "time:night")),
        Condition(from_hour=6, to_hour=6),
        Condition(in_zone=False, zone_enforces=True),
        Condition(flags=("odor:industry", "odor:catering")),
    ],
)
def test_contradictions_are_named(when: Condition) -> None:
    """Each way in which a condition can bar itself."""
    assert contradiction(when)


def test_several_rules_together_hide_one() -> None:
    """Two types, each taken by another rule before."""
    laid = [
        rule("a", "T4", when=Condition(types=("A02",)), lead="ECO"),
        rule("n", "T4", when=Condition(types=("N02",)), lead="UMA"),
        rule("both", "T4", when=Condition(types=("A02", "N02"), flags=("rural",)), lead="HUD"),
    ]
    assert [(one.id, by) for one, by in unreachable(laid)] == [("both", ("a", "n"))]


def test_pairs_that_hang_on_order_are_told_from_special_cases() -> None:
    """The particular before the general is intended; two particulars are not."""
    night = rule("night", "T4", when=Condition(types=("N02",), flags=("time:night",)), lead="PSB")
    rural = rule("rural", "T4", when=Condition(types=("N02",), flags=("rural",)), lead="STR")
    plain = rule("plain", "T4", when=Condition(types=("N02",)), lead="UMA")
    found = {(o.first, o.later): o.intended for o in overlaps([night, rural, plain])}
    assert found == {
        ("night", "rural"): False,
        ("night", "plain"): True,
        ("rural", "plain"): True,
    }


def test_the_report_is_quick_and_names_what_ends_with_people(changsha: Any) -> None:
    """Over two thousand cells in seconds; what must be designated is among them."""
    found = report(changsha)
    assert found.cells > 2000
    assert found.seconds < 20
    assert {"X01", "P06"} <= {gap.type for gap in found.gaps}
    assert all(gap.rule or gap.reasons for gap in found.gaps)
    assert found.pooled < found.cells / 5
