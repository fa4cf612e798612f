"""From facts to roles: the tiers of the duty catalogue in order, each one logged.

The lead is the one of the first tier that names one. Rules of T0 to T3, and of T5 for the zone's
committee, add their cooperating roles in any case; of the other tiers only the rule that names the
lead does, and where it names no cooperating role those of the national base row stand. A rule that
asks for the pool before any lead leaves the lead open, and to people who else takes part. A rule
that would give a township or zone what it has no power for does not hold; the trace says so.
"""

from typing import Final

import msgspec

from models.decision import TraceStep
from models.duty import TIERS, Rule
from models.taxonomy import ROLES, laws_in_force
from routing.catalogue import Catalogue
from routing.facts import Facts
from routing.rules import matched

TIER_NAMES: Final = {
    "T0": "紧急与安全",
    "T1": "特殊管辖",
    "T2": "位置保护",
    "T3": "特殊时间",
    "T4": "本地规定",
    "T5": "功能区",
    "T6": "全国基表",
    "T7": "兜底",
}
_ALWAYS_ADD: Final = frozenset({"T0", "T1", "T2", "T3", "T5"})
_BASE: Final = "T6"
_LAST: Final = "T7"
_ORDINARY: Final = "P2"
_MOST_KEPT: Final = 16_384


class Ruling(msgspec.Struct, kw_only=True):
    """What the tiers say: the lead's role or the pool, who else, how urgent, on which laws."""

    lead: str | None = None
    lead_rule: str = ""
    enforces: bool = True
    pace: float = 1.0
    tracing: bool = False
    pool: bool = False
    cooperating: list[str] = msgspec.field(default_factory=list)
    reasons: list[str] = msgspec.field(default_factory=list)
    urgency: str
    steps: list[TraceStep] = msgspec.field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Whether the lead is named, or left to people."""
        return self.lead is not None or self.pool


def rule_on(book: Catalogue, facts: Facts) -> Ruling:
    """Go through the tiers; no match at all leaves the case to the pool. Not to be changed."""
    key = book.looks.key(facts)
    found: Ruling | None = book.rulings.get(key)
    if found is None:
        if len(book.rulings) >= _MOST_KEPT:
            book.rulings.clear()
        found = book.rulings[key] = _rule_on(book, facts)
    return found


def _rule_on(book: Catalogue, facts: Facts) -> Ruling:
    ruling = Ruling(urgency=facts.urgency)
    base: Rule | None = None
    lead_has_own = False
    for tier in TIERS:
        at = ruling.urgency
        rule = book.rules.first(tier, facts, at)
        ruling.steps += [_barred(r) for r in book.rules.barred(tier, facts, at, rule)]
        if rule is None or (tier == _LAST and ruling.settled):
            ruling.steps.append(_unmatched(tier, settled=rule is not None))
            continue
        leads = not ruling.settled and (rule.pool or rule.lead is not None)
        _apply(ruling, rule, leads=leads)
        ruling.urgency = at if facts.urgency_fixed else adjusted(at, rule.urgency)
        lead_has_own = lead_has_own or (leads and bool(rule.cooperating))
        base = rule if tier == _BASE else base
        ruling.steps.append(_step(book, rule, facts, at, ruling.urgency, leads=leads))
    if base is not None and not lead_has_own and ruling.lead is not None:
        ruling.cooperating += base.cooperating
    ruling.pool = ruling.lead is None
    return ruling


def _apply(ruling: Ruling, rule: Rule, *, leads: bool) -> None:
    if leads:
        ruling.lead = None if rule.pool else rule.lead
        ruling.pool = rule.pool
        ruling.lead_rule = rule.id
        ruling.enforces = rule.enforces is not False
    if leads or rule.tier in _ALWAYS_ADD:
        ruling.cooperating += rule.cooperating
    if rule.pace is not None:
        ruling.pace = min(ruling.pace, rule.pace)
    ruling.tracing = ruling.tracing or rule.tracing
    if rule.review:
        ruling.reasons.append(rule.review)


def adjusted(urgency: str, wanted: str | None) -> str:
    """Raise an urgency to the wanted one; of the others only an ordinary one can be set lower."""
    if wanted is None or (urgency != _ORDINARY and wanted > urgency):
        return urgency
    return wanted


def _step(
    book: Catalogue, rule: Rule, facts: Facts, urgency: str, becomes: str, *, leads: bool
) -> TraceStep:
    laws = tuple(law.code for law in laws_in_force(rule.laws, facts.day))
    return TraceStep(
        tier=rule.tier,
        rule=rule.id,
        matched=True,
        effect=f"{rule.note.rstrip('。')}。{_effects(rule, becomes, leads=leads)}",
        conditions=matched(rule.when, facts, urgency),
        laws=laws,
        version=book.version,
    )


def _effects(rule: Rule, urgency: str, *, leads: bool) -> str:
    parts = []
    if leads:
        parts.append("主办由人工裁量" if rule.pool else f"主办角色:{role_name(rule.lead or '')}")
    elif rule.lead or rule.pool:
        parts.append("主办已由更前的规则确定")
    if rule.cooperating and (leads or rule.tier in _ALWAYS_ADD):
        parts.append(f"协办角色:{'、'.join(map(role_name, rule.cooperating))}")
    if rule.urgency:
        kept = "" if rule.urgency == urgency else f"(规则为{rule.urgency},不改变)"
        parts.append(f"紧急程度:{urgency}{kept}")
    if rule.pace is not None:
        parts.append(f"办结时限按 {rule.pace:.0%} 计")
    return ";".join(parts) + "。" if parts else ""


def _barred(rule: Rule) -> TraceStep:
    who = role_name(rule.lead or "")
    said = f"{rule.note.rstrip('。')}。但{who}未获该事项赋权,不由其主办。"
    return TraceStep(tier=rule.tier, rule=rule.id, matched=False, effect=said)


def role_name(role: str) -> str:
    """Write a role as people read it: `城市管理(综合执法)局(UMA)`."""
    known = ROLES.get(role)
    return f"{known.zh}({role})" if known else role


def _unmatched(tier: str, *, settled: bool) -> TraceStep:
    said = "主办已确定,不适用兜底规则。" if settled else f"{TIER_NAMES[tier]}:无匹配规则。"
    return TraceStep(tier=tier, rule="", matched=False, effect=said)
