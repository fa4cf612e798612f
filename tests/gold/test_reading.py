"""The golden scenarios from text to unit: read by the shipped tagger, decided by the catalogue."""

from typing import Any

import pytest

from classifier.engine import Tagger
from models.city_load import load_city
from models.decision import Decision
from models.tags import TagRequest, Tags
from routing.engine import decide
from tests.gold.scenarios import Scenario
from tests.gold.test_scenarios import ALL, facts, roles, told


@pytest.fixture(scope="module")
def read() -> dict[int, Tags]:
    """Read all texts in one call."""
    tagger = Tagger.load([load_city(city) for city in sorted({one.city for one in ALL})])
    asked = [
        TagRequest(
            id=str(one.n), text=one.text, city=one.city, received_at="2026-11-20T14:30+08:00"
        )
        for one in ALL
    ]
    found = tagger.tag(asked)
    return {one.n: tags for one, tags in zip(ALL, found, strict=True)}


def decided(scenario: Scenario, tags: Tags) -> Decision:
    """Decide a scenario by what was read of it."""
    city, known, _ = told(scenario)
    said: dict[str, Any] = {
        "types": tuple(tag.code for tag in tags.types),
        "kind": tags.kind.code,
        "urgency": tags.urgency.code,
        "flags": tags.flags,
        "adcode": tags.place.adcode,
        "township": tags.place.township,
        "zone": tags.place.zone,
    }
    return decide(city, facts(city, known, **said))


@pytest.mark.parametrize("scenario", ALL, ids=lambda one: f"{one.n:02}")
def test_the_text_is_read_as_meant(scenario: Scenario, read: dict[int, Tags]) -> None:
    """The main issue, the request and the county are those of the scenario."""
    _, known, _ = told(scenario)
    tags = read[scenario.n]
    assert tags.main in known.types
    assert tags.kind.code in (known.kind, *known.also_kinds)
    assert (tags.place.adcode or "") == known.adcode


@pytest.mark.parametrize("scenario", ALL, ids=lambda one: f"{one.n:02}")
def test_from_text_to_unit_and_dates(scenario: Scenario, read: dict[int, Tags]) -> None:
    """What was read leads to the expected role, unit and dates, or to people."""
    _, _, expect = told(scenario)
    decision = decided(scenario, read[scenario.n])
    assert decision.pool is expect.pool
    assert (decision.lead.role if decision.lead else None) == expect.lead
    if expect.unit is not None:
        assert decision.lead is not None
        assert decision.lead.unit == expect.unit
    if expect.urgency is not None:
        assert decision.urgency == expect.urgency
    due = {clock.code: f"{clock.due_at:%m-%d %H:%M}" for clock in decision.clocks}
    assert {code: due.get(code) for code in expect.due} == expect.due


@pytest.mark.parametrize("scenario", ALL, ids=lambda one: f"{one.n:02}")
def test_what_people_must_see_reaches_them(scenario: Scenario, read: dict[int, Tags]) -> None:
    """Emergencies, authorities and unknown places are not sent out by the machine."""
    _, _, expect = told(scenario)
    tags = read[scenario.n]
    decision = decided(scenario, tags)
    assert set(expect.review) <= {*decision.reasons, *tags.review_reasons}
    assert not set(expect.never) & roles(decision)
