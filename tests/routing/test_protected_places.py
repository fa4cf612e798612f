"""Position before river: no local rule takes a case from what protects its place."""

import pytest

from models.city import City
from models.city_load import installed_cities, load_city
from models.decision import Decision
from models.duty import Rule
from routing.catalogue import catalogue
from routing.engine import judge
from routing.rules import national_rules
from tests.routing.kit import facts

CITIES = installed_cities()
PROTECTION = [rule for rule in national_rules() if rule.tier == "T2"]


def seen(city: City, code: str, flags: set[str]) -> Decision:
    """Decide a case of one type with some flags."""
    county = next(d.code for d in city.divisions if d.level == "county" and d.valid_to is None)
    return judge(catalogue(city), facts(code, adcode=county, flags=tuple(sorted(flags))))


def local_flags(rule: Rule, code: str) -> set[str]:
    """Name what a local rule of the place asks of a case of the type; nothing if it fits none."""
    fits = not rule.when.types or code in rule.when.types
    return {*rule.when.flags, *rule.when.any_flag[:1]} if fits else set()


@pytest.mark.parametrize("adcode", [a for a in CITIES if load_city(a).protected_places])
@pytest.mark.parametrize("rule", PROTECTION, ids=[rule.id for rule in PROTECTION])
def test_f79_f82_protection_outweighs_the_river_that_the_place_lies_on(
    adcode: str, rule: Rule
) -> None:
    """Source water, a ban area or a reserve on a named river: same lead, same urgency."""
    city = load_city(adcode)
    needed = {*rule.when.flags, *rule.when.any_flag[:1]}
    for code in rule.when.types:
        plain = seen(city, code, needed)
        for own in (one for one in city.duties if one.tier == "T2"):
            found = seen(city, code, needed | local_flags(own, code))
            assert (found.lead, found.urgency) == (plain.lead, plain.urgency), (own.id, code)
            roles = {part.role for part in found.cooperating}
            assert roles >= {part.role for part in plain.cooperating}, (own.id, code)


@pytest.mark.parametrize("code", ["P01", "S07"])
def test_f79_building_and_dumping_by_source_water_are_urgent_too(code: str) -> None:
    """What is built or dumped in the protection area is source-water pollution."""
    found = seen(load_city("500000"), code, {"place:source_water"})
    assert found.lead is not None
    assert (found.lead.role, found.urgency) == ("ECO", "P1")
    assert {part.role for part in found.cooperating} >= {"WAT", "UTL", "HEA"}


@pytest.mark.parametrize(("flags", "joined"), [((), False), (("scale:large",), True)])
def test_chongqings_team_joins_only_where_a_missing_permit_is_grave(
    flags: tuple[str, ...],
    joined: bool,
) -> None:
    """The district's bureau leads; the city's team comes to the large ones."""
    found = seen(load_city("500000"), "P02", {"permit_missing", *flags})
    assert found.lead is not None
    assert found.lead.role == "ECO"
    assert ("ECO_ENF" in {part.role for part in found.cooperating}) is joined
