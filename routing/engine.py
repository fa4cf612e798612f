"""The decision: one lead or the pool, who cooperates, until when, and why, from facts alone.

`decide` knows nothing of storage. What must never be automatic ends with reasons for the desk:
emergencies, complaints about an authority, matters that are not environmental, unknown places
(domain section 0, item 8).
"""

from typing import Final

import msgspec

from models.city import City, Unit
from models.decision import Assignee, Decision, Split, TraceStep
from models.taxonomy import ROLES, environmental
from routing.catalogue import Catalogue, catalogue
from routing.facts import Facts
from routing.plan import plan_clocks
from routing.ruling import Ruling, role_name, rule_on
from routing.splitting import split
from routing.units import Place

__all__ = ["Facts", "decide"]

_ZONE_COMMITTEE: Final = "ZON"
_EMERGENCY: Final = "P0"
_MISCONDUCT: Final = "misconduct"
_NOT_OURS: Final = "not_environment"
_ABOUT_AUTHORITY: Final = "P06"
#: Request types that a person must look at, with the reason.
_BY_KIND: Final = {"JC": _MISCONDUCT, "XF": "statutory_route", "WX": "invalid", "BY": "praise"}


def decide(city: City, facts: Facts) -> Decision:
    """Decide one case by the city's catalogue; the same facts give the same decision."""
    return _Matter(catalogue(city), facts).decide()


class _Matter:
    """One case on its way to a decision: what is known, and the steps and reasons so far."""

    def __init__(self, book: Catalogue, facts: Facts) -> None:
        self.book = book
        found = book.directory.place(facts.adcode, facts.township, facts.zone, facts.day)
        self.place = found
        self.facts = _placed(book, facts, found)
        self.ruling = rule_on(book, self.facts)
        self.steps = [*(self._renamed(*pair) for pair in found.renamed), *self.ruling.steps]
        reasons = _kept_from_machines(self.facts, self.ruling) + self.ruling.reasons
        # An emergency is never sent away, whoever's matter it is in the end.
        away = {_NOT_OURS} if "hazard" in reasons else set()
        self.reasons = [reason for reason in reasons if reason not in away]

    def decide(self) -> Decision:
        lead = self._lead()
        parts = split(self.book, self.facts, self.place, self.ruling.lead) if lead else ()
        helpers = self._helpers(lead, parts)
        clocks, clock_steps = plan_clocks(self.book, self.facts, self.ruling.urgency)
        return Decision(
            lead=lead,
            cooperating=helpers,
            split=parts,
            clocks=clocks,
            trace=(*self.steps, *clock_steps),
            pool=lead is None,
            reasons=tuple(dict.fromkeys(self.reasons)),
            urgency=self.ruling.urgency,
            laws=tuple(dict.fromkeys(law for step in self.ruling.steps for law in step.laws)),
            version=self.book.version,
        )

    def _lead(self) -> Assignee | None:
        """Bind the lead's role to its unit; None, with a reason, leaves it to the pool."""
        role = self.ruling.lead
        if _MISCONDUCT in self.reasons:
            self._say("涉及监管部门或公职人员,不派给被反映单位,由人工确定去向。")
            return None
        if role is None:
            self._say("责任目录没有给出主办角色,进入待裁量池,由人工会商确定。")
            self.reasons += [] if self.ruling.reasons else ["no_rule"]
            return None
        if self.place.outside:
            self._say("事发地不在本市,由人工协调。", "place_outside")
            return None
        if self._place_missing(role):
            self._say(f"事发地未知,{role_name(role)}的具体单位须人工确定。", "place_unknown")
            return Assignee(role=role)
        return self._bound(role)

    def _bound(self, role: str) -> Assignee | None:
        found = self.book.directory.find(role, self.place, self.facts.day)
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
        return self.book.directory.find(role, self.place, self.facts.day).unit

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

    def _say_split(self, parts: tuple[Split, ...]) -> None:
        for part in parts:
            role = role_name(part.lead.role)
            said = f"{'、'.join(part.types)} 的主办是{role},建议拆单;由主诉的主办统一答复。"
            self.steps.append(self._step("SPLIT", said))

    def _say_helpers(self, helpers: dict[str, Assignee]) -> None:
        units = self.book.directory.units
        names = [
            units[helper.unit].name if helper.unit else f"{role_name(role)}(未对应单位)"
            for role, helper in helpers.items()
        ]
        if names:
            self.steps.append(self._step("UNIT", f"协办:{'、'.join(names)}。"))

    def _renamed(self, old: str, new: str) -> TraceStep:
        name = self.book.directory.name
        said = f"区划{name(old)}({old})已撤销,按{name(new)}({new})办理。"
        return self._step("PLACE", said, rule="successor")

    def _step(self, tier: str, said: str, *, rule: str = "", matched: bool = True) -> TraceStep:
        return TraceStep(tier=tier, rule=rule, matched=matched, effect=said)


def _placed(book: Catalogue, facts: Facts, place: Place) -> Facts:
    """Put the settled place into the facts, with whether the zone enforces."""
    zone = book.directory.zones.get(place.zone or "")
    return msgspec.structs.replace(
        facts,
        adcode=place.adcode,
        township=place.township,
        zone=place.zone,
        zone_enforces=zone.has_enforcement if zone else None,
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
