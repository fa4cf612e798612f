"""Duty rules: that each names things that exist and can be reached, and every type is answered."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from models.checks.finding import Finding, error, warning
from models.city import City
from models.duty import TIERS, Condition, Rule
from models.tags import REVIEW_REASONS
from models.taxonomy import (
    ISSUE_TYPES,
    LEVELS,
    REQUEST_TYPES,
    ROLES,
    first_level,
    flags,
    laws,
)

_URGENCIES: Final = ("P0", "P1", "P2", "P3")
_BASE: Final = "T6"
_LOCAL: Final = "T4"
_HOURS: Final = range(25)


def check_rules(city: City, national: Sequence[Rule]) -> Iterator[Finding]:
    """Check the rules that hold in a city: its own, laid over the national ones."""
    laid = laid_over(city.duties, national)
    places = {d.code for d in city.divisions}
    zones = {zone.code for zone in city.zones}
    for rule in laid:
        yield from _rule(rule)
        yield from _names(rule)
    for rule in city.duties:
        unknown = [c for c in rule.when.adcodes if c not in places]
        unknown += [c for c in rule.when.zones if c not in zones]
        if unknown:
            text = f"规则 {rule.id} 用了不存在的地域 {'、'.join(unknown)}"
            yield error("territory_unknown", rule.id, text, "改正 adcodes 或 zones")
    yield from _unknown_flags(city, laid)
    yield from _unreachable(laid)
    yield from _unanswered(laid)
    yield from _undesignated(laid)
    yield from _unused_places(city, laid)


def laid_over(own: Sequence[Rule], national: Sequence[Rule]) -> tuple[Rule, ...]:
    """Lay a city's rules over the national ones: first its own, a same id replaces."""
    replaced = {rule.id for rule in own}
    return (*own, *(rule for rule in national if rule.id not in replaced))


def _rule(rule: Rule) -> Iterator[Finding]:
    if rule.tier not in TIERS:
        text = f"规则 {rule.id} 的 tier 是 {rule.tier}"
        yield error("tier_unknown", rule.id, text, f"改为 {TIERS[0]} 至 {TIERS[-1]}")
    if rule.pool and rule.lead:
        text = f"规则 {rule.id} 既给主办 {rule.lead} 又要求人工裁量"
        yield error("lead_and_pool", rule.id, text, "lead 与 pool 只能有一个")
    if rule.lead and rule.lead in rule.cooperating:
        text = f"规则 {rule.id} 的主办 {rule.lead} 又列为协办"
        yield error("lead_cooperates", rule.id, text, "从 cooperating 删去主办")
    if rule.valid_from and rule.valid_to and rule.valid_from > rule.valid_to:
        text = f"规则 {rule.id} 的首日晚于末日"
        yield error("dates_reversed", rule.id, text, "改正 valid_from、valid_to")
    hours = [h for h in (rule.when.from_hour, rule.when.to_hour) if h is not None]
    if any(hour not in _HOURS for hour in hours):
        text = f"规则 {rule.id} 的钟点不在 0 至 24"
        yield error("hour_out_of_range", rule.id, text, "改正 from_hour、to_hour")


def _names(rule: Rule) -> Iterator[Finding]:
    roles = [*rule.cooperating, *([rule.lead] if rule.lead else [])]
    urgencies = [*rule.when.urgencies, *([rule.urgency] if rule.urgency else [])]
    lists: dict[str, tuple[Sequence[str], Mapping[str, object] | Sequence[str], str]] = {
        "type_unknown": ((*rule.when.types, *rule.when.any_types), ISSUE_TYPES, "污染类型"),
        "kind_unknown": (rule.when.kinds, REQUEST_TYPES, "诉求类型"),
        "role_unknown": (roles, ROLES, "角色"),
        "law_unknown": (rule.laws, laws(), "法条"),
        "urgency_unknown": (urgencies, _URGENCIES, "紧急程度"),
        "reason_unknown": ([rule.review] if rule.review else [], REVIEW_REASONS, "复核理由"),
    }
    for code, (used, known, name) in lists.items():
        unknown = [value for value in used if value not in known]
        if unknown:
            text = f"规则 {rule.id} 用了不存在的{name} {'、'.join(unknown)}"
            yield error(code, rule.id, text, f"改用码表中的{name}代码")


