"""What a person sets otherwise than the machine, and the decision that follows from it."""

from typing import Any

import msgspec

from models.case import Case
from models.db.cases import Correction as Corrected
from models.decision import Assignee, Decision, TraceStep
from models.errors import Invalid
from models.moment import aware
from models.taxonomy import ISSUE_TYPES, REQUEST_TYPES
from routing.accused import barred
from routing.border import with_neighbours
from routing.catalogue import Catalogue
from routing.dispatch import decided
from routing.engine import decide
from routing.facts import facts_of
from routing.matter import Matter
from routing.ruling import role_name
from routing.verbs import Correction, Dispatch, Redispatch

_FACTS = ("types", "kind", "urgency", "adcode", "township", "zone", "happened_on")


def corrected(matter: Matter, request: Correction) -> Case:
    """Lay the facts that a person set over the case; Invalid for codes that there are not."""
    _check(matter.book, request)
    case = matter.case
    given = {name: getattr(request, name) for name in _FACTS if getattr(request, name) is not None}
    if "urgency" in given:
        given["urgency"] = given["urgency"].value
    if "adcode" in given and given["adcode"] != case.adcode:
        given = {"township": None, "zone": _zone_at(matter, given["adcode"])} | given
    laid = msgspec.structs.replace(case, **given)
    if not laid.types or laid.kind is None:
        detail = "该件尚未识别,请先选择污染类型和诉求类型。"
        raise Invalid("facts_required", detail)
    return laid


def _zone_at(matter: Matter, county: str) -> str | None:
    """Give the zone that is known already where it lies in the county too, else none."""
    zone = matter.book.directory.zones.get(matter.case.zone or "")
    return zone.code if zone and county in zone.adcodes else None


def decision_for(matter: Matter, case: Case, request: Correction) -> Decision:
    """Decide the corrected case again; an urgency that a person set is not raised by rules."""
    changed = {"urgency_fixed": request.urgency is not None}
    found = decide(matter.book.city, facts_of(case, matter.at, changed))
    decision = with_neighbours(matter.book, case, found, matter.at)
    if not isinstance(request, Dispatch):
        return decision
    return _appointed(matter, case, decision, request)


def machine_word(matter: Matter) -> Case:
    """Give the case as the machine would send it out, where it has not been decided yet."""
    case = matter.case
    if case.decision is not None or not case.types:
        return case
    found = decide(matter.book.city, facts_of(case, matter.at))
    return decided(matter.book, case, found, matter.at)


def difference(old: Case, new: Case, request: Correction | Redispatch) -> Corrected | None:
    """Say what the person changed of the machine's word; None where nothing."""
    was, now = _machine(old), _machine(new)
    changed = [name for name in now if was[name] != now[name]]
    if not changed:
        return None
    return Corrected(
        machine={name: was[name] for name in changed},
        human={name: now[name] for name in changed},
        note=request.reason or None,
    )


def _machine(case: Case) -> dict[str, Any]:
    lead = case.decision.lead if case.decision else None
    facts = {name: getattr(case, name) for name in _FACTS}
    return facts | {
        "types": list(case.types),
        "lead_role": lead.role if lead else None,
        "lead_unit": lead.unit if lead else None,
    }


def _appointed(matter: Matter, case: Case, decision: Decision, request: Dispatch) -> Decision:
    """Put the units that the person chose in place of the decided ones."""
    chosen = _chosen(matter, case, decision, request)
    if chosen is None or chosen.unit is None:
        code = "lead_required"
        raise Invalid(code, "没有确定主办单位:请指定主办单位并写明理由。")
    if chosen != decision.lead:
        if len(request.reason.strip()) < 2:  # noqa: PLR2004
            raise Invalid("reason_required", "改变主办单位须写明理由。")
        decision = by_hand(matter.book, decision, chosen, request.reason)
    decision = _without_accused(matter, case, decision)
    if request.cooperating is not None:
        return _joined(matter.book, decision, request.cooperating)
    return decision


