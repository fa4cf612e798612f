"""The hotline desk: what an operator writes down for a caller, a letter or a visitor."""

import hashlib
from typing import Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from intake import auth
from intake.channels import fields, forms
from intake.channels.base import deliver
from intake.channels.dispatcher import Event, From, Router, Type
from intake.channels.portal import taken
from intake.delivery import Content, Delivery, FileRef, Person
from intake.keys import DISPATCHER
from intake.receive import Receiver
from intake.services import Services
from models.case import Receipt
from models.errors import Invalid
from models.ids import uuid7
from models.moment import now

SOURCE: Final = "desk"
#: How a matter may have reached the desk, with the words shown there.
CHANNELS: Final = {
    "12345_TEL": "电话",
    "LETTER": "来信",
    "VISIT": "来访",
    "MEDIA": "媒体曝光",
    "GRID": "网格巡查",
    "110_TRANSFER": "110 移交",
}
router = Router("desk", From(SOURCE))


class DeskEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an operator fills in."""

    text: Annotated[str, Meta(min_length=1, max_length=5_000)]
    title: Annotated[str, Meta(max_length=100)] | None = None
    channel: str = "12345_TEL"
    address: Annotated[str, Meta(max_length=200)] | None = None
    adcode: Annotated[str, Meta(max_length=6)] | None = None
    township: Annotated[str, Meta(max_length=12)] | None = None
    name: Annotated[str, Meta(max_length=40)] | None = None
    phone: Annotated[str, Meta(max_length=30)] | None = None
    caller_address: Annotated[str, Meta(max_length=200)] | None = None
    contact_time: Annotated[str, Meta(max_length=100)] | None = None
    anonymous: bool = False
    confidential: bool = True
    want_callback: bool = True
    happened_at: Annotated[str, Meta(max_length=40)] | None = None
    client_key: Annotated[str, Meta(max_length=128)] | None = None


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it was read, with who entered it."""

    entry: DeskEntry
    files: tuple[FileRef, ...]
    staff: auth.Staff


_DECODER: Final = msgspec.json.Decoder(DeskEntry)


class Desk:
    """The channel of the operators' own entry."""

    name = SOURCE
    path = "/api/v1/desk/reports"
    forms = True
    router = router

    async def verify(self, request: web.Request, body: bytes) -> None:  # noqa: ARG002 - a Channel's
        """Let operators in."""
        await auth.require(request, "operator", "admin")

    async def parse(self, request: web.Request, body: bytes) -> Event:
        """Read the form or the JSON document."""
        staff = await auth.require(request, "operator", "admin")
        entry, files = await forms.read(request, body, _DECODER, DeskEntry)
        if entry.channel not in CHANNELS:
            code = "channel_unknown"
            raise Invalid(code, f"来源须为:{'、'.join(CHANNELS)}。", path="channel")
        entered = Entered(entry=entry, files=files, staff=staff)
        return Event(channel=SOURCE, type="ENTRY", body=entered)

    def receipt(self, event: Event, receipt: Receipt) -> web.Response:  # noqa: ARG002 - a Channel's
        """Give number and code."""
        status = 200 if receipt.duplicate else 201
        body = msgspec.json.encode(taken(receipt))
        return web.Response(body=body, status=status, content_type="application/json")


async def submit(request: web.Request) -> Receipt:
    """Take the entry that the desk's page posts, for a page that answers in its own way."""
    return (await deliver(Desk(), request, request.app[DISPATCHER]))[1]


@router.on(Type("ENTRY"))
async def take_entry(event: Event, services: Services, receiver: Receiver) -> Receipt:
    """Store an operator's entry; the same form sent twice is one case."""
    entered: Entered = event.body
    entry, staff = entered.entry, entered.staff
    key = f"{staff.city}|{staff.username}|{entry.client_key or uuid7().hex}"
    number = hashlib.sha256(key.encode()).hexdigest()[:40]
    content = _content(entry, entered.files)
    happened = fields.moment("happenedAt", entry.happened_at)
    payload = {"title": entry.title, "text": entry.text, "address": entry.address}
    delivery = Delivery(
        city=staff.city,
        source=SOURCE,
        external_no=number,
        message_id=number,
        digest=forms.digest(services.vault, content, happened),
        issued_at=now(),
        actor=auth.actor(staff),
        payload=payload | {"happened_at": happened},
        content=content,
    )
    return await receiver.receive(delivery)


def _content(entry: DeskEntry, files: tuple[FileRef, ...]) -> Content:
    text = fields.text(entry.text)
    if text is None:
        code = "field_missing"
        raise Invalid(code, "请填写诉求内容。", path="text")
    return Content(
        channel=entry.channel,
        title=fields.text(entry.title),
        text=text,
        address=fields.text(entry.address),
        stated_adcode=fields.division(entry.adcode, 6),
        stated_township=fields.township(entry.township),
        confidential=entry.confidential,
        person=Person(
            name=fields.text(entry.name),
            phone=fields.text(entry.phone),
            address=fields.text(entry.caller_address),
            anonymous=entry.anonymous,
            confidential=entry.confidential,
            want_callback=entry.want_callback,
            contact_time=fields.text(entry.contact_time),
        ),
        files=files,
    )
