"""How far two cases speak of one event: what is common to them, weighed into a score.

Everything here is a pure function of two cases, the same whichever comes first. A score lies
between 0 and 1 and never falls when one of its signals grows stronger. The weights were set by hand
on pairs of our own writing (tests/routing/pairs.toml).
"""

import math
from collections.abc import Collection
from itertools import pairwise
from typing import Final

import msgspec

from models.db.sameness import Matter
from models.geo import metres

#: The signals' weights in the logit of the score, and where it starts.
_BIAS: Final = -5.5
_PLACE: Final = 4.5
_KINSHIP: Final = 2.5
_LIKENESS: Final = 3.0
_AGAIN: Final = 2.0
_CALLER: Final = 2.0
_CLOSENESS: Final = 0.5
#: What a name in common says of the place, by its class: a business says most, a river least.
_NAMED: Final = {"s": 0.8, "e": 0.75, "v": 0.6, "r": 0.45, "w": 0.35, "x": 0.3}
#: Of an estate's name of so many characters, the last few are enough to know it by.
_LONG_NAME: Final = 6
_CORE: Final = 4
_SPOTS: Final = frozenset("ev")
_TOWNSHIP: Final = 0.3
_COUNTY: Final = 0.1
#: What speaks against one place.
_OTHER_COUNTY: Final = -0.8
_OTHER_TOWNSHIP: Final = -0.35
_OTHER_SPOT: Final = -0.5
_OTHER_BUSINESS: Final = -0.5
#: What a distance in metres says of the place: between these it is drawn straight.
_DISTANCES: Final = (
    (0.0, 1.0),
    (100.0, 1.0),
    (200.0, 0.85),
    (500.0, 0.4),
    (1000.0, 0.0),
    (3000.0, -1.0),
)
_BITS: Final = 512
#: Cosines of texts that have nothing in common but the language, and of two tellings of one thing.
_STRANGE: Final = 0.08
_SAME: Final = 0.6
#: Types that one source often gives together: a plant, a kitchen, a site, a stink, a farm.
_TOGETHER: Final = tuple(
    frozenset(codes.split())
    for codes in (
        "A01 A02 A06 A12 A14 W01 S03 S04 N01 P01 P02",
        "A03 A09 N03 N08 W09 S07 A02",
        "N02 A04 A05 A06 S02 X03 W01",
        "A02 W02 W03 W07 W08 W11 S01 S11",
        "W04 A02 S09 S08",
        "A07 A01 S01 S10 A08",
        "C03 C04 A06 N01 C07",
    )
)
#: How near two types are: the same main one, one's main among the other's, any shared, and so on.
_MAIN: Final = 1.0
_MAIN_AMONG: Final = 0.8
_SHARED: Final = 0.6
_ONE_SOURCE: Final = 0.5
_LEVEL: Final = 0.35


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """What two cases have in common.

    `metres` is None where one gave no point, `likeness` where their sketches do not compare.
    `named` are keys of names that both say; `elsewhere` tells that each names a spot and the other
    does not, `other_business` the same of businesses. `township` and `county` are None where one
    is unknown. `kinship` of types, `likeness` of texts and `closeness` in time run from 0 to 1.
    `says_again` tells that the same caller says to have reported it before.
    """

    metres: float | None = None
    named: tuple[str, ...] = ()
    elsewhere: bool = False
    other_business: bool = False
    township: bool | None = None
    county: bool | None = None
    kinship: float = 0.0
    likeness: float | None = None
    closeness: float = 0.0
    same_caller: bool = False
    says_again: bool = False


def compare(own: Matter, other: Matter, *, window_h: float, same_caller: bool) -> Signals:
    """Find what two cases have in common; `closeness` falls to 0 at the window's end."""
    named = common_names(own, other)
    apart = hours_apart(own, other)
    return Signals(
        metres=metres(own.point, other.point) if own.point and other.point else None,
        named=named,
        elsewhere=_differ(own, other, named, _SPOTS),
        other_business=_differ(own, other, named, "s"),
        township=_equal(own.township, other.township),
        county=_equal(own.adcode, other.adcode),
        kinship=kinship(own.types, other.types),
        likeness=likeness(own, other),
        closeness=max(0.0, 1 - apart / window_h),
        same_caller=same_caller,
        says_again=same_caller and _says_again(own, other),
    )


