"""What each act must be told: one struct per verb, read from a form or a JSON body alike."""

import hashlib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from models.case import Outcome, Urgency
from models.errors import Invalid

_T = TypeVar("_T", bound=msgspec.Struct)


class ReplyMethod(StrEnum):
    """How the citizen was contacted or answered."""

    PHONE = "phone"
    VISIT = "visit"
    SMS = "sms"
    WECHAT = "wechat"
    PLATFORM = "platform"
    LETTER = "letter"
    NONE = "none"


class Reached(StrEnum):
    """What came of a contact; `waived` where the citizen is anonymous or asked not to be called."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    WAIVED = "waived"


class Correction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person sets otherwise than the machine; None leaves it. `reason` says why.

    `happened_on` is the day of the facts, by which law and rules are chosen.
    """

    types: tuple[str, ...] | None = None
    kind: str | None = None
    urgency: Urgency | None = None
    adcode: str | None = None
    township: str | None = None
    zone: str | None = None
    happened_on: date | None = None
    reason: str = ""


class Dispatch(Correction, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dispatch as decided, or as corrected; a unit other than the decided one needs a reason.

    `cooperating` are unit codes that replace the decided ones.
    """

    lead_role: str | None = None
    lead_unit: str | None = None
    cooperating: tuple[str, ...] | None = None


class Accept(Dispatch, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An acceptance; `dispatch` false only accepts, and the dispatch clock begins."""

    dispatch: bool = True


class Reject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refusal: a `code` of domain section 4.3 and the notice that the citizen gets."""

    code: str
    notice: str


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A matter that is not environmental, back to the hotline with where it should go."""

    destination: str
    notice: str = ""


class Sign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task taken on; `handler` is who works on it."""

    task_no: int | None = None
    handler: str


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first contact with the citizen, or an attempt at it."""

    task_no: int | None = None
    method: ReplyMethod
    result: Reached
    note: str = ""


class Submit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The result of a task; `evidence` are attachments of the case, `measures` codes of labels."""

    task_no: int | None = None
    outcome: Outcome
    measures: tuple[str, ...] = ()
    reply_text: str
    reply_method: ReplyMethod
    evidence: tuple[UUID, ...] = ()


class RequestReturn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish to be relieved: a reason of the label list, on what basis, and who should have it."""

    task_no: int | None = None
    reason: str
    basis: str
    proposed_unit: str | None = None


class ApproveReturn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A return granted: the case waits at the desk for another unit."""

    task_no: int | None = None
    note: str = ""


class DenyReturn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A return denied, with why; `no_return` also forbids to ask again."""

    task_no: int | None = None
    note: str
    no_return: bool = False


class Redispatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another unit in the lead, with why; `no_return` where the unit was designated."""

    lead_unit: str
    lead_role: str | None = None
    reason: str
    no_return: bool = False


class Withdraw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cooperating unit's task taken back."""

    task_no: int
    reason: str


class Approve(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A result found good; one that says "not true" needs this of two people."""

    task_no: int | None = None
    note: str = ""


class Rework(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A result sent back, with what is missing."""

    task_no: int | None = None
    reason: str


class Close(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a case; the lead's outcome and reply unless given, its own reply where direct."""

    outcome: Outcome | None = None
    reply_text: str | None = None
    note: str = ""


def read(kind: type[_T], data: Mapping[str, Any]) -> _T:
    """Read the data of an act; empty values count as not given. Invalid says what is wrong."""
    given = {name: value for name, value in data.items() if value not in (None, "", [""])}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid("action_malformed", f"提交的内容有误:{error}") from error


def fingerprint(verb: str, request: msgspec.Struct, revision: int | None) -> str:
    """Digest a request, so that the same one sent again is known as such."""
    plain = [verb, msgspec.to_builtins(request), revision]
    return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()[:16]
