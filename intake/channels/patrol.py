"""What grid workers find on patrol becomes a case by itself (F24).

A device may be without a network for days and send the same finding again: its key
(Idempotency-Key, or field clientKey) makes it one case, whenever and however often it comes; the
same key with another content is refused. Photos are named by their hash, the files stay with the
grid's own platform.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from intake import auth
from intake.channels import fields
from intake.channels.dispatcher import Event, From, Router, Type
from intake.channels.portal import KEY_HEADER
from intake.delivery import Content, Delivery, Person
from intake.keys import LIMITS
from intake.receive import Receiver
from intake.services import Services
from models.case import Receipt
from models.db import grids
from models.errors import Forbidden, Invalid
from models.grid import Grid
from models.moment import now
from routing.grid_checks import in_china
from routing.grid_verbs import Photo

SOURCE: Final = "patrol"
CHANNEL: Final = "GRID"
#: How long a device may keep a finding before it is sent, and how far its clock may be ahead.
_OLDEST: Final = timedelta(days=30)
_AHEAD: Final = timedelta(minutes=5)
_SHORTEST_KEY: Final = 16
_SHORTEST_TEXT: Final = 5
_MOST_PHOTOS: Final = 9
router = Router("patrol", From(SOURCE))


class Patrol(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A finding: what, when (China's time where no zone is said), where, and photos by SHA-256."""

    text: Annotated[str, Meta(min_length=1, max_length=2_000)]
    found_at: Annotated[str, Meta(max_length=40)]
    lon: float
    lat: float
    datum: Literal["WGS-84", "GCJ-02", "BD-09"] = "WGS-84"
    address: Annotated[str, Meta(max_length=200)] | None = None
    photos: Annotated[tuple[Photo, ...], Meta(max_length=_MOST_PHOTOS)] = ()
    client_key: Annotated[str, Meta(max_length=128)] | None = None


class PatrolTaken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to a finding; `duplicate` where it had been taken before."""

    ticket_no: str
    received_at: str
    duplicate: bool


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as it was read, with who found it and the key that tells it from another."""

    patrol: Patrol
    found_at: datetime
    staff: auth.Staff
    key: str


_DECODER: Final = msgspec.json.Decoder(Patrol)


class Patrols:
    """The channel of the grid workers' devices."""

    name = SOURCE
    path = "/api/v1/patrols"
    forms = False
    router = router

    async def verify(self, request: web.Request, body: bytes) -> None:  # noqa: ARG002 - a Channel's
        """Let grid workers in, each at a rate."""
        staff = await auth.require(request, "grid")
        await request.app[LIMITS].spend("patrol", f"{staff.city}/{staff.username}")

    async def parse(self, request: web.Request, body: bytes) -> Event:
        """Read the JSON document."""
        staff = await auth.require(request, "grid")
        patrol = fields.decode(_DECODER, body)
        key = _key((request.headers.get(KEY_HEADER) or patrol.client_key or "").strip())
        in_china(patrol.lon, patrol.lat)
        found = Found(patrol=patrol, found_at=_moment(patrol.found_at), staff=staff, key=key)
        return Event(channel=SOURCE, type="FINDING", body=found)

    def receipt(self, event: Event, receipt: Receipt) -> web.Response:  # noqa: ARG002 - a Channel's
        """Give the case's number; 201 for a new case, 200 for one that was taken before."""
        taken = PatrolTaken(
            ticket_no=receipt.number,
            received_at=receipt.received_at.isoformat(timespec="seconds"),
            duplicate=receipt.duplicate,
        )
        return web.Response(
            body=msgspec.json.encode(taken),
            status=200 if receipt.duplicate else 201,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )


@router.on(Type("FINDING"))
async def take_finding(event: Event, services: Services, receiver: Receiver) -> Receipt:
    """Store a finding; nobody is known as its reporter, and nobody waits to be called back."""
    found: Found = event.body
    staff = found.staff
    grid = await _grid(services, staff)
    number = hashlib.sha256(f"{staff.city}|{staff.username}|{found.key}".encode()).hexdigest()[:40]
    content = _content(found.patrol, grid)
    said = _said(found)
    delivery = Delivery(
        city=staff.city,
        source=SOURCE,
        external_no=number,
        message_id=number,
        digest=fields.digest(services.vault, (found.patrol, said)),
        issued_at=found.found_at,
        stated=True,
        actor=auth.actor(staff),
        payload=said | {"grid": grid.code, "grid_name": grid.name, "text": content.text},
        content=content,
    )
    return await receiver.receive(delivery)


async def _grid(services: Services, staff: auth.Staff) -> Grid:
    async with services.db.city(staff.city) as conn:
        found = await grids.one(conn, staff.city, staff.grid or "")
    if found is None or not found.active:
        raise Forbidden("grid_closed", "您所在的网格已停用,请联系管理员调整。")
    return found


def _said(found: Found) -> dict[str, Any]:
    patrol = found.patrol
    return {
        "found_at": found.found_at.isoformat(),
        "lon": patrol.lon,
        "lat": patrol.lat,
        "datum": patrol.datum,
        "photos": list(dict.fromkeys(patrol.photos)),
    }


def _content(patrol: Patrol, grid: Grid) -> Content:
    text = fields.text(patrol.text) or ""
    if len(text) < _SHORTEST_TEXT:
        code = "text_too_short"
        raise Invalid(code, f"请至少用 {_SHORTEST_TEXT} 个字说明发现的情况。", path="text")
    return Content(
        channel=CHANNEL,
        text=text,
        address=fields.text(patrol.address),
        stated_adcode=grid.adcode,
        stated_township=grid.township,
        person=Person(anonymous=True, want_callback=False),
    )


def _key(key: str) -> str:
    """Check the key; without one a finding sent twice would be two cases."""
    if not key:
        code = "idempotency_key_missing"
        raise Invalid(code, f"缺少 {KEY_HEADER}:每条巡查发现须带设备生成的唯一编号。")
    if len(key) < _SHORTEST_KEY or not key.isascii():
        code = "idempotency_key_short"
        raise Invalid(code, f"{KEY_HEADER} 须为不少于 {_SHORTEST_KEY} 位的 ASCII 随机串。")
    return key


def _moment(text: str) -> datetime:
    """Read when it was found: not ahead of now, and not longer ago than devices may keep it."""
    found = fields.moment("foundAt", text)
    if found is None:
        code = "field_missing"
        raise Invalid(code, "请填写发现时间 foundAt。", path="foundAt")
    if found > now() + _AHEAD:
        code = "moment_in_future"
        raise Invalid(code, "发现时间不能晚于现在,请校准设备时间。", path="foundAt")
    if found < now() - _OLDEST:
        code = "patrol_too_old"
        detail = f"发现时间已超过 {_OLDEST.days} 天,请到现场重新核实后上报。"
        raise Invalid(code, detail, path="foundAt")
    return found
