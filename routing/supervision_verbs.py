"""What the acts of supervision must be told."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

#: Why a case is a key complaint (F21).
KeyReason = Literal[
    "repeated", "collective", "media", "source_water", "school_hospital", "leadership", "overdue"
]


class _Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields are given by name and no others."""


class Urge(_Told, frozen=True, kw_only=True):
    """An urge (催办): what is asked for, to be answered by `due_at`, else in the usual time."""

    demand: str
    due_at: datetime | None = None


class Supervise(_Told, frozen=True, kw_only=True):
    """A supervision order (督办), general or key."""

    grade: Literal["general", "key"] = "general"
    demand: str
    due_at: datetime | None = None


class Feedback(_Told, frozen=True, kw_only=True):
    """The answer to the open order."""

    answer: str


class SettleOrder(_Told, frozen=True, kw_only=True):
    """The end of an order (销号), with why."""

    note: str


class Ledger(_Told, frozen=True, kw_only=True):
    """A case to be tracked in the ledger: until `conditions` are met, watched by the `keeper`."""

    conditions: str
    keeper: str


class Release(_Told, frozen=True, kw_only=True):
    """A release from the ledger: how the conditions were met, on which attachments of the case."""

    note: str
    evidence: tuple[UUID, ...] = ()


class ReportProgress(_Told, frozen=True, kw_only=True):
    """How a tracked case goes on."""

    progress: str


class Press(_Told, frozen=True, kw_only=True):
    """A letter that presses the lead: what is demanded; why a milder letter was left out."""

    demand: str
    skip_reason: str = ""


class ReceiveDocument(_Told, frozen=True, kw_only=True):
    """The receipt of a letter by its unit."""

    number: str
    received_by: str


class StrikeName(_Told, frozen=True, kw_only=True):
    """A unit taken off the list of those who did not report, with why."""

    reason: str


class MarkKey(_Told, frozen=True, kw_only=True):
    """A key complaint: for one reason, with a word on where it is from."""

    reason: KeyReason
    note: str = ""


class Own(_Told, frozen=True, kw_only=True):
    """A leader takes a case on by name: `leader` is name and post."""

    leader: str
    note: str = ""
