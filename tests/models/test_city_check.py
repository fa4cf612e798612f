"""The city check finds what would send a case astray, and finds nothing where nothing is wrong."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.city import Binding, City, Division, ProtectedPlace, Unit, Zone
from models.city_check import Finding, check, errors_of
from models.city_load import installed_cities, load_city
from models.clock import CalendarDay, ClockDef, Span
from models.duty import Condition, Rule
from models.taxonomy import ISSUE_TYPES, ROLES
from routing.rules import national_clocks, national_rules

CITIES = [load_city("430100"), load_city("530100")]
#: Whole cities; what a single district has learned of its own may leave more to people.
SHIPPED = [load_city(code) for code in installed_cities() if code.endswith("00")]
RULES = national_rules()
CLOCKS = national_clocks()
LEADS = {rule.lead for rule in RULES if rule.lead}
LAST = date(2026, 11, 20)
#: A check of a whole city takes a while on a busy machine.
patient = settings(deadline=None, max_examples=60)


def look(city: City, rules: Sequence[Rule] = RULES, **changed: Any) -> list[Finding]:
    """Check a city with some fields changed."""
    clocks: Sequence[ClockDef] = changed.pop("national_clocks", CLOCKS)
    return check(msgspec.structs.replace(city, **changed), rules, clocks)


def codes(findings: Sequence[Finding]) -> set[str]:
    """Give the codes of findings."""
    return {finding.code for finding in findings}


def made(thing: Any, **changed: Any) -> Any:
    """Give a struct with fields changed."""
    return msgspec.structs.replace(thing, **changed)


def rule(**given: Any) -> Rule:
    """Make a rule of the local tier."""
    return Rule(**({"id": "X", "tier": "T4", "note": "试。", "source": "试"} | given))


@pytest.mark.parametrize("city", SHIPPED, ids=lambda city: city.adcode)
def test_what_ships_has_no_errors(city: City) -> None:
    """Warnings are left for what only the city can settle."""
    found = look(city)
    assert errors_of(found) == []
    assert codes(found) <= {
        "external_unbound",
        "name_shared",
        "period_not_set",
        "not_designated",
        "unit_unbound",
        "zone_without_county",
    }


@pytest.mark.parametrize("city", SHIPPED, ids=lambda city: city.adcode)
def test_what_ships_warns_of_types_that_the_city_must_still_designate(city: City) -> None:
    """Light pollution is divided among departments in few cities yet."""
    found = [finding.where for finding in look(city) if finding.code == "not_designated"]
    assert found == ["X01", "X02", "X03"]


def test_findings_are_told_worst_first_and_with_a_cure(changsha: City) -> None:
    """Whoever keeps the data reads what is wrong and what to do."""
    found = look(changsha, bindings=changsha.bindings[1:])
    order = ["error", "warning", "info"]
    ranks = [order.index(finding.severity) for finding in found]
    assert ranks == sorted(ranks)
    assert all(finding.text and finding.remedy and finding.where for finding in found)


def of_each(pick: Callable[[City], Iterable[Any]]) -> st.SearchStrategy[tuple[int, Any]]:
    """Draw which city, with one of its things."""
    return st.sampled_from([(n, thing) for n, city in enumerate(CITIES) for thing in pick(city)])


def counties(city: City) -> list[Division]:
    """Give the current counties."""
    return [d for d in city.divisions if d.level == "county" and d.valid_to is None]


def without(things: Iterable[Any], gone: Any) -> tuple[Any, ...]:
    """Give the others."""
    return tuple(thing for thing in things if thing != gone)


@patient
@given(of_each(lambda _: sorted(LEADS - {"CCG"})))
def test_a_role_without_its_units_is_found(drawn: tuple[int, str]) -> None:
    """Whichever role may lead: take its bindings away, and the check says which role it was."""
    city, role = CITIES[drawn[0]], drawn[1]
    left = tuple(binding for binding in city.bindings if binding.role != role)
    found = look(city, bindings=left)
    assert [f for f in found if f.where == role and f.code in {"role_unbound", "external_unbound"}]


@patient
@given(of_each(lambda city: [b for b in city.bindings if b.role in {"STR", "PRO", "ZON"}]))
def test_an_unbound_township_or_zone_is_found(drawn: tuple[int, Binding]) -> None:
    """Sub-districts and zones have no fallback: each must be bound itself."""
    city, gone = CITIES[drawn[0]], drawn[1]
    found = look(city, bindings=without(city.bindings, gone))
    assert [f for f in errors_of(found) if f.where == gone.role]


def of_counties(city: City) -> list[Binding]:
    """Give the bindings of counties for roles that may lead."""
    codes = {county.code for county in counties(city)}
    return [b for b in city.bindings if b.territory in codes and b.role in LEADS]


@patient
@given(of_each(of_counties))
def test_a_county_binding_may_fall_back_to_the_city_but_not_both(
    drawn: tuple[int, Binding],
) -> None:
    """Without the city's own unit, each county needs one."""
    city, gone = CITIES[drawn[0]], drawn[1]
    left = without(city.bindings, gone)
    assert errors_of(look(city, bindings=left)) == []
    neither = tuple(b for b in left if (b.role, b.territory) != (gone.role, city.adcode))
    assert [f for f in errors_of(look(city, bindings=neither)) if f.where == gone.role]


