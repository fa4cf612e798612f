"""What the acts on an unknown source must be told."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class TraceSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source found: which, by what kind of record, made when; `evidence` are the record's files.

    Sniffing names the `people` who did it, two at least.
    """

    task_no: int | None = None
    source: str
    record: Literal["monitoring", "sniffing"]
    at: datetime
    people: tuple[str, ...] = ()
    evidence: tuple[UUID, ...] = ()


class HandOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lead handed to the unit that answers for the source, with why it does."""

    unit: str
    reason: str
