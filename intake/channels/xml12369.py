"""The XML of the national 12369 platform: read without DTD or entities, and written."""

import hmac
from collections.abc import Sequence
from typing import Final, NoReturn
from xml.etree.ElementTree import Element, ParseError, SubElement, canonicalize, tostring

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import hmac as sm3_hmac
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from models.case import Receipt
from models.errors import Invalid, Unauthenticated

_LONGEST: Final = 20_000
_SHORT: Final = 500
_ID: Final = 128
_MOST_MEDIA: Final = 50
_DEEPEST: Final = 32


class Reporter(msgspec.Struct, frozen=True, kw_only=True):
    """Who reported; goes to the vault."""

    anonymous: str | None = None
    confidential: str | None = None
    name: str | None = None
    phone: str | None = None


class Pollution(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of pollution as the platform codes and names it."""

    code: str
    name: str


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """A picture, sound or film that stays with the platform."""

    type: str
    url: str
    sha256: str


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One report; codes word for word."""

    report_id: str
    event_number: str | None = None
    report_time: str | None = None
    report_from: str | None = None
    target: str | None = None
    area_code: str | None = None
    location: str | None = None
    longitude: str | None = None
    latitude: str | None = None
    coordinates: str | None = None
    pollution: tuple[Pollution, ...] = ()
    industry: str | None = None
    content: str
    media: tuple[Media, ...] = ()
    reporter: Reporter | None = None
    unit: str | None = None
    whether: str | None = None
    opinion: str | None = None

    @property
    def number(self) -> str:
        """The number both sides know it by: the event's, else the report's."""
        return self.event_number or self.report_id

    def kept(self) -> "Report":
        """Give what may be kept beside the case: everything but who reported."""
        return msgspec.structs.replace(self, reporter=None)


class ReportMessage(msgspec.Struct, frozen=True, kw_only=True):
    """An envelope. `sign` is the message's own signature and `signed` what it signs."""

    msg_id: str
    type: str
    sender: str | None
    send_time: str | None
    sign: str | None
    sign_algorithm: str
    signed: bytes
    report: Report | None

    def require_report(self) -> Report:
        """Give the report; Invalid when the message holds none."""
        return self.report or _invalid("ReportInfo", "缺少 ReportInfo 元素。")


def read(body: bytes) -> ReportMessage:
    """Read a message; Invalid on what is no XML, brings a DTD or entities, or lacks a field."""
    root = _parse(body)
    if root.tag != "ReportMessage":
        _invalid("ReportMessage", "根元素应为 ReportMessage。")
    head, info = root.find("Head"), root.find("ReportInfo")
    sign = head.find("Sign") if head is not None else None
    return ReportMessage(
        msg_id=_need(root.get("msgId"), "@msgId", _ID),
        type=_need(root.get("type"), "@type", 64),
        sender=_text(head, "Sender", 64),
        send_time=_text(head, "SendTime", 64),
        sign=(sign.text or "").strip() or None if sign is not None else None,
        sign_algorithm=(sign.get("alg") or "") if sign is not None else "",
        signed=canonical(root),
        report=_report(info) if info is not None else None,
    )


def canonical(root: Element) -> bytes:
    """Give what a message's own signature covers.

    The UTF-8 of `msgId`, `type`, `Sender`, `Receiver`, `SendTime` and the canonical XML (C14N 2.0,
    text as it is) of `ReportInfo`, joined by line feeds; a missing part is empty.
    """
    head, info = root.find("Head"), root.find("ReportInfo")
    parts = [root.get("msgId") or "", root.get("type") or ""]
    parts += [
        (head.findtext(name) or "").strip() if head is not None else ""
        for name in ("Sender", "Receiver", "SendTime")
    ]
    parts.append(_canonical_info(info) if info is not None else "")
    return "\n".join(parts).encode()


def body_mac(secret: str, signed: bytes) -> str:
    """Compute a message's own signature: hex of HMAC-SM3 (GB/T 32905) under the hook's secret."""
    mac = sm3_hmac.HMAC(secret.encode(), hashes.SM3())
    mac.update(signed)
    return mac.finalize().hex()


def check_sign(message: ReportMessage, secrets: Sequence[str]) -> None:
    """Check a message's own signature where it has one; Unauthenticated when it does not fit."""
    if message.sign is None:
        return
    if message.sign_algorithm.upper() != "SM3":
        code = "signature_type_unsupported"
        raise Unauthenticated(code, 'Sign 元素的 alg 须为 "SM3"。')
    given = message.sign.lower().encode()
    if not any(hmac.compare_digest(body_mac(s, message.signed).encode(), given) for s in secrets):
        code = "signature_invalid"
        raise Unauthenticated(code, "报文内 SM3 签名校验失败,请核对密钥与规范化方法(见接口文档)。")


def write_receipt(message: ReportMessage, receipt: Receipt) -> bytes:
    """Write the answer to a message that was stored."""
    root = Element("ReportReceipt", msgId=message.msg_id, version="1.0", type="REPORT_RECEIPT")
    values = {
        "Success": "true",
        "Code": "0",
        "Message": "ok",
        "TicketNo": receipt.number,
        "TrackCode": receipt.track_code,
        "DuplicateOf": receipt.number if receipt.duplicate else "",
        "Version": str(receipt.version),
        "ReceivedAt": receipt.received_at.isoformat(timespec="seconds"),
    }
    for name, value in values.items():
        SubElement(root, name).text = value
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _parse(body: bytes) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        code = "xml_forbidden"
        raise Invalid(code, "XML 报文不得含有 DTD、实体或外部引用。") from error
    except (ParseError, ValueError, LookupError) as error:
        code = "xml_malformed"
        raise Invalid(code, f"报文不是合法的 XML:{error}。") from error
    if _too_deep(root):
        code = "xml_too_deep"
        raise Invalid(code, f"XML 报文嵌套不得超过 {_DEEPEST} 层。")
    return root


def _too_deep(root: Element) -> bool:
    """Tell whether elements lie in each other deeper than any report's: writing them recurses."""
    level = [root]
    for _ in range(_DEEPEST):
        level = [child for parent in level for child in parent]
    return bool(level)


def _report(info: Element) -> Report:
    return Report(
        report_id=_need(_text(info, "ReportId", _ID), "ReportId", _ID),
        event_number=_text(info, "EventNumber", _ID),
        report_time=_text(info, "ReportTime", 64),
        report_from=_text(info, "ReportFrom", 64),
        target=_text(info, "ReportDeptName", _SHORT),
        area_code=_text(info, "AreaCode", 64),
        location=_text(info, "LocationLabel", _SHORT),
        longitude=_text(info, "ReportLongitude", 64),
        latitude=_text(info, "ReportLatitude", 64),
        coordinates=_text(info, "CoordSys", 64),
        pollution=tuple(_pollution(item) for item in info.iterfind("PollutionTypes/Type")),
        industry=_text(info, "IndustryType", 64),
        content=_need(_text(info, "ReportContent", _LONGEST), "ReportContent", _LONGEST),
        media=_media(info),
        reporter=_reporter(info.find("Reporter")),
        unit=_text(info, "ProcessAreaUnitName", _SHORT),
        whether=_text(info, "WhetherCode", 64),
        opinion=_text(info, "FinalOpinion", _LONGEST),
    )


def _pollution(item: Element) -> Pollution:
    code = _need(item.get("code") or item.text, "PollutionTypes/Type@code", 64)
    return Pollution(code=code, name=(item.text or "").strip()[:_SHORT])


def _media(info: Element) -> tuple[Media, ...]:
    items = info.findall("Media/Item")
    if len(items) > _MOST_MEDIA:
        _invalid("Media", f"Media 最多 {_MOST_MEDIA} 项。")
    return tuple(_item(item) for item in items)


def _item(item: Element) -> Media:
    url = _need(item.get("url"), "Media/Item@url", 2_000)
    sha256 = _need(item.get("sha256"), "Media/Item@sha256", 64)
    if not url.startswith(("https://", "http://")):
        _invalid("Media/Item@url", "Media/Item 的 url 应为 http(s) 地址。")
    if len(sha256) != 64 or set(sha256.lower()) - set("0123456789abcdef"):  # noqa: PLR2004 - SHA-256
        _invalid("Media/Item@sha256", "Media/Item 的 sha256 应为 64 位十六进制。")
    return Media(type=item.get("type") or "file", url=url, sha256=sha256)


def _reporter(who: Element | None) -> Reporter | None:
    if who is None:
        return None
    return Reporter(
        anonymous=who.get("anonymous"),
        confidential=who.get("confidential"),
        name=who.get("name") or _text(who, "Name", _SHORT),
        phone=who.get("phone") or _text(who, "Phone", 64),
    )


def _text(parent: Element | None, name: str, limit: int) -> str | None:
    found = parent.find(name) if parent is not None else None
    value = "".join(found.itertext()).strip() if found is not None else ""
    if len(value) > limit:
        _invalid(name, f"{name} 不得超过 {limit} 个字符。")
    return value or None


def _need(value: str | None, name: str, limit: int) -> str:
    found = (value or "").strip()
    if not found:
        _invalid(name, f"缺少必填项 {name}。")
    if len(found) > limit:
        _invalid(name, f"{name} 不得超过 {limit} 个字符。")
    return found


def _canonical_info(info: Element) -> str:
    tail, info.tail = info.tail, None
    try:
        return canonicalize(tostring(info, encoding="unicode"))
    finally:
        info.tail = tail


def _invalid(name: str, detail: str) -> NoReturn:
    raise Invalid("field_invalid", detail, path=name)
