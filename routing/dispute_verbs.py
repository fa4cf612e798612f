"""What acts of disputes, letters and complaints about officials must be told."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Body(StrEnum):
    """Who designates: the hotline, the city's bureau, or the coordinating body (联席会议)."""

    HOTLINE = "HOT"
    CITY = "ECO"
    COORD = "COORD"


class Step(StrEnum):
    """What a unit does at once while it is argued whose matter it is, or what must come first.

    `within_ban` says that place and time are found to be where something is forbidden.
    """

    SAFETY = "safety"
    EVIDENCE = "evidence"
    SAMPLING = "sampling"
    PERSUASION = "persuasion"
    NOTICE = "notice"
    WITHIN_BAN = "within_ban"


class LetterKind(StrEnum):
    """What a letter asks: to take over (转办), to coordinate (上级协调), or to know (通报)."""

    TRANSFER = "transfer"
    COORDINATE = "coordinate"
    INFORM = "inform"


class BorderBasis(StrEnum):
    """Why a matter is two districts': near their border, its source elsewhere, along a river."""

    BOUNDARY = "boundary"
    SOURCE = "source"
    RIVER = "river"


class Secure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A first step for safety or evidence; `evidence` are attachments of the case."""

    task_no: int | None = None
    step: Step
    note: str
    evidence: tuple[UUID, ...] = ()


class Negotiate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit's word in a dispute: which of the parties it agrees shall lead, and on what basis."""

    lead_unit: str
    note: str


class Adjudicate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A designation: who leads for good, by whom and by which document, and why."""

    lead_unit: str
    lead_role: str | None = None
    body: Body = Body.HOTLINE
    document: str
    reason: str


class EscalateDispute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dispute laid before the coordinating body, with why."""

    reason: str


class Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A matter of two districts: which other one, why, and how far the border is in metres."""

    adcode: str
    basis: BorderBasis
    distance_m: int | None = None
    note: str = ""


class SendLetter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A letter: to a unit of ours outside the city's government, or to a body by its name.

    `to_city` is another city's six-digit code. `body` says what is asked, never who reported.
    """

    kind: LetterKind = LetterKind.TRANSFER
    to_unit: str | None = None
    to_name: str | None = None
    to_city: str | None = None
    body: str
    reply_by: datetime | None = None


class ReceiveLetter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A receipt: who took the letter of that number in, and when, if not just now."""

    number: str
    received_by: str
    received_at: datetime | None = None


class AnswerLetter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a letter was answered."""

    number: str
    reply: str


class NameAccused(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The units that a case complains of, in place of those found in it; none with a reason."""

    units: tuple[str, ...] = ()
    reason: str


class OpenPollution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pollution matter inside a complaint about officials, told without the complaint."""

    text: str
    adcode: str | None = None
    address: str | None = None
