"""What closure rests on, for operators and supervisors; the public table of inspections for all."""

from datetime import timedelta
from typing import Final

import msgspec
from aiohttp import web

from intake import answers, auth
from intake.inspection_table import PublicEntry, public_table
from intake.keys import SERVICES
from models.case import read_case_no, show_case_no
from models.db import cases, closure, inspections, lookbacks
from models.db.closure import Crime, JointAction, Monitoring, SelfCheck, Visit
from models.db.inspections import Inspection
from models.db.lookbacks import Lookback
from models.errors import NotFound
from models.moment import now
from routing.catalogue import catalogue

_READERS: Final = ("operator", "supervisor")
_MOST: Final = 200
_SHOWN: Final = timedelta(days=5 * 366)


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """What was done on a case, from visits to look-backs, and its entry in an inspection."""

    number: str
    visits: tuple[Visit, ...]
    monitoring: tuple[Monitoring, ...]
    self_checks: tuple[SelfCheck, ...]
    crimes: tuple[Crime, ...]
    joint_actions: tuple[JointAction, ...]
    lookbacks: tuple[Lookback, ...]
    inspection: Inspection | None


class Agenda(msgspec.Struct, frozen=True, kw_only=True):
    """What waits: look-backs to be done, and topics to be dealt with together."""

    lookbacks: tuple[Lookback, ...]
    topics: tuple[JointAction, ...]


class InspectionTable(msgspec.Struct, frozen=True, kw_only=True):
    """The public table of a city."""

    city: str
    entries: tuple[PublicEntry, ...]


def add_closure(app: web.Application) -> None:
    """Give the endpoints their routes."""
    app.router.add_get("/api/v1/cases/{no}/closure", of_case)
    app.router.add_get("/api/v1/agenda", agenda)
    app.router.add_get("/api/v1/inspection", table)


async def of_case(request: web.Request) -> web.Response:
    """Say what the end of a case rests on, and what came after it."""
    staff = await auth.require(request, *_READERS)
    city, no = read_case_no(request.match_info["no"])
    if city != staff.city:
        raise answers.no_such_case()
    async with request.app[SERVICES].db.city(city) as conn:
        if await cases.get(conn, city, no) is None:
            raise answers.no_such_case()
        told = Closure(
            number=show_case_no(city, no),
            visits=tuple(await closure.visits(conn, city, [no])),
            monitoring=tuple(await closure.monitorings(conn, city, [no])),
            self_checks=tuple(await closure.self_checks(conn, city, no)),
            crimes=tuple(await closure.crimes(conn, city, no)),
            joint_actions=tuple(await closure.joint_actions(conn, city, no)),
            lookbacks=tuple(await lookbacks.of_case(conn, city, no)),
            inspection=await inspections.of_case(conn, city, no),
        )
    return _json(told)


async def agenda(request: web.Request) -> web.Response:
    """List the look-backs that are to be done and the topics that wait, the oldest first."""
    staff = await auth.require(request, *_READERS)
    async with request.app[SERVICES].db.city(staff.city) as conn:
        told = Agenda(
            lookbacks=tuple(await lookbacks.open_ones(conn, staff.city, _MOST)),
            topics=tuple(await closure.topics(conn, staff.city, _MOST)),
        )
    return _json(told)


async def table(request: web.Request) -> web.Response:
    """Give the public table of a city, of the only one where it is not named."""
    services = request.app[SERVICES]
    served = list(services.cities)
    city = request.query.get("city") or (served[0] if len(served) == 1 else "")
    if city not in services.cities:
        raise NotFound("city_unknown", f"请用 city= 指明城市:{'、'.join(served)}。")
    book = catalogue(services.cities[city])
    async with services.db.city(city) as conn:
        entries = await public_table(conn, book, now() - _SHOWN)
    return _json(InspectionTable(city=city, entries=tuple(entries)))


def _json(told: msgspec.Struct) -> web.Response:
    return web.Response(body=msgspec.json.encode(told), content_type="application/json")