@patient
@given(of_each(lambda city: city.bindings), st.integers(0, 300))
def test_two_units_for_one_role_at_once_are_found(drawn: tuple[int, Binding], n: int) -> None:
    """Exactly one lead begins with exactly one unit per role and place."""
    city, one = CITIES[drawn[0]], drawn[1]
    other = made(one, unit=city.units[n].code)
    assert "binding_overlap" in codes(look(city, bindings=(*city.bindings, other)))


@patient
@given(of_each(lambda city: city.bindings))
def test_a_succession_of_units_is_no_overlap(drawn: tuple[int, Binding]) -> None:
    """One unit to the last day, the next from the day after."""
    city, one = CITIES[drawn[0]], drawn[1]
    ended = made(one, valid_to=LAST)
    after = made(one, valid_from=date(2026, 11, 21))
    rest = (*without(city.bindings, one), ended)
    assert "binding_overlap" not in codes(look(city, bindings=(*rest, after)))
    touching = made(after, valid_from=LAST)
    assert "binding_overlap" in codes(look(city, bindings=(*rest, touching)))


@patient
@given(of_each(lambda city: {b.unit: b for b in city.bindings}))
def test_a_unit_that_bindings_or_others_name_must_exist(drawn: tuple[int, str]) -> None:
    """Taking any bound unit away is found."""
    city, gone = CITIES[drawn[0]], drawn[1]
    found = look(city, units=tuple(unit for unit in city.units if unit.code != gone))
    assert "binding_unit_missing" in codes(errors_of(found))


@patient
@given(of_each(counties))
def test_a_division_that_others_name_must_exist(drawn: tuple[int, Division]) -> None:
    """Taking any county away is found by its townships, units and bindings."""
    city, gone = CITIES[drawn[0]], drawn[1]
    found = look(city, divisions=without(city.divisions, gone))
    assert {"parent_missing", "territory_unknown"} <= codes(errors_of(found))


@patient
@given(of_each(lambda city: permutations(counties(city), 2)))
def test_a_word_for_two_places_is_found(drawn: tuple[int, tuple[Division, Division]]) -> None:
    """The name of a county given to another county is ambiguous."""
    city, (one, other) = CITIES[drawn[0]], drawn[1]
    found = with_division(city, one.code, aliases=(*one.aliases, other.name))
    assert any(other.name in f.text for f in found if f.code == "alias_ambiguous")


def test_a_word_for_a_place_and_the_one_around_it_is_no_ambiguity(changsha: City) -> None:
    """星沙 is the county's seat and its sub-district; 麓谷 is a sub-district of its zone."""
    said = [alias for d in changsha.divisions for alias in d.aliases]
    assert said.count("星沙") == 2
    assert "alias_ambiguous" not in codes(look(changsha))


def test_an_alias_of_one_letter_is_found(changsha: City) -> None:
    """It would be in every text."""
    assert "alias_too_short" in codes(with_division(changsha, "430104", aliases=("岳",)))


