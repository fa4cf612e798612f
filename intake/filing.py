"""From a delivery to the rows that keep it."""

import hashlib
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from intake.delivery import Content, Delivery, FileRef
from intake.judge import Change
from models.case import CaseNo, Event
from models.db.intake_rows import FileRow, Held, Key, OpenRow, RefChange, ReportRow
from models.ids import uuid7

_NO_PROOF: Final = ("", "")


def key(delivery: Delivery) -> Key:
    """Give what a delivery is known by."""
    proof = delivery.proof
    signed = (proof.app_id, proof.nonce) if proof else _NO_PROOF
    return Key(delivery.source, delivery.external_no, delivery.message_id, *signed)


def opened(delivery: Delivery, content: Content, no: CaseNo, track_hash: bytes) -> OpenRow:
    """File a new case."""
    actor = delivery.actor
    return OpenRow(
        source=delivery.source,
        external_no=delivery.external_no,
        message_id=delivery.message_id,
        digest=delivery.digest,
        issued_at=delivery.issued_at,
        payload=delivery.payload,
        case_no=no,
        channel=content.channel,
        title=content.title,
        text=content.text,
        address=content.address,
        stated_adcode=content.stated_adcode,
        stated_township=content.stated_township,
        source_due_at=content.source_due_at,
        source_category=content.category,
        confidential=content.confidential,
        track_hash=track_hash,
        event_id=uuid7(),
        actor_kind=actor.kind,
        actor_name=actor.name,
        actor_unit=actor.unit,
    )


def report(
    delivery: Delivery, no: CaseNo, version: int, at: datetime, *, applied: bool
) -> ReportRow:
    """File what was delivered of a case that is held."""
    return ReportRow(
        delivery.source,
        delivery.external_no,
        version,
        delivery.message_id,
        delivery.digest,
        no,
        delivery.issued_at,
        at,
        applied,
        delivery.payload,
    )


def ref_change(delivery: Delivery, held: Held, made: Change, version: int) -> RefChange:
    """File the new version of a number; a supplement leaves the content that holds."""
    content = delivery.content
    holds = made.row is not None and content is not None and not content.supplement
    digest = delivery.digest if holds else held.digest
    issued_at = delivery.issued_at if holds else held.issued_at
    return RefChange(held.source, held.external_no, version, digest, issued_at)


def file(delivery: Delivery, file: FileRef, no: CaseNo, at: datetime) -> FileRow:
    """File an attachment; its id says which file of which case it is."""
    origin = "source" if delivery.actor.kind == "platform" else "citizen"
    name = f"{delivery.city}|{no}|{file.file_id}|{file.sha256}".encode()
    file_id = UUID(bytes=hashlib.sha256(name).digest()[:16], version=4)
    return FileRow(
        file_id,
        no,
        origin,
        file.name,
        file.media_type,
        file.size,
        file.sha256,
        file.url,
        file.content,
        at,
    )


def event(delivery: Delivery, no: CaseNo, verb: str, data: dict[str, Any], at: datetime) -> Event:
    """File what happened."""
    return Event(
        city=delivery.city,
        event_id=uuid7(),
        case_no=no,
        at=at,
        verb=verb,
        actor=delivery.actor,
        data=data,
    )
