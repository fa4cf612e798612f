"""Restricted cases on the supervisors' board: numbers without a keeper, and naming one."""

from collections.abc import Iterable

import msgspec
from aiohttp import web

from intake import asked
from intake.api_restricted import name_somebody
from intake.auth import Staff
from intake.keys import SERVICES
from intake.pages import case_view
from intake.pages.render import see
from models.case import show_case_no
from models.db import restricted
from models.db import staff as accounts
from models.db.restricted import Waiting
from models.db.staff import Account


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A case that wants somebody: its number, on which side, and who may be named for it."""

    number: str
    side: str
    people: tuple[tuple[str, str], ...]


async def wanted(request: web.Request, staff: Staff) -> list[Wanted]:
    """List for which cases somebody must be named; nothing of what they say is read."""
    async with request.app[SERVICES].db.city(staff.city, reader="") as conn:
        waiting = await restricted.waiting(conn, staff.city)
        people = await accounts.accounts(conn, staff.city) if waiting else []
    return [one for line in waiting for one in _wanted(staff.city, line, people)]


async def name_keeper(request: web.Request, staff: Staff) -> web.Response:
    """Name who handles a case, as the form says."""
    case_no = case_view.number_of(request, staff)
    form = await asked.form(request)
    data = {name: str(form.get(name, "")) for name in ("username", "reason")}
    await name_somebody(request, staff, case_no, data)
    return see("/watch?done=admit")


def _wanted(city: str, line: Waiting, people: Iterable[Account]) -> Iterable[Wanted]:
    number = show_case_no(city, line.case_no)
    handling = [one for one in people if one.active and one.role in ("operator", "supervisor")]
    team = [one for one in people if one.active and one.unit and one.unit == line.lead_unit]
    for lacking, side, fitting in ((line.desk, "受理", handling), (line.unit, "主办", team)):
        if lacking:
            named = tuple((one.username, one.display_name) for one in fitting)
            yield Wanted(number=number, side=side, people=named)