def with_division(city: City, which: str, /, **changed: Any) -> list[Finding]:
    """Check a city with one division changed."""
    divisions = tuple(made(d, **changed) if d.code == which else d for d in city.divisions)
    return look(city, divisions=divisions)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"successor": None}, "successor_missing"),
        ({"successor": "439999"}, "successor_unknown"),
        ({"successor": "430122"}, "successor_cycle"),
        ({"valid_to": None}, "end_missing"),
        ({"level": "village"}, "level_unknown"),
        ({"code": "4301"}, "code_malformed"),
        ({"parent": "430000"}, "parent_missing"),
    ],
)
def test_a_wrong_division_is_found(changsha: City, changed: dict[str, Any], code: str) -> None:
    """望城县, abolished, with one thing wrong at a time."""
    assert code in codes(errors_of(with_division(changsha, "430122", **changed)))


def test_a_township_must_be_numbered_within_its_county(changsha: City) -> None:
    """Nine digits begin with the county's six."""
    found = with_division(changsha, "430104011", parent="430102")
    assert "parent_mismatch" in codes(errors_of(found))


def test_a_doubled_code_is_found(changsha: City) -> None:
    """Of divisions, zones and units alike."""
    for field in ("divisions", "zones", "units"):
        things = getattr(changsha, field)
        found = look(changsha, **{field: (*things, things[0])})
        assert "code_doubled" in codes(errors_of(found)), field


def test_a_city_without_its_own_row_or_counties_is_found(changsha: City) -> None:
    """The tree of divisions needs its root and its first branches."""
    rest = tuple(d for d in changsha.divisions if d.level not in {"city", "county"})
    assert {"city_division_missing", "counties_missing"} <= codes(look(changsha, divisions=rest))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"adcodes": ("439999",)}, "division_unknown"),
        ({"townships": ("430199001",)}, "division_unknown"),
        ({"townships": ("430121001",)}, "zone_township_outside"),
        ({"adcodes": (), "townships": ()}, "zone_without_county"),
        ({"code": "430100-Z-NEW"}, "zone_without_unit"),
    ],
)
def test_a_wrong_zone_is_found(changsha: City, changed: dict[str, Any], code: str) -> None:
    """长沙高新区 with one thing wrong at a time."""
    zones = tuple(made(z, **changed) if z.code.endswith("-GX") else z for z in changsha.zones)
    assert code in codes(look(changsha, zones=zones))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"level": "village"}, "level_unknown"),
        ({"adcodes": ()}, "unit_without_territory"),
        ({"adcodes": ("439999",)}, "territory_unknown"),
        ({"zones": ("430100-Z-NO",)}, "territory_unknown"),
        ({"parent": "430100-NO"}, "unit_parent_missing"),
        ({"parent": "430104-ECO"}, "unit_parent_cycle"),
        ({"parent": "430104-UMA"}, "branch_parent"),
        ({"valid_to": LAST}, "binding_unit_ended"),
    ],
)
def test_a_wrong_unit_is_found(changsha: City, changed: dict[str, Any], code: str) -> None:
    """The ecology branch of 岳麓 with one thing wrong at a time."""
    units = tuple(made(u, **changed) if u.code == "430104-ECO" else u for u in changsha.units)
    assert code in codes(errors_of(look(changsha, units=units)))


