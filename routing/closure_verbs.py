"""What the acts of closure must be told: visits, monitoring, self-checks, look-backs, crimes."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class Visit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Someone looked: when (China's time where no zone is said), who, where and what they found.

    `found` says that what was reported was there. `announced` says that the visited were told
    before. Online data is noted as such and counts as no visit.
    """

    task_no: int | None = None
    method: Literal["site", "sampling", "online", "remote"] = "site"
    at: datetime
    people: tuple[str, ...]
    place: str
    found: bool
    finding: str
    announced: bool = False
    evidence: tuple[UUID, ...] = ()


class RequestMonitoring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish for sampling or measuring: what, by whom, in which hours ("" for any)."""

    station: str
    what: str
    hours: str = ""


class ReportMonitoring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The report to a wish: its number, when it was sampled and whether a limit was exceeded."""

    n: int
    report_no: str
    sampled_at: datetime
    exceeded: bool
    summary: str
    evidence: tuple[UUID, ...] = ()


class SelfCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit's look at its own work: what it says to each item of the list, by its code."""

    task_no: int | None = None
    items: dict[str, str]


class LookBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a look-back found, and which unit looked: never one that worked on the case."""

    result: Literal["held", "rebound"]
    unit: str
    finding: str
    evidence: tuple[UUID, ...] = ()


class ReportCrime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A suspected crime laid before the head of the unit: the facts and the list of evidence."""

    facts: str
    items: tuple[str, ...]
    evidence: tuple[UUID, ...] = ()


class DecideCrime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the head of the unit, named, decided on a transfer, and why."""

    approved: bool
    head: str
    reason: str


class TransferCrime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The transfer as it went out: the letter, to whom, and the receipt that came back."""

    document: str
    recipient: str
    receipt: str = ""


class NotePolice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the police decided on a transfer: a case opened or not, by which document."""

    filed: bool
    document: str


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a procedure: what was done or found, by which document, told to whom."""

    note: str
    document: str = ""
    addressees: tuple[str, ...] = ()


class ProposeJoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A matter to be dealt with together: a check, a consultation, a meeting, with the police."""

    kind: Literal["check", "consultation", "meeting", "police"]
    topic: str
    invited: tuple[str, ...]


class ConcludeJoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of it: who took part, the conclusion, its document, who shall lead if said."""

    n: int
    held_at: datetime
    participants: tuple[str, ...]
    conclusion: str
    document: str
    lead_unit: str | None = None


class DispatchJoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lead that a joint conclusion names, designated on its basis."""

    n: int
