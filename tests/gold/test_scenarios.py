"""The golden scenarios: what is in the text leads to the right role, unit, helpers and dates."""

from datetime import date, datetime, time
from typing import Any

import pytest

from models.city import City
from models.city_load import load_city
from models.decision import Decision
from models.moment import CHINA
from routing.engine import Facts, decide
from tests.gold.scenarios import Expected, Known, Scenario, scenarios

DISPATCHED = datetime(2026, 11, 20, 14, 30, tzinfo=CHINA)
ALL = scenarios()


def facts(city: City, known: Known, **changed: Any) -> Facts:
    """Make the facts that a reader of the scenario finds."""
    towns = [d.code for d in city.divisions if d.name == known.township]
    values: dict[str, Any] = {
        "types": known.types,
        "kind": known.kind,
        "urgency": known.urgency,
        "flags": known.flags,
        "adcode": known.adcode or None,
        "township": towns[0] if known.township else None,
        "zone": known.zone,
        "channel": "12345_TEL",
        "happened_at": DISPATCHED,
        "dispatched_at": DISPATCHED,
    }
    return Facts(**(values | changed))


def told(scenario: Scenario) -> tuple[City, Known, Expected]:
    """Give the parts of a scenario."""
    return load_city(scenario.city), scenario.facts, scenario.expect


def roles(decision: Decision) -> set[str]:
    """Name all roles with a part in the case."""
    lead = {decision.lead.role} if decision.lead else set()
    return lead | {part.role for part in decision.cooperating}


def test_all_thirty_two_are_told() -> None:
    """No scenario is forgotten, and each is told as people tell it."""
    assert [one.n for one in ALL] == list(range(1, 33))
    assert all(len(one.text) > 10 for one in ALL)


@pytest.mark.parametrize("scenario", ALL, ids=lambda one: f"{one.n:02}")
def test_the_right_role_and_unit_lead(scenario: Scenario) -> None:
    """The lead is the expected role and unit, or the case is left to people."""
    city, known, expect = told(scenario)
    decision = decide(city, facts(city, known))
    assert decision.pool is expect.pool
    if expect.lead is not None:
        assert decision.lead is not None
        assert decision.lead.role == expect.lead
    if expect.unit is not None:
        assert decision.lead is not None
        assert decision.lead.unit == expect.unit


@pytest.mark.parametrize("scenario", ALL, ids=lambda one: f"{one.n:02}")
def test_the_right_others_help_and_nobody_who_must_not(scenario: Scenario) -> None:
    """Helpers are there, barred roles are not, and parts with another lead are suggested."""
    city, known, expect = told(scenario)
    decision = decide(city, facts(city, known))
    assert set(expect.cooperating) <= roles(decision)
    assert not set(expect.never) & roles(decision)
    if expect.split is not None:
        assert [part.lead.role for part in decision.split] == list(expect.split)


@pytest.mark.parametrize("scenario", ALL, ids=lambda one: f"{one.n:02}")
def test_urgency_reasons_dates_and_laws(scenario: Scenario) -> None:
    """Urgency, reasons for the desk, due dates and laws are those of the scenario."""
    city, known, expect = told(scenario)
    decision = decide(city, facts(city, known))
    if expect.urgency is not None:
        assert decision.urgency == expect.urgency
    assert set(expect.review) <= set(decision.reasons)
    due = {clock.code: f"{clock.due_at:%m-%d %H:%M}" for clock in decision.clocks}
    assert {code: due.get(code) for code in expect.due} == expect.due
    assert not set(expect.no_clock) & set(due)
    assert set(expect.laws) <= set(decision.laws)


@pytest.mark.parametrize("scenario", ALL, ids=lambda one: f"{one.n:02}")
def test_what_needs_nobody_goes_out_at_once(scenario: Scenario) -> None:
    """A scenario without a reason for the desk has a lead with a unit."""
    city, known, expect = told(scenario)
    decision = decide(city, facts(city, known))
    automatic = not expect.review and not expect.pool
    assert automatic == (not decision.pool and not decision.reasons)
    if automatic:
        assert decision.lead is not None
        assert decision.lead.unit is not None


def test_a_canteens_fumes_are_the_ecology_branchs_in_kunming(kunming: City) -> None:
    """Scenario 8's canteen: the branch leads, street and market regulation help."""
    known = Known(kind="TS", types=("A03",), adcode="530102", urgency="P2", flags=("canteen",))
    decision = decide(kunming, facts(kunming, known))
    assert decision.lead is not None
    assert decision.lead.unit == "530102-ECO"
    assert {"STR", "MKT"} <= roles(decision)


def test_light_has_no_national_law_before_the_code(changsha: City) -> None:
    """Scenario 29: for facts before 15 August 2026 there is no national law to cite."""
    known = Known(kind="TS", types=("X01",), adcode="430102", urgency="P2", flags=())
    before = datetime.combine(date(2026, 8, 14), time(22), CHINA)
    assert decide(changsha, facts(changsha, known, happened_at=before)).laws == ()
    assert decide(changsha, facts(changsha, known)).laws != ()
