"""The rows of storing reports, in the order of their columns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from models.case import CaseNo, Queue, State

_PART: Final = "\n"


def as_text(categories: Sequence[str]) -> str:
    """Write a platform's categories as one text, for columns of a batch cannot hold lists."""
    return _PART.join(categories)


class Key(NamedTuple):
    """What a delivery is known by; app and nonce are empty where nothing was signed."""

    source: str
    external_no: str
    message_id: str
    app_id: str
    nonce: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is held already of a delivery's number, message and nonce; None where nothing is."""

    version: int | None
    digest: bytes | None
    message_no: str | None
    message_digest: bytes | None
    message_version: int | None
    case_no: CaseNo | None
    nonce_digest: bytes | None
    received_at: datetime | None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A number and its case, locked: the version that holds, its content and the case's state.

    `source_category` is written as by `as_text`, here and in CaseChange.
    """

    source: str
    external_no: str
    case_no: CaseNo
    version: int
    digest: bytes
    issued_at: datetime | None
    state: State
    received_at: datetime
    title: str | None
    text: str
    address: str | None
    stated_adcode: str | None
    stated_township: str | None
    source_due_at: datetime | None
    source_category: str


class OpenRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A new case with the delivery that opens it; `payload` is anything that encodes as JSON."""

    source: str
    external_no: str
    message_id: str
    digest: bytes
    issued_at: datetime
    payload: Any
    case_no: CaseNo
    channel: str
    title: str | None = None
    text: str
    address: str | None = None
    stated_adcode: str | None = None
    stated_township: str | None = None
    source_due_at: datetime | None = None
    source_category: tuple[str, ...] = ()
    confidential: bool
    track_hash: bytes
    event_id: UUID
    actor_kind: str
    actor_name: str
    actor_unit: str | None = None


class ReportRow(NamedTuple):
    """A later delivery as it is kept."""

    source: str
    external_no: str
    version: int
    message_id: str
    digest: bytes
    case_no: int
    issued_at: datetime
    received_at: datetime
    applied: bool
    payload: Any


class NonceRow(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A signed request: who, which nonce, over which body."""

    app_id: str
    nonce: str
    digest: bytes


class FileRow(NamedTuple):
    """An attachment."""

    attachment_id: UUID
    case_no: int
    origin: str
    name: str
    media_type: str
    size: int
    sha256: str
    url: str | None
    content: bytes | None
    created_at: datetime


class UnknownRow(NamedTuple):
    """A code that has no mapping here."""

    source: str
    field: str
    code: str


class RefChange(NamedTuple):
    """A number's new version and the content that holds after it."""

    source: str
    external_no: str
    version: int
    digest: bytes
    issued_at: datetime | None


class CaseChange(NamedTuple):
    """A case's new content."""

    case_no: int
    title: str | None
    text: str
    address: str | None
    stated_adcode: str | None
    stated_township: str | None
    source_due_at: datetime | None
    confidential: bool
    source_category: str


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """A case in a list: `gist` is the beginning of its text."""

    city: str
    case_no: CaseNo
    state: State
    queue: Queue | None
    revision: int
    channel: str
    title: str | None
    gist: str
    received_at: datetime
    kind: str | None
    types: tuple[str, ...]
    urgency: str | None
    adcode: str | None
    township: str | None
    zone: str | None
    lead_unit: str | None
    review_reasons: tuple[str, ...]
    source_due_at: datetime | None
    accepted_at: datetime | None
    dispatched_at: datetime | None
    closed_at: datetime | None
