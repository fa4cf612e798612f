"""The grid over HTTP: its workers see and answer what they were asked, staff see the tree (F23).

A worker's connection is scoped to the grid: the store itself shows it no case, no report and no
identity, only the questions to that grid.
"""

from datetime import timedelta
from typing import Any, Final

import msgspec
from aiohttp import web

from intake import auth
from intake.auth import Staff
from intake.channels import fields
from intake.keys import SERVICES
from models.case import CaseNo, read_case_no, show_case_no
from models.db import grids
from models.db.grids import Cell, GridCheck
from models.errors import Forbidden, NotFound
from models.grid import Grid, scope_of
from models.moment import aware, now
from routing.commands import act
from routing.grid_checks import local
from routing.grid_verbs import GridReport
from routing.plain import plain
from routing.verbs import read

_READERS: Final = ("operator", "unit", "supervisor")
_MOST: Final = 100
#: What a worker is shown of what is over, and how far back the tree counts its checks.
_SHOWN: Final = timedelta(days=30)
_COUNTED: Final = timedelta(days=90)


class OwnGrid(msgspec.Struct, frozen=True, kw_only=True):
    """Who a worker is, and the secret that the session's changes must carry (X-CSRF-Token)."""

    name: str
    grid: Grid
    csrf: str


class OwnCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A question as its worker sees it: nothing of the report and nothing of who asked."""

    number: str
    n: int
    state: str
    asked_at: str
    due_at: str
    place: str
    what: str
    types: tuple[str, ...]
    unannounced: bool
    result: str | None
    finding: str | None
    found_at: str | None
    late: bool


class OwnChecks(msgspec.Struct, frozen=True, kw_only=True):
    """What a grid was asked: open questions first, then those of the last thirty days."""

    checks: tuple[OwnCheck, ...]


class Cells(msgspec.Struct, frozen=True, kw_only=True):
    """The cells under one, with who works there and how their checks of 90 days went."""

    cells: tuple[Cell, ...]


_REPORT: Final = msgspec.json.Decoder(dict[str, Any])


def add_grid(app: web.Application) -> None:
    """Give the endpoints their routes."""
    app.router.add_get("/api/v1/grid/me", own_grid)
    app.router.add_get("/api/v1/grid/checks", own_checks)
    app.router.add_post("/api/v1/grid/checks/{no}/{n}/report", report)
    app.router.add_get("/api/v1/grids", cells)


async def own_grid(request: web.Request) -> web.Response:
    """Say which grid the worker is of."""
    staff, code = await _worker(request)
    async with request.app[SERVICES].db.city(staff.city, scope_of(code)) as conn:
        found = await grids.one(conn, staff.city, code)
    if found is None:
        raise Forbidden("grid_closed", "您所在的网格已停用,请联系管理员调整。")
    return _json(OwnGrid(name=staff.display_name, grid=found, csrf=staff.csrf))


async def own_checks(request: web.Request) -> web.Response:
    """List what the worker's grid was asked."""
    staff, code = await _worker(request)
    async with request.app[SERVICES].db.city(staff.city, scope_of(code)) as conn:
        found = await grids.of_grid(conn, staff.city, code, now() - _SHOWN, _MOST)
    return _json(OwnChecks(checks=tuple(_shown(staff.city, one) for one in found)))


async def report(request: web.Request) -> web.Response:
    """Take what the worker found; the same answer again, as of a device that lost ours, is given.

    A question of another grid is answered like one that nobody asked.
    """
    staff, code = await _worker(request)
    number = _number(request, staff)
    n = int(request.match_info["n"])
    data = fields.decode(_REPORT, await request.read()) | {"n": n}
    check = await _own(request, staff, code, number, n)
    if not _is_same(check, read(GridReport, data)):
        services = request.app[SERVICES]
        # Not scoped: the act itself keeps a worker to the questions of the grid.
        async with services.db.city(staff.city) as conn:
            city = services.cities[staff.city]
            await act(conn, city, number, "grid_report", data, auth.actor(staff))
        check = await _own(request, staff, code, number, n)
    return _json(_shown(staff.city, check))


async def cells(request: web.Request) -> web.Response:
    """List the cells right under one (`under`), or the root."""
    staff = await auth.require(request, *_READERS)
    code = request.query.get("under") or None
    async with request.app[SERVICES].db.city(staff.city) as conn:
        found = await grids.under(conn, staff.city, code, now() - _COUNTED)
    return _json(Cells(cells=tuple(found)))


async def _worker(request: web.Request) -> tuple[Staff, str]:
    staff = await auth.require(request, "grid")
    return staff, staff.grid or ""


async def _own(request: web.Request, staff: Staff, grid: str, number: CaseNo, n: int) -> GridCheck:
    async with request.app[SERVICES].db.city(staff.city, scope_of(grid)) as conn:
        found = await grids.of_case(conn, staff.city, number)
    check = next((one for one in found if one.n == n), None)
    if check is None:
        raise _not_found()
    return check


def _number(request: web.Request, staff: Staff) -> CaseNo:
    city, number = read_case_no(request.match_info["no"])
    n = request.match_info["n"]
    if city != staff.city or not (n.isascii() and n.isdigit() and len(n) < 5):  # noqa: PLR2004
        raise _not_found()
    return number


def _not_found() -> NotFound:
    return NotFound("grid_check_not_found", "没有这项网格核实,或它不是派给本网格的。")


def _is_same(check: GridCheck, given: GridReport) -> bool:
    """Tell whether exactly this was reported already."""
    found_at = aware(check.found_at) if check.found_at else None
    own = (check.result, check.finding, found_at, check.lon, check.lat, check.photos)
    return own == (
        given.result.value,
        plain(given.finding.strip()),
        local(given.found_at),
        given.lon,
        given.lat,
        tuple(dict.fromkeys(given.photos)),
    )


def _shown(city: str, check: GridCheck) -> OwnCheck:
    return OwnCheck(
        number=show_case_no(city, check.case_no),
        n=check.n,
        state=check.state,
        asked_at=aware(check.asked_at).isoformat(timespec="seconds"),
        due_at=aware(check.due_at).isoformat(timespec="seconds"),
        place=check.place,
        what=check.what,
        types=check.types,
        unannounced=check.unannounced,
        result=check.result,
        finding=check.finding,
        found_at=aware(check.found_at).isoformat(timespec="seconds") if check.found_at else None,
        late=check.late,
    )


def _json(told: msgspec.Struct) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    body = msgspec.json.encode(told)
    return web.Response(body=body, content_type="application/json", headers=headers)
