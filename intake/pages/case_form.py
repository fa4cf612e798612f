"""The forms of a case page: what they offer, what was chosen, and what a posted one says."""

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any, Final

import msgspec

from intake.pages.case_view import MOST_HELPERS, CaseView
from intake.pages.words import LABELS
from models.city import Division, Unit
from models.taxonomy import ISSUE_TYPES, LEVELS, REQUEST_TYPES, Label, first_level

_TYPES: Final = ("type1", "type2", "type3", "type4")
_HELPERS: Final = tuple(f"helper{n}" for n in range(1, MOST_HELPERS + 1))
#: Fields of a form that belong to the page and not to the act.
_OWN: Final = frozenset({"csrf", "revision", "then", "files", *_TYPES, *_HELPERS})
#: Facts that are only sent where a person changed them.
_FACTS: Final = ("kind", "urgency", "adcode", "township")
Pairs = list[tuple[str, str]]


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What the selects of a case page offer, and what is chosen in them now."""

    types: list[tuple[str, Pairs]]
    kinds: Pairs
    counties: list[Division]
    townships: dict[str, list[Division]]
    units: list[tuple[str, list[Unit]]]
    rejections: list[Label]
    return_reasons: list[Label]
    measures: list[Label]
    helpers: list[str]
    chosen: dict[str, str]


def choices(view: CaseView, typed: Mapping[str, str]) -> Choices:
    """Offer what the city and the taxonomy hold; what was typed stays chosen."""
    words = view.words
    return Choices(
        types=_type_groups(),
        kinds=[(kind.code, f"{kind.code} {kind.zh}") for kind in REQUEST_TYPES.values()],
        counties=words.counties,
        townships=words.townships,
        units=words.unit_groups(view.barred),
        rejections=list(LABELS["rejection"].values()),
        return_reasons=list(LABELS["return_reason"].values()),
        measures=list(LABELS["measure"].values()),
        helpers=list(_HELPERS[: len(view.chosen_helpers) + 1]),
        chosen=_now(view) | _again(view) | dict(typed),
    )


def act_data(form: Iterable[tuple[str, object]], view: CaseView) -> dict[str, Any]:
    """Make of a posted form the data of an act: facts only where they differ from the case's."""
    typed = {name: str(value) for name, value in form if isinstance(value, str)}
    data: dict[str, Any] = {
        name: value.strip() for name, value in typed.items() if name not in _OWN and value.strip()
    }
    now = _now(view)
    for name in _FACTS:
        if data.get(name) == now[name]:
            del data[name]
    types = [typed[name] for name in _TYPES if typed.get(name)]
    if types and tuple(types) != view.case.types:
        data["types"] = list(dict.fromkeys(types))
    helpers = [typed[name] for name in _HELPERS if typed.get(name)]
    if _HELPERS[0] in typed and helpers != view.chosen_helpers:
        data["cooperating"] = list(dict.fromkeys(helpers))
    return data | _visited(typed)


def _visited(typed: Mapping[str, str]) -> dict[str, Any]:
    """Read who was there and when, as the form of a visit says it in one line each."""
    people = typed.get("people", "").replace("、", " ").replace(",", " ").split()
    moment = typed.get("at", "")
    seconds = ":00" if moment.count(":") == 1 else ""
    return {"people": people, "at": moment + seconds} if people and moment else {}


def chosen_facts(query: Mapping[str, str]) -> dict[str, Any]:
    """Read the facts that a form holds just now, as routing takes them; no others are touched."""
    facts: dict[str, Any] = {name: query[name] or None for name in _FACTS if name in query}
    types = tuple(code for name in _TYPES if (code := query.get(name)) in ISSUE_TYPES)
    if not facts.get("kind"):
        facts.pop("kind", None)
    facts["urgency"] = facts.get("urgency") or "P2"
    return facts | {"zone": None} | ({"types": tuple(dict.fromkeys(types))} if types else {})


def _now(view: CaseView) -> dict[str, str]:
    """Give what the forms would say if nobody changed anything."""
    case = view.case
    types = dict(zip(_TYPES, (*case.types, "", "", "", ""), strict=False))
    helpers = dict(zip_longest(_HELPERS, view.chosen_helpers, fillvalue=""))
    facts = {name: str(getattr(case, name) or "") for name in _FACTS}
    return types | helpers | facts | {"lead_unit": ""}


def _again(view: CaseView) -> dict[str, str]:
    """Offer a case that came back to the unit that was named when it was returned."""
    return {"lead_unit": view.suggested} if view.waiting and view.tasks else {}


def _type_groups() -> list[tuple[str, Pairs]]:
    groups: dict[str, Pairs] = {}
    for kind in ISSUE_TYPES.values():
        name = LEVELS[first_level(kind.code)][0]
        groups.setdefault(name, []).append((kind.code, f"{kind.code} {kind.zh}"))
    return list(groups.items())
