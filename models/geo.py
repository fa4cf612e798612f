"""Points on the ground: three coordinate systems made one, distances, and cells to search by.

Maps of China give GCJ-02 (shifted by some hundred metres) or Baidu's BD-09; receivers give WGS-84.
Two points can only be compared once they are all in one of them.
"""

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

WGS84, GCJ02, BD09 = "WGS84", "GCJ02", "BD09"
_AXIS: Final = 6_378_245.0
_SQUASH: Final = 0.006_693_421_622_965_943
_EARTH_M: Final = 6_371_008.8
_BAIDU: Final = math.pi * 3000 / 180
_ROUNDS: Final = 4
#: What a place in China can be; a point elsewhere is a slip of the source.
_LON: Final = (73.0, 136.0)
_LAT: Final = (3.0, 54.0)
#: A cell is at least 200 m wide anywhere in China, so a point's neighbours within that are around.
_CELL_LON: Final = 0.0033
_CELL_LAT: Final = 0.0022
_ROW: Final = 100_000


class Point(NamedTuple):
    """A place in WGS-84, in degrees."""

    lon: float
    lat: float


def read_point(lon: object, lat: object, system: object = None) -> Point | None:
    """Read what a source gives as a place; None where it is none or lies outside China.

    A system that is not named is taken for GCJ-02, which every licensed map of China shows.
    """
    try:
        x, y = float(str(lon)), float(str(lat))
    except ValueError:
        return None
    if not (_LON[0] < x < _LON[1] and _LAT[0] < y < _LAT[1]):
        return None
    named = str(system or GCJ02).upper().replace("-", "")
    if named == WGS84:
        return Point(x, y)
    return from_gcj02(*(from_bd09(x, y) if named == BD09 else (x, y)))


def metres(one: Point, other: Point) -> float:
    """Give the distance of two points in metres along the ground."""
    north = math.radians(other.lat - one.lat)
    east = math.radians(other.lon - one.lon)
    near = math.cos(math.radians(one.lat)) * math.cos(math.radians(other.lat))
    half = math.sin(north / 2) ** 2 + near * math.sin(east / 2) ** 2
    return 2 * _EARTH_M * math.asin(math.sqrt(half))


def cell(point: Point) -> int:
    """Give the number of the cell a point lies in."""
    return math.floor(point.lat / _CELL_LAT) * _ROW + math.floor(point.lon / _CELL_LON)


def cells_around(point: Point) -> list[int]:
    """Give the nine cells in which everything within 200 m of a point lies."""
    own = cell(point)
    return [own + row * _ROW + column for row in (-1, 0, 1) for column in (-1, 0, 1)]


def from_bd09(lon: float, lat: float) -> tuple[float, float]:
    """Turn Baidu's coordinates into GCJ-02, to a metre."""
    x, y = lon - 0.0065, lat - 0.006
    reach = math.hypot(x, y) - 0.00002 * math.sin(y * _BAIDU)
    turn = math.atan2(y, x) - 0.000003 * math.cos(x * _BAIDU)
    return reach * math.cos(turn), reach * math.sin(turn)


def from_gcj02(lon: float, lat: float) -> Point:
    """Turn GCJ-02 into WGS-84, to less than a metre, by undoing the shift a few times."""
    x, y = lon, lat
    for _ in range(_ROUNDS):
        east, north = _shift(x, y)
        x, y = lon - east, lat - north
    return Point(x, y)


def to_gcj02(point: Point) -> tuple[float, float]:
    """Turn WGS-84 into GCJ-02, as a map shows it."""
    east, north = _shift(point.lon, point.lat)
    return point.lon + east, point.lat + north


def _shift(lon: float, lat: float) -> tuple[float, float]:
    """Give how far GCJ-02 lies from a WGS-84 point, in degrees."""
    x, y = lon - 105.0, lat - 35.0
    common = 20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (common + _waves(y, ((20, 1.0), (40, 3.0)), ((160, 12.0), (320, 30.0)))) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (common + _waves(x, ((20, 1.0), (40, 3.0)), ((150, 12.0), (300, 30.0)))) * 2 / 3
    angle = math.radians(lat)
    bend = 1 - _SQUASH * math.sin(angle) ** 2
    along = _AXIS * (1 - _SQUASH) / (bend * math.sqrt(bend)) * math.pi / 180
    across = _AXIS / math.sqrt(bend) * math.cos(angle) * math.pi / 180
    return east / across, north / along


def _waves(
    at: float, short: Iterable[tuple[int, float]], long: Iterable[tuple[int, float]]
) -> float:
    """Add the waves of the shift's formula: each a height and a length."""
    return sum(height * math.sin(at / length * math.pi) for height, length in (*short, *long))
