"""Restricted cases: who lacks a keeper, naming one, and who has looked.

A supervisor names without seeing: the list holds numbers alone. To whoever is not admitted, and
names nobody, a restricted case answers like one that is not there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from intake import answers, auth
from intake.auth import Staff
from intake.channels import fields
from intake.keys import SERVICES
from models.case import CaseNo, read_case_no, show_case_no
from models.db import cases, restricted
from models.db.pool import Connection
from models.db.restricted import Access, Admitted
from routing.commands import act
from routing.secrecy_verbs import Admit

_NAMING: Final = ("operator", "supervisor")
_BODY: Final = msgspec.json.Decoder(Admit)


class WaitingCase(msgspec.Struct, frozen=True, kw_only=True):
    """A restricted case that lacks somebody: at the `desk`, or in the `unit` that leads it."""

    number: str
    since: datetime
    desk: bool
    unit: bool
    lead_unit: str | None


class WaitingCases(msgspec.Struct, frozen=True, kw_only=True):
    """The restricted cases for which somebody must be named, the oldest first."""

    cases: tuple[WaitingCase, ...]


class Keepers(msgspec.Struct, frozen=True, kw_only=True):
    """Who may see a restricted case, and who looked or was refused, the latest first."""

    number: str
    admitted: tuple[Admitted, ...]
    accesses: tuple[Access, ...]


def add_restricted(app: web.Application) -> None:
    """Give the endpoints their routes."""
    app.router.add_get("/api/v1/restricted", waiting)
    app.router.add_get("/api/v1/restricted/{no}", keepers)
    app.router.add_post("/api/v1/restricted/{no}/admit", admit)


async def waiting(request: web.Request) -> web.Response:
    """List for which restricted cases a supervisor must name somebody; nothing of what they say."""
    staff = await auth.require(request, "supervisor")
    async with request.app[SERVICES].db.city(staff.city, reader="") as conn:
        found = await restricted.waiting(conn, staff.city)
    return _private(WaitingCases(cases=tuple(_line(staff.city, one) for one in found)))


async def keepers(request: web.Request) -> web.Response:
    """Tell who may see a case and who looked: to supervisors and to whom is admitted."""
    staff = await auth.require(request, *_NAMING)
    case_no = _case_no(request, staff)
    async with request.app[SERVICES].db.city(staff.city, reader="") as conn:
        told = await _keepers(conn, staff, case_no)
    return _private(told)


async def admit(request: web.Request) -> web.Response:
    """Name somebody: by a supervisor, or by who handles the case at the desk."""
    staff = await auth.require(request, *_NAMING)
    case_no = _case_no(request, staff)
    data = msgspec.to_builtins(fields.decode(_BODY, await request.read()))
    return _private(await name_somebody(request, staff, case_no, data))


async def name_somebody(
    request: web.Request, staff: Staff, case_no: int, data: Mapping[str, Any]
) -> Keepers:
    """Let staff who have a say in it name somebody; NotFound for everyone else."""
    services = request.app[SERVICES]
    # Not as this person: a supervisor names whom to ask without seeing what it is about.
    async with services.db.city(staff.city, reader="") as conn:
        await _keepers(conn, staff, case_no)
        city = services.cities[staff.city]
        await act(conn, city, case_no, "admit", data, auth.actor(staff))
        return await _keepers(conn, staff, case_no, just_done=True)


async def _keepers(
    conn: Connection, staff: Staff, case_no: int, *, just_done: bool = False
) -> Keepers:
    """Read who keeps a case; NotFound where it is open, or the asker has no say in it."""
    case = await cases.get(conn, staff.city, case_no)
    admitted = await restricted.admitted(conn, staff.city, case_no)
    has_say = staff.role == "supervisor" or any(one.staff == staff.username for one in admitted)
    if case is None or not case.restricted or not (has_say or just_done):
        raise answers.no_such_case()
    return Keepers(
        number=case.number,
        admitted=tuple(admitted),
        accesses=tuple(await restricted.accesses(conn, staff.city, case_no)),
    )


def _case_no(request: web.Request, staff: Staff) -> CaseNo:
    city, case_no = read_case_no(request.match_info["no"])
    if city != staff.city:
        raise answers.no_such_case()
    return case_no


def _line(city: str, one: restricted.Waiting) -> WaitingCase:
    return WaitingCase(
        number=show_case_no(city, one.case_no),
        since=one.since,
        desk=one.desk,
        unit=one.unit,
        lead_unit=one.lead_unit,
    )


def _private(value: msgspec.Struct) -> web.Response:
    response = web.Response(body=msgspec.json.encode(value), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
