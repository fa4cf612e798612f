"""What `jiesu replay` sends: tickets out of JSON Lines or XML files, in a platform's own form."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from msgspec import Meta

from models.moment import now

CHANNELS: Final = ("12345", "12369")
_LONGEST_TITLE: Final = 500


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a file; its other fields stay behind, so that no answer travels along."""

    id: Annotated[str, Meta(min_length=1, max_length=128)]
    text: Annotated[str, Meta(min_length=1, max_length=20_000)]
    title: str | None = None
    time: str | None = None
    city: str | None = None
    category: Annotated[str, Meta(max_length=200)] | None = None


class Ticket(NamedTuple):
    """A message ready to be signed, under the number it will be asked for by."""

    number: str
    body: bytes


class Read(NamedTuple):
    """What a file gave: its tickets, and what was wrong with the rest, each with its place."""

    tickets: list[Ticket]
    problems: list[str]


_DECODER: Final = msgspec.json.Decoder(Line)


def read_files(paths: Iterable[Path], channel: str, city: str) -> Read:
    """Read files into tickets of a channel: XML where a file ends in .xml, else JSON Lines."""
    tickets: list[Ticket] = []
    problems: list[str] = []
    for path in paths:
        content = path.read_bytes()
        found = _from_xml(content) if path.suffix == ".xml" else _from_lines(content, channel, city)
        for place, ticket in found:
            if isinstance(ticket, Ticket):
                tickets.append(ticket)
            else:
                problems.append(f"{path.name}:{place}: {ticket}")
    return Read(tickets, problems)


def _from_lines(content: bytes, channel: str, city: str) -> Iterator[tuple[int, Ticket | str]]:
    for number, raw in enumerate(content.splitlines(), 1):
        if not raw.strip():
            continue
        try:
            line = _DECODER.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            yield number, str(error)
            continue
        if line.city not in (None, city):
            yield number, f"这一行属于城市 {line.city},请用 --city {line.city} 发送。"
            continue
        body = _order(line) if channel == "12345" else _report(line, city)
        yield number, Ticket(line.id, body)


def _order(line: Line) -> bytes:
    """Write a line as 12345 writes an order."""
    order: dict[str, Any] = {"orderNo": line.id, "sourceType": "02", "content": line.text}
    if line.title:
        order["title"] = line.title[:_LONGEST_TITLE]
    if line.time:
        order["callTime"] = line.time[:64]
    if line.category:
        order["questionName"] = line.category
    return msgspec.json.encode(
        {
            "msgId": f"replay-{line.id}",
            "msgType": "ORDER_DISPATCH",
            "version": "1.0",
            "order": order,
        }
    )


def _report(line: Line, city: str) -> bytes:
    """Write a line as the national platform writes a report."""
    attributes = {"msgId": f"replay-{line.id}", "version": "1.0", "type": "REPORT_PUSH"}
    root = Element("ReportMessage", attributes)
    head, info = SubElement(root, "Head"), SubElement(root, "ReportInfo")
    SubElement(head, "Sender").text = "REPLAY"
    SubElement(head, "Receiver").text = city
    SubElement(head, "SendTime").text = now().isoformat(timespec="seconds")
    text = f"{line.title}\n{line.text}" if line.title else line.text
    values = {"ReportId": line.id, "ReportTime": line.time, "ReportFrom": "03"}
    for name, value in {**values, "ReportContent": text}.items():
        SubElement(info, name).text = value
    if line.category:
        SubElement(SubElement(info, "PollutionTypes"), "Type").text = line.category
    SubElement(info, "Reporter", anonymous="1", confidential="1")
    body: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return body


def _from_xml(content: bytes) -> Iterator[tuple[int, Ticket | str]]:
    """Read one ReportMessage as it is, or all those under another root."""
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        yield 1, str(error) or type(error).__name__
        return
    if root.tag == "ReportMessage":
        yield 1, _ticket(root, content)
        return
    for number, message in enumerate(root.iterfind("ReportMessage"), 1):
        message.tail = None
        yield number, _ticket(message, tostring(message, encoding="UTF-8", xml_declaration=True))


def _ticket(message: Element, body: bytes) -> Ticket | str:
    names = ("ReportInfo/EventNumber", "ReportInfo/ReportId")
    number = next((text for name in names if (text := (message.findtext(name) or "").strip())), "")
    return Ticket(number, body) if number else "没有 EventNumber 或 ReportId"
