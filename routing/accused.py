"""Complaints about officials: the unit complained of never has the case and never sees it.

Which unit that is, is found in the report's words, in its flags and by its place, or named by a
person; whatever is under such a unit is kept out as well (domain 4.8 and 7.1.2; 信访工作条例 30).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from models.case import Case, Event
from models.city import Unit
from models.db import accused as store
from models.db import links
from models.db.pool import Connection
from models.errors import Invalid
from models.moment import aware
from routing import terms
from routing.catalogue import Catalogue
from routing.lifecycle import GONE
from routing.matter import Change, Effect
from routing.restoring import take_away

NAMED: Final = "case:accused:named"
NOTED: Final = "case:accused:noted"
_FLAG: Final = "authority:"
_SHORTEST: Final = 3
#: Roles that are one office at several levels of the same bureau.
_TOGETHER: Final = {"ECO": ("ECO_ENF",)}


def about_officials(case: Case) -> bool:
    """Tell whether a case complains of an authority or its people."""
    return case.kind == "JC" or "P06" in case.types


def kept_from(book: Catalogue, case: Case, history: Sequence[Event]) -> frozenset[str] | None:
    """Give the units that a case is kept from; None for one that complains of nobody official.

    A person may have named whom a case complains of whatever it is called.
    """
    out = barred(book, case, history)
    return out if out or about_officials(case) else None


def barred(book: Catalogue, case: Case, history: Sequence[Event]) -> frozenset[str]:
    """Give the units that must have no part in a case and not see it; mostly none.

    What a person named holds in place of what was found; what was found once holds although the
    case is called something else later.
    """
    named = [event.data["units"] for event in history if event.verb == NAMED]
    if named:
        return below(book, named[-1])
    noted = {unit for event in history if event.verb == NOTED for unit in event.data["units"]}
    found = found_in(book, case) if about_officials(case) else frozenset()
    return below(book, found | noted)


def found_in(book: Catalogue, case: Case) -> frozenset[str]:
    """Find the units that a report complains of: by name, by what people call them, by flags."""
    text = "\n".join(filter(None, (case.title, case.text)))
    named = {unit.code for unit in book.city.units if is_named(unit, text)}
    return frozenset(named.union(*_by_role(book, case, text)))


def below(book: Catalogue, units: Collection[str]) -> frozenset[str]:
    """Give units with all that are under them."""
    found = set(units)
    grown = True
    while grown:
        under = {u.code for u in book.city.units if u.parent in found} - found
        found |= under
        grown = bool(under)
    return frozenset(found)


def superiors(book: Catalogue, units: Collection[str]) -> list[str]:
    """Name who is above the units complained of; none is left where the top one is meant."""
    out = below(book, units)
    above = (book.directory.units[code].parent for code in units if code in book.directory.units)
    return list(dict.fromkeys(code for code in above if code and code not in out))


def candidates(book: Catalogue, case: Case, history: Sequence[Event]) -> list[Unit]:
    """Give the units that may be asked to lead a case: ours, in being, not complained of."""
    out, today = barred(book, case, history), aware(case.received_at).date()
    return [
        unit
        for unit in book.city.units
        if unit.code not in out
        and unit.level != "external"
        and (unit.valid_to is None or unit.valid_to >= today)
    ]


def keep_from(change: Change) -> None:
    """Refuse a change that would give a case to a unit it complains of; helpers of it go.

    Which units these are is written down with the change, and hides the case from them.
    """
    matter, case = change.matter, change.case
    known = any(event.verb in (NAMED, NOTED) for event in matter.history)
    naming = change.event == NAMED
    if not (known or naming or about_officials(case)):
        return
    out = _barred_after(change)
    given = {task.unit for task in change.new_tasks} | {case.lead_unit}
    if out & given:
        detail = (
            "该件反映的正是这个单位或其下属,不得派给被反映单位;请改派上级单位或转纪检监察渠道。"
        )
        raise Invalid("unit_complained_of", detail)
    news = bool(out) and not naming and not known
    _put_out(change, out, NOTED if news else change.event)
    if news:
        change.more_events.append((NOTED, {"units": sorted(found_in(matter.book, case))}))
        change.effects.append(_alone)
    if out or known or naming:
        change.effects.append(_noted(out))


def _barred_after(change: Change) -> frozenset[str]:
    matter = change.matter
    if change.event == NAMED:
        return below(matter.book, change.data["units"])
    return barred(matter.book, change.case, matter.history)


def _put_out(change: Change, out: frozenset[str], why: str) -> None:
    """Take the tasks of units complained of away from them, for what this act writes down."""
    after = {old.task_no: new for old, new in change.others}
    for task in change.matter.tasks:
        now = after.get(task.task_no, task)
        if task.unit in out and now.state not in GONE and task is not change.target:
            take_away(change, task, why)


async def _alone(conn: Connection, change: Change) -> None:
    """Refuse to find out of a part, or of what has parts, that it complains of officials.

    The others carry the same words: whoever names the units names them for all of them.
    """
    if await links.kin(conn, change.case):
        detail = "该件是拆出的子单或已拆单:请先指明被反映单位,各单随之回避。"
        raise change.matter.conflict("name_accused_first", detail)


def _noted(out: frozenset[str]) -> Effect:
    async def note(conn: Connection, change: Change) -> None:
        case = change.case
        await store.note(conn, case.city, case.case_no, out, change.matter.at)

    return note


def is_named(unit: Unit, text: str) -> bool:
    """Tell whether a text names a unit."""
    names = (unit.name, unit.short_name, *unit.aliases)
    return any(len(name) >= _SHORTEST and name in text for name in names)


def _by_role(book: Catalogue, case: Case, text: str) -> Iterable[set[str]]:
    """Find units by their role at the place; the city's own where it is called the city's."""
    flags = case.tags.flags if case.tags else ()
    flagged = {f.removeprefix(_FLAG).upper() for f in flags if f.startswith(_FLAG)}
    for role, words in terms.official_words().items():
        said = [word for word in words if word in text]
        if not (said or role in flagged):
            continue
        yield _at(book, case, role, topmost=True)
        yield from (_at(book, case, other, topmost=False) for other in _TOGETHER.get(role, ()))
        if any(f"市{word}" in text for word in said):
            yield _held(book, role, book.city.adcode)


def _at(book: Catalogue, case: Case, role: str, *, topmost: bool) -> set[str]:
    """Name the unit of a role at the place; all below the city's own where it is not known.

    `topmost` takes the city's own where the place has none.
    """
    if case.adcode is None and case.zone is None:
        below_city = {b.territory for b in book.city.bindings} - {book.city.adcode}
        return {code for area in below_city for code in _held(book, role, area)}
    day = aware(case.received_at).date()
    place = book.directory.place(case.adcode, case.township, case.zone, day)
    unit = book.directory.find(role, place, day).unit
    return {unit.code} if unit and (topmost or unit.level != "city") else set()


def _held(book: Catalogue, role: str, territory: str) -> set[str]:
    return {b.unit for b in book.city.bindings if (b.role, b.territory) == (role, territory)}
