"""Time: that first days stand before last ones, and that no day is left without whom it needs."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from models.checks.finding import Finding, current, error, warning
from models.city import Binding, City
from models.dates import Dated
from models.duty import Condition, Rule
from models.taxonomy import ISSUE_TYPES, laws

_DAY: Final = timedelta(days=1)
_LOCAL: Final = "T4"

#: A time that nothing covers: its first and last day, None without end.
Hole = tuple[date | None, date | None]


def check_times(city: City, laid: Sequence[Rule]) -> Iterator[Finding]:
    """Check the days of all that begins or ends: a city's data and the rules that hold in it."""
    yield from _reversed(city, laid)
    yield from _without_rule(laid)
    yield from _without_designation(laid)
    yield from _without_unit(city)
    yield from _without_chief(city)
    yield from _without_law(laid)


def holes(things: Sequence[Dated]) -> list[Hole]:
    """Give the times that none of the things covers, in order."""
    found: list[Hole] = []
    free: date | None = date.min
    for thing in sorted(things, key=lambda one: one.valid_from or date.min):
        start = thing.valid_from or date.min
        if free is not None and start > free:
            found.append((None if free == date.min else free, start - _DAY))
        if free is not None:
            end = thing.valid_to or date.max
            free = None if end == date.max else max(free, end + _DAY)
    if free is not None:
        found.append((None if free == date.min else free, None))
    return found


def _reversed(city: City, laid: Sequence[Rule]) -> Iterator[Finding]:
    named: list[tuple[str, str, Dated]] = [
        *((d.code, d.name, d) for d in city.divisions),
        *((u.code, u.name, u) for u in city.units),
        *((_binding(b), f"绑定 {_binding(b)}", b) for b in city.bindings),
        *((p.territory, f"赋权事项“{p.item}”", p) for p in city.powers),
        *((p.code, f"时期 {p.code}", p) for p in city.periods),
        *((c.flag, c.title, c) for c in city.chiefs),
        *((r.id, f"规则 {r.id}", r) for r in laid),
    ]
    for where, name, thing in named:
        if thing.valid_from and thing.valid_to and thing.valid_from > thing.valid_to:
            text = f"{name} 从 {thing.valid_from} 到 {thing.valid_to},首日晚于末日"
            yield error("dates_reversed", where, text, "改正 valid_from、valid_to")


def _without_rule(laid: Sequence[Rule]) -> Iterator[Finding]:
    """Find types for which at some time no rule names a lead or asks for people, come what may."""
    for code, kind in ISSUE_TYPES.items():
        plain = _plain(laid, code)
        for hole in holes(plain) if plain else ():
            text = f"{code} {kind.zh} {_said(hole)}没有不附条件的责任规则"
            yield error("rule_gap", code, text, "接上有效期,或补一条该时段的规则")


def _without_designation(laid: Sequence[Rule]) -> Iterator[Finding]:
    """Find types whose designated department is named only for a time."""
    local = [rule for rule in laid if rule.tier == _LOCAL and rule.lead]
    for code, kind in ISSUE_TYPES.items():
        for hole in _later(_plain(local, code)):
            text = f"{code} {kind.zh} {_said(hole)}没有本市指定的主办部门"
            yield warning("designation_gap", code, text, "接上 T4 规则的有效期,或确认改按全国基表")


def _without_unit(city: City) -> Iterator[Finding]:
    """Find roles that a territory has for a time only: wider ones stand in meanwhile."""
    ended = {d.code for d in city.divisions if not current(d)}
    held: dict[str, list[Binding]] = {}
    for binding in city.bindings:
        if binding.territory not in ended:
            held.setdefault(_binding(binding), []).append(binding)
    for where, bindings in held.items():
        for hole in _later(bindings):
            text = f"{where} {_said(hole)}没有绑定单位,将由上一级单位承担"
            yield warning("binding_gap", where, text, "接上有效期;撤销的另绑承接单位")


def _without_chief(city: City) -> Iterator[Finding]:
    """Find chiefs whose office is no more."""
    units = {unit.code: unit for unit in city.units}
    for chief in filter(current, city.chiefs):
        unit = units.get(chief.unit)
        if unit is not None and not current(unit):
            text = f"{chief.title} 没有终止,而单位 {unit.name} 于 {unit.valid_to} 停用"
            yield error("chief_unit_ended", chief.flag, text, "写上 valid_to,另列现行单位")


def _without_law(laid: Sequence[Rule]) -> Iterator[Finding]:
    """Find rules that go on while every law they cite has ended (domain section 7.1, item 10)."""
    table = laws()
    for rule in filter(current, laid):
        cited = [table[code] for code in rule.laws if code in table]
        ends = [law.effective_to for law in cited if law.effective_to is not None]
        if ends and len(ends) == len(cited):
            text = f"规则 {rule.id} 引用的法条到 {max(ends)} 均已废止,此后没有现行依据"
            yield warning("law_ended", rule.id, text, "补上现行法条的代码,或写上 valid_to")


def _plain(rules: Sequence[Rule], code: str) -> list[Rule]:
    """Give the rules that answer for a type whatever else holds."""
    return [
        rule
        for rule in rules
        if code in rule.when.types
        and (rule.lead or rule.pool)
        and msgspec.structs.replace(rule.when, types=()) == Condition()
    ]


def _later(things: Sequence[Dated]) -> list[Hole]:
    """Give the holes but for the time before all of it began."""
    return [hole for hole in holes(things) if hole[0] is not None] if things else []


def _binding(binding: Binding) -> str:
    return f"{binding.role}@{binding.territory}"


def _said(hole: Hole) -> str:
    first, last = hole
    if first is None:
        return f"在 {last} 以前"
    return f"自 {first} 起" if last is None else f"从 {first} 到 {last}"
