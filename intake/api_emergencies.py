"""Emergencies for operators and supervisors: those that go on, and one of them whole."""

from typing import Final

import msgspec
from aiohttp import web

from intake import auth
from intake.keys import SERVICES
from models.case import read_case_no, show_case_no
from models.db import emergencies
from models.db.emergencies import Emergency, Whole
from models.errors import NotFound

_READERS: Final = ("operator", "supervisor")
_MOST: Final = 100


class EmergencyList(msgspec.Struct, frozen=True, kw_only=True):
    """The newest emergencies, newest first."""

    emergencies: tuple[Emergency, ...]


def add_emergencies(app: web.Application) -> None:
    """Give the endpoints their routes."""
    app.router.add_get("/api/v1/emergencies", newest)
    app.router.add_get("/api/v1/emergencies/{no}", one)


async def newest(request: web.Request) -> web.Response:
    """List the emergencies that go on; with `ended=1` those that have ended too."""
    staff = await auth.require(request, *_READERS)
    ended = request.query.get("ended") == "1"
    async with request.app[SERVICES].db.city(staff.city) as conn:
        found = await emergencies.newest(conn, staff.city, ended=ended, limit=_MOST)
    return _json(EmergencyList(emergencies=tuple(found)))


async def one(request: web.Request) -> web.Response:
    """Give an emergency by the number of the case that told of it first."""
    staff = await auth.require(request, *_READERS)
    city, number = read_case_no(request.match_info["no"])
    whole: Whole | None = None
    if city == staff.city:
        async with request.app[SERVICES].db.city(city) as conn:
            whole = await emergencies.get(conn, city, number)
    if whole is None:
        detail = f"没有 {show_case_no(city, number)} 这个突发事件。"
        raise NotFound("emergency_not_found", detail)
    return _json(whole)


def _json(told: msgspec.Struct) -> web.Response:
    return web.Response(body=msgspec.json.encode(told), content_type="application/json")
