"""Duty rules: that each names things that exist and can be reached, and every type is answered."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from models.checks.finding import Finding, error, info, warning
from models.checks.order import check_order, hides, shares
from models.city import City, Power
from models.duty import TIERS, Condition, Rule, categories_met
from models.tags import REVIEW_REASONS
from models.taxonomy import (
    ISSUE_TYPES,
    LEVELS,
    REQUEST_TYPES,
    ROLES,
    first_level,
    flags,
    labels,
    laws,
)

_URGENCIES: Final = ("P0", "P1", "P2", "P3")
_BASE: Final = "T6"
_LOCAL: Final = "T4"
_HOURS: Final = range(25)
_DAY: Final = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


def check_rules(city: City, laid: Sequence[Rule]) -> Iterator[Finding]:
    """Check the rules that hold in a city: its own, laid over the national ones."""
    places = {d.code for d in city.divisions}
    zones = {zone.code for zone in city.zones}
    for rule in laid:
        yield from _rule(rule)
        yield from _names(rule)
    for rule in city.duties:
        unknown = [c for c in (*rule.when.adcodes, *rule.when.townships) if c not in places]
        unknown += [c for c in rule.when.zones if c not in zones]
        if unknown:
            text = f"规则 {rule.id} 用了不存在的地域 {'、'.join(unknown)}"
            yield error("territory_unknown", rule.id, text, "改正 adcodes、townships 或 zones")
    yield from _unknown_flags(city, laid)
    yield from check_order(laid)
    yield from _outranked(city, laid)
    yield from _shadowing(city, laid)
    yield from _powers(city, laid)
    yield from _periods(city, laid)
    yield from _chiefs(city)
    yield from _categories(city, laid)
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
    if not rule.note.strip() or not rule.source.strip():
        text = f"规则 {rule.id} 没有写明说明(note)或来源(source),派单理由无从读起"
        yield error("note_missing", rule.id, text, "补上一句市民读得懂的说明和出处")
    hours = [h for h in (rule.when.from_hour, rule.when.to_hour) if h is not None]
    if any(hour not in _HOURS for hour in hours):
        text = f"规则 {rule.id} 的钟点不在 0 至 24"
        yield error("hour_out_of_range", rule.id, text, "改正 from_hour、to_hour")
    days = [d for d in (rule.when.from_day, rule.when.to_day) if d is not None]
    if not all(_DAY.fullmatch(day) for day in days):
        text = f"规则 {rule.id} 的 from_day、to_day 应写作 月-日,如 06-07"
        yield error("day_malformed", rule.id, text, "改正 from_day、to_day")
    if rule.pace is not None and not 0 < rule.pace <= 1:
        text = f"规则 {rule.id} 的 pace 是 {rule.pace}"
        yield error("pace_out_of_range", rule.id, text, "写大于 0、不大于 1 的份额,减半写 0.5")


def _names(rule: Rule) -> Iterator[Finding]:
    roles = [*rule.cooperating, *([rule.lead] if rule.lead else [])]
    urgencies = [*rule.when.urgencies, *([rule.urgency] if rule.urgency else [])]
    lists: dict[str, tuple[Sequence[str], Mapping[str, object] | Sequence[str], str]] = {
        "type_unknown": ((*rule.when.types, *rule.when.any_types), ISSUE_TYPES, "污染类型"),
        "kind_unknown": (rule.when.kinds, REQUEST_TYPES, "诉求类型"),
        "role_unknown": (roles, ROLES, "角色"),
        "law_unknown": (rule.laws, laws(), "法条"),
        "urgency_unknown": (urgencies, _URGENCIES, "紧急程度"),
        "period_unknown": (rule.when.periods, labels("period"), "时期"),
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


def _outranked(city: City, laid: Sequence[Rule]) -> Iterator[Finding]:
    """Find the city's own leads that never count, since a rule of an earlier tier names another."""
    leading = [rule for rule in laid if rule.lead or rule.pool]
    for rule in city.duties:
        before = (one for one in leading if rule.lead and one.tier < rule.tier)
        first = next((one for one in before if hides(one, rule)), None)
        if first is not None:
            text = (
                f"规则 {rule.id}({rule.tier})的主办轮不到:{first.tier} 的 {first.id} 已先确定主办"
            )
            yield warning("lead_outranked", rule.id, text, f"放到 {first.tier} 的前面,或删去")


def _shadowing(city: City, laid: Sequence[Rule]) -> Iterator[Finding]:
    """Find the city's own rules that only add and yet keep a leading rule of their tier out."""
    for rule in city.duties:
        if rule.lead or rule.pool:
            continue
        later = laid[laid.index(rule) + 1 :]
        led = (one for one in later if one.tier == rule.tier and (one.lead or one.pool))
        hidden = [one.id for one in led if shares(rule, one)]
        if hidden:
            text = f"规则 {rule.id} 只加协办,却使同层的 {'、'.join(hidden)} 在共同情形下不起作用"
            yield warning("rule_shadows", rule.id, text, "用 no_flags 等排除这些情形")


