"""From a point on the map to county and zone.

A city that supplies its borders (`boundaries.geojson` in its folder, WGS-84, each feature with
`adcode` or `zone`) is judged by them exactly. Else by `anchors.csv`: points that people wrote down,
each in a county, those of the neighbours among them. A point much nearer to one county's anchors
than to all others' lies there; near a border the counties stay candidates.
"""

from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.coordinates import Floats, kilometres
from models.city import city_of
from models.data_files import read_csv
from models.errors import Invalid

BOUNDARIES: Final = "boundaries.geojson"
ANCHORS: Final = "anchors.csv"
#: Another county's anchor must be so many times as far for the county to be clear.
_CLEAR: Final = 1.6
#: Another county's anchor within this many times the nearest one's distance is a candidate.
_NEAR: Final = 2.0
#: Farther than this from every anchor, in kilometres, a point is in no county of the city.
_REACH_KM: Final = 25.0
#: A zone's anchor speaks for so many kilometres around it.
_ZONE_KM: Final = 1.0
_PRECISION_ANCHORS: Final = 0.93
_PRECISION_BORDERS: Final = 0.99


class Spot(NamedTuple):
    """Where a point lies: in a county (None near a border or outside), or in one of candidates.

    `inside` is False for a point outside the city; `p` says how far the county can be relied on.
    """

    adcode: str | None
    candidates: tuple[str, ...]
    zone: str | None
    inside: bool
    p: float


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """A point of a county, WGS-84, or of a neighbouring city; `zone` where it is amid one."""

    name: str
    adcode: str
    lon: float
    lat: float
    zone: str | None = None
    source: str = ""


class Territory:
    """One city on the map."""

    def __init__(self, city: str, folder: Path) -> None:
        """Read the city's borders, or its anchors; Invalid where they are malformed."""
        self._city: Final = city
        path = folder / BOUNDARIES
        self._areas: Final = read_areas(path) if path.is_file() else []
        anchors = folder / ANCHORS
        found = read_csv(anchors, Anchor) if anchors.is_file() else ()
        self._codes: Final = np.array([anchor.adcode for anchor in found])
        self._amid: Final = [anchor.zone for anchor in found]
        self._points: Final = np.array([(one.lon, one.lat) for one in found]).reshape(-1, 2)

    @property
    def known(self) -> bool:
        """Tell whether anything is known of where the city lies."""
        return bool(self._areas) or bool(len(self._codes))

    @property
    def anchors(self) -> frozenset[str]:
        """The counties and cities that have anchors."""
        return frozenset(self._codes.tolist())

    @property
    def anchor_zones(self) -> frozenset[str]:
        """The zones that have anchors."""
        return frozenset(zone for zone in self._amid if zone)

    def locate(self, points: Floats) -> list[Spot]:
        """Locate points, rows of longitude and latitude in WGS-84."""
        if any(not area.zone for area in self._areas):
            return self._by_borders(points)
        spots = [self._by_anchors(lon, lat) for lon, lat in points]
        zones = self._zones(points)
        return [s._replace(zone=zone or s.zone) for s, zone in zip(spots, zones, strict=True)]

    def _by_borders(self, points: Floats) -> list[Spot]:
        counties = [area for area in self._areas if not area.zone]
        within = np.stack([area.holds(points) for area in counties])
        zones = self._zones(points)
        spots = []
        for column, zone in zip(within.T, zones, strict=True):
            codes = tuple(dict.fromkeys(counties[at].code for at in np.flatnonzero(column)))
            one = codes[0] if len(codes) == 1 else None
            p = _PRECISION_BORDERS if one else 0.0
            spots.append(Spot(one, codes, zone, bool(codes), p))
        return spots

    def _zones(self, points: Floats) -> list[str | None]:
        found: list[str | None] = [None] * len(points)
        for area in self._areas:
            if area.zone:
                for at in np.flatnonzero(area.holds(points)):
                    found[at] = area.code
        return found

    def _by_anchors(self, lon: float, lat: float) -> Spot:
        away = kilometres(self._points, lon, lat)
        codes = list(dict.fromkeys(self._codes[np.argsort(away, kind="stable")].tolist()))
        nearest = {code: float(away[self._codes == code].min()) for code in codes[:4]}
        best = codes[0] if codes else ""
        if not codes or nearest[best] > _REACH_KM or not self._own(best):
            return Spot(None, self._rivals(nearest), None, inside=False, p=0.0)
        second = min((nearest[code] for code in nearest if code != best), default=np.inf)
        clear = second >= _CLEAR * nearest[best]
        rivals = self._rivals(nearest)
        if clear:
            at = int(away.argmin())
            zone = self._amid[at] if away[at] <= _ZONE_KM else None
            return Spot(best, (best,), zone, inside=True, p=_PRECISION_ANCHORS)
        return Spot(None, rivals, None, inside=True, p=0.0)

    def _rivals(self, nearest: dict[str, float]) -> tuple[str, ...]:
        """Give the city's counties that a point near a border may lie in, the nearest first."""
        least = min(nearest.values(), default=np.inf)
        near = min(least * _NEAR, _REACH_KM)
        return tuple(code for code, away in nearest.items() if away <= near and self._own(code))

    def _own(self, code: str) -> bool:
        return city_of(code) == city_of(self._city)


class Area:
    """A county or zone by its rings of points; a point is within where it is within oddly many."""

    def __init__(self, code: str, rings: list[Floats], *, zone: bool) -> None:
        """Take the rings, holes among them."""
        self.code: Final = code
        self.zone: Final = zone
        starts = [ring[:-1] for ring in rings]
        ends = [ring[1:] for ring in rings]
        self._start: Final = np.concatenate(starts)
        self._end: Final = np.concatenate(ends)
        self._least: Final = self._start.min(axis=0)
        self._most: Final = self._start.max(axis=0)

    def holds(self, points: Floats) -> npt.NDArray[np.bool_]:
        """Tell which points lie within, by counting the borders east of each."""
        near = ((points >= self._least) & (points <= self._most)).all(axis=1)
        within = np.zeros(len(points), dtype=np.bool_)
        for at in np.flatnonzero(near):
            within[at] = self._crossings(*points[at]) % 2 == 1
        return within

    def _crossings(self, lon: float, lat: float) -> int:
        (x1, y1), (x2, y2) = self._start.T, self._end.T
        level = (y1 > lat) != (y2 > lat)
        x1, y1, x2, y2 = x1[level], y1[level], x2[level], y2[level]
        return int((lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1).sum())


def read_areas(path: Path) -> list[Area]:
    """Read borders from GeoJSON; Invalid with the number of the feature that is malformed."""
    try:
        features = msgspec.json.decode(path.read_bytes())["features"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise Invalid("data_file_malformed", f"{path.name} 不是 GeoJSON 要素集合。") from error
    return [_area(path, number, feature) for number, feature in enumerate(features, 1)]


def _area(path: Path, number: int, feature: Any) -> Area:  # noqa: ANN401 - decoded JSON
    try:
        named = feature["properties"]
        code = str(named.get("zone") or named["adcode"])[: None if named.get("zone") else 6]
        shape = feature["geometry"]
        parts = shape["coordinates"]
        polygons = {"Polygon": [parts], "MultiPolygon": parts}[shape["type"]]
        rings = [
            np.array(ring, dtype=np.float64)[:, :2] for polygon in polygons for ring in polygon
        ]
        return Area(code, rings, zone=bool(named.get("zone")))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        detail = f"{path.name} 第 {number} 个要素缺少 adcode 或 zone,或不是多边形。"
        raise Invalid("data_file_malformed", detail, file=path.name, feature=number) from error
