"""Divisions, zones, protected places: that codes, parents, successors and names fit together."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from models.checks.finding import Finding, current, error, goes_round, warning
from models.city import City, Division, Zone

_LEVELS: Final = {"city": 6, "county": 6, "township": 9, "stat": 9}
_PARENT_LEVEL: Final = {"county": "city", "township": "county", "stat": "county"}
_FEWEST_LETTERS: Final = 2
_CITY_ENDING: Final = "00"
#: Codes of the statistics office for zones and farms: the zone itself carries the name.
_STAT: Final = "stat"


def check_places(city: City) -> Iterator[Finding]:
    """Check what a city says of its places."""
    known = {division.code: division for division in city.divisions}
    yield from _doubled(city)
    yield from _own_division(city, known)
    for division in city.divisions:
        yield from _division(city, division, known)
    for zone in city.zones:
        yield from _zone(zone, known)
    yield from _shared_townships(city)
    for place in city.protected_places:
        for adcode in place.adcodes:
            if adcode not in known:
                yield _unknown_code("protected_places.csv", place.name, adcode)
    yield from _names(city, known)


def _doubled(city: City) -> Iterator[Finding]:
    codes = [d.code for d in city.divisions] + [z.code for z in city.zones]
    for code, n in Counter(codes).items():
        if n > 1:
            yield error("code_doubled", code, f"代码 {code} 出现了 {n} 次", "每个代码只留一行")


def _own_division(city: City, known: Mapping[str, Division]) -> Iterator[Finding]:
    own = known.get(city.adcode)
    if own is None or own.level != "city":
        text = f"divisions.csv 缺少本市 {city.adcode} 一行"
        yield error("city_division_missing", city.adcode, text, "补上 level 为 city 的一行")
    if _of_cities(city) and not any(d.level == "county" and current(d) for d in city.divisions):
        text = "divisions.csv 没有现行区县"
        yield error("counties_missing", city.adcode, text, "补上本市全部区县")


def _of_cities(city: City) -> bool:
    """Tell a city with counties from a county that is a jurisdiction of its own."""
    return city.adcode.endswith(_CITY_ENDING)


def _division(city: City, division: Division, known: Mapping[str, Division]) -> Iterator[Finding]:
    code, name = division.code, division.name
    width = _LEVELS.get(division.level)
    if width is None:
        text = f"{name} 的 level 是 {division.level}"
        remedy = f"改为 {'、'.join(_LEVELS)} 之一"
        yield error("level_unknown", code, text, remedy)
    elif len(code) != width or not code.isdigit():
        text = f"{name} 的代码 {code} 应是 {width} 位数字"
        yield error("code_malformed", code, text, "改正代码")
    if _of_cities(city) or division.parent != city.adcode:
        yield from _parent(division, known)
    yield from _successor(division, known)


def _parent(division: Division, known: Mapping[str, Division]) -> Iterator[Finding]:
    wanted = _PARENT_LEVEL.get(division.level)
    if wanted is None:
        return
    parent = known.get(division.parent)
    if parent is None or parent.level != wanted:
        text = f"{division.name} 的上级 {division.parent} 不在表中或不是 {wanted}"
        yield error("parent_missing", division.code, text, "改正 parent,或补上上级一行")
    elif wanted == "county" and not division.code.startswith(division.parent):
        text = f"{division.name} 的代码 {division.code} 与上级 {division.parent} 不一致"
        yield error("parent_mismatch", division.code, text, "改正代码或上级")


def _successor(division: Division, known: Mapping[str, Division]) -> Iterator[Finding]:
    if current(division):
        if division.successor:
            text = f"{division.name} 有继任 {division.successor} 却没有 valid_to"
            yield error("end_missing", division.code, text, "写上撤销前最后一日 valid_to")
        return
    if not division.successor:
        text = f"{division.name} 已撤销而没有继任代码,来单会找不到地方"
        yield error("successor_missing", division.code, text, "在 successor 写上现行代码")
    elif division.successor not in known:
        text = f"{division.name} 的继任 {division.successor} 不在表中"
        yield error("successor_unknown", division.code, text, "改正 successor")
    elif goes_round(division.code, lambda code: known[code].successor if code in known else None):
        text = f"{division.name} 的继任绕回了自己"
        yield error("successor_cycle", division.code, text, "改正 successor,使其指向现行代码")


def _zone(zone: Zone, known: Mapping[str, Division]) -> Iterator[Finding]:
    if not zone.adcodes:
        text = f"功能区 {zone.name} 没有写明所在区县,只凭名称出现时派不到区县单位"
        yield warning("zone_without_county", zone.code, text, "在 adcodes 写上所在区县")
    for code in zone.adcodes:
        if code not in known or known[code].level != "county":
            yield _unknown_code("zones.csv", zone.name, code)
    for code in zone.townships:
        if code not in known or known[code].level != "township":
            yield _unknown_code("zones.csv", zone.name, code)
        elif zone.adcodes and known[code].parent not in zone.adcodes:
            text = f"功能区 {zone.name} 的街道 {code} 不在它的区县里"
            yield error("zone_township_outside", zone.code, text, "补上该街道所在的区县")


def _shared_townships(city: City) -> Iterator[Finding]:
    """Find townships that two zones claim to cover wholly."""
    zones: dict[str, list[str]] = {}
    for zone in city.zones:
        for town in zone.townships:
            zones.setdefault(town, []).append(zone.name)
    for town, names in zones.items():
        if len(names) > 1:
            text = f"街道乡镇 {town} 同时整个归 {'、'.join(names)}"
            yield error("zone_township_doubled", town, text, "只留在一个功能区的 townships 里")


def _unknown_code(file: str, name: str, code: str) -> Finding:
    return error("division_unknown", code, f"{file} 的 {name} 用了不存在的区划 {code}", "改正代码")


def _names(city: City, known: Mapping[str, Division]) -> Iterator[Finding]:
    """Find words that name two places of which neither lies in the other."""
    owners: dict[str, dict[str, bool]] = {}
    named: list[Division | Zone] = [d for d in city.divisions if current(d) and d.level != _STAT]
    named += city.zones
    for place in named:
        for word, is_alias in ((place.name, False), *((alias, True) for alias in place.aliases)):
            owners.setdefault(word, {}).setdefault(place.code, is_alias)
            if len(word) < _FEWEST_LETTERS:
                text = f"{place.name} 的叫法“{word}”太短,会误中别的词"
                yield error("alias_too_short", place.code, text, "删去这个叫法")
    zones = {zone.code: zone for zone in city.zones}
    for word, codes in owners.items():
        apart = _apart(list(codes), known, zones)
        if apart:
            yield _shared(word, apart, by_alias=any(codes[code] for code in apart))


def _apart(
    codes: list[str], known: Mapping[str, Division], zones: Mapping[str, Zone]
) -> tuple[str, str] | None:
    for i, one in enumerate(codes):
        for other in codes[i + 1 :]:
            inside = _inside(one, other, known, zones) or _inside(other, one, known, zones)
            if not inside:
                return one, other
    return None


def _inside(
    small: str, large: str, known: Mapping[str, Division], zones: Mapping[str, Zone]
) -> bool:
    if large in zones:
        return small in zones[large].townships
    return small in known and (known[small].parent == large or small.startswith(large))


def _shared(word: str, codes: tuple[str, str], *, by_alias: bool) -> Finding:
    text = f"“{word}”同时指 {codes[0]} 和 {codes[1]}"
    if by_alias:
        return error("alias_ambiguous", codes[0], text, "从两处的 aliases 删去这个叫法")
    return warning("name_shared", codes[0], text, "两处同名,识别时须靠上级区县区分")
