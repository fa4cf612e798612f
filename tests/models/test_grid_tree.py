"""Any tree of a city's own divisions is good; with a cell missing, those under it are told."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.city_load import load_city
from models.grid import Grade, Grid, grid_of, scope_of
from models.grid_tree import Placed, faults

CHANGSHA = load_city("430100")
TOWNS = [d.code for d in CHANGSHA.divisions if d.level == "township" and not d.valid_to]
COUNTIES = {d.code for d in CHANGSHA.divisions if d.level == "county" and not d.valid_to}


def cell(code: str, level: int, parent: str | None) -> Grid:
    """Make a cell."""
    return Grid(code=code, name="网格", level=level, parent=parent, grade=Grade.GENERAL)


def tree(towns: list[str], communities: int) -> list[Grid]:
    """Make the tree of some townships, each with some communities."""
    counties = sorted({town[:6] for town in towns})
    return [
        cell(CHANGSHA.adcode, 1, None),
        *(cell(code, 2, CHANGSHA.adcode) for code in counties),
        *(cell(code, 3, code[:6]) for code in towns),
        *(cell(f"{t}{n:03d}", 4, t) for t in towns for n in range(1, communities + 1)),
    ]


def placed(cells: list[Grid]) -> list[Placed]:
    """Give each cell its line."""
    return [Placed(line, one) for line, one in enumerate(cells, 2)]


@settings(max_examples=40, deadline=None)
@given(
    towns=st.lists(st.sampled_from(TOWNS), unique=True, min_size=1, max_size=12),
    communities=st.integers(0, 4),
    data=st.data(),
)
def test_f23_a_tree_is_good_and_one_with_a_hole_is_not(
    towns: list[str], communities: int, data: st.DataObject
) -> None:
    """In whatever order its lines stand; a hole is told of each cell right under it."""
    assert {town[:6] for town in towns} <= COUNTIES
    cells = data.draw(st.permutations(tree(towns, communities)))
    assert faults(CHANGSHA, placed(cells)) == []
    gone = data.draw(st.sampled_from([one for one in cells if one.level > 1]))
    left = placed([one for one in cells if one.code != gone.code])
    orphans = [line for line, one in left if one.parent == gone.code]
    told = faults(CHANGSHA, left)
    assert [fault.line for fault in told if fault.code == "parent_unknown"] == orphans
    assert {fault.code for fault in told} <= {"parent_unknown"}


def test_f23_every_shipped_citys_own_townships_make_a_tree() -> None:
    """A city can begin with its divisions as they are."""
    assert faults(CHANGSHA, placed(tree(TOWNS, 1))) == []


def test_a_grid_is_named_where_units_are_named_and_is_no_unit() -> None:
    """And read back; units and nobody are no grid."""
    assert grid_of(scope_of("430102001")) == "430102001"
    assert grid_of("430102-ECO") is None
    assert grid_of(None) is None


def test_a_cell_knows_its_county_and_township() -> None:
    """A zone has no county of its own, the city none."""
    town = cell("430102001", 3, "430102")
    assert (town.adcode, town.township) == ("430102", "430102001")
    community = cell("430102001-G01", 4, "430102001")
    assert (community.adcode, community.township) == ("430102", "430102001")
    county = cell("430102", 2, "430100")
    assert (county.adcode, county.township) == ("430102", None)
    zone = cell("430100-Z-XJ", 2, "430100")
    assert (zone.adcode, zone.township) == (None, None)
    assert cell("430100", 1, None).adcode is None
