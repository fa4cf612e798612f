"""The decision: one lead or the pool, who cooperates, until when, and why, from facts alone.

`decide` knows nothing of storage. What must never be automatic ends with reasons for the desk:
emergencies, complaints about an authority, matters that are not environmental, unknown places
(domain section 0, item 8).
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import msgspec

from models.city import City, Unit
from models.decision import Assignee, Copy, Decision, Split, TraceStep
from models.taxonomy import ISSUE_TYPES, ROLES, cite, environmental, laws_in_force
from routing.catalogue import Catalogue, catalogue
from routing.facts import Facts
from routing.plan import plan_clocks
from routing.rules import LOCAL_ROLES
from routing.ruling import Ruling, role_name, rule_on
from routing.splitting import split
from routing.units import Found, Setting

__all__ = ["Facts", "decide", "judge"]

_ZONE_COMMITTEE: Final = "ZON"
_EMERGENCY: Final = "P0"
_MISCONDUCT: Final = "misconduct"
_NOT_OURS: Final = "not_environment"
_UNRULED: Final = "no_rule"
_UNDESIGNATED: Final = "not_designated"
_CAMPAIGN: Final = "campaign"
_ABOUT_AUTHORITY: Final = "P06"
#: Request types that a person must look at, with the reason.
_BY_KIND: Final = {"JC": _MISCONDUCT, "XF": "statutory_route", "WX": "invalid", "BY": "praise"}


def decide(city: City, facts: Facts) -> Decision:
    """Decide one case by the city's catalogue; the same facts give the same decision."""
    book = catalogue(city)
    found = judge(book, facts)
    clocks, steps = plan_clocks(book, facts, found)
    return msgspec.structs.replace(found, clocks=clocks, trace=(*found.trace, *steps))


def judge(book: Catalogue, facts: Facts) -> Decision:
    """Decide who has what part in a case and why, without its clocks."""
    return _Matter(book, facts).judge()


