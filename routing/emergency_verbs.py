"""What the acts on an emergency must be told."""

from datetime import datetime
from typing import Literal

import msgspec

Level = Literal["", "I", "II", "III", "IV"]


class OpenEmergency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case taken for an emergency: what set it off, and what is known so far.

    `level` is empty while nobody can tell. `neighbours` name the jurisdictions it may reach.
    `known_at` is when the city knew, None for when the report came in (China's time where no zone
    is said).
    """

    trigger: str
    summary: str
    level: Level = ""
    water: bool = False
    crossing: bool = False
    neighbours: tuple[str, ...] = ()
    known_at: datetime | None = None


class JoinEmergency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another case that tells of the same emergency, named by its number."""

    emergency_no: int


class EmergencyCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call between several parties: who was on the line, and what was said and agreed."""

    lines: tuple[str, ...]
    said: str


class TellEmergency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Those on the list who have been told, by their numbers, and how."""

    notices: tuple[int, ...]
    how: str


class GradeEmergency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of an emergency by now; None leaves it. `reason` says on what it rests."""

    level: Level | None = None
    water: bool | None = None
    crossing: bool | None = None
    neighbours: tuple[str, ...] = ()
    reason: str


class ReportEmergency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A report upward: the first, one that follows, the final."""

    kind: Literal["first", "follow", "final"]
    addressees: tuple[str, ...]
    text: str


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act that needs no more than a word of how it was."""

    note: str = ""


class EndEmergency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of an emergency, with its outcome; a false alarm is lifted, saying why."""

    note: str
    false_alarm: bool = False
