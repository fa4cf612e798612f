"""What a point on the map adds to what the text says of the place: it confirms, settles or objects.

The text is the better witness, for a phone may be far from what it reports; so a contradiction is
a person's to settle.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Final

import msgspec

from classifier.coordinates import in_china, to_wgs84
from classifier.territory import Spot, Territory
from models.tags import PlaceTag, TagRequest

OUTSIDE: Final = "place_outside"
CONFLICT: Final = "place_conflict"
AMBIGUOUS: Final = "place_ambiguous"

Judged = tuple[PlaceTag, tuple[str, ...]]


def spot_of(request: TagRequest, territories: Mapping[str, Territory]) -> Spot | None:
    """Locate a request's point in its channel's city; None without one, or where none can be."""
    territory = territories.get(request.city or "")
    if territory is None or request.lon is None or request.lat is None:
        return None
    if not (isfinite(request.lon) and isfinite(request.lat)):
        return None
    point = to_wgs84(request.lon, request.lat, request.datum)
    return territory.locate(point)[0] if in_china(point)[0] else None


def with_point(tag: PlaceTag, reasons: tuple[str, ...], spot: Spot) -> Judged:
    """Join what the text gave with where the point lies."""
    if not spot.inside:
        return tag, _and(reasons, OUTSIDE)
    if tag.adcode is not None:
        return _beside(tag, reasons, spot)
    if OUTSIDE in reasons or (AMBIGUOUS in reasons and not _shared(tag, spot)):
        both = tuple(dict.fromkeys((*tag.candidates, *spot.candidates)))
        return msgspec.structs.replace(tag, candidates=both), _and(reasons, CONFLICT)
    return _settled(tag, spot)


def _beside(tag: PlaceTag, reasons: tuple[str, ...], spot: Spot) -> Judged:
    """Confirm or contradict a county that the text gave."""
    if tag.adcode not in spot.candidates:
        both = tuple(dict.fromkeys((*tag.candidates, *spot.candidates)))
        return msgspec.structs.replace(tag, candidates=both), _and(reasons, CONFLICT)
    p = round(1 - (1 - tag.p) * (1 - spot.p), 4) if spot.adcode else tag.p
    return msgspec.structs.replace(tag, p=p, zone=tag.zone or spot.zone), reasons


def _settled(tag: PlaceTag, spot: Spot) -> Judged:
    """Give the point's county where the text gives none; what both leave open stays open."""
    if spot.adcode:
        found = msgspec.structs.replace(
            tag, adcode=spot.adcode, p=spot.p, zone=spot.zone, candidates=(spot.adcode,)
        )
        return found, ()
    likely = (*_shared(tag, spot), *spot.candidates)
    found = msgspec.structs.replace(tag, candidates=tuple(dict.fromkeys(likely)))
    return found, (AMBIGUOUS,)


def _shared(tag: PlaceTag, spot: Spot) -> list[str]:
    return [code for code in tag.candidates if code in spot.candidates]


def _and(reasons: tuple[str, ...], reason: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*reasons, reason)))
