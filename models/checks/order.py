"""The order of rules within a tier: which can never be reached, which share cases and differ.

Pure conditions against conditions, without the engine: two rules share cases where one case could
fit both; a rule hides another where every case of the other fits it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations
from typing import Final

import msgspec

from models.checks.finding import Finding, overlap, warning
from models.duty import Condition, Rule, categories_met
from models.taxonomy import ISSUE_TYPES

_ANY_OF: Final = (
    "types",
    "any_types",
    "kinds",
    "channels",
    "urgencies",
    "adcodes",
    "townships",
    "zones",
    "periods",
)
#: Of these a case has one value, so that two rules which ask for different ones share no case.
_ONE_OF: Final = ("types", "kinds", "urgencies", "adcodes", "townships", "zones")
_EXACT: Final = ("in_zone", "zone_enforces", "delegated")
#: Groups of flags of which a case carries one.
_ONE_FLAG: Final = ("odor:", "scale:")
_HOURS: Final = range(24)
_EMERGENCY: Final = "P0"


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """Two rules of a tier that share cases and name different leads: the first one counts.

    `intended` where the first is the special case of the later, the order rules should stand in.
    """

    tier: str
    first: str
    later: str
    first_lead: str
    later_lead: str
    intended: bool


def check_order(laid: Sequence[Rule]) -> Iterator[Finding]:
    """Find rules that are never reached."""
    for rule, hiding in unreachable(laid):
        text = f"规则 {rule.id} 永远轮不到:同层更前的 {'、'.join(hiding)} 已包含它的全部情形"
        yield warning("rule_unreachable", rule.id, text, "把更具体的规则移到前面,或删去")
    for rule in laid:
        said = contradiction(rule.when)
        if said:
            text = f"规则 {rule.id} 的条件自相矛盾,永远不会成立:{said}"
            yield warning("rule_impossible", rule.id, text, "改正条件,或删去规则")


def unreachable(laid: Sequence[Rule]) -> list[tuple[Rule, tuple[str, ...]]]:
    """Name rules that earlier ones of their tier leave no case, with those that take it."""
    found = []
    for rules in _tiers(laid).values():
        for n, rule in enumerate(rules):
            hiding = _hiders(rules[:n], rule)
            if hiding:
                found.append((rule, hiding))
    return found


def overlaps(laid: Sequence[Rule]) -> list[Overlap]:
    """Name the pairs of rules within a tier whose order decides who leads."""
    pairs = (
        pair
        for rules in _tiers(laid).values()
        for pair in combinations([r for r in rules if r.lead or r.pool], 2)
    )
    return [
        _overlap(first, later)
        for first, later in pairs
        if first.lead != later.lead and shares(first, later)
    ]


def hides(first: Rule, later: Rule) -> bool:
    """Tell whether every case that the later rule fits, the first one fits too."""
    a, b = first.when, later.when
    return (
        (first.valid_from or date.min) <= (later.valid_from or date.min)
        and (first.valid_to or date.max) >= (later.valid_to or date.max)
        and all(_wider(getattr(a, name), getattr(b, name)) for name in _ANY_OF)
        and _wider_categories(a.categories, b.categories)
        and set(a.flags) <= set(b.flags)
        and set(a.no_flags) <= set(b.no_flags)
        and (_wider(a.any_flag, b.any_flag) or not set(a.any_flag).isdisjoint(b.flags))
        and all(getattr(a, name) in (None, getattr(b, name)) for name in _EXACT)
        and _hours(b) <= _hours(a)
        and (a.from_day, a.to_day) in ((None, None), (b.from_day, b.to_day))
        and _may_lead_as(first, later)
    )


def shares(one: Rule, other: Rule) -> bool:
    """Tell whether one case could fit both rules."""
    a, b = one.when, other.when
    return (
        overlap(one, other)
        and all(_meet(getattr(a, name), getattr(b, name)) for name in _ONE_OF)
        and _categories_meet(a.categories, b.categories)
        and _flags_meet(a, b)
        and all(None in (x := (getattr(a, n), getattr(b, n))) or x[0] == x[1] for n in _EXACT)
        and not _hours(a).isdisjoint(_hours(b))
        and _zones_meet(a, b)
    )


def contradiction(when: Condition) -> str:
    """Say why no case can ever fit the condition; empty where one can."""
    barred = set(when.no_flags)
    zoned = bool(when.zones) or when.zone_enforces is not None
    both = barred & set(when.flags)
    wrong = (
        (bool(both), f"既要求又排除 {'、'.join(sorted(both))}"),
        (bool(when.any_flag) and barred.issuperset(when.any_flag), "any_flag 全部被 no_flags 排除"),
        (not _hours(when), "from_hour 与 to_hour 相同"),
        (when.in_zone is False and zoned, "要求不在功能区,又对功能区有要求"),
        (any(_clash(when.flags, when.flags, g) for g in _ONE_FLAG), "同一组情节只会有一个"),
        (
            bool(when.categories) and set(when.urgencies) == {_EMERGENCY},
            "平台类别在紧急事件中不起作用,又只要求紧急事件",
        ),
    )
    return next((said for holds, said in wrong if holds), "")


def _overlap(first: Rule, later: Rule) -> Overlap:
    return Overlap(
        tier=first.tier,
        first=first.id,
        later=later.id,
        first_lead=first.lead or "",
        later_lead=later.lead or "",
        intended=hides(later, first) or _narrower(first, later),
    )


def _narrower(first: Rule, later: Rule) -> bool:
    """Tell whether the first, of what they share, is the more particular: it asks for more.

    What the platform calls a case is meant to count whatever type its text is read as.
    """
    asked, free = _asks(first.when), _asks(later.when)
    called = "categories" in asked - free
    return free < (asked | {"types"} if called else asked)


def _asks(when: Condition) -> set[str]:
    empty = Condition()
    return {name for name in when.__struct_fields__ if getattr(when, name) != getattr(empty, name)}


def _tiers(laid: Sequence[Rule]) -> Mapping[str, list[Rule]]:
    tiers: dict[str, list[Rule]] = {}
    for rule in laid:
        tiers.setdefault(rule.tier, []).append(rule)
    return tiers


def _hiders(before: Sequence[Rule], rule: Rule) -> tuple[str, ...]:
    """Name the rules that together take every case of a rule, main type by main type."""
    near = [b for b in before if _meet(b.when.types, rule.when.types)]
    whole = next((b.id for b in near if hides(b, rule)), None)
    if whole is not None:
        return (whole,)
    taken: dict[str, None] = {}
    for code in rule.when.types or ISSUE_TYPES:
        one = msgspec.structs.replace(rule, when=msgspec.structs.replace(rule.when, types=(code,)))
        able = (b for b in near if not b.when.types or code in b.when.types)
        hiding = next((b.id for b in able if hides(b, one)), None)
        if hiding is None:
            return ()
        taken[hiding] = None
    return tuple(taken)


def _may_lead_as(first: Rule, later: Rule) -> bool:
    """Tell whether the first rule holds without a delegated power, which not every place has."""
    free = first.lead not in {"STR", "PRO", "ZON"} or first.enforces is False
    return free or (later.lead == first.lead and later.enforces is not False)


def _wider(first: Sequence[str], later: Sequence[str]) -> bool:
    return not first or (bool(later) and set(later) <= set(first))


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    return not one or not other or not set(one).isdisjoint(other)


def _wider_categories(first: Sequence[str], later: Sequence[str]) -> bool:
    return not first or (bool(later) and categories_met(first, later) == tuple(later))


def _categories_meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether a case could be called both: a platform gives it one code and one name."""
    if not one or not other:
        return True
    begun, others = [text.rstrip("*") for text in one], [text.rstrip("*") for text in other]
    return (
        any(a.isascii() != b.isascii() for a in begun for b in others)
        or bool(categories_met(one, others))
        or bool(categories_met(other, begun))
    )


