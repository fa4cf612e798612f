"""From role and place to unit: township, zone, county, city, validity and successors."""

from datetime import date
from typing import Any

import pytest

from routing.units import Directory, Place
from tests.routing.kit import CITY, EAST, GONE, TOWN, WEAK_ZONE, WEST, ZONE, small_city

DAY = date(2026, 11, 20)
DIRECTORY = Directory(small_city())


def unit(role: str, *, day: date = DAY, **place: Any) -> str | None:
    """Give the code of the unit found."""
    found = DIRECTORY.find(role, Place(**place), day).unit
    return found.code if found else None


def test_the_county_stands_before_the_city() -> None:
    """A role that county and city hold is the county's, else the city's."""
    assert unit("ECO", adcode=EAST) == f"{EAST}-ECO"
    assert unit("TPB", adcode=EAST) == f"{CITY}-TPB"
    assert unit("MKT", adcode=EAST) is None


def test_a_township_holds_its_own_role() -> None:
    """The office of the township is found by it."""
    assert unit("STR", adcode=EAST, township=TOWN) == f"{TOWN}-STR"
    assert unit("STR", adcode=EAST) is None


def test_a_zone_stands_before_the_county_for_the_roles_it_holds() -> None:
    """What the county's departments do elsewhere, a zone does itself where it is bound to it."""
    assert unit("HUD", adcode=EAST, zone=ZONE) == f"{ZONE}-ZON"
    assert unit("UMA", adcode=EAST, zone=ZONE) == f"{EAST}-UMA"
    assert unit("TPB", adcode=EAST, zone=ZONE) == f"{CITY}-TPB"


def test_a_zone_without_power_leaves_it_to_the_county_but_keeps_its_own_role() -> None:
    """Only the role that the zone itself holds is the zone's."""
    assert unit("HUD", adcode=WEST, zone=WEAK_ZONE) == f"{WEST}-HUD"
    assert unit("ZON", adcode=WEST, zone=WEAK_ZONE) == f"{WEAK_ZONE}-ZON"


def test_a_unit_counts_only_while_it_is_valid() -> None:
    """A unit that ended is found for facts of its time and not after."""
    assert unit("SAN", day=date(2025, 12, 31), adcode=EAST) == f"{EAST}-OLD"
    assert unit("SAN", adcode=EAST) is None


def test_an_abolished_county_gives_way_to_its_successor() -> None:
    """A code that ended is rewritten, and the rewriting is told."""
    place = DIRECTORY.place(GONE, None, None, DAY)
    assert place.adcode == EAST
    assert place.renamed == ((GONE, EAST),)
    assert DIRECTORY.place(GONE, None, None, date(2025, 10, 1)).adcode == GONE
    assert unit("ECO", day=date(2025, 10, 1), adcode=GONE) == f"{EAST}-ECO"


def test_a_zone_within_one_county_names_it() -> None:
    """A zone alone is enough to know the county, and so is a township."""
    assert DIRECTORY.place(None, None, WEAK_ZONE, DAY).adcode == WEST
    assert DIRECTORY.place(None, TOWN, None, DAY).adcode == EAST


@pytest.mark.parametrize(("adcode", "outside"), [("530102", True), (EAST, False), (None, False)])
def test_a_county_of_another_city_is_outside(adcode: str | None, outside: bool) -> None:
    """A place that the city does not know is not its own."""
    assert DIRECTORY.place(adcode, None, None, DAY).outside is outside


def test_roles_bound_once_need_no_place() -> None:
    """Only a role that differs from place to place needs one."""
    assert DIRECTORY.needs_place("ECO")
    assert not DIRECTORY.needs_place("TPB")
