"""The 12345 hotline: JSON messages signed with HMAC (domain section 5.3).

ORDER_DISPATCH brings an order, ORDER_UPDATE its changed content, ORDER_SUPPLEMENT adds to it,
SUPERVISE urges. Codes are never a reason to lose a report: those without a mapping are noted and
kept.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from aiohttp import web

from classifier.redact import redact
from intake.channels import fields, signature
from intake.channels.dispatcher import Event, From, Router, Type
from intake.channels.messages12345 import (
    Attachment,
    Caller,
    Kept,
    Message,
    Order,
    Reply,
    Result,
)
from intake.delivery import Content, Delivery, FileRef, Notice, Person, Proof
from intake.keys import SERVICES
from intake.privacy import Vault
from intake.receive import Receiver
from intake.services import Services
from models.case import Actor, Receipt
from models.errors import Invalid
from models.moment import now

SOURCE: Final = "12345"
router = Router("hotline12345", From(SOURCE))

_DECODER: Final = msgspec.json.Decoder(Message)
_PLATFORM: Final = Actor(kind="platform", name=SOURCE)
_CHANNELS: Final = {"01": "12345_TEL", "02": "12345_WEB", "03": "12345_APP"}
_KNOWN: Final = {
    "handleModelType": frozenset({"1", "2", "3"}),
    "pilotLight": frozenset({"0", "1", "2", "3"}),
    "orderType": frozenset({"投诉", "举报", "求助", "咨询", "建议", "表扬", "其他"}),
    "coordType": frozenset({"WGS84", "GCJ02", "BD09"}),
    "timeUnit": frozenset({"HOUR", "DAY", "WORKDAY"}),
}


class Hotline12345:
    """The channel of a city's 12345 platform."""

    name = SOURCE
    path = "/hooks/12345/{city}"
    forms = False
    router = router

    async def verify(self, request: web.Request, body: bytes) -> Proof:
        """Check the signature headers against the secrets of the city's platform."""
        hooks = [h for h in request.app[SERVICES].secrets.hooks if h.source == SOURCE]
        city = request.match_info["city"]
        return signature.verify(request.headers, body, hooks, city, now())

    async def parse(self, request: web.Request, body: bytes) -> Event:  # noqa: ARG002 - a Channel's
        """Read the message."""
        message = fields.decode(_DECODER, body)
        return Event(channel=SOURCE, type=message.msg_type, body=message)

    def receipt(self, event: Event, receipt: Receipt) -> web.Response:  # noqa: ARG002 - a Channel's
        """Answer as platforms expect it; `duplicateOf` is set where nothing new was said."""
        result = Result(
            ticket_no=receipt.number,
            track_code=receipt.track_code,
            duplicate_of=receipt.number if receipt.duplicate else None,
            version=receipt.version,
        )
        body = msgspec.json.encode(Reply(result_data=result))
        return web.Response(body=body, content_type="application/json")


@router.on(Type("ORDER_DISPATCH", "ORDER_UPDATE"))
async def take_order(
    event: Event, city: str, proof: Proof, services: Services, receiver: Receiver
) -> Receipt:
    """Store an order: new, the same again, or changed."""
    message: Message = event.body
    order = message.order
    if order is None:
        raise _without("order")
    stated = fields.moment("$.order.updateTime", order.update_time)
    content = _content(order)
    delivery = Delivery(
        city=city,
        source=SOURCE,
        external_no=order.order_no,
        message_id=message.msg_id,
        digest=_digest(services.vault, order),
        issued_at=stated or proof.at,
        stated=stated is not None,
        actor=_PLATFORM,
        payload=Kept(msg_type=event.type, order=msgspec.structs.replace(order, caller=None)),
        content=content,
        proof=proof,
        unknown=tuple(_unknown(order)),
    )
    return await receiver.receive(delivery)


@router.on(Type("ORDER_SUPPLEMENT"))
async def take_supplement(
    event: Event, city: str, proof: Proof, services: Services, receiver: Receiver
) -> Receipt:
    """Add what the caller said later to an order."""
    message: Message = event.body
    more = message.supplement
    if more is None:
        raise _without("supplement")
    content = Content(
        channel="12345_TEL",
        text=_required("$.supplement.content", more.content),
        # A supplement says nothing of secrecy: what was asked for stays.
        confidential=False,
        files=_files(more.attachments),
        supplement=True,
    )
    stated = fields.moment("$.supplement.supplyTime", more.supply_time)
    delivery = Delivery(
        city=city,
        source=SOURCE,
        external_no=more.order_no,
        message_id=message.msg_id,
        digest=fields.digest(
            services.vault, ("supplement", more.content, [f.sha256 for f in more.attachments])
        ),
        issued_at=stated or proof.at,
        stated=True,
        actor=_PLATFORM,
        payload=Kept(msg_type=event.type, supplement=more),
        content=content,
        proof=proof,
    )
    return await receiver.receive(delivery)


