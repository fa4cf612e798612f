"""Citizens report by themselves: the page's form and `POST /api/v1/reports` share one reading.

A client that sends the same key again (header Idempotency-Key, or field client_key) gets the same
receipt; the same key with other content is refused. Keys are long, so nobody meets another's by
chance.
"""

import hashlib
from typing import Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from intake.channels import fields, forms
from intake.channels.base import deliver
from intake.channels.dispatcher import Event, From, Router, Type
from intake.delivery import Content, Delivery, FileRef, Person
from intake.keys import CLIENT, DISPATCHER, LIMITS
from intake.receive import Receiver
from intake.services import Services
from models.case import Actor, Receipt
from models.errors import Invalid
from models.ids import uuid7
from models.moment import now

SOURCE: Final = "portal"
#: The clocks and rules of the city's own hotline apply to what is reported on its page.
CHANNEL: Final = "12345_WEB"
KEY_HEADER: Final = "Idempotency-Key"
NOTICE_VERSION: Final = "2026-11"
#: What must be shown where a citizen gives their data (PIPL articles 17 and 35).
PRIVACY_NOTICE: Final = (
    "您填写的姓名、电话仅用于核实与答复本次诉求,加密单独保存;承办单位默认看不到,工作人员查看须说明理由并留痕。"
    "您可以匿名反映。请勿在正文中填写身份证号、住址门牌等与诉求无关的个人信息。"
)
router = Router("portal", From(SOURCE))

_CITIZEN: Final = Actor(kind="citizen", name=SOURCE)
_SHORTEST_KEY: Final = 16
_SHORTEST_TEXT: Final = 5
_PHONE_DIGITS: Final = range(7, 16)


class CitizenReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a citizen fills in. `city` may be left out where only one city is served."""

    text: Annotated[str, Meta(min_length=1, max_length=5_000)]
    title: Annotated[str, Meta(max_length=100)] | None = None
    city: Annotated[str, Meta(max_length=6)] | None = None
    address: Annotated[str, Meta(max_length=200)] | None = None
    adcode: Annotated[str, Meta(max_length=6)] | None = None
    lon: float | None = None
    lat: float | None = None
    name: Annotated[str, Meta(max_length=40)] | None = None
    phone: Annotated[str, Meta(max_length=30)] | None = None
    contact_time: Annotated[str, Meta(max_length=100)] | None = None
    anonymous: bool = False
    confidential: bool = True
    want_callback: bool = True
    happened_at: Annotated[str, Meta(max_length=40)] | None = None
    client_key: Annotated[str, Meta(max_length=128)] | None = None
    notice: Annotated[str, Meta(max_length=20)] | None = None


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was read: its fields, its files, and the key that tells it from another."""

    report: CitizenReport
    files: tuple[FileRef, ...]
    key: str


class Taken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to a citizen: the case's number and the code to follow it by."""

    ticket_no: str
    track_code: str
    received_at: str


_DECODER: Final = msgspec.json.Decoder(CitizenReport)


class Portal:
    """The channel of the public page."""

    name = SOURCE
    path = "/api/v1/reports"
    forms = True
    router = router

    async def verify(self, request: web.Request, body: bytes) -> None:  # noqa: ARG002 - a Channel's
        """Let anybody in, at a rate; TooMany when one address is over it."""
        await request.app[LIMITS].spend("report", request[CLIENT])

    async def parse(self, request: web.Request, body: bytes) -> Event:
        """Read the form or the JSON document."""
        report, files = await forms.read(request, body, _DECODER, CitizenReport)
        key = (request.headers.get(KEY_HEADER) or report.client_key or "").strip()
        if key and (len(key) < _SHORTEST_KEY or not key.isascii()):
            code = "idempotency_key_short"
            detail = f"{KEY_HEADER} 须为不少于 {_SHORTEST_KEY} 位的 ASCII 随机串,建议用 UUID。"
            raise Invalid(code, detail)
        filled = Filled(report=report, files=files, key=key or uuid7().hex)
        return Event(channel=SOURCE, type="REPORT", body=filled)

    def receipt(self, event: Event, receipt: Receipt) -> web.Response:  # noqa: ARG002 - a Channel's
        """Give number and code; 201 for a new case, 200 for one that was taken before."""
        return web.Response(
            body=msgspec.json.encode(taken(receipt)),
            status=200 if receipt.duplicate else 201,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )


async def submit(request: web.Request) -> Receipt:
    """Take the report that a page's form posts, for a page that answers in its own way."""
    return (await deliver(Portal(), request, request.app[DISPATCHER]))[1]


def taken(receipt: Receipt) -> Taken:
    """Write a receipt for a citizen."""
    return Taken(
        ticket_no=receipt.number,
        track_code=receipt.track_code,
        received_at=receipt.received_at.isoformat(timespec="seconds"),
    )


@router.on(Type("REPORT"))
async def take_report(event: Event, services: Services, receiver: Receiver) -> Receipt:
    """Store a citizen's report."""
    filled: Filled = event.body
    report, city = filled.report, forms.served_city(services, filled.report.city)
    number = hashlib.sha256(f"{city}|{filled.key}".encode()).hexdigest()[:40]
    happened = fields.moment("happenedAt", report.happened_at)
    payload = {
        "title": report.title,
        "text": report.text,
        "address": report.address,
        "adcode": report.adcode,
        "lon": report.lon,
        "lat": report.lat,
        "happened_at": happened,
        "notice": report.notice,
    }
    content = _content(report, filled.files)
    delivery = Delivery(
        city=city,
        source=SOURCE,
        external_no=number,
        message_id=number,
        digest=forms.digest(services.vault, content, payload),
        issued_at=now(),
        actor=_CITIZEN,
        payload={name: value for name, value in payload.items() if value is not None},
        content=content,
    )
    return await receiver.receive(delivery)


def _content(report: CitizenReport, files: tuple[FileRef, ...]) -> Content:
    text = report.text.strip()
    if len(text) < _SHORTEST_TEXT:
        code = "text_too_short"
        raise Invalid(code, f"请至少用 {_SHORTEST_TEXT} 个字说明情况。", path="text")
    return Content(
        channel=CHANNEL,
        title=fields.text(report.title),
        text=text,
        address=fields.text(report.address),
        stated_adcode=fields.division(report.adcode, 6),
        confidential=report.confidential,
        person=_person(report),
        files=files,
    )


def _person(report: CitizenReport) -> Person:
    phone = fields.text(report.phone)
    if phone and sum(letter.isdigit() for letter in phone) not in _PHONE_DIGITS:
        code = "phone_malformed"
        raise Invalid(code, "联系电话格式不正确,请填写手机号或带区号的固定电话。", path="phone")
    known = not report.anonymous
    return Person(
        name=fields.text(report.name) if known else None,
        phone=phone if known else None,
        anonymous=report.anonymous,
        confidential=report.confidential,
        want_callback=report.want_callback and known and phone is not None,
        contact_time=fields.text(report.contact_time) if known else None,
    )