class _Matter:
    """One case on its way to a decision: what is known, and the steps and reasons so far."""

    def __init__(self, book: Catalogue, facts: Facts) -> None:
        self.book = book
        self.day = facts.dispatch_day
        self.setting = book.directory.setting(
            facts.adcode, facts.township, facts.zone, self.day, facts.day
        )
        self.place = self.setting.place
        self.facts = _placed(facts, self.setting)
        self.ruling = rule_on(book, self.facts)
        self.steps = [*self._settled(), *self.ruling.steps]
        reasons = _kept_from_machines(self.facts, self.ruling) + self.ruling.reasons
        # An emergency is never sent away, whoever's matter it is in the end.
        away = {_NOT_OURS} if "hazard" in reasons else set()
        self.reasons = [reason for reason in reasons if reason not in away]

    def judge(self) -> Decision:
        lead = self._lead()
        parts = split(self.book, self.facts, self.setting, self.ruling.lead) if lead else ()
        helpers = self._helpers(lead, parts)
        return Decision(
            lead=lead,
            cooperating=helpers,
            split=parts,
            copies=self._copies(lead, helpers),
            campaigns=self._campaigns(),
            laws=tuple(dict.fromkeys(law for step in self.ruling.steps for law in step.laws)),
            laws_since=self._laws_since(),
            trace=tuple(self.steps),
            pool=lead is None,
            reasons=tuple(dict.fromkeys(self.reasons)),
            urgency=self.ruling.urgency,
            pace=self.ruling.pace,
            tracing=self.ruling.tracing and lead is not None,
            version=self.book.version,
        )

    def _lead(self) -> Assignee | None:
        """Bind the lead's role to its unit; None, with a reason, leaves it to the pool."""
        role = self.ruling.lead
        if _MISCONDUCT in self.reasons:
            self._say("涉及监管部门或公职人员,不派给被反映单位,由人工确定去向。")
            self._say_apart()
            return None
        if role is None:
            self._say("责任目录没有给出主办角色,进入待裁量池,由人工会商确定。")
            left = _UNDESIGNATED if self.ruling.lead_rule else _UNRULED
            self.reasons += [] if self.ruling.reasons else [left]
            return None
        if self.place.outside:
            self._say("事发地不在本市,由人工协调。", "place_outside")
            return None
        if self._place_missing(role):
            self._say(f"事发地未知,{role_name(role)}的具体单位须人工确定。", "place_unknown")
            return Assignee(role=role)
        return self._bound(role)

    def _bound(self, role: str) -> Assignee | None:
        found = self._found(role)
        if self.place.adcode is None and self._only_citywide(found):
            self._say(f"事发区县未知,{role_name(role)}的具体单位须人工确定。", "place_unknown")
            return Assignee(role=role)
        for unit in found.passed:
            self._say(f"{unit.name}未获该事项的执法权,不由其主办。")
        if found.unit is None:
            self._say(f"{role_name(role)}在本市没有对应单位,进入待裁量池。", "no_unit")
            return None
        where = self.book.directory.name(found.territory)
        said = f"{where}的{role_name(role)}是{found.unit.name},为主办单位。"
        if found.unit.level == "external":
            self._say(f"{said}该单位不属本市,须人工发函转办。", "external_unit")
        else:
            self._say(said, matched=True, rule=found.territory)
        return Assignee(role=role, unit=found.unit.code)

    def _only_citywide(self, found: Found) -> bool:
        """Tell whether the city's own unit would stand in for that of a county nobody named."""
        directory = self.book.directory
        return found.territory == directory.city.adcode and directory.needs_place(found.role)

    def _found(self, role: str) -> Found:
        """Find the lead's unit: one that may enforce, where the rule gives it that."""
        directory = self.book.directory
        if self.ruling.enforces and role not in LOCAL_ROLES:
            return directory.find_lead(role, self.setting, self.day, self.facts.main)
        return directory.find(role, self.place, self.day)

    def _helpers(self, lead: Assignee | None, parts: tuple[Split, ...]) -> tuple[Assignee, ...]:
        """Bind cooperating roles and the leads of other parts: each unit once, the lead never."""
        roles = [part.lead.role for part in parts if environmental(part.types[0])]
        taken = {lead.unit} if lead else set()
        helpers: dict[str, Assignee] = {}
        for role in dict.fromkeys((*roles, *self.ruling.cooperating)):
            absent = role == _ZONE_COMMITTEE and self.place.zone is None
            if absent or (lead and role == lead.role):
                continue
            unit = self._helper(role)
            if unit is None or unit.code not in taken:
                helpers[role] = Assignee(role=role, unit=unit.code if unit else None)
                taken |= {unit.code} if unit else set()
        self._say_split(parts)
        self._say_helpers(helpers)
        return tuple(helpers.values())

    def _helper(self, role: str) -> Unit | None:
        if self.place.outside or self._place_missing(role):
            return None
        return self.book.directory.find(role, self.place, self.day).unit

    def _place_missing(self, role: str) -> bool:
        """Tell whether the role is different units here and the place does not say which."""
        place, known = self.place, ROLES.get(role)
        if known and known.per == "township" and place.township is None:
            return self.book.directory.needs_place(role)
        unknown = place.adcode is None and place.zone is None
        return unknown and self.book.directory.needs_place(role)

    def _say(self, effect: str, reason: str = "", *, matched: bool = False, rule: str = "") -> None:
        if reason:
            self.reasons.append(reason)
        self.steps.append(self._step("UNIT", effect, rule=rule, matched=matched))

    def _say_apart(self) -> None:
        """Say that pollution spoken of along with an authority is a matter of its own."""
        codes = [code for code in self.facts.types if environmental(code)]
        names = [ISSUE_TYPES[code].zh for code in codes if code != _ABOUT_AUTHORITY]
        if names:
            said = f"同时反映的{'、'.join(names)}另建投诉件办理,不随本件转交。"
            self.steps.append(self._step("SPLIT", said))

    def _say_split(self, parts: tuple[Split, ...]) -> None:
        for part in parts:
            role = role_name(part.lead.role)
            said = f"{'、'.join(part.types)} 的主办是{role},建议拆单;由主诉的主办统一答复。"
            self.steps.append(self._step("SPLIT", said))

    def _say_helpers(self, helpers: dict[str, Assignee]) -> None:
        units = self.book.directory.units
        names = [
            units[helper.unit].name if helper.unit else f"{role_name(role)}(具体单位待定)"
            for role, helper in helpers.items()
        ]
        if names:
            self.steps.append(self._step("UNIT", f"协办:{'、'.join(names)}。"))

    def _copies(self, lead: Assignee | None, helpers: tuple[Assignee, ...]) -> tuple[Copy, ...]:
        """Name the chiefs who are told, those with a part in the case left out."""
        if not self.book.city.chiefs:
            return ()
        part = {one.unit for one in (lead, *helpers) if one is not None}
        chiefs = self.book.directory.chiefs(self.facts.flag_set, self.place.adcode, self.day)
        copies = tuple(
            Copy(unit=chief.unit, title=chief.title, place=chief.place)
            for chief in chiefs
            if chief.unit not in part
        )
        for chief in chiefs:
            said = f"事发地涉及{chief.place},抄送{chief.title}。"
            self.steps.append(self._step("COPY", said, rule=chief.flag))
        return copies

    def _campaigns(self) -> tuple[str, ...]:
        """Name the campaigns that the case counts for."""
        held = [
            period
            for period in self.setting.periods
            if period.kind == _CAMPAIGN
            and (not period.types or not self.facts.type_set.isdisjoint(period.types))
        ]
        for period in held:
            self.steps.append(self._step("COUNT", f"计入{period.name}。", rule=period.code))
        return tuple(period.code for period in held)

    def _laws_since(self) -> tuple[str, ...]:
        """Name the provisions that came between the facts and the report, and say so."""
        facts = self.facts
        if facts.report_day <= facts.day:
            return ()
        cited = dict.fromkeys(
            law for step in self.ruling.steps if step.matched for law in self._cited(step.rule)
        )
        now = [law.code for law in laws_in_force(cited, facts.report_day)]
        new = tuple(code for code in now if code not in _codes(cited, facts.day))
        if new:
            self.steps.append(self._step("LAW", _straddles(facts, new), rule="straddles"))
        return new

    def _cited(self, rule: str) -> tuple[str, ...]:
        return self.book.rules.laws[rule]

    def _settled(self) -> Iterator[TraceStep]:
        """Say which codes of the place were replaced, and which are none of the city's."""
        directory = self.book.directory
        for old, new in self.place.renamed:
            was, now = directory.name(old), directory.name(new)
            how = "已撤销" if directory.ended(old, self.day) else "的这一部分已划出"
            said = f"{was}({old}){how},按{now}({new})办理。"
            if was == now:
                said = f"{was}的代码已由{old}改为{new}。"
            yield self._step("PLACE", said, rule="successor")
        for code in self.place.unknown:
            said = f"代码 {code} 不是本市的街道乡镇或功能区,按其余地点信息办理。"
            yield self._step("PLACE", said, rule="unknown", matched=False)

    def _step(self, tier: str, said: str, *, rule: str = "", matched: bool = True) -> TraceStep:
        return TraceStep(tier=tier, rule=rule, matched=matched, effect=said)


def _placed(facts: Facts, setting: Setting) -> Facts:
    """Put the settled place into the facts, with what the city says of it on that day."""
    place = setting.place
    return msgspec.structs.replace(
        facts,
        adcode=place.adcode,
        township=place.township,
        zone=place.zone,
        zone_enforces=setting.zone_enforces,
        powers=setting.powers,
        periods=setting.periods,
    )


def _codes(cited: Iterable[str], day: date) -> set[str]:
    return {law.code for law in laws_in_force(cited, day)}


def _straddles(facts: Facts, new: tuple[str, ...]) -> str:
    return (
        f"事实发生于{facts.day},适用当时的规定;{facts.report_day}反映时已改行{cite(new)},"
        "处罚轻重按从旧兼从轻处理,一并列明。"
    )


def _kept_from_machines(facts: Facts, ruling: Ruling) -> list[str]:
    reasons = []
    if ruling.urgency == _EMERGENCY:
        reasons.append("hazard")
    if _ABOUT_AUTHORITY in facts.type_set:
        reasons.append(_MISCONDUCT)
    if facts.kind in _BY_KIND:
        reasons.append(_BY_KIND[facts.kind])
    if not environmental(facts.main):
        reasons.append(_NOT_OURS)
    return reasons
