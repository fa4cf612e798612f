"""Complaints about officials stay apart from other cases, which their units could see."""

from models.case import read_case_no
from models.db import cases
from models.db.pool import Connection
from routing.accused import about_officials
from routing.matter import Matter


async def not_split(_conn: Connection, matter: Matter, _request: object) -> None:
    """Refuse to split a complaint about officials: its parts would carry its words to units."""
    if about_officials(matter.case):
        detail = "涉及公职人员的件不拆单;其中的污染诉求请用“另建污染件”(open_pollution)。"
        raise matter.conflict("open_pollution_instead", detail)


async def not_joined(conn: Connection, matter: Matter, request: object) -> None:
    """Refuse to merge or relate a complaint about officials with anything else."""
    given = getattr(request, "into", None) or getattr(request, "to", None)
    number = given if isinstance(given, int) else read_case_no(str(given))[1]
    other = await cases.get(conn, matter.case.city, number)
    of_officials = {about_officials(case) for case in (matter.case, other) if case is not None}
    if True in of_officials and len(of_officials) > 1:
        detail = "涉及公职人员的件不与其他件并案或关联,以免被反映单位知悉。"
        raise matter.conflict("kept_apart", detail)
