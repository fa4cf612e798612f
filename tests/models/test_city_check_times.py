"""The city check finds holes in time, what is listed twice, and what never comes to count."""

from datetime import date, timedelta

import pytest

from models.checks.times import holes
from models.city import Binding, City, Power
from models.city_check import errors_of
from models.duty import Condition
from tests.models.test_city_check import LAST, RULES, codes, look, made, rule, without

DAY = timedelta(days=1)


def test_holes_in_time_are_found_and_none_where_days_meet() -> None:
    """From the first day to the last, whatever the order and overlap."""

    def span(first: date | None, last: date | None) -> Binding:
        return Binding(role="ECO", territory="1", unit="1", valid_from=first, valid_to=last)

    new_year = date(2027, 1, 1)
    assert holes([span(None, LAST), span(LAST + DAY, None)]) == []
    assert holes([span(new_year, None), span(None, LAST)]) == [(LAST + DAY, new_year - DAY)]
    assert holes([span(LAST, new_year)]) == [(None, LAST - DAY), (new_year + DAY, None)]
    assert holes([span(None, None), span(LAST, LAST)]) == []


def test_a_time_without_a_rule_is_an_error(changsha: City) -> None:
    """The base row of a type ends and nothing follows; one that follows late leaves a hole."""
    base = next(one for one in RULES if one.id == "T6-A01")
    ends = made(base, valid_to=LAST)
    late = made(base, id="LATE", tier="T6", valid_from=LAST + 31 * DAY)
    for own, said in (((ends,), "起没有"), ((ends, late), f"到 {LAST + 30 * DAY}")):
        found = [f for f in errors_of(look(changsha, duties=own)) if f.code == "rule_gap"]
        assert [f.where for f in found] == ["A01"]
        assert said in found[0].text
    follows = made(late, valid_from=LAST + DAY)
    assert "rule_gap" not in codes(look(changsha, duties=(ends, follows)))


def test_a_time_without_the_designated_department_is_found(changsha: City) -> None:
    """A local rule that ends leaves its type to people again."""
    local = next(one for one in changsha.duties if one.id == "CS-A03")
    found = look(changsha, duties=(*without(changsha.duties, local), made(local, valid_to=LAST)))
    assert [f.where for f in found if f.code == "designation_gap"] == ["A03"]


def test_a_time_without_a_bound_unit_is_found(changsha: City) -> None:
    """Meanwhile the city's unit stands in, which nobody may have meant."""
    one = next(b for b in changsha.bindings if (b.role, b.territory) == ("ECO", "430104"))
    others = without(changsha.bindings, one)
    ended, late = made(one, valid_to=LAST), made(one, valid_from=LAST + 31 * DAY)
    for bound in ((ended,), (ended, late)):
        found = look(changsha, bindings=(*others, *bound))
        assert [f.where for f in found if f.code == "binding_gap"] == ["ECO@430104"]
    whole = (ended, made(one, valid_from=LAST + DAY))
    assert "binding_gap" not in codes(look(changsha, bindings=(*others, *whole)))


@pytest.mark.parametrize("kind", ["divisions", "units", "bindings", "powers", "chiefs"])
def test_a_last_day_before_the_first_is_found(changsha: City, kind: str) -> None:
    """Of whatever begins and ends."""
    days = {"valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 1)}
    power = Power(item="烧烤", types=("A09",), territory="430104")
    things = {"powers": (power,)}.get(kind) or getattr(changsha, kind)
    found = look(changsha, **{kind: (*things[:-1], made(things[-1], **days))})
    assert "dates_reversed" in codes(errors_of(found))


def test_a_power_that_no_rule_uses_is_found(changsha: City) -> None:
    """And one for the whole city, which nobody holds."""
    power = Power(item="烧烤", types=("A09",), territory="430104")
    assert [f.where for f in look(changsha, powers=(power,)) if f.code == "power_unused"] == [
        "430104"
    ]
    asks = rule(when=Condition(types=("A09",), delegated=True), lead="STR")
    used = look(changsha, powers=(power,), duties=(asks, *changsha.duties))
    assert "power_unused" not in codes(used)
    whole = look(changsha, powers=(made(power, territory="430100"),))
    assert "power_unknown" in codes(errors_of(whole))


def test_a_chief_twice_or_of_an_office_that_is_no_more_is_found(changsha: City) -> None:
    """Nobody is sent two copies, or one that nobody reads."""
    chief = changsha.chiefs[0]
    assert "chief_doubled" in codes(errors_of(look(changsha, chiefs=(chief, chief))))
    units = tuple(made(u, valid_to=LAST) if u.code == chief.unit else u for u in changsha.units)
    assert "chief_unit_ended" in codes(errors_of(look(changsha, units=units)))


def test_a_township_of_two_zones_is_found(changsha: City) -> None:
    """One place, one zone."""
    full = next(zone for zone in changsha.zones if zone.townships)
    twin = made(full, code="430100-Z-TWIN", name="又一区", aliases=())
    found = look(changsha, zones=(*changsha.zones, twin))
    assert {f.where for f in found if f.code == "zone_township_doubled"} == set(full.townships)


def test_a_rule_that_lives_longer_than_its_laws_is_found(changsha: City) -> None:
    """Repealed law is no basis for what happens now."""
    old = rule(when=Condition(types=("A03",), flags=("group",)), lead="UMA", laws=("AIR-81",))
    found = look(changsha, duties=(old, *changsha.duties))
    assert [f.where for f in found if f.code == "law_ended"] == ["X"]
    both = made(old, laws=("AIR-81", "EC-250"))
    assert "law_ended" not in codes(look(changsha, duties=(both, *changsha.duties)))


def test_a_rule_without_a_sentence_is_found(changsha: City) -> None:
    """A citizen reads it."""
    mute = rule(when=Condition(types=("A03",), flags=("group",)), lead="UMA", note=" ")
    assert "note_missing" in codes(errors_of(look(changsha, duties=(mute, *changsha.duties))))


def test_a_lead_that_an_earlier_tier_always_names_is_found(changsha: City) -> None:
    """A local rule put below the one that settles the type changes nothing."""
    low = rule(tier="T5", when=Condition(types=("A03",)), lead="ECO")
    found = look(changsha, duties=(*changsha.duties, low))
    assert [f.where for f in found if f.code == "lead_outranked"] == ["X"]
    alone = made(low, when=Condition(types=("A01",)))
    assert "lead_outranked" not in codes(look(changsha, duties=(*changsha.duties, alone)))


def test_a_rule_that_only_adds_and_keeps_a_lead_out_is_found(changsha: City) -> None:
    """First match counts in a tier: a river's helper must not cost source water its lead."""
    river = rule(tier="T2", when=Condition(types=("W01",)), cooperating=("RES",))
    found = [f for f in look(changsha, duties=(river, *changsha.duties)) if f.where == "X"]
    assert [f.code for f in found] == ["rule_shadows"]
    assert "T2-SOURCE-WATER-CORE" in found[0].text
    layers = ("place:source_water", "place:source_water_core")
    apart = made(river, when=Condition(types=("W01",), no_flags=layers))
    assert "rule_shadows" not in codes(look(changsha, duties=(apart, *changsha.duties)))
