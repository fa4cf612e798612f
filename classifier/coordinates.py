"""The three coordinate systems of Chinese maps, in whole arrays, forth and back.

Licensed maps and WeChat give GCJ-02, Baidu BD-09, receivers WGS-84. The shift of GCJ-02 is a fixed
function of the place, so it is undone by taking the shift of the guess away until nothing changes:
exact to a millimetre. Outside China there is no shift.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from models.errors import Invalid

Floats = npt.NDArray[np.float64]

WGS84: Final = "WGS-84"
GCJ02: Final = "GCJ-02"
BD09: Final = "BD-09"
DATUMS: Final = (GCJ02, BD09, WGS84)
_AXIS: Final = 6378245.0
_ECCENTRICITY: Final = 0.00669342162296594323
#: The rectangle within which maps are shifted.
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_TURN: Final = np.pi * 3000.0 / 180.0
_BAIDU: Final = (0.0065, 0.006)
_ROUNDS: Final = 5


def to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike, datum: str | None = None) -> Floats:
    """Give points as rows of longitude and latitude in WGS-84.

    A datum that is not named is GCJ-02; one that is not known raises Invalid.
    """
    points = _points(lon, lat)
    named = normal(datum)
    if named == WGS84:
        return points
    return gcj02_to_wgs84(bd09_to_gcj02(points) if named == BD09 else points)


def normal(datum: str | None) -> str:
    """Give a datum's usual name (`gcj02`, `GCJ-02`, `BD09LL` …); Invalid for any other."""
    short = (datum or GCJ02).upper().replace("-", "").replace("_", "").removesuffix("LL")
    for name in DATUMS:
        if name.replace("-", "") == short:
            return name
    raise Invalid("unknown_datum", f"未知坐标系 {datum},可用:{'、'.join(DATUMS)}。")


def wgs84_to_gcj02(points: Floats) -> Floats:
    """Shift points as licensed maps do."""
    inside = in_china(points)[:, None]
    shifted: Floats = np.where(inside, points + _shift(points), points)
    return shifted


def gcj02_to_wgs84(points: Floats) -> Floats:
    """Undo the shift."""
    guess = points.copy()
    for _ in range(_ROUNDS):
        guess += points - wgs84_to_gcj02(guess)
    return np.where(in_china(points)[:, None], guess, points)


def gcj02_to_bd09(points: Floats) -> Floats:
    """Turn and stretch points as Baidu does, from its published formula."""
    x, y = points.T
    reach = np.hypot(x, y) + 2e-5 * np.sin(y * _TURN)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * _TURN)
    turned = np.stack((reach * np.cos(angle), reach * np.sin(angle)), axis=1) + _BAIDU
    return np.where(in_china(points)[:, None], turned, points)


def bd09_to_gcj02(points: Floats) -> Floats:
    """Undo Baidu's turn."""
    guess = points - _BAIDU
    for _ in range(_ROUNDS):
        guess += points - gcj02_to_bd09(guess)
    return np.where(in_china(points)[:, None], guess, points)


def in_china(points: Floats) -> npt.NDArray[np.bool_]:
    """Tell which points lie in the rectangle that is shifted."""
    lon, lat = points.T
    inside: npt.NDArray[np.bool_] = (lon > _WEST) & (lon < _EAST) & (lat > _SOUTH) & (lat < _NORTH)
    return inside


def kilometres(points: Floats, lon: float, lat: float) -> Floats:
    """Give the distances of points from one point, good for the size of a city."""
    east = (points[:, 0] - lon) * np.cos(np.radians(lat))
    return np.asarray(np.hypot(east, points[:, 1] - lat) * 111.195)


def _points(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Floats:
    x, y = np.broadcast_arrays(np.atleast_1d(lon), np.atleast_1d(lat))
    return np.stack((x, y), axis=1).astype(np.float64)


def _shift(points: Floats) -> Floats:
    """Give the shift in degrees: polynomials and sines of the distance from 105 E, 35 N."""
    x, y = points[:, 0] - 105.0, points[:, 1] - 35.0
    root = np.sqrt(np.abs(x))
    common = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += _waves(y, ((20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30)))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += _waves(x, ((20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30)))
    angle = np.radians(points[:, 1])
    magic = 1 - _ECCENTRICITY * np.sin(angle) ** 2
    north *= 180.0 / (_AXIS * (1 - _ECCENTRICITY) / (magic * np.sqrt(magic)) * np.pi)
    east *= 180.0 / (_AXIS / np.sqrt(magic) * np.cos(angle) * np.pi)
    return np.stack((east, north), axis=1)


def _waves(value: Floats, parts: tuple[tuple[float, float], ...]) -> Floats:
    total = np.zeros_like(value)
    for height, pace in parts:
        total += height * np.sin(value * pace * np.pi)
    return total * 2.0 / 3.0