def test_bureaus_of_a_municipality_are_no_branches(changsha: City) -> None:
    """Article 53 of the Code speaks of cities with districts only."""
    units = tuple(
        made(u, parent="430104-UMA") if u.code == "430104-ECO" else u for u in changsha.units
    )
    found = check(made(changsha, adcode="500000", units=units), RULES, CLOCKS)
    assert "branch_parent" not in codes(found)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"role": "NOBODY"}, "role_unknown"),
        ({"territory": "439999"}, "territory_unknown"),
        ({"valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 1)}, "dates_reversed"),
    ],
)
def test_a_wrong_binding_is_found(changsha: City, changed: dict[str, Any], code: str) -> None:
    """One more binding with one thing wrong."""
    extra = Binding(role="ECO", territory="430104", unit="430104-ECO")
    found = look(changsha, bindings=(*changsha.bindings, made(extra, **changed)))
    assert code in codes(errors_of(found))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"tier": "T9", "lead": "ECO"}, "tier_unknown"),
        ({"lead": "ECO", "pool": True}, "lead_and_pool"),
        ({"lead": "ECO", "cooperating": ("ECO",)}, "lead_cooperates"),
        ({"lead": "EPA"}, "role_unknown"),
        ({"cooperating": ("EPA",)}, "role_unknown"),
        ({"when": Condition(types=("A33",))}, "type_unknown"),
        ({"when": Condition(any_types=("A33",))}, "type_unknown"),
        ({"when": Condition(kinds=("QQ",))}, "kind_unknown"),
        ({"when": Condition(urgencies=("P7",))}, "urgency_unknown"),
        ({"urgency": "P7"}, "urgency_unknown"),
        ({"laws": ("EC-9999",)}, "law_unknown"),
        ({"review": "because"}, "reason_unknown"),
        ({"when": Condition(flags=("kantine",))}, "flag_unknown"),
        ({"when": Condition(any_flag=("place:dianchi",))}, "flag_unknown"),
        ({"when": Condition(no_flags=("odour:pipe",))}, "flag_unknown"),
        ({"when": Condition(adcodes=("439999",))}, "territory_unknown"),
        ({"when": Condition(zones=("430100-Z-NO",))}, "territory_unknown"),
        ({"when": Condition(from_hour=22, to_hour=30)}, "hour_out_of_range"),
        ({"valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 1)}, "dates_reversed"),
    ],
)
def test_a_wrong_rule_is_found(changsha: City, given: dict[str, Any], code: str) -> None:
    """A city's rule with one thing wrong at a time."""
    found = look(changsha, duties=(*changsha.duties, rule(**given)))
    assert [f for f in errors_of(found) if f.code == code and f.where == "X"]


@patient
@given(st.sampled_from(RULES))
def test_a_second_copy_of_a_rule_is_never_reached(original: Rule) -> None:
    """The first one takes all its cases."""
    copy = made(original, id="COPY")
    found = look(CITIES[0], rules=(*RULES, copy))
    assert [f for f in found if f.code == "rule_unreachable" and f.where == "COPY"]


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (Condition(types=("A03",), flags=("canteen",)), Condition(types=("A03",))),
        (Condition(types=("A03",)), Condition(types=("A03", "A09"))),
        (Condition(types=("A03",), no_flags=("rural",)), Condition(types=("A03",))),
        (Condition(types=("A03",), from_hour=22, to_hour=6), Condition(types=("A03",))),
        (Condition(types=("A03",), in_zone=True), Condition(types=("A03",))),
        (Condition(types=("A03",), any_flag=("canteen",)), Condition(types=("A03",))),
    ],
)
def test_a_particular_rule_does_not_hide_a_general_one(
    changsha: City, first: Condition, later: Condition
) -> None:
    """That is the order in which rules are meant to stand."""
    own = (rule(id="ONE", when=first, lead="UMA"), rule(id="TWO", when=later, lead="ECO"))
    assert "rule_unreachable" not in codes(look(changsha, duties=own))
    assert "rule_unreachable" in codes(look(changsha, duties=own[::-1]))


def test_a_rule_after_the_other_ended_is_reached(changsha: City) -> None:
    """Two rules may share a case where their times differ."""
    when = Condition(types=("X01",))
    own = (
        rule(id="OLD", when=when, lead="HUD", valid_to=LAST),
        rule(id="NEW", when=when, lead="UMA"),
    )
    assert "rule_unreachable" not in codes(look(changsha, duties=own))


@patient
@given(st.sampled_from(sorted(ISSUE_TYPES)))
def test_a_type_without_a_rule_of_its_own_is_found(code: str) -> None:
    """Rules that ask for more than the type leave some of its cases to nobody."""

    def particular(one: Rule) -> bool:
        return code not in one.when.types or bool(one.when.flags or one.when.any_flag)

    city = made(CITIES[0], duties=tuple(filter(particular, CITIES[0].duties)))
    found = look(city, rules=list(filter(particular, RULES)))
    assert [f.where for f in found if f.code == "type_without_rule"][:1] == [code]


