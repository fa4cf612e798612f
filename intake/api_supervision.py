"""What is open in supervision, and what one is to read: supervisors see all, units their own."""

from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from intake import auth
from intake.auth import Staff
from intake.keys import SERVICES
from models.case import show_case_no
from models.db import escalations, supervision
from models.db.escalations import Notice
from models.db.pool import Connection
from models.db.supervision import Document, Entry, KeyCase, Listed, Order
from models.errors import Invalid, NotFound
from models.moment import now
from routing.catalogue import catalogue
from routing.chain import held

_READERS: Final = ("operator", "unit", "supervisor")
_MOST: Final = 100
#: The bodies whose notices supervisors read for them.
_SERVED: Final = ("HOT", "COORD")


class Supervision(msgspec.Struct, frozen=True, kw_only=True):
    """What is open, at most a hundred of each: orders, the ledger, letters without a receipt.

    `names` did not report progress in time; `key` are key complaints; `notices` are unread.
    `numbers` gives the case numbers as people read them.
    """

    orders: tuple[Order, ...]
    ledger: tuple[Entry, ...]
    documents: tuple[Document, ...]
    names: tuple[Listed, ...]
    key: tuple[KeyCase, ...]
    notices: tuple[Notice, ...]
    numbers: dict[int, str]


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """That a notice was read."""

    notice_id: UUID


def add_supervision(app: web.Application) -> None:
    """Give the endpoints their routes."""
    app.router.add_get("/api/v1/supervision", open_items)
    app.router.add_post("/api/v1/notices/{id}/read", read)


async def open_items(request: web.Request) -> web.Response:
    """List what is open in supervision, of a unit what concerns it, and the notices to read."""
    staff = await auth.require(request, *_READERS)
    async with request.app[SERVICES].db.city(staff.city, staff.unit) as conn:
        items = await supervision.open_items(conn, staff.city, _MOST)
        notices = await _notices(request, staff, conn)
    told = msgspec.structs.asdict(items)
    numbers = [one.case_no for many in (*told.values(), notices) for one in many]
    answer = Supervision(
        **told, notices=notices, numbers={no: show_case_no(staff.city, no) for no in numbers}
    )
    return web.Response(body=msgspec.json.encode(answer), content_type="application/json")


async def read(request: web.Request) -> web.Response:
    """Note that a notice was read by someone it is for."""
    staff = await auth.require(request, "unit", "supervisor")
    try:
        notice_id = UUID(request.match_info["id"])
    except ValueError as error:
        raise Invalid("notice_malformed", "通知编号格式不对。") from error
    async with request.app[SERVICES].db.city(staff.city, staff.unit) as conn:
        bodies = _bodies(request, staff)
        found = await escalations.read_notice(
            *(conn, staff.city, notice_id, staff.unit, bodies), staff.username
        )
    if not found:
        raise NotFound("notice_not_found", "没有这条未读通知。")
    body = msgspec.json.encode(Read(notice_id=notice_id))
    return web.Response(body=body, content_type="application/json")


async def _notices(request: web.Request, staff: Staff, conn: Connection) -> tuple[Notice, ...]:
    bodies = _bodies(request, staff)
    return tuple(await escalations.notices(conn, staff.city, staff.unit, bodies, _MOST))


def _bodies(request: web.Request, staff: Staff) -> list[str]:
    """Name the bodies for which supervisors read; they have no accounts of their own."""
    book, today = catalogue(request.app[SERVICES].cities[staff.city]), now().date()
    return [unit for role in _SERVED if (unit := held(book, role, today))]
