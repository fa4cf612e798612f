"""Complaints about officials stay apart from other cases, which their units could see."""

from models.case import Case, State
from models.db import cases, events
from models.db.pool import Connection
from routing.accused import kept_from
from routing.link_verbs import Merge, Relate
from routing.matter import Matter
from routing.merging import number_of


async def not_split(_conn: Connection, matter: Matter, _request: object) -> None:
    """Refuse to split a complaint about officials: its parts would carry its words to units."""
    if kept_from(matter.book, matter.case, matter.history) is not None:
        detail = "涉及公职人员的件不拆单;其中的污染诉求请用“另建污染件”。"
        raise matter.conflict("open_pollution_instead", detail)


async def not_joined(conn: Connection, matter: Matter, request: Merge | Relate) -> None:
    """Refuse to merge or relate a complaint about officials with what is not kept from the same."""
    other = await _other(conn, matter, request)
    if other is None:
        return
    past = await events.history(conn, other.city, other.case_no)
    theirs = kept_from(matter.book, other, past)
    if theirs != kept_from(matter.book, matter.case, matter.history):
        detail = "涉及公职人员的件不与其他件并案或关联,以免被反映单位知悉。"
        raise matter.conflict("kept_apart", detail)


async def _other(conn: Connection, matter: Matter, request: Merge | Relate) -> Case | None:
    """Find the case that is meant, of a merged one the case that answers for it."""
    given = request.into if isinstance(request, Merge) else request.to
    city = matter.case.city
    found = await cases.get(conn, city, number_of(city, given))
    if found is not None and found.state is State.MERGED and found.merged_into is not None:
        return await cases.get(conn, found.city, found.merged_into)
    return found
