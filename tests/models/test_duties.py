"""The duty tables as data: every code answered, the law at hand, and what must never be."""

import re
from collections import Counter
from datetime import date
from itertools import chain

import pytest

from models.city import City
from models.city_load import load_city
from models.duty import TIERS, Condition, Rule
from models.taxonomy import ISSUE_TYPES, environmental, laws_in_force
from routing.rules import national_rules

BASE = [rule for rule in national_rules() if rule.tier == "T6"]
CITIES = [load_city("430100"), load_city("530100")]
ALL = [*national_rules(), *chain.from_iterable(city.duties for city in CITIES)]
TODAY = date(2026, 11, 21)
#: The domain says of these that local government must designate the department.
DESIGNATED = ("A03", "A09", "N02", "N03", "N04", "N05", "N06", "N08", "N14", "W03", "W09")
#: Neighbours, squares and pets: never the ecology bureau's to lead.
NOT_ECO = ("N03", "N04", "N05", "N06", "N13", "Z05", "Z07", "Z10")


def of(code: str, rules: list[Rule]) -> list[Rule]:
    """Give the rules that name a type."""
    return [rule for rule in rules if code in rule.when.types]


def plain(code: str) -> Rule:
    """Give the base rule that holds for a type whatever else is known, today."""
    found = [
        rule
        for rule in of(code, [*BASE, *(r for r in national_rules() if r.tier == "T1")])
        if rule.when == Condition(types=rule.when.types)
        and rule.valid_to is None
        and (rule.lead or rule.pool)
    ]
    assert len(found) == 1, (code, [rule.id for rule in found])
    return found[0]


@pytest.mark.parametrize("code", sorted(ISSUE_TYPES))
def test_every_type_has_exactly_one_general_rule(code: str) -> None:
    """It names a lead or leaves the choice to people, never both."""
    rule = plain(code)
    assert (rule.lead is None) == rule.pool


@pytest.mark.parametrize("code", sorted(filter(environmental, ISSUE_TYPES)))
def test_rules_rest_on_law_in_force(code: str) -> None:
    """Where the type rests on a law today, so does its rule."""
    if laws_in_force(ISSUE_TYPES[code].laws, TODAY):
        assert laws_in_force(plain(code).laws, TODAY)


@pytest.mark.parametrize("code", DESIGNATED)
def test_what_must_be_designated_is_left_to_the_city(code: str) -> None:
    """The base table leaves the lead open, and both cities name one in tier T4."""
    assert plain(code).pool
    for city in CITIES:
        local = [rule for rule in of(code, list(city.duties)) if rule.tier == "T4" and rule.lead]
        assert [rule for rule in local if not rule.when.flags], (city.adcode, code)


@pytest.mark.parametrize("code", ["X01", "X02", "X03"])
def test_light_pollution_is_left_to_people_in_both_times(code: str) -> None:
    """Most cities have not divided it yet; before the Code there was no national law to rest on."""
    rules = of(code, ALL)
    assert all(rule.pool for rule in rules)
    before = [rule for rule in rules if rule.valid_to == date(2026, 8, 14)]
    after = [rule for rule in rules if rule.valid_from == date(2026, 8, 15)]
    assert len(before) == len(after) == 1
    assert before[0].laws == ()
    assert laws_in_force(after[0].laws, TODAY)


@pytest.mark.parametrize("code", NOT_ECO)
def test_neighbours_and_squares_are_never_led_by_the_ecology_bureau(code: str) -> None:
    """No rule, national or local, gives them to it."""
    assert not [rule.id for rule in of(code, ALL) if rule.lead in {"ECO", "ECO_ENF"}]


def test_complaints_about_authorities_go_to_people() -> None:
    """Rules for JC and P06 stand before all others that lead, name no lead, and say why."""
    about = [r for r in ALL if "JC" in r.when.kinds or "P06" in r.when.types]
    assert {rule.id for rule in about} >= {"T1-JC", "T1-P06"}
    for rule in about:
        assert rule.tier == "T1"
        assert rule.pool
        assert rule.review == "misconduct"
        assert set(rule.cooperating) == {"XFJ", "COORD"}


def test_emergencies_go_to_people_and_call_for_help() -> None:
    """Every T0 rule for P0 says hazard."""
    urgent = [rule for rule in ALL if rule.tier == "T0" and "P0" in rule.when.urgencies]
    assert urgent
    assert {rule.review for rule in urgent} == {"hazard"}
    assert all(rule.cooperating for rule in urgent)
    assert [r for r in urgent if r.when == Condition(urgencies=("P0",))], "one for all the rest"


def test_what_is_not_environmental_goes_back_with_a_suggestion() -> None:
    """A return is not a closing: each Z rule suggests a destination and says so."""
    for code in ISSUE_TYPES:
        if not environmental(code):
            rule = plain(code)
            assert rule.lead
            assert rule.review == "not_environment"
            assert "退回不是关闭" in rule.note


def test_nothing_falls_to_a_default_bureau() -> None:
    """The last tier leaves it to people, whatever the case."""
    (last,) = [rule for rule in ALL if rule.tier == "T7"]
    assert last.when == Condition()
    assert last.pool
    assert last.lead is None
    assert last.review == "no_rule"


def test_only_special_times_and_hazards_change_the_urgency_before_the_base_table() -> None:
    """Urgency is raised by T0, T2, T3 and the base rows that say so, not by local rules."""
    assert {rule.tier for rule in ALL if rule.urgency} <= {"T0", "T2", "T3", "T6"}
    lowered = [rule.id for rule in ALL if rule.urgency == "P3"]
    assert lowered == ["T6-N13"]


def test_rules_can_be_read_by_citizens() -> None:
    """Each says in a Chinese sentence what it does, and where it is from; ids are unique."""
    assert all(re.search("[一-鿿]{4}", rule.note) for rule in ALL)
    assert all(rule.source for rule in ALL)
    assert max(Counter(rule.id for rule in ALL).values()) == 1
    assert {rule.tier for rule in ALL} == set(TIERS)


def test_local_rules_say_how_sure_they_are(changsha: City, kunming: City) -> None:
    """What no document of the city supports is marked as a default or an inference."""
    known = ("设计默认", "推定", "转述", "公示", "公开信息")
    for rule in (*changsha.duties, *kunming.duties):
        assert any(word in rule.source for word in known), rule.id


def test_the_two_cities_differ_where_they_are_known_to(changsha: City, kunming: City) -> None:
    """Site noise at night: Kunming registers it with the ecology branch, Changsha does not."""
    assert lead_of(kunming, "KM-N02") == "ECO"
    assert lead_of(changsha, "CS-N02") == "UMA"
    assert lead_of(kunming, "KM-A03-CANTEEN") == "ECO"
    assert lead_of(kunming, "KM-A03") == "UMA"
    assert lead_of(kunming, "KM-W03-DIANCHI") == "BAS"


def lead_of(city: City, rule_id: str) -> str | None:
    """Give the lead of one of a city's rules."""
    return next(rule.lead for rule in city.duties if rule.id == rule_id)


def test_the_lake_and_its_rivers_are_known_by_name(kunming: City) -> None:
    """The flag that the lake's rules ask for is on the lake and the rivers that flow into it."""
    names = {place.name for place in kunming.protected_places if place.flag == "place:dianchi"}
    assert {"滇池", "盘龙江", "宝象河", "捞鱼河"} <= names
    water = {p.name for p in kunming.protected_places if p.flag == "place:source_water"}
    assert {"松华坝水库", "云龙水库", "清水海"} <= water
