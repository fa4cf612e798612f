"""What a delivery means, given what is held: new, the same again, something more, or refused."""

from enum import StrEnum
from typing import NamedTuple

from intake.delivery import Content, Delivery
from models.case import STATE_NAMES, show_case_no
from models.db.intake_rows import CaseChange, Held, Known, as_text
from models.errors import Conflict, JiesuError, NotFound


class Meaning(StrEnum):
    """How a delivery stands to what is held."""

    NEW = "new"
    SAME = "same"
    MORE = "more"


def judge(delivery: Delivery, known: Known) -> Meaning:
    """Tell what the delivery is.

    Conflict when its nonce or its message id was used for something else, NotFound when it speaks
    of a number that is not held.
    """
    if refusal := _reused(delivery, known):
        raise refusal
    if known.message_no is not None:
        return Meaning.SAME
    if known.version is None:
        if delivery.content is None or delivery.content.supplement:
            code = "order_unknown"
            raise NotFound(code, f"未收到过工单 {delivery.external_no},请先推送工单全文。")
        return Meaning.NEW
    same = delivery.content is not None and known.digest == delivery.digest
    return Meaning.SAME if same else Meaning.MORE


def _reused(delivery: Delivery, known: Known) -> JiesuError | None:
    proof = delivery.proof
    if proof and known.nonce_digest is not None and known.nonce_digest != proof.digest:
        return Conflict("nonce_reused", "该 X-Nonce 已用于另一份报文,请换一个随机数重新签名。")
    if known.message_no is None:
        return None
    if (known.message_no, known.message_digest) == (delivery.external_no, delivery.digest):
        return None
    code = "message_id_reused"
    detail = f"消息编号 {delivery.message_id} 已用于另一份内容,请为新内容使用新的消息编号。"
    return Conflict(code, detail, ticketNo=_number(delivery.city, known.case_no))


def _number(city: str, case_no: int | None) -> str | None:
    return None if case_no is None else show_case_no(city, case_no)


class Change(NamedTuple):
    """What a delivery does to a held case; `row` is None where the content stays as it is."""

    verb: str
    applied: bool
    row: CaseChange | None
    fields: list[str]


def change(delivery: Delivery, held: Held, before: int | None) -> Change | None:
    """Tell what something new about a held number does; None when it says nothing new after all.

    A content older than the one that holds is kept as history. One that was delivered before
    (`before` is its version) and does not say when it was written is an old message sent again.
    """
    if delivery.notice:
        return Change(delivery.notice.verb, applied=True, row=None, fields=[])
    content = delivery.content
    if content is None or (delivery.digest == held.digest and not content.supplement):
        return None
    if before is not None and not delivery.stated:
        return None
    if held.issued_at and delivery.issued_at < held.issued_at and not content.supplement:
        return Change("case:content:outdated", applied=False, row=None, fields=[])
    row = _supplemented(content, held) if content.supplement else _replaced(content, held)
    verb = "case:content:supplemented" if content.supplement else "case:content:updated"
    return Change(verb, applied=True, row=row, fields=_changed(row, held))


def _replaced(content: Content, held: Held) -> CaseChange:
    return CaseChange(
        held.case_no,
        content.title,
        content.text,
        content.address,
        content.stated_adcode,
        content.stated_township,
        content.source_due_at,
        content.confidential,
        as_text(content.category),
    )


def _supplemented(content: Content, held: Held) -> CaseChange:
    return CaseChange(
        held.case_no,
        held.title,
        f"{held.text}\n【补充】{content.text}",
        held.address,
        held.stated_adcode,
        held.stated_township,
        held.source_due_at,
        content.confidential,
        held.source_category,
    )


_FIELDS = (
    "title",
    "text",
    "address",
    "stated_adcode",
    "stated_township",
    "source_due_at",
    "source_category",
)


def _changed(row: CaseChange, held: Held) -> list[str]:
    return [name for name in _FIELDS if getattr(row, name) != getattr(held, name)]


def describe(change_made: Change, held: Held) -> dict[str, object]:
    """Give what the event of a change keeps: which fields, and the state it met; never the text."""
    return {
        "fields": change_made.fields,
        "state": held.state,
        "state_name": STATE_NAMES[held.state],
    }