def _unknown_flags(city: City, laid: Sequence[Rule]) -> Iterator[Finding]:
    """Find flags that nothing sets: a rule that asks for one never holds."""
    known = flags() | {place.flag for place in city.protected_places}
    own = {rule.id for rule in city.duties}
    for rule in laid:
        asked = {*rule.when.flags, *rule.when.any_flag, *rule.when.no_flags}
        if unknown := sorted(asked - known):
            text = f"规则 {rule.id} 用了无人会标的情节 {'、'.join(unknown)},永远不会成立"
            remedy = "改用 labels.csv 或本市 protected_places.csv 中的情节"
            file = "本市 duties.toml" if rule.id in own else "全国 duties.toml"
            yield error("flag_unknown", rule.id, text, f"在{file}{remedy}")


def _unreachable(laid: Sequence[Rule]) -> Iterator[Finding]:
    by_tier: dict[str, list[Rule]] = {}
    for rule in laid:
        before = by_tier.setdefault(rule.tier, [])
        hiding = next((b for b in before if _hides(b, rule)), None)
        if hiding is not None:
            text = f"规则 {rule.id} 永远轮不到:同层更前的 {hiding.id} 已包含它的全部情形"
            yield warning("rule_unreachable", rule.id, text, "把更具体的规则移到前面,或删去")
        before.append(rule)


def _hides(first: Rule, later: Rule) -> bool:
    """Tell whether every case that the later rule fits, the first one fits too."""
    a, b = first.when, later.when
    return (
        (first.valid_from or date.min) <= (later.valid_from or date.min)
        and (first.valid_to or date.max) >= (later.valid_to or date.max)
        and all(_wider(getattr(a, name), getattr(b, name)) for name in _ANY_OF)
        and set(a.flags) <= set(b.flags)
        and set(a.no_flags) <= set(b.no_flags)
        and _wider_flags(a, b)
        and all(getattr(a, name) in (None, getattr(b, name)) for name in _EXACT)
        and (a.from_hour, a.to_hour) in ((None, None), (b.from_hour, b.to_hour))
    )


_ANY_OF: Final = ("types", "any_types", "kinds", "channels", "urgencies", "adcodes", "zones")
_EXACT: Final = ("in_zone", "zone_enforces")


def _wider(first: Sequence[str], later: Sequence[str]) -> bool:
    return not first or (bool(later) and set(later) <= set(first))


def _wider_flags(a: Condition, b: Condition) -> bool:
    return _wider(a.any_flag, b.any_flag) or not set(a.any_flag).isdisjoint(b.flags)


def _unanswered(laid: Sequence[Rule]) -> Iterator[Finding]:
    """Find issue types for which no rule names a lead, or asks for people, whatever else holds."""
    answered = {
        code
        for rule in laid
        if (rule.lead or rule.pool) and msgspec.structs.replace(rule.when, types=()) == Condition()
        for code in rule.when.types
    }
    for code, kind in ISSUE_TYPES.items():
        if code not in answered:
            text = f"{code} {kind.zh} 没有一条不附条件的责任规则,有的情形无人负责"
            yield error("type_without_rule", code, text, f"在 {_BASE} 补一条只按类型的规则")


def _undesignated(laid: Sequence[Rule]) -> Iterator[Finding]:
    """Find types that local government must designate and this city has not."""
    local = {c for rule in laid if rule.tier == _LOCAL and rule.lead for c in rule.when.types}
    base = [r for r in laid if r.tier == _BASE and r.pool and not r.review and r.valid_to is None]
    for code in sorted({code for rule in base for code in rule.when.types} - local):
        level = LEVELS[first_level(code)][0] if first_level(code) in LEVELS else ""
        text = f"{code} {ISSUE_TYPES[code].zh}({level})须由地方政府指定主办部门,本市未指定"
        remedy = f"在 duties.toml 加一条 {_LOCAL} 规则;未指定时由人工裁量"
        yield warning("not_designated", code, text, remedy)


def _unused_places(city: City, laid: Sequence[Rule]) -> Iterator[Finding]:
    flags = {f for rule in laid for f in (*rule.when.flags, *rule.when.any_flag)}
    for flag in sorted({place.flag for place in city.protected_places} - flags):
        text = f"protected_places.csv 的 {flag} 没有规则使用"
        yield warning("flag_unused", flag, text, "改用规则认得的 flag,或为它加规则")