def _chosen(matter: Matter, case: Case, decision: Decision, request: Dispatch) -> Assignee | None:
    if request.lead_unit is not None:
        return named(matter.book, decision, request.lead_unit, request.lead_role)
    if request.lead_role is not None:
        day = aware(matter.at).date()
        place = matter.book.directory.place(case.adcode, case.township, case.zone, day)
        found = matter.book.directory.find(request.lead_role, place, day)
        return Assignee(role=request.lead_role, unit=found.unit.code if found.unit else None)
    return decision.lead


def by_hand(book: Catalogue, decision: Decision, lead: Assignee, reason: str) -> Decision:
    """Give the decision with the lead that a person chose, and say so in its trace."""
    unit = book.directory.units[lead.unit or ""]
    step = TraceStep(
        tier="HUMAN",
        rule="operator",
        matched=True,
        effect=f"人工指定主办:{unit.name}({role_name(lead.role)});理由:{reason}。",
        version=decision.version,
    )
    helpers = tuple(helper for helper in decision.cooperating if helper.unit != lead.unit)
    return msgspec.structs.replace(
        decision,
        lead=lead,
        cooperating=helpers,
        trace=(*decision.trace, step),
        pool=False,
    )


def named(book: Catalogue, decision: Decision, unit: str, role: str | None) -> Assignee:
    """Name a unit as lead, in the given role or the one it takes part in."""
    return Assignee(role=role or _role_of(book, unit, decision), unit=unit)


def _joined(book: Catalogue, decision: Decision, units: tuple[str, ...]) -> Decision:
    lead = decision.lead.unit if decision.lead else None
    wanted = [code for code in dict.fromkeys(units) if code != lead]
    helpers = tuple(Assignee(role=_role_of(book, code, decision), unit=code) for code in wanted)
    return msgspec.structs.replace(decision, cooperating=helpers)


def _role_of(book: Catalogue, unit: str, decision: Decision) -> str:
    """Name the role in which a unit takes part: the decided one, or the first it is bound to."""
    known = [decision.lead, *decision.cooperating]
    bound = (binding.role for binding in book.city.bindings if binding.unit == unit)
    decided = (part.role for part in known if part is not None and part.unit == unit)
    return next(decided, None) or next(bound, "") or "OTHER"


def _without_accused(matter: Matter, case: Case, decision: Decision) -> Decision:
    """Leave the units that a case complains of out of those who help or get a copy (7.1.2)."""
    out = barred(matter.book, case, matter.history)
    if not out:
        return decision
    return msgspec.structs.replace(
        decision,
        cooperating=tuple(part for part in decision.cooperating if part.unit not in out),
        copies=tuple(copy for copy in decision.copies if copy.unit not in out),
    )


def _check(book: Catalogue, request: Correction) -> None:
    directory = book.directory
    unknown = [code for code in request.types or () if code not in ISSUE_TYPES]
    if unknown or request.types == ():
        raise Invalid("issue_type_unknown", f"没有污染类型代码 {'、'.join(unknown)}。")
    if request.kind is not None and request.kind not in REQUEST_TYPES:
        raise Invalid("request_type_unknown", f"没有诉求类型代码 {request.kind}。")
    if request.zone is not None and request.zone not in directory.zones:
        raise Invalid("zone_unknown", f"本市没有功能区 {request.zone}。")
    for code in (request.adcode, request.township):
        if code is not None and directory.name(code) == code:
            raise Invalid("division_unknown", f"本市没有区划代码 {code}。")
    if isinstance(request, Dispatch):
        check_units(book, [request.lead_unit, *(request.cooperating or ())])


def check_units(book: Catalogue, codes: list[str | None]) -> None:
    """Refuse units that the city does not have."""
    for code in codes:
        if code is not None and code not in book.directory.units:
            raise Invalid("unit_unknown", f"本市没有单位 {code}。")