def _flags_meet(a: Condition, b: Condition) -> bool:
    asked, barred = {*a.flags, *b.flags}, {*a.no_flags, *b.no_flags}
    either = all(not c.any_flag or not barred.issuperset(c.any_flag) for c in (a, b))
    return (
        asked.isdisjoint(barred)
        and either
        and not any(_clash(_of(a, group), _of(b, group), group) for group in _ONE_FLAG)
    )


def _of(when: Condition, group: str) -> tuple[str, ...]:
    """Name the flags of a group that a condition asks for, if it cannot do without one."""
    free = any(not flag.startswith(group) for flag in when.any_flag)
    return when.flags if free else (*when.flags, *when.any_flag)


def _clash(one: Sequence[str], other: Sequence[str], group: str) -> bool:
    first = {flag for flag in one if flag.startswith(group)}
    second = {flag for flag in other if flag.startswith(group)}
    if one is other:
        return len(first) > 1
    return bool(first and second) and first.isdisjoint(second)


def _zones_meet(a: Condition, b: Condition) -> bool:
    zoned = [bool(c.zones) or c.zone_enforces is not None or c.in_zone is True for c in (a, b)]
    outside = [c.in_zone is False for c in (a, b)]
    return not ((zoned[0] and outside[1]) or (zoned[1] and outside[0]))


def _hours(when: Condition) -> set[int]:
    first, last = when.from_hour or 0, 24 if when.to_hour is None else when.to_hour
    if first <= last:
        return {hour for hour in _HOURS if first <= hour < last}
    return {hour for hour in _HOURS if hour >= first or hour < last}
