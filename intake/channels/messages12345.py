"""The messages of a 12345 platform, field for field (domain section 5.3)."""

from typing import Annotated

import msgspec
from msgspec import Meta

from intake.channels.fields import Flag

Id = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"\S")]
Short = Annotated[str, Meta(max_length=200)]
Code = Annotated[str, Meta(max_length=64)]
Long = Annotated[str, Meta(max_length=2_000)]
Text = Annotated[str, Meta(min_length=1, max_length=20_000)]
Hex = Annotated[str, Meta(pattern="^[0-9A-Fa-f]{64}$")]


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A part of a message; fields not named here are left out, so no identity slips through."""


class Caller(_Part, frozen=True, kw_only=True):
    """Who called; goes to the vault."""

    name: Short | None = None
    phone: Code | None = None
    address: Short | None = None
    gender: Flag = None
    is_anonymous: Flag = None
    is_secret: Flag = None
    need_reply: Flag = None
    contact_time: Short | None = None


class Reflect(_Part, frozen=True, kw_only=True):
    """Who or what is complained of."""

    name: Short | None = None
    address: Short | None = None
    credit_code: Code | None = None


class Location(_Part, frozen=True, kw_only=True):
    """Where it happens, as the platform states it; codes may be out of date."""

    area_code: Code | None = None
    town_code: Code | None = None
    address: Short | None = None
    lng: float | str | None = None
    lat: float | str | None = None
    coord_type: Code | None = None


class Organisation(_Part, frozen=True, kw_only=True):
    """A unit by the platform's own code."""

    code: Code | None = None
    name: Short | None = None


class Dispatch(_Part, frozen=True, kw_only=True):
    """To whom the platform gave the order and until when."""

    organization_code: Code | None = None
    organization_name: Short | None = None
    co_orgs: tuple[Organisation, ...] = ()
    dispatch_time: Code | None = None
    time_unit: Code | None = None
    handle_days: int | str | None = None
    deadline_date: Code | None = None
    back_deadline: Code | None = None
    is_forbid_back: Flag = None
    dispatch_advice: Long | None = None


class Attachment(_Part, frozen=True, kw_only=True):
    """A file that stays with the platform: what it is, and where it can be fetched for a while."""

    file_id: Id
    name: Short
    type: Short = "application/octet-stream"
    size: Annotated[int, Meta(ge=0, le=1 << 40)] = 0
    sha256: Hex
    url: Annotated[str, Meta(max_length=2_000, pattern="^https?://")] | None = None
    ttl: int | None = None


class Order(_Part, frozen=True, kw_only=True):
    """One order."""

    order_no: Id
    content: Text
    title: Annotated[str, Meta(max_length=500)] | None = None
    source_no: Short | None = None
    handle_model_type: Code | None = None
    source_type: Code | None = None
    call_time: Code | None = None
    order_type: Code | None = None
    question_code: Code | None = None
    question_name: Short | None = None
    caller: Caller | None = None
    reflect: Reflect | None = None
    location: Location | None = None
    pilot_light: Code | None = None
    is_old_caller: Flag = None
    old_order_no: Short | None = None
    dispatch: Dispatch | None = None
    attachments: Annotated[tuple[Attachment, ...], Meta(max_length=50)] = ()
    update_time: Code | None = None


class Supplement(_Part, frozen=True, kw_only=True):
    """What the caller added later."""

    order_no: Id
    content: Text
    attachments: Annotated[tuple[Attachment, ...], Meta(max_length=50)] = ()
    supply_time: Code | None = None


class Supervise(_Part, frozen=True, kw_only=True):
    """An urging of the platform."""

    order_no: Id
    opinion: Long = ""
    level: Code | None = None
    supervise_time: Code | None = None


class Message(_Part, frozen=True, kw_only=True):
    """An envelope: `order`, `supplement` or `supervise` is filled as `msgType` says."""

    msg_id: Id
    msg_type: Code
    version: Code = "1.0"
    order: Order | None = None
    supplement: Supplement | None = None
    supervise: Supervise | None = None


class Kept(_Part, frozen=True, kw_only=True):
    """What is kept of a message: everything but who called."""

    msg_type: str
    order: Order | None = None
    supplement: Supplement | None = None
    supervise: Supervise | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of an order: our number, the citizen's tracking code, the version now held."""

    ticket_no: str
    track_code: str
    duplicate_of: str | None
    version: int


class Reply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to a message that was stored."""

    success: bool = True
    code: str = "0"
    message: str = "ok"
    result_data: Result
