"""What the national 12369 platform is told (domain section 5.4): XML with its own SM3 signature."""

from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from intake.channels import xml12369
from intake.services import Hook
from models.case import OUTCOME_NAMES, Outcome, show_case_no
from models.db.outbox import Message
from models.moment import now

_TYPES: Final = {"ACCEPT": "REPORT_ACCEPT", "CLOSE": "REPORT_CLOSE"}
_PROGRESS: Final = "REPORT_PROGRESS"
#: What each step of the work is called where the platform only knows progress.
_STEPS: Final = {
    "SIGN": "已签收",
    "CONTACTED": "已联系举报人",
    "SUBMIT": "已提交处理结果",
    "REWORK": "退回重办",
    "RETURN_REQ": "申请退单",
    "RETURN_RESULT": "退单审核",
}
#: Placeholders of domain section 5.4 until the official dictionary is had.
_WHETHER: Final = {
    Outcome.NOT_TRUE: "0",
    Outcome.TRUE: "1",
    Outcome.MOSTLY_TRUE: "1",
    Outcome.PARTLY_TRUE: "2",
    Outcome.UNVERIFIABLE: "3",
    Outcome.NOT_COMPETENT: "3",
}


class Callback12369:
    """Tells the national platform."""

    media_type = "application/xml"

    def write(self, message: Message, hook: Hook) -> bytes:
        """Write the message and sign it."""
        kind, body = message.kind, message.body
        root = Element(
            "ReportMessage",
            msgId=message.message_id,
            version="1.0",
            type=_TYPES.get(kind, _PROGRESS),
        )
        head = SubElement(root, "Head")
        origin = message.origin or {}
        _add(head, "Sender", message.city)
        _add(head, "Receiver", origin.get("sender") or "NATL-ENV-PLATFORM")
        _add(head, "SendTime", now().isoformat(timespec="seconds"))
        info = SubElement(root, "ReportInfo")
        for name, value in (_about(message) | _told(kind, body)).items():
            _add(info, name, value)
        sign = SubElement(head, "Sign", alg="SM3")
        sign.text = xml12369.body_mac(hook.secret, xml12369.canonical(root))
        written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
        return written

    def refusal(self, answer: bytes) -> str | None:
        """Say why the platform refuses: its receipt has `Success` false."""
        try:
            root = fromstring(answer, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError, LookupError):
            return None
        refused = (root.findtext("Success") or "").strip().lower() == "false"
        return f"refused with code {(root.findtext('Code') or '')[:40]}" if refused else None


def _about(message: Message) -> dict[str, str | None]:
    report: dict[str, Any] = (message.origin or {}).get("report") or {}
    return {
        "ReportId": report.get("report_id") or message.external_no,
        "EventNumber": report.get("event_number"),
        "TicketNo": show_case_no(message.city, message.case_no),
    }


def _told(kind: str, body: dict[str, Any]) -> dict[str, str | None]:
    told: dict[str, str | None] = {"HandleTime": body.get("at"), "HandleUnit": body.get("unit")}
    if kind == "ACCEPT":
        accepted = bool(body.get("accepted"))
        told |= {"Accepted": "1" if accepted else "0", "Reason": body.get("reason")}
        told |= {"Notice": body.get("text"), "DueTime": body.get("due_at")}
    elif kind == "CLOSE":
        told |= _conclusion(body)
    else:
        told |= {"Progress": _STEPS.get(kind, kind), "Notice": body.get("text")}
    return told


def _conclusion(body: dict[str, Any]) -> dict[str, str | None]:
    outcome = Outcome(body["outcome"]) if body.get("outcome") in set(Outcome) else None
    measures = body.get("measures") or []
    return {
        "WhetherCode": _WHETHER[outcome] if outcome else "",
        "WhetherName": OUTCOME_NAMES[outcome] if outcome else None,
        "FinalOpinion": body.get("reply"),
        "Measures": ",".join(measures) or None,
        "CaseFiled": "1" if "case" in measures else "0",
    }


def _add(parent: Element, name: str, value: str | None) -> None:
    if value is not None:
        SubElement(parent, name).text = value
