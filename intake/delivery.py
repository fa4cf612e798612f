"""What a channel makes of a message: one delivery, the same for every channel."""

from datetime import datetime
from typing import Any

import msgspec

from models.case import Actor


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who reports; goes to the vault and nowhere else."""

    name: str | None = None
    phone: str | None = None
    address: str | None = None
    wechat: str | None = None
    anonymous: bool = False
    confidential: bool = True
    want_callback: bool = True
    contact_time: str | None = None


class FileRef(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment by reference: the source keeps it at `url`.

    `sha256` (hex) says what it must be. `content` is the file itself where it was uploaded here.
    """

    file_id: str
    name: str
    media_type: str
    size: int
    sha256: str
    url: str | None = None
    content: bytes | None = None


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is reported. Codes of divisions are as the source stated them, even if out of date.

    `category` is what the source calls the matter, by codes and names of its own. `supplement` adds
    the text to what is known instead of replacing it.
    """

    channel: str
    text: str
    title: str | None = None
    address: str | None = None
    stated_adcode: str | None = None
    stated_township: str | None = None
    source_due_at: datetime | None = None
    category: tuple[str, ...] = ()
    confidential: bool = True
    person: Person | None = None
    files: tuple[FileRef, ...] = ()
    supplement: bool = False


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something said about a case without changing what it reports: an event."""

    verb: str
    data: dict[str, Any]


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Of a verified signature: who signed, when, which nonce, over which body (keyed digest)."""

    app_id: str
    nonce: str
    digest: bytes
    at: datetime


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message about one report.

    `digest` is the vault's fingerprint of what it says, equal for equal content however written.
    `issued_at` is when the source says it was so; `stated` whether the message itself says that, or
    only its sending. `payload` is kept as it came, without identity. `unknown` lists fields and
    codes without a mapping.
    """

    city: str
    source: str
    external_no: str
    message_id: str
    digest: bytes
    issued_at: datetime
    stated: bool = False
    actor: Actor
    payload: Any
    content: Content | None = None
    notice: Notice | None = None
    proof: Proof | None = None
    unknown: tuple[tuple[str, str], ...] = ()
