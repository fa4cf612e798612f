"""The national 12369 platform: XML reports (domain section 5.4).

The official dictionaries are not public: codes are mapped where we know one, kept word for word
where we do not, and noted for whoever maps them. Requests carry the same X-* signature headers as
12345's; a non-empty `<Sign alg="SM3">` in the head is checked as well (see `xml12369.body_mac`).
"""

from collections.abc import Iterator
from typing import Final

from aiohttp import web

from intake.channels import fields, signature, xml12369
from intake.channels.dispatcher import Event, From, Router, Type
from intake.channels.xml12369 import Media, Report, ReportMessage
from intake.delivery import Content, Delivery, FileRef, Person, Proof
from intake.keys import SERVICES
from intake.receive import Receiver
from intake.services import Services
from models.case import Actor, Receipt
from models.moment import now
from models.taxonomy import ISSUE_TYPES

SOURCE: Final = "12369"
router = Router("national12369", From(SOURCE))

_PLATFORM: Final = Actor(kind="platform", name=SOURCE)
_MESSAGE: Final = web.RequestKey("message12369", ReportMessage)
#: Placeholders of domain section 5.4 until the official dictionary is had.
_CHANNELS: Final = {"01": "12369_TEL", "02": "12369_WECHAT", "03": "12369_WEB"}
_WHETHER: Final = frozenset({"0", "1", "2", "3"})
_COORDINATES: Final = frozenset({"WGS84", "GCJ02", "BD09"})
_MEDIA_TYPES: Final = {"image": "image/*", "video": "video/*", "audio": "audio/*"}
#: Divisions of GB/T 4754 run from 01 to 97.
_LAST_INDUSTRY: Final = 97


class National12369:
    """The channel of the national platform."""

    name = SOURCE
    path = "/hooks/12369/{city}"
    forms = False
    router = router

    async def verify(self, request: web.Request, body: bytes) -> Proof:
        """Check the signature headers, and the message's own signature where it has one."""
        hooks = [h for h in request.app[SERVICES].secrets.hooks if h.source == SOURCE]
        city = request.match_info["city"]
        proof = signature.verify(request.headers, body, hooks, city, now())
        request[_MESSAGE] = message = xml12369.read(body)
        secrets = [h.secret for h in hooks if (h.app_id, h.city) == (proof.app_id, city)]
        xml12369.check_sign(message, secrets)
        return proof

    async def parse(self, request: web.Request, body: bytes) -> Event:  # noqa: ARG002 - a Channel's
        """Give the message that `verify` had to read."""
        message = request[_MESSAGE]
        return Event(channel=SOURCE, type=message.type, body=message)

    def receipt(self, event: Event, receipt: Receipt) -> web.Response:
        """Answer in XML."""
        message: ReportMessage = event.body
        return web.Response(
            body=xml12369.write_receipt(message, receipt), content_type="application/xml"
        )


@router.on(Type("REPORT_PUSH"))
async def take_report(
    event: Event, city: str, proof: Proof, services: Services, receiver: Receiver
) -> Receipt:
    """Store a report: new, the same again, or changed."""
    message: ReportMessage = event.body
    report = message.require_report()
    sent = fields.moment("Head/SendTime", message.send_time)
    delivery = Delivery(
        city=city,
        source=SOURCE,
        external_no=report.number,
        message_id=message.msg_id,
        digest=fields.digest(services.vault, report),
        issued_at=sent or proof.at,
        actor=_PLATFORM,
        payload={"msgType": event.type, "sender": message.sender, "report": report.kept()},
        content=_content(report),
        proof=proof,
        unknown=tuple(_unknown(report)),
    )
    return await receiver.receive(delivery)


def _content(report: Report) -> Content:
    who = report.reporter
    anonymous = fields.flag(who.anonymous) if who else True
    confidential = fields.flag(who.confidential, default=True) if who else True
    person = Person(
        name=who.name if who else None,
        phone=who.phone if who else None,
        anonymous=anonymous,
        confidential=confidential,
        want_callback=bool(who and who.phone),
    )
    return Content(
        channel=_CHANNELS.get(report.report_from or "03", "12369_WEB"),
        text=report.content,
        address=report.location,
        stated_adcode=fields.division(report.area_code, 6),
        category=fields.category(*(said for p in report.pollution for said in (p.code, p.name))),
        confidential=confidential,
        person=person,
        files=tuple(_file(n, item) for n, item in enumerate(report.media, 1)),
    )


def _file(n: int, item: Media) -> FileRef:
    return FileRef(
        file_id=f"media-{n}",
        name=f"{item.type}-{n}",
        media_type=_MEDIA_TYPES.get(item.type, "application/octet-stream"),
        size=0,
        sha256=item.sha256.lower(),
        url=item.url,
    )


def _unknown(report: Report) -> Iterator[tuple[str, str]]:
    """List the codes that have no mapping: field and code, word for word."""
    if report.report_from and report.report_from not in _CHANNELS:
        yield "ReportFrom", report.report_from
    if report.industry and not _is_industry(report.industry):
        yield "IndustryType", report.industry
    if report.whether and report.whether not in _WHETHER:
        yield "WhetherCode", report.whether
    if report.coordinates and report.coordinates not in _COORDINATES:
        yield "CoordSys", report.coordinates
    if report.area_code and not fields.division(report.area_code, 6):
        yield "AreaCode", report.area_code
    for pollution in report.pollution:
        if pollution.code not in ISSUE_TYPES:
            yield "PollutionType", pollution.code


def _is_industry(code: str) -> bool:
    return code.isascii() and code.isdigit() and len(code) == 2 and 0 < int(code) <= _LAST_INDUSTRY  # noqa: PLR2004 - GB/T 4754's two digits
