"""One report, several issues: which parts have a lead of their own (domain section 3.7.6)."""

import msgspec

from models.decision import Assignee, Split
from routing.catalogue import Catalogue
from routing.facts import Facts
from routing.rules import LOCAL_ROLES
from routing.ruling import Ruling, rule_on
from routing.units import Setting


def split(book: Catalogue, facts: Facts, setting: Setting, lead: str | None) -> tuple[Split, ...]:
    """Suggest a part for each other lead among the types; the main lead answers for all.

    Types whose lead is the main one's, or left to people, make no part.
    """
    parts: dict[str, list[tuple[str, Ruling]]] = {}
    for code in facts.types[1:]:
        ruling = rule_on(book, _led_by(facts, code))
        if ruling.lead is not None and ruling.lead != lead:
            parts.setdefault(ruling.lead, []).append((code, ruling))
    return tuple(_part(book, facts, setting, role, found) for role, found in parts.items())


def _part(
    book: Catalogue, facts: Facts, setting: Setting, role: str, found: list[tuple[str, Ruling]]
) -> Split:
    helpers = dict.fromkeys(name for _, ruling in found for name in ruling.cooperating)
    helpers.pop(role, None)
    issue, ruling = found[0]
    enforcing = issue if ruling.enforces and role not in LOCAL_ROLES else None
    return Split(
        types=tuple(code for code, _ in found),
        lead=_assignee(book, facts, setting, role, enforcing),
        cooperating=tuple(_assignee(book, facts, setting, name) for name in helpers),
    )


def _assignee(
    book: Catalogue, facts: Facts, setting: Setting, role: str, enforcing: str | None = None
) -> Assignee:
    directory, place = book.directory, setting.place
    if enforcing is None:
        unit = directory.find(role, place, facts.dispatch_day).unit
    else:
        unit = directory.find_lead(role, setting, facts.dispatch_day, enforcing).unit
    known = place.adcode is not None or place.zone is not None or not directory.needs_place(role)
    return Assignee(role=role, unit=unit.code if unit and known else None)


def _led_by(facts: Facts, code: str) -> Facts:
    """Put another type first; the platform's category was for the main one."""
    others = tuple(other for other in facts.types if other != code)
    return msgspec.structs.replace(facts, types=(code, *others), categories=())
