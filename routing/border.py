"""Matters of two districts, or of another city: who leads, who helps, who brings them together.

The lead is the district of the affected place; the other one helps, the city's team coordinates
(domain section 3.7, items 2 to 5). A unit of another city never gets a task: it gets a letter.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import msgspec

from models.case import Case
from models.city import City, Division
from models.decision import Assignee, Decision, TraceStep
from models.moment import aware
from routing import terms
from routing.catalogue import Catalogue
from routing.matter import Matter
from routing.units import Place

#: What the step of a decision is called that says that a matter is shared.
STEP: Final = "border"
#: Why a person must look: somebody has to write to the other city (models.tags.REVIEW_REASONS).
CROSS_CITY: Final = "cross_city"
_WORDS: Final = re.compile(
    "交界|边界|接壤|毗邻|相邻|邻区|跨区|跨市|跨县|两区|两县|两市|对岸|隔壁区|上游是|下游是|那边飘|那边排"
)
#: How near to such a word a name must stand.
_NEAR: Final = 14
_COORDINATOR: Final = "ECO_ENF"
#: Who brings two counties together where not the city's ecology team does: of sand and shores the
#: city's water bureau (domain section 7, scenario 17).
_COORDINATORS: Final = {"WAT": "WAT"}
_RIVER: Final = "RES"
_SHORTEST: Final = 2


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What a matter is shared with: other counties of the city by code, other cities by name."""

    counties: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()


def with_neighbours(book: Catalogue, case: Case, decision: Decision, at: datetime) -> Decision:
    """Give the decision with those who share the matter, where the report says so.

    Of a restricted case nobody across the border is told.
    """
    if case.restricted:
        return decision
    return widen(book, case, decision, read(book, case), at)


def read(book: Catalogue, case: Case) -> Shared:
    """Read from a report whether it says that its place borders on another district or city."""
    text = " ".join(filter(None, (case.title, case.text, case.address)))
    spans = [m.span() for m in _WORDS.finditer(text)]
    near = "\n".join(text[max(0, start - _NEAR) : end + _NEAR] for start, end in spans)
    if case.adcode is None or not near:
        return Shared()
    counties = [code for code in _named(book.city, near) if code != case.adcode]
    here = {book.city.name, *(d.name for d in book.city.divisions)}
    abroad = [name for short, name in terms.cities().items() if short in near and name not in here]
    return Shared(counties=tuple(counties), cities=tuple(abroad))


def widen(
    book: Catalogue,
    case: Case,
    decision: Decision,
    shared: Shared,
    at: datetime,
    *,
    water: bool = False,
) -> Decision:
    """Give the decision with those who share the matter then; the lead stays where it is.

    The river chiefs of both sides are told where it is about `water`, as its types may say too.
    """
    if decision.lead is None or not (shared.counties or shared.cities):
        return decision
    taken = {decision.lead.unit, *(part.unit for part in decision.cooperating)}
    added = [
        part
        for part in _parts(book, case, decision.lead.role, shared, at, water=water)
        if part.unit and part.unit not in taken
    ]
    unique = list({part.unit: part for part in added}.values())
    return msgspec.structs.replace(
        decision,
        cooperating=(*decision.cooperating, *unique),
        reasons=(*decision.reasons, *([CROSS_CITY] if shared.cities else [])),
        trace=(*decision.trace, _step(book, case, decision, shared)),
    )


def shared_with(case: Case) -> frozenset[str]:
    """Give the other counties that the case's decision says the matter is shared with."""
    steps = case.decision.trace if case.decision else ()
    return frozenset(
        code
        for step in steps
        if step.rule == STEP
        for code in _listed(step.conditions.get("counties", []))
    )


def counties_in(matter: Matter, text: str) -> list[str]:
    """Name the counties of the city that a text speaks of."""
    return _named(matter.book.city, text)


def _parts(
    book: Catalogue, case: Case, role: str, shared: Shared, at: datetime, *, water: bool
) -> Iterable[Assignee]:
    """Name the other districts' units in the lead's role, river chiefs of both, the city's team."""
    day = aware(at).date()
    here = Place(adcode=case.adcode, township=case.township, zone=case.zone)
    there = [Place(adcode=code) for code in shared.counties]
    for place in there:
        yield _bound(book, role, place, day)
    if water or any(code.startswith("W") for code in case.types):
        for place in (here, *there):
            yield _bound(book, _RIVER, place, day)
    yield _bound(book, _COORDINATORS.get(role, _COORDINATOR), Place(adcode=book.city.adcode), day)


def _bound(book: Catalogue, role: str, place: Place, day: date) -> Assignee:
    unit = book.directory.find(role, place, day).unit
    within = unit is not None and unit.level != "external"
    return Assignee(role=role, unit=unit.code if unit and within else None)


def _step(book: Catalogue, case: Case, decision: Decision, shared: Shared) -> TraceStep:
    name = book.directory.name
    others = "、".join((*map(name, shared.counties), *shared.cities))
    said = [f"事发地与{others}相邻,以受影响点所在的{name(case.adcode or '')}的单位为主办"]
    if shared.counties:
        said.append("对侧区县的单位协办,市级协调,7日内协商不成的由市局指定")
    if shared.cities:
        said.append("外市单位不派单,须发函并报上级协调")
    return TraceStep(
        tier="PLACE",
        rule=STEP,
        matched=True,
        effect=";".join(said) + "。",
        conditions={"counties": list(shared.counties), "cities": list(shared.cities)},
        version=decision.version,
    )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _named(city: City, text: str) -> list[str]:
    counties = (d for d in city.divisions if d.level == "county" and d.valid_to is None)
    return [d.code for d in counties if any(name in text for name in _names(d))]


def _names(division: Division) -> list[str]:
    return [name for name in (division.name, *division.aliases) if len(name) >= _SHORTEST]