def test_a_designation_settles_the_warning(changsha: City) -> None:
    """A local rule with a lead is what the warning asks for; without them there are more."""
    own = (*changsha.duties, rule(when=Condition(types=("X01", "X02", "X03")), lead="UMA"))
    assert "not_designated" not in codes(look(changsha, duties=own))
    missing = {f.where for f in look(changsha, duties=()) if f.code == "not_designated"}
    assert {"A03", "A09", "N02", "N03", "N04", "N05", "N06", "N08", "N14", "W03", "W09"} <= missing


def test_a_place_whose_flag_no_rule_asks_for_is_found(changsha: City) -> None:
    """And one in a county that is not there."""
    lake = ProtectedPlace(name="某湖", flag="place:lake", adcodes=("439999",))
    found = look(changsha, protected_places=(lake,))
    assert {"flag_unused", "division_unknown"} <= codes(found)


@pytest.mark.parametrize("code", ["K03", "K04", "K05", "K09", "K10", "K11", "K12"])
def test_a_missing_clock_is_found(changsha: City, code: str) -> None:
    """No promise goes unwatched."""
    left = [clock for clock in CLOCKS if clock.code != code]
    found = look(changsha, national_clocks=left)
    assert [f.where for f in errors_of(found) if f.code == "clock_missing"] == [code]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ordinary": Span(n=0, unit="W")}, "span_malformed"),
        ({"by_urgency": {"P1": Span(n=1, unit="D")}}, "span_malformed"),
        ({"by_urgency": {"P9": Span(n=1, unit="W")}}, "clock_code_unknown"),
        ({"kinds": ("QQ",)}, "clock_code_unknown"),
        ({"scope": "world"}, "scope_unknown"),
        ({"warn": (0.9, 0.5)}, "warn_malformed"),
        ({"warn": (1.5,)}, "warn_malformed"),
    ],
)
def test_a_wrong_clock_is_found(changsha: City, changed: dict[str, Any], code: str) -> None:
    """A city's own closing clock with one thing wrong at a time."""
    closing = next(clock for clock in CLOCKS if clock.code == "K12")
    found = look(changsha, clocks=(made(closing, **changed),))
    assert code in codes(errors_of(found))


def test_two_closing_clocks_or_none_are_found(changsha: City) -> None:
    """A citizen is promised one date."""
    closing = next(clock for clock in CLOCKS if clock.code == "K12")
    doubled = look(changsha, clocks=(made(closing, code="K13"),))
    assert "closing_doubled" in codes(doubled)
    only = look(changsha, clocks=(made(closing, kinds=("TS",)),))
    assert {f.where for f in only if f.code == "closing_unwatched"} == {"JB", "JC", "CF"}


def test_a_day_that_is_none_is_found(changsha: City) -> None:
    """A typo in a city's calendar."""
    found = look(changsha, calendar=(CalendarDay(day="2026-02-30", working=True, note="试"),))
    assert "day_malformed" in codes(errors_of(found))


def test_an_idle_unit_is_told_not_blamed(changsha: City) -> None:
    """A unit without a role can still be chosen by hand."""
    spare = Unit(code="430100-X", name="备", short_name="备", level="city", adcodes=("430100",))
    found = [f for f in look(changsha, units=(*changsha.units, spare)) if f.where == spare.code]
    assert [(f.code, f.severity) for f in found] == [("unit_unbound", "info")]


def test_two_townships_of_one_name_are_only_a_warning(changsha: City) -> None:
    """Their county tells them apart."""
    twin = Division(code="430102099", name="麓谷街道", level="township", parent="430102")
    found = look(changsha, divisions=(*changsha.divisions, twin))
    assert [f.severity for f in found if f.code == "name_shared"] == ["warning"]


def test_each_role_that_may_lead_is_known() -> None:
    """The rules speak the vocabulary of the taxonomy."""
    assert ROLES.keys() >= LEADS


def test_a_zone_that_shares_a_name_with_a_county_is_found(changsha: City) -> None:
    """Zones and divisions are looked up together."""
    zone = Zone(code="430100-Z-NEW", name="新区", aliases=("浏阳",), adcodes=("430181",))
    assert "alias_ambiguous" in codes(look(changsha, zones=(*changsha.zones, zone)))