def score(signals: Signals) -> float:
    """Say how sure it is, from 0 to 1, that the cases speak of one event."""
    logit = _content(signals) + _CLOSENESS * signals.closeness
    return _sigmoid(logit + (_CALLER if signals.same_caller else 0.0))


def content(signals: Signals) -> float:
    """Score what the cases say alone: place, type and text, without caller and time."""
    return _sigmoid(_content(signals) + _CLOSENESS)


def place(signals: Signals) -> float:
    """Say from -1 (elsewhere) to 1 (the same spot) how far the places agree."""
    for_it = [_NAMED[key[0]] for key in signals.named]
    for_it += [_TOWNSHIP] if signals.township else []
    for_it += [_COUNTY] if signals.county else []
    against = [_OTHER_TOWNSHIP] if signals.township is False else []
    against += [_OTHER_COUNTY] if signals.county is False else []
    against += [_OTHER_SPOT] if signals.elsewhere else []
    against += [_OTHER_BUSINESS] if signals.other_business else []
    if signals.metres is not None:
        near = _from_distance(signals.metres)
        (for_it if near > 0 else against).append(near)
    agree = 1 - math.prod(1 - weight for weight in for_it)
    return max(-1.0, agree + min(against, default=0.0))


def kinship(own: tuple[str, ...], other: tuple[str, ...]) -> float:
    """Say how near the types of two cases are; the first of each is its main one."""
    if not own or not other:
        return 0.0
    if own[0] == other[0]:
        return _MAIN
    if own[0] in other or other[0] in own:
        return _MAIN_AMONG
    if set(own) & set(other):
        return _SHARED
    if any(own[0] in codes and other[0] in codes for codes in _TOGETHER):
        return _ONE_SOURCE
    return _LEVEL if own[0][0] == other[0][0] != "Z" else 0.0


def related(types: Collection[str]) -> set[str]:
    """Give the types that may tell of the same event: their own and those of one source."""
    return set(types).union(*(codes for codes in _TOGETHER if codes & set(types)))


def likeness(own: Matter, other: Matter) -> float | None:
    """Say from 0 to 1 how alike two texts read; None where no one maker sketched both."""
    if own.bits is None or other.bits is None or own.maker != other.maker:
        return None
    cosine = math.cos(math.pi * (own.bits ^ other.bits).bit_count() / _BITS)
    return min(1.0, max(0.0, (cosine - _STRANGE) / (_SAME - _STRANGE)))


def hours_apart(own: Matter, other: Matter) -> float:
    """Give the hours between the receipts of two cases."""
    return abs((own.received_at - other.received_at).total_seconds()) / 3600


def common_names(own: Matter, other: Matter) -> tuple[str, ...]:
    """Give the keys of names that stand in both texts, wherever one of them was made out."""
    here, there = _text(own), _text(other)
    found = {key for key in own.names if _says(there, key)}
    found |= {key for key in other.names if _says(here, key)}
    return tuple(sorted(found))


def _says(text: str, key: str) -> bool:
    """Tell whether a text holds a name; what stands in front of a long one may be no part of it."""
    name = key[2:]
    return name in text or (key[0] == "e" and len(name) >= _LONG_NAME and name[-_CORE:] in text)


def _content(signals: Signals) -> float:
    told = _LIKENESS * (signals.likeness or 0.0) + (_AGAIN if signals.says_again else 0.0)
    return _BIAS + _PLACE * place(signals) + _KINSHIP * signals.kinship + told


def _says_again(own: Matter, other: Matter) -> bool:
    """Tell whether the later of two reports says to be a repeat."""
    last = max(own.received_at, other.received_at)
    return any(matter.again and matter.received_at == last for matter in (own, other))


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _from_distance(apart: float) -> float:
    for (near, high), (far, low) in pairwise(_DISTANCES):
        if apart <= far:
            return high + (low - high) * (apart - near) / (far - near)
    return _DISTANCES[-1][1]


def _equal(one: str | None, other: str | None) -> bool | None:
    return one == other if one and other else None


def _differ(own: Matter, other: Matter, named: Collection[str], classes: Collection[str]) -> bool:
    """Tell whether both name something of these classes, and nothing in common."""
    if any(key[0] in classes for key in named):
        return False
    return all(any(key[0] in classes for key in matter.names) for matter in (own, other))


def _text(matter: Matter) -> str:
    return f"{matter.title or ''}\n{matter.text}\n{matter.address or ''}".lower()