@router.on(Type("SUPERVISE"))
async def take_urging(
    event: Event, city: str, proof: Proof, services: Services, receiver: Receiver
) -> Receipt:
    """Note that the platform urges an order on."""
    message: Message = event.body
    urging = message.supervise
    if urging is None:
        raise _without("supervise")
    at = fields.moment("$.supervise.superviseTime", urging.supervise_time) or proof.at
    notice = Notice(
        verb="case:source:urged",
        data={
            "level": urging.level,
            "opinion": redact(urging.opinion or ""),
            "urged_at": at.isoformat(),
        },
    )
    delivery = Delivery(
        city=city,
        source=SOURCE,
        external_no=urging.order_no,
        message_id=message.msg_id,
        digest=fields.digest(services.vault, ("supervise", urging)),
        issued_at=at,
        actor=_PLATFORM,
        payload=Kept(msg_type=event.type, supervise=urging),
        notice=notice,
        proof=proof,
    )
    return await receiver.receive(delivery)


def _content(order: Order) -> Content:
    place, dispatch, caller = order.location, order.dispatch, order.caller
    return Content(
        channel=_CHANNELS.get(order.source_type or "01", "12345_TEL"),
        title=fields.text(order.title),
        text=_required("$.order.content", order.content),
        address=fields.text(place.address) if place else None,
        stated_adcode=fields.division(place.area_code, 6) if place else None,
        stated_township=fields.township(place.town_code) if place else None,
        source_due_at=fields.moment("$.order.dispatch.deadlineDate", dispatch.deadline_date)
        if dispatch
        else None,
        category=fields.category(order.question_code, order.question_name),
        confidential=fields.flag(caller.is_secret) if caller else False,
        person=_person(caller) if caller else None,
        files=_files(order.attachments),
    )


def _person(caller: Caller) -> Person:
    return Person(
        name=fields.text(caller.name),
        phone=fields.text(caller.phone),
        address=fields.text(caller.address),
        anonymous=fields.flag(caller.is_anonymous),
        confidential=fields.flag(caller.is_secret),
        want_callback=fields.flag(caller.need_reply, default=True),
        contact_time=fields.text(caller.contact_time),
    )


def _files(attachments: tuple[Attachment, ...]) -> tuple[FileRef, ...]:
    return tuple(
        FileRef(
            file_id=file.file_id,
            name=file.name,
            media_type=file.type,
            size=file.size,
            sha256=file.sha256.lower(),
            url=file.url,
        )
        for file in attachments
    )


def _unknown(order: Order) -> Iterator[tuple[str, str]]:
    """List the codes that have no mapping: field and code, word for word."""
    place, dispatch = order.location, order.dispatch
    if order.source_type and order.source_type not in _CHANNELS:
        yield "sourceType", order.source_type
    given = {
        "handleModelType": order.handle_model_type,
        "pilotLight": order.pilot_light,
        "orderType": order.order_type,
        "coordType": place.coord_type if place else None,
        "timeUnit": dispatch.time_unit if dispatch else None,
    }
    for name, code in given.items():
        if code and code not in _KNOWN[name]:
            yield name, code
    if place and place.area_code and not fields.division(place.area_code, 6):
        yield "areaCode", place.area_code
    if place and place.town_code and not fields.township(place.town_code):
        yield "townCode", place.town_code


def _digest(vault: Vault, order: Order) -> bytes:
    """Digest what the order says; where its files can be fetched just now is no part of that."""
    files = [(file.file_id, file.sha256.lower()) for file in order.attachments]
    return fields.digest(
        vault, (msgspec.structs.replace(order, attachments=(), update_time=None), files)
    )


def _required(path: str, value: str) -> str:
    found = fields.text(value)
    if found is None:
        code = "field_missing"
        raise Invalid(code, f"字段 {path} 不能为空。", path=path)
    return found


def _without(name: str) -> Invalid:
    return Invalid("field_missing", f"缺少必填字段 $.{name}。", path=f"$.{name}")
