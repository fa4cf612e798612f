"""Three coordinate systems, forth and back, one point or many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.coordinates import (
    bd09_to_gcj02,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    in_china,
    normal,
    to_wgs84,
    wgs84_to_gcj02,
)
from models.errors import Invalid

#: Within China and away from the rectangle's border, where a shift would cross it.
LON = st.floats(73.0, 137.0)
LAT = st.floats(2.0, 55.0)
_ERROR = 1e-5


@given(LON, LAT)
def test_gcj02_comes_back(lon: float, lat: float) -> None:
    """Shifted and unshifted, a point is where it was, within a metre and far less."""
    point = np.array([[lon, lat]])
    assert np.abs(gcj02_to_wgs84(wgs84_to_gcj02(point)) - point).max() < _ERROR


@given(LON, LAT)
def test_bd09_comes_back(lon: float, lat: float) -> None:
    """So it is for Baidu's turn on top."""
    point = np.array([[lon, lat]])
    there = gcj02_to_bd09(wgs84_to_gcj02(point))
    assert np.abs(gcj02_to_wgs84(bd09_to_gcj02(there)) - point).max() < _ERROR


@given(st.one_of(st.floats(-180, 71), st.floats(139, 180)), st.floats(-85, 85))
def test_outside_china_nothing_is_shifted(lon: float, lat: float) -> None:
    """A point abroad stays as it is in every system."""
    point = np.array([[lon, lat]])
    assert not in_china(point)[0]
    assert np.array_equal(wgs84_to_gcj02(point), point)
    assert np.array_equal(gcj02_to_bd09(point), point)


@given(LON, LAT)
def test_the_shift_is_a_few_hundred_metres(lon: float, lat: float) -> None:
    """A shift of nothing or of kilometres would be a mistake in the formula."""
    point = np.array([[lon, lat]])
    moved = np.abs(wgs84_to_gcj02(point) - point)
    assert moved.max() < 0.02


def test_known_points() -> None:
    """The published pair of Tiananmen in WGS-84 and GCJ-02, and Baidu's beside it."""
    wgs = np.array([[116.3912, 39.9075]])
    gcj = wgs84_to_gcj02(wgs)
    assert np.allclose(gcj, [[116.39744, 39.90890]], atol=2e-4)
    assert np.allclose(gcj02_to_bd09(gcj), [[116.40384, 39.91525]], atol=3e-4)


def test_many_points_are_as_each_alone() -> None:
    """A batch gives what its points give one by one; GCJ-02 is meant where none is named."""
    lons, lats = [112.93, 102.71, 140.0], [28.22, 25.04, 36.0]
    whole = to_wgs84(lons, lats)
    for row, lon, lat in zip(whole, lons, lats, strict=True):
        assert np.allclose(row, to_wgs84(lon, lat, "GCJ-02")[0], atol=1e-12)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("gcj02", "GCJ-02"), ("BD09LL", "BD-09"), ("wgs_84", "WGS-84"), (None, "GCJ-02")],
)
def test_a_datum_has_several_spellings(written: str | None, meant: str) -> None:
    """Platforms write them with and without marks."""
    assert normal(written) == meant


def test_an_unknown_datum_is_told() -> None:
    """No guess at a system that nobody knows."""
    with pytest.raises(Invalid) as told:
        to_wgs84(112.9, 28.2, "CGCS2000-X")
    assert told.value.code == "unknown_datum"