def _powers(city: City, laid: Sequence[Rule]) -> Iterator[Finding]:
    """Check the table of delegated powers, and rules that wait for a power nobody has."""
    places = {d.code for d in city.divisions if d.level in {"county", "township"}}
    places |= {zone.code for zone in city.zones}
    for power in city.powers:
        unknown = [code for code in power.types if code not in ISSUE_TYPES]
        if power.territory not in places or unknown:
            text = (
                f"赋权事项“{power.item}”的地域 {power.territory} 不是区县、街道乡镇或功能区,"
                f"或类型 {'、'.join(unknown)} 不存在"
            )
            yield error("power_unknown", power.territory, text, "改正 powers.csv 的这一行")
        elif not _is_used(power, city, laid):
            text = f"赋权事项“{power.item}”({power.territory})没有规则用到,登记了也不起作用"
            remedy = "加一条由街道乡镇或功能区(STR、ZON)主办的 T4 规则,写 delegated = true"
            yield warning("power_unused", power.territory, text, remedy)
    held = {code for power in city.powers for code in power.types}
    zoned = any(zone.has_enforcement for zone in city.zones)
    for rule in laid:
        known = ROLES.get(rule.lead or "")
        asked = rule.when.delegated is True
        local = known is not None and (
            known.per == "township" or (known.per == "zone" and not zoned)
        )
        if (asked or (local and rule.enforces is not False)) and held.isdisjoint(
            rule.when.types or ISSUE_TYPES
        ):
            text = f"规则 {rule.id} 要由街道乡镇或功能区执法,而本市没有该事项的赋权,永远不会成立"
            remedy = "在 powers.csv 登记赋权;只是劝导、清理、组织的,在规则写 enforces = false"
            yield warning("power_missing", rule.id, text, remedy)


def _is_used(power: Power, city: City, laid: Sequence[Rule]) -> bool:
    """Tell whether a rule gives its lead to a township or zone, or a unit of one holds its role."""
    levels = {unit.code: unit.level for unit in city.units}
    held = {b.role for b in city.bindings if levels.get(b.unit) in {"town", "zone"}}
    return any(
        rule.when.delegated is True or (rule.lead in held and rule.enforces is not False)
        for rule in laid
        if set(power.types) & set(rule.when.types or ISSUE_TYPES)
    )


def _periods(city: City, laid: Sequence[Rule]) -> Iterator[Finding]:
    """Check the periods, and name the rules that wait for one."""
    kinds, places = labels("period"), {d.code for d in city.divisions}
    for period in city.periods:
        bad = [c for c in period.adcodes if c not in places]
        bad += [c for c in period.types if c not in ISSUE_TYPES]
        if period.kind not in kinds or bad:
            text = f"时期 {period.code} 的 kind {period.kind} 或地域、类型 {'、'.join(bad)} 不存在"
            yield error("period_malformed", period.code, text, "改正 periods.csv 的这一行")
    there = {period.kind for period in city.periods if period.on}
    waiting = {kind for rule in laid for kind in rule.when.periods} - there
    for kind in sorted(waiting & kinds.keys()):
        text = f"本市没有登记{kinds[kind].zh},相应规则暂不起作用"
        yield info(
            "period_not_set", kind, text, "需要时在 periods.csv 登记,或用 jiesu rules switch"
        )


def _chiefs(city: City) -> Iterator[Finding]:
    units = {unit.code for unit in city.units}
    named = {place.flag for place in city.protected_places}
    for chief, n in Counter(city.chiefs).items():
        if n > 1:
            text = f"{chief.title} 列了 {n} 次,会重复抄送"
            yield error("chief_doubled", chief.flag, text, "chiefs.csv 只留一行")
        if chief.unit not in units or chief.kind not in labels("chief"):
            text = f"{chief.title} 的单位 {chief.unit} 或类别 {chief.kind} 不存在"
            yield error("chief_unknown", chief.flag, text, "改正 chiefs.csv 的 unit、kind")
        if chief.flag not in named:
            text = f"{chief.title} 的 {chief.flag} 在 protected_places.csv 没有地名,永远不会命中"
            yield warning("chief_without_place", chief.flag, text, "补上该水体或林区的地名")


def _categories(city: City, laid: Sequence[Rule]) -> Iterator[Finding]:
    """Check what the platform's categories mean, and rules that ask for one it does not have."""
    for category in city.categories:
        if unknown := [code for code in category.types if code not in ISSUE_TYPES]:
            text = f"本市类别“{category.name}”对应的类型 {'、'.join(unknown)} 不存在"
            yield error("type_unknown", category.name, text, "改正 categories.csv 的 types")
    names = [category.name for category in city.categories]
    for rule in laid if names else ():
        if unknown := [one for one in rule.when.categories if not categories_met([one], names)]:
            text = f"规则 {rule.id} 用了 categories.csv 没有的类别 {'、'.join(unknown)}"
            remedy = "改用本市平台的类别;平台确有此类别的,补进 categories.csv"
            yield warning("category_unknown", rule.id, text, remedy)


def _unused_places(city: City, laid: Sequence[Rule]) -> Iterator[Finding]:
    flags = {f for rule in laid for f in (*rule.when.flags, *rule.when.any_flag)}
    flags |= {chief.flag for chief in city.chiefs}
    for flag in sorted({place.flag for place in city.protected_places} - flags):
        text = f"protected_places.csv 的 {flag} 没有规则使用"
        yield warning("flag_unused", flag, text, "改用规则认得的 flag,或为它加规则")
