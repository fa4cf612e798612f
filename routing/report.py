"""The report on a city's rules: what never holds, what hangs on order, what ends with people.

The cells are decided by the engine itself: each issue type, at each kind of place, at each time.
"""

import time as clock
from collections.abc import Iterator
from datetime import datetime, time
from typing import Final, NamedTuple

import msgspec

from models.checks.finding import Finding
from models.checks.order import Overlap, check_order, overlaps
from models.city import City
from models.decision import Decision
from models.moment import CHINA, now
from models.taxonomy import ISSUE_TYPES, environmental
from routing.catalogue import Catalogue, catalogue
from routing.engine import judge
from routing.facts import Facts

_RURAL: Final = "rural"
#: Names of times of day, with the hour and the flags of a case then.
_TIMES: Final = (
    ("白天", 10, ()),
    ("午间", 13, ("time:noon",)),
    ("夜间", 23, ("time:night",)),
    ("考试期间", 10, ("time:exam",)),
)


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """An issue type left to people at some places and times; `rule` asked for that, if any."""

    type: str
    name: str
    rule: str
    reasons: tuple[str, ...]
    places: tuple[str, ...]
    times: tuple[str, ...]
    everywhere: bool


class RulesReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is to know of a release's rules; `seconds` is what finding it took."""

    version: str
    rules: int
    dead: tuple[Finding, ...]
    overlaps: tuple[Overlap, ...]
    gaps: tuple[Gap, ...]
    cells: int
    pooled: int
    seconds: float


class _Place(NamedTuple):
    name: str
    adcode: str | None = None
    township: str | None = None
    zone: str | None = None
    flags: tuple[str, ...] = ()


def report(city: City) -> RulesReport:
    """Report on the rules that hold in a city today."""
    started = clock.perf_counter()
    book = catalogue(city)
    cells, left = 0, list[tuple[str, str, str, Decision]]()
    for place in _places(book):
        for when, hour, flags in _TIMES:
            moment = datetime.combine(now().date(), time(hour), CHINA)
            for code in filter(environmental, ISSUE_TYPES):
                found = judge(book, _facts(code, place, flags, moment))
                cells += 1
                if found.pool:
                    left.append((code, place.name, when, found))
    return RulesReport(
        version=book.version,
        rules=len(book.rules.all),
        dead=tuple(check_order(book.rules.all)),
        overlaps=tuple(overlaps(book.rules.all)),
        gaps=tuple(_gaps(left, len({p.name for p in _places(book)}))),
        cells=cells,
        pooled=len(left),
        seconds=round(clock.perf_counter() - started, 3),
    )


def _places(book: Catalogue) -> list[_Place]:
    """Name one place of each kind that the city has."""
    city = book.city
    counties = [d for d in city.divisions if d.level == "county" and d.valid_to is None]
    towns = [d for d in city.divisions if d.level == "township" and d.valid_to is None]
    county = counties[0].code if counties else None
    found = [_Place("区县", county), _Place("农村", county, flags=(_RURAL,))]
    found += [_Place("街道乡镇", town.parent, town.code) for town in towns[:1]]
    powered = {power.territory for power in city.powers}
    found += [_Place("已赋权街道", t.parent, t.code) for t in towns if t.code in powered][:1]
    for enforces, name in ((True, "有执法权的功能区"), (False, "无执法权的功能区")):
        zones = [z for z in city.zones if z.has_enforcement is enforces and z.adcodes]
        found += [
            _Place(name, z.adcodes[0], zone=z.code, flags=("place:park_zone",)) for z in zones
        ][:1]
    layers = {place.flag: place for place in reversed(city.protected_places)}
    found += [
        _Place(place.name, next(iter(place.adcodes), county), flags=(flag,))
        for flag, place in layers.items()
    ]
    return found


def _facts(code: str, place: _Place, flags: tuple[str, ...], moment: datetime) -> Facts:
    return Facts(
        types=(code,),
        kind="TS",
        flags=tuple(sorted({*place.flags, *flags})),
        adcode=place.adcode,
        township=place.township,
        zone=place.zone,
        channel="12345_TEL",
        happened_at=moment,
        dispatched_at=moment,
    )


def _gaps(left: list[tuple[str, str, str, Decision]], places: int) -> Iterator[Gap]:
    grouped: dict[tuple[str, str, tuple[str, ...]], list[tuple[str, str]]] = {}
    for code, place, when, found in left:
        key = (code, _asking(found), found.reasons)
        grouped.setdefault(key, []).append((place, when))
    for (code, rule, reasons), cells in grouped.items():
        yield Gap(
            type=code,
            name=ISSUE_TYPES[code].zh,
            rule=rule,
            reasons=reasons,
            places=tuple(dict.fromkeys(place for place, _ in cells)),
            times=tuple(dict.fromkeys(when for _, when in cells)),
            everywhere=len(set(cells)) == places * len(_TIMES),
        )


def _asking(found: Decision) -> str:
    """Name the rule that left the case to people."""
    return next((s.rule for s in found.trace if s.matched and "主办由人工裁量" in s.effect), "")
