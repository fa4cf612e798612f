"""Units and bindings: that every role a rule may name is one unit, everywhere, at any time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

from models.checks.finding import Finding, current, error, goes_round, info, overlap, warning
from models.city import MUNICIPALITIES, Binding, City, Unit
from models.duty import Rule
from models.taxonomy import ROLES

_LEVELS: Final = ("city", "county", "zone", "town", "external")


def check_units(city: City, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Check a city's units, its bindings, and the roles that rules may name."""
    units = {unit.code: unit for unit in city.units}
    places = {d.code for d in city.divisions}
    zones = {zone.code for zone in city.zones}
    for code, n in Counter(unit.code for unit in city.units).items():
        if n > 1:
            yield error("code_doubled", code, f"单位代码 {code} 出现了 {n} 次", "每个代码只留一行")
    for unit in city.units:
        yield from _unit(unit, units, places, zones)
    for binding in city.bindings:
        yield from _binding(binding, units, places | zones)
    yield from _overlaps(city.bindings)
    yield from _coverage(city, rules)
    yield from _branches(city, units)
    yield from _idle(city)


def _unit(
    unit: Unit, units: Mapping[str, Unit], places: set[str], zones: set[str]
) -> Iterator[Finding]:
    if unit.level not in _LEVELS:
        text = f"{unit.name} 的 level 是 {unit.level}"
        yield error("level_unknown", unit.code, text, f"改为 {'、'.join(_LEVELS)} 之一")
    if not unit.adcodes and not unit.zones:
        text = f"{unit.name} 没有辖区"
        yield error("unit_without_territory", unit.code, text, "在 adcodes 或 zones 写上辖区")
    for code in [c for c in unit.adcodes if c not in places] + [
        c for c in unit.zones if c not in zones
    ]:
        text = f"{unit.name} 的辖区 {code} 不存在"
        yield error("territory_unknown", unit.code, text, "改正辖区代码")
    if unit.parent and unit.parent not in units:
        text = f"{unit.name} 的上级单位 {unit.parent} 不存在"
        yield error("unit_parent_missing", unit.code, text, "改正 parent,或补上上级单位")
    elif goes_round(unit.code, lambda code: units[code].parent if code in units else None):
        text = f"{unit.name} 的上级绕回了自己"
        yield error("unit_parent_cycle", unit.code, text, "改正 parent")


def _binding(
    binding: Binding, units: Mapping[str, Unit], territories: set[str]
) -> Iterator[Finding]:
    where = f"{binding.role}@{binding.territory}"
    if binding.role not in ROLES:
        yield error("role_unknown", where, f"没有角色 {binding.role}", "用 roles.csv 中的角色代码")
    if binding.territory not in territories:
        text = f"绑定的地域 {binding.territory} 不存在"
        yield error("territory_unknown", where, text, "改正 territory")
    unit = units.get(binding.unit)
    if unit is None:
        text = f"绑定的单位 {binding.unit} 不存在"
        yield error("binding_unit_missing", where, text, "改正 unit,或在 units.csv 补上")
    elif current(binding) and not current(unit):
        text = f"绑定没有终止,而单位 {unit.name} 已于 {unit.valid_to} 停用"
        yield error("binding_unit_ended", where, text, "给绑定写上 valid_to,另绑现行单位")


def _overlaps(bindings: Sequence[Binding]) -> Iterator[Finding]:
    groups: dict[tuple[str, str], list[Binding]] = {}
    for binding in bindings:
        groups.setdefault((binding.role, binding.territory), []).append(binding)
    for (role, territory), group in groups.items():
        for one, other in combinations(group, 2):
            if overlap(one, other):
                text = f"{role} 在 {territory} 同时绑定了 {one.unit} 和 {other.unit}"
                remedy = "同一角色同一地域同一时间只能有一个单位"
                yield error("binding_overlap", f"{role}@{territory}", text, remedy)


def _coverage(city: City, rules: Sequence[Rule]) -> Iterator[Finding]:
    leads = {rule.lead for rule in rules if rule.lead}
    named = leads.union(*(rule.cooperating for rule in rules)) & ROLES.keys()
    bound: dict[str, set[str]] = {}
    for binding in filter(current, city.bindings):
        bound.setdefault(binding.role, set()).add(binding.territory)
    for role in sorted(named):
        missing = _missing(city, role, bound.get(role, set()))
        if missing:
            yield _unbound(role, missing, leads=role in leads)


def _missing(city: City, role: str, bound: set[str]) -> list[str]:
    """Name the territories where a role has no unit, by how the role is bound."""
    per = ROLES[role].per
    if per == "zone":
        return [zone.name for zone in city.zones if zone.code not in bound]
    if city.adcode in bound:
        return []
    if per not in ("county", "township"):
        return [city.name]
    wanted = [d for d in city.divisions if d.level == per and current(d)]
    return [d.name for d in wanted if d.code not in bound and d.parent not in bound]


def _unbound(role: str, missing: list[str], *, leads: bool) -> Finding:
    known = ROLES[role]
    shown = "、".join(missing[:3]) + (f"等 {len(missing)} 处" if len(missing) > 3 else "")  # noqa: PLR2004
    text = f"责任规则用到的 {known.zh}({role})在 {shown} 没有绑定单位"
    if known.per == "zone":
        return error("zone_without_unit", role, text, "在 bindings.csv 给功能区绑定管委会(ZON)")
    if known.per == "external":
        return warning("external_unbound", role, text, "没有该机构的城市可不管;有则补上绑定")
    make = error if leads else warning
    return make("role_unbound", role, text, "在 bindings.csv 给该角色绑定单位")


def _branches(city: City, units: Mapping[str, Unit]) -> Iterator[Finding]:
    """Check that county branches stand under the city's bureau (Code article 53).

    In a municipality the bureaus of counties are no branches.
    """
    if city.adcode.startswith(MUNICIPALITIES):
        return
    bureaus = [b for b in city.bindings if b.role == "ECO" and current(b)]
    top = next((b.unit for b in bureaus if b.territory == city.adcode), None)
    for binding in bureaus:
        unit = units.get(binding.unit)
        if unit and top and top not in (unit.code, unit.parent):
            text = f"{unit.name} 的上级应是市生态环境局 {top},不是 {unit.parent or '空'}"
            yield error("branch_parent", unit.code, text, "分局是市局派出机构,改正 parent")


def _idle(city: City) -> Iterator[Finding]:
    used = {binding.unit for binding in city.bindings}
    used |= {unit.parent for unit in city.units if unit.parent}
    for unit in filter(current, city.units):
        if unit.code not in used:
            text = f"{unit.name} 没有绑定任何角色,只能由人工选派"
            yield info("unit_unbound", unit.code, text, "需要自动派单时在 bindings.csv 绑定角色")
