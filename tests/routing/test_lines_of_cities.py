"""The lines of command in the shipped cities (F27): branches climb to their bureau."""

import pytest

from models.city_load import installed_cities, load_city
from routing.catalogue import catalogue
from routing.chain import above, addressee
from tests.routing.kit import FRIDAY

DAY = FRIDAY.date()
#: In a municipality the counties have bureaus of their own, no branches (domain section 6.4); a
#: city of one district only has nothing below it.
_WITH_BRANCHES = [c for c in installed_cities() if not c.startswith("50") and c != "440310"]


@pytest.mark.parametrize("adcode", _WITH_BRANCHES)
def test_f27_every_branch_overdue_climbs_to_the_citys_bureau_and_no_government(adcode: str) -> None:
    """In each county: first within the branch, a day overdue to the bureau of the city."""
    book = catalogue(load_city(adcode))
    own = {b.unit for b in book.city.bindings if b.role == "ECO" and b.territory == adcode}
    own |= {b.unit for b in book.city.bindings if b.role == "ECO_ENF" and b.territory == adcode}
    branches = [
        (d.code, b.unit)
        for d in book.city.divisions
        for b in book.city.bindings
        if d.level == "county" and d.valid_to is None and (b.role, b.territory) == ("ECO", d.code)
    ]
    assert len(branches) >= 5
    for county, branch in branches:
        assert above(book, branch, DAY)[0] in own, county
        assert addressee(book, "K12", "breach", branch, DAY).unit == branch, county
        assert addressee(book, "K12", "overdue1", branch, DAY).unit in own, county
