"""From a point to county and zone: by a city's own borders, by anchors without them."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from classifier.coordinates import wgs84_to_gcj02
from classifier.district import AMBIGUOUS, CONFLICT, OUTSIDE, Districts, Placed
from classifier.normalize import fold
from classifier.territory import Territory
from models.city import City
from models.city_load import CITIES
from models.errors import Invalid
from models.tags import Datum, TagRequest

POLYGONS = Path(__file__).parents[3] / "shared/data/gazetteer/county_boundaries.geojson.gz"


def square(west: float, south: float, size: float) -> list[list[float]]:
    """Draw a square ring."""
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(properties: dict[str, str], *rings: list[list[float]]) -> dict[str, object]:
    """Make a feature of a polygon with holes."""
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": list(rings)},
    }


@pytest.fixture
def bordered(tmp_path: Path) -> Territory:
    """Make up a city of two counties side by side, the first with a hole and a zone."""
    shapes = [
        feature({"adcode": "990102"}, square(110, 30, 1), square(110.4, 30.4, 0.2)),
        feature({"adcode": "990103"}, square(111, 30, 1)),
        feature({"zone": "990100-Z-A"}, square(110.1, 30.1, 0.1)),
    ]
    text = json.dumps({"type": "FeatureCollection", "features": shapes})
    (tmp_path / "boundaries.geojson").write_text(text, encoding="utf-8")
    return Territory("990100", tmp_path)


def test_a_citys_own_borders_are_exact(bordered: Territory) -> None:
    """A point lies in the county whose ring holds it, in a zone besides, in no hole."""
    points = np.array([[110.2, 30.9], [111.01, 30.5], [110.15, 30.15], [110.5, 30.5], [109, 30]])
    spots = bordered.locate(points)
    assert [spot.adcode for spot in spots] == ["990102", "990103", "990102", None, None]
    assert [spot.zone for spot in spots] == [None, None, "990100-Z-A", None, None]
    assert [spot.inside for spot in spots] == [True, True, True, False, False]


def test_a_malformed_border_is_told_by_number(tmp_path: Path) -> None:
    """A feature without code names itself; what is no GeoJSON is said to be none."""
    path = tmp_path / "boundaries.geojson"
    path.write_text(json.dumps({"features": [feature({}, square(0, 0, 1))]}), encoding="utf-8")
    with pytest.raises(Invalid, match="第 1 个要素"):
        Territory("990100", tmp_path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(Invalid, match="GeoJSON"):
        Territory("990100", tmp_path)


def test_a_city_that_says_nothing_of_where_it_lies_locates_nothing(tmp_path: Path) -> None:
    """Without borders and anchors a point is no evidence."""
    assert not Territory("990100", tmp_path).known


@pytest.mark.parametrize(
    ("lon", "lat", "adcode"),
    [
        (112.938, 28.176, "430104"),
        (113.09, 28.25, "430121"),
        (113.63, 28.15, "430181"),
        (112.55, 28.26, "430182"),
    ],
)
def test_the_middle_of_a_county_is_clear(lon: float, lat: float, adcode: str) -> None:
    """Places that everybody knows lie where everybody knows."""
    spot = Territory("430100", CITIES / "430100").locate(np.array([[lon, lat]]))[0]
    assert (spot.adcode, spot.inside) == (adcode, True)


def test_between_anchors_the_counties_stay_candidates() -> None:
    """Halfway between two counties' anchors nothing is decided."""
    spot = Territory("430100", CITIES / "430100").locate(np.array([[112.966, 28.185]]))[0]
    assert spot.adcode is None
    assert {"430103", "430104"} <= set(spot.candidates)


def test_far_away_is_outside() -> None:
    """Another city's middle and another country are outside."""
    territory = Territory("430100", CITIES / "430100")
    spots = territory.locate(np.array([[113.14, 27.84], [102.7, 25.04], [2.35, 48.86]]))
    assert [spot.inside for spot in spots] == [False, False, False]


@pytest.mark.parametrize("city", ["430100", "530100"])
def test_anchors_stand_in_known_counties(city: str, request: pytest.FixtureRequest) -> None:
    """Each anchor of the city's own names a county that there is, and a zone that there is."""
    known: City = request.getfixturevalue("changsha" if city == "430100" else "kunming")
    territory = Territory(city, CITIES / city)
    counties = {division.code for division in known.divisions if division.level == "county"}
    zones = {zone.code for zone in known.zones}
    own = {code for code in territory.anchors if code[:4] == city[:4]}
    assert own <= counties
    assert len(own) == len(
        {d.code for d in known.divisions if d.level == "county" and not d.successor}
    )
    assert set(territory.anchor_zones) <= zones


