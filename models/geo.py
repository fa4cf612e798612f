"""Points on the ground, all in WGS-84: their distances, and the cells they are searched by."""

import math
from typing import Final, NamedTuple

_EARTH_M: Final = 6_371_008.8
#: A cell is at least 200 m wide anywhere in China, so a point's neighbours within that are around.
_CELL_LON: Final = 0.0033
_CELL_LAT: Final = 0.0022
_ROW: Final = 100_000


class Point(NamedTuple):
    """A place in WGS-84, in degrees."""

    lon: float
    lat: float


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
