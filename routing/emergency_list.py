"""Who must be told of an emergency: units by their role, authorities above, neighbours by name."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from models.db.emergencies import Notice
from models.taxonomy import ROLES
from routing.emergency_verbs import OpenEmergency
from routing.matter import Matter
from routing.terms import triggers

NEIGHBOUR: Final = "neighbour"
#: On the list until somebody says which jurisdictions it reaches.
_SOME: Final = "可能受影响的相邻、下游地区"


def listed(matter: Matter, request: OpenEmergency, *, crossing: bool) -> list[Notice]:
    """List who is told: by what set it off, and whoever was to help, also those outside the city.

    A helper outside the city's government gets no task: the list is where it is told.
    """
    every, known = triggers()
    case, on = matter.case, matter.at.date()
    helpers = [part.role for part in case.decision.cooperating] if case.decision else []
    place = matter.book.directory.place(case.adcode, case.township, case.zone, on)
    told: list[tuple[str, str, str | None, str]] = []
    for role in dict.fromkeys((*every.roles, *known[request.trigger].roles, *helpers)):
        unit = matter.book.directory.find(role, place, on).unit
        if unit is None or all(unit.code != code for _, _, code, _ in told):
            told.append(("unit", role, unit.code if unit else None, _name(role, unit)))
    told += [("superior", "", None, name) for name in every.superiors]
    own = [
        Notice(n=number, kind=kind, role=role, unit=unit, addressee=name)
        for number, (kind, role, unit, name) in enumerate(told, 1)
    ]
    return [*own, *further(own, request.neighbours, crossing=crossing)]


def further(notices: Sequence[Notice], names: Iterable[str], *, crossing: bool) -> list[Notice]:
    """List neighbours that are not on the list; what crosses a border has one in any case."""
    near = {notice.addressee for notice in notices if notice.kind == NEIGHBOUR}
    said = [name.strip() for name in names if name.strip()]
    fresh = [name for name in dict.fromkeys(said) if name not in near]
    if crossing and not near and not fresh:
        fresh = [_SOME]
    return [
        Notice(n=number, kind=NEIGHBOUR, role="", unit=None, addressee=name)
        for number, name in enumerate(fresh, len(notices) + 1)
    ]


def untold(notices: Iterable[Notice], kind: str = "") -> list[Notice]:
    """Give who has not been told, of one kind where said."""
    return [one for one in notices if one.told_at is None and kind in ("", one.kind)]


def _name(role: str, unit: Any) -> str:  # noqa: ANN401
    if unit is not None:
        return str(unit.name)
    known = ROLES.get(role)
    return known.zh if known else role