@pytest.mark.parametrize(
    ("city", "precision", "clear"), [("430100", 0.95, 0.75), ("530100", 0.9, 0.65)]
)
def test_anchors_agree_with_surveyed_borders(city: str, precision: float, clear: float) -> None:
    """Where anchors name a county it is the surveyed one; near a border it is a candidate."""
    if POLYGONS.is_file():
        shares = compare(city)
        assert shares["precision"] >= precision
        assert shares["clear"] >= clear
        assert shares["candidate"] >= 0.98
    else:
        assert Territory(city, CITIES / city).known


def compare(city: str) -> dict[str, float]:
    """Compare anchors with polygons on points spread evenly over the city."""
    features = json.loads(gzip.decompress(POLYGONS.read_bytes()))["features"]
    shapes = [one for one in features if one["properties"]["gb"][3:7] == city[:4]]
    for shape in shapes:
        shape["properties"] = {"adcode": shape["properties"]["gb"][3:9]}
    return shares_of(city, shapes)


def shares_of(city: str, shapes: list[dict[str, object]]) -> dict[str, float]:
    """Count agreements."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "boundaries.geojson"
        path.write_text(json.dumps({"features": shapes}), encoding="utf-8")
        surveyed = Territory(city, Path(folder))
    middle = np.array([[113.0, 28.2]]) if city == "430100" else np.array([[102.9, 25.4]])
    points = middle + np.random.default_rng(0).uniform(-1.2, 1.2, (3000, 2))
    pairs = zip(surveyed.locate(points), Territory(city, CITIES / city).locate(points), strict=True)
    inside = [(real, said) for real, said in pairs if real.adcode]
    clear = [(real, said) for real, said in inside if said.adcode]
    unclear = [(real, said) for real, said in inside if said.inside and not said.adcode]
    return {
        "clear": len(clear) / len(inside),
        "precision": sum(real.adcode == said.adcode for real, said in clear) / len(clear),
        "candidate": sum(real.adcode in said.candidates for real, said in unclear) / len(unclear),
    }


@pytest.fixture(scope="module")
def districts(changsha: City) -> Districts:
    """Know Changsha by its official names and anchors alone."""
    return Districts([changsha], {})


def place(
    districts: Districts, text: str, lon: float, lat: float, datum: Datum = "WGS-84"
) -> Placed:
    """Place a text that comes with a point."""
    request = TagRequest(id="1", text=text, city="430100", lon=lon, lat=lat, datum=datum)
    return districts.place(request, fold(text), 0)


def test_a_point_settles_what_the_text_leaves_open(districts: Districts) -> None:
    """A silent text is placed by its point, in whichever system it comes."""
    lon, lat = wgs84_to_gcj02(np.array([[112.938, 28.176]]))[0]
    assert place(districts, "楼下烧烤油烟大", 112.938, 28.176).tag.adcode == "430104"
    found = place(districts, "楼下烧烤油烟大", float(lon), float(lat), "GCJ-02")
    assert (found.tag.adcode, found.reasons) == ("430104", ())
    assert found.tag.p >= 0.9


def test_text_and_point_that_disagree_go_to_a_person(districts: Districts) -> None:
    """The text's county stays, the point's is a candidate."""
    found = place(districts, "岳麓区一家厂夜里冒烟", 113.63, 28.15)
    assert (found.tag.adcode, found.reasons) == ("430104", (CONFLICT,))
    assert found.tag.candidates == ("430104", "430181")


def test_text_and_point_that_agree_are_surer(districts: Districts) -> None:
    """Two witnesses count for more than one."""
    alone = districts.place(TagRequest(id="1", text="岳麓区冒烟", city="430100"), "岳麓区冒烟", 0)
    both = place(districts, "岳麓区冒烟", 112.938, 28.176)
    assert both.tag.p > alone.tag.p
    assert both.reasons == ()


def test_a_point_outside_the_city_is_told(districts: Districts) -> None:
    """A point elsewhere sends the case to a person, whether the text names a county or not."""
    assert OUTSIDE in place(districts, "岳麓区一家厂夜里冒烟", 113.14, 27.84).reasons
    silent = place(districts, "楼下烧烤油烟大", 113.14, 27.84)
    assert silent.tag.adcode is None
    assert OUTSIDE in silent.reasons


def test_a_point_near_a_border_leaves_the_place_open(districts: Districts) -> None:
    """Candidates, no county, and the reason."""
    found = place(districts, "楼下烧烤油烟大", 112.966, 28.185)
    assert (found.tag.adcode, found.reasons) == (None, (AMBIGUOUS,))
    assert {"430103", "430104"} <= set(found.tag.candidates)


@pytest.mark.parametrize(("lon", "lat"), [(0.0, 0.0), (float("nan"), 28.0), (28.2, 112.9)])
def test_a_point_that_is_none_says_nothing(districts: Districts, lon: float, lat: float) -> None:
    """Zeros, gaps and swapped numbers are no place in China, and are passed over."""
    assert place(districts, "岳麓区冒烟", lon, lat).reasons == ()
