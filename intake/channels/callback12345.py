"""What a 12345 platform is told (domain section 5.3): JSON, signed like what it sends us."""

from typing import Any, Final

import msgspec

from intake.services import Hook
from models.case import OUTCOME_NAMES, Outcome, show_case_no
from models.db.outbox import Message

#: The platform has no word for acceptance: it reads it as progress.
_TYPES: Final = {"ACCEPT": "PROGRESS"}
#: 0 no, 1 yes, 2 not said: whether it is solved is for the citizen to say.
_UNSAID: Final = 2
_REPLIES: Final = frozenset({"SUBMIT", "CLOSE"})
_RETURNS: Final = frozenset({"RETURN_REQ", "RETURN_RESULT"})
_REPLY: Final = msgspec.json.Decoder(dict[str, Any])


class Callback12345:
    """Tells a 12345 platform."""

    media_type = "application/json"

    def write(self, message: Message, hook: Hook) -> bytes:  # noqa: ARG002 - signed in the headers
        """Write the message."""
        about = {
            "orderNo": message.external_no,
            "ticketNo": show_case_no(message.city, message.case_no),
        }
        envelope = {
            "msgId": message.message_id,
            "msgType": _TYPES.get(message.kind, message.kind),
            "version": "1.0",
            "order": about | _told(message.kind, message.body),
        }
        return msgspec.json.encode(envelope)

    def refusal(self, answer: bytes) -> str | None:
        """Say why the platform refuses: its answer has `success` false."""
        try:
            reply = _REPLY.decode(answer)
        except msgspec.MsgspecError:
            return None
        if reply.get("success") is False:
            return f"refused with code {str(reply.get('code'))[:40]}"
        return None


def _told(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Give the fields of one kind; reply and return times are apart."""
    at = body.get("at")
    told = {
        "handleTime": at,
        "organizationName": body.get("unit"),
        "handlerName": body.get("handler"),
        "opinion": body.get("text"),
        "reason": body.get("reason"),
        "proposedOrganizationName": body.get("proposed_unit"),
        "deadlineDate": body.get("due_at"),
    }
    if kind == "ACCEPT":
        told["progress"] = "ACCEPTED" if body.get("accepted") else "REJECTED"
    if kind in _RETURNS:
        told["backDateTime"] = at
    if kind == "RETURN_RESULT":
        told["approved"] = 1 if body.get("accepted") else 0
    if kind in _REPLIES:
        told |= _reply(body) | {"replyDateTime": at}
    return {name: value for name, value in told.items() if value is not None}


def _reply(body: dict[str, Any]) -> dict[str, Any]:
    outcome = body.get("outcome")
    name = OUTCOME_NAMES[Outcome(outcome)] if outcome in set(Outcome) else None
    return {
        "handleTrueness": name,
        "replyContent": body.get("reply"),
        "measures": body.get("measures"),
        "isSolved": _UNSAID,
        "isSatisfaction": _UNSAID,
    }
