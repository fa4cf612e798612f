"""What acts on several cases, and on helpers who are silent, must be told."""

from typing import Literal

import msgspec

from models.case import Urgency


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of a report: what it is, and who leads it where not as decided.

    `gist` is what of the report is about it, empty for all of it. `dispatch` false leaves the part
    at the desk, to be answered there.
    """

    types: tuple[str, ...]
    kind: str | None = None
    title: str = ""
    gist: str = ""
    urgency: Urgency | None = None
    lead_role: str | None = None
    lead_unit: str | None = None
    cooperating: tuple[str, ...] | None = None
    dispatch: bool = True


class Split(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A report split by responsibility; no parts for those that the catalogue suggests."""

    parts: tuple[Part, ...] = ()
    reason: str = ""


class Unsplit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts taken back into their case, with why."""

    reason: str


class Consolidate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer out of those of the parts; `reply_text` where the operator words it anew."""

    reply_text: str | None = None


class Merge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case that says the same as another, by its number; that one answers for both."""

    into: str | int
    reason: str


class Unmerge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merged case that is a matter of its own after all, with why."""

    reason: str


class Relate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case that repeats another, or has to do with it; each is handled on its own."""

    to: str | int
    kind: Literal["repeat", "related"] = "related"
    reason: str


class Unrelate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case that has nothing to do with another after all, with why."""

    to: str | int
    reason: str


class UrgeHelper(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cooperating unit that the lead urges to reply, by its task."""

    helper_no: int
    note: str = ""


class AskWaiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish of the lead to go on without a silent cooperating unit, with why."""

    helper_no: int
    reason: str


class Waive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Leave to go on without a silent cooperating unit, with why; the silence stays on record."""

    task_no: int
    reason: str
