"""Letters that press a unit, in order: 提醒, then 约谈, then 通报 (F31).

Each has its text from a form with the facts of the case, a number, a digest and a receipt. A milder
one is left out only with a reason; nothing in a letter tells who reported.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, get_args

import msgspec

from models.db import escalations
from models.db import supervision as store
from models.db.escalations import Notice
from models.db.pool import Connection
from models.db.supervision import Document, Order
from models.errors import Invalid
from models.ids import uuid7
from models.moment import CHINA, aware
from models.taxonomy import ISSUE_TYPES
from routing.act import Look
from routing.chain import Press as Kind
from routing.chain import held, policy
from routing.handling import said
from routing.matter import Change, Matter
from routing.officials import refuse_numbers
from routing.supervision_verbs import Press, ReceiveDocument

REMINDED: Final = "case:pressed:reminded"
INTERVIEWED: Final = "case:pressed:interviewed"
NOTIFIED: Final = "case:pressed:notified"
RECEIVED: Final = "case:pressed:received"
#: From the mildest on.
ORDER: Final[tuple[Kind, ...]] = get_args(Kind)


class Past(NamedTuple):
    """What was done before, and the number drawn for the letter."""

    documents: list[Document]
    orders: list[Order]
    n: int


def look(kind: Kind) -> Look:
    """Read what was done before and draw a number, for a letter that may go out alone.

    A number is given back with its transaction; one that only repeats what was done draws none.
    """

    async def read(conn: Connection, matter: Matter, _request: msgspec.Struct) -> Past:
        city, no = matter.case.city, matter.case.case_no
        sent = await store.documents(conn, city, no)
        _refuse_milder(matter, kind, sent)
        year = aware(matter.at).year
        return Past(
            sent,
            await store.orders(conn, city, no),
            await store.number(conn, city, kind, year),
        )

    return read


def remind(matter: Matter, request: Press, change: Change) -> None:
    """Remind the unit that leads a case (提醒)."""
    _press(matter, request, change, "remind")


def interview(matter: Matter, request: Press, change: Change) -> None:
    """Call its leaders to a talk (约谈)."""
    _press(matter, request, change, "interview")


def notify(matter: Matter, request: Press, change: Change) -> None:
    """Name it before all units (通报); it leaves the list of those who did not report."""
    made = _press(matter, request, change, "notice")

    async def clear(conn: Connection, _change: Change) -> None:
        await store.clear_names(conn, matter.case, matter.at, made.number)

    change.effects.append(clear)


async def documents(conn: Connection, matter: Matter, _request: msgspec.Struct) -> list[Document]:
    """Read the letters about the case."""
    return await store.documents(conn, matter.case.city, matter.case.case_no)


def receive(matter: Matter, request: ReceiveDocument, change: Change) -> None:
    """Note the receipt of a letter by the unit it went to."""
    unit = matter.actor.unit
    sent: list[Document] = change.seen
    found = next((d for d in sent if (d.number, d.to_unit) == (request.number, unit)), None)
    if found is None:
        raise Invalid("document_unknown", f"本单位没有文号为 {request.number} 的文书。")
    if found.received_at is not None:
        raise matter.conflict("received_already", "该文书已签收。")
    who = said(request.received_by, "receiver_required", "回执须写明签收人。")
    change.data |= {"number": found.number, "document": found.number, "handler": who}

    async def write(conn: Connection, _change: Change) -> None:
        city, at = matter.case.city, matter.at
        await store.receive(conn, city, found.number, found.to_unit, at=at, by=who)

    change.effects.append(write)


def digest(title: str, body: str) -> str:
    """Digest a letter: SHA-256 of title and body in UTF-8 with a line feed between."""
    return hashlib.sha256(f"{title}\n{body}".encode()).hexdigest()


def _press(matter: Matter, request: Press, change: Change, kind: Kind) -> Document:
    demand = said(request.demand, "demand_required", "须写明要求。")
    refuse_numbers(demand)
    refuse_numbers(request.skip_reason)
    unit = matter.case.lead_unit or ""
    past: Past = change.seen
    skipped = _skipped(kind, [d.kind for d in past.documents if d.to_unit == unit])
    if skipped and not request.skip_reason.strip():
        names = "、".join(policy().document[one].name for one in skipped)
        raise Invalid("skip_reason_required", f"尚未{names},跳级须写明理由。")
    made = _document(matter, kind, unit, demand, past)
    if skipped:
        made = msgspec.structs.replace(made, skip_reason=request.skip_reason.strip())
        change.data["reason"] = made.skip_reason
    change.data |= {"number": made.number, "document": made.number, "to": unit}
    change.data |= {"sha256": made.sha256, "note": demand}

    async def write(conn: Connection, _change: Change) -> None:
        await store.issue(conn, matter.case.city, made)
        await escalations.tell(conn, matter.case.city, [_notice(made)])

    change.effects.append(write)
    return made


def _refuse_milder(matter: Matter, kind: Kind, sent: Sequence[Document]) -> None:
    """Refuse a letter where one as grave was sent to the unit, or where no unit leads."""
    unit = matter.case.lead_unit
    if unit is None:
        raise matter.conflict("no_lead", "该件没有主办单位。")
    if any(one.to_unit == unit and one.kind in ORDER[ORDER.index(kind) :] for one in sent):
        name = policy().document[kind].name
        raise matter.conflict("pressed_already", f"该单位已被{name}或采取更高措施,不再降级。")


def _skipped(kind: Kind, before: Sequence[str]) -> tuple[Kind, ...]:
    """Name the letters left out since the last one."""
    sent = [ORDER.index(one) for one in ORDER if one in before]
    return ORDER[max(sent, default=-1) + 1 : ORDER.index(kind)]


def _document(matter: Matter, kind: Kind, unit: str, demand: str, past: Past) -> Document:
    form, case = policy().document[kind], matter.case
    year = aware(matter.at).year
    short = matter.book.city.short_names[0]
    number = f"{short}环督{form.mark}〔{year}〕{past.n}号"
    title = form.title.format(number=case.number)
    facts = _facts(matter, unit, past)
    body = form.body.format(**facts, mark=number, demand=demand).strip()
    return Document(
        document_id=uuid7(),
        case_no=case.case_no,
        number=number,
        kind=kind,
        to_unit=unit,
        title=title,
        body=body,
        sha256=digest(title, body),
        issued_at=matter.at,
        issued_by=matter.actor.name,
    )


def _facts(matter: Matter, unit: str, past: Past) -> dict[str, str]:
    """Say what a letter tells of a case: never its words, title or address."""
    case, book, on = matter.case, matter.book, aware(matter.at).date()
    types = "、".join(ISSUE_TYPES[code].zh for code in case.types if code in ISSUE_TYPES)
    issuer = held(book, "COORD", on) or held(book, "ECO", on)
    return {
        "number": case.number,
        "unit": matter.unit_name(unit) or unit,
        "place": book.directory.name(case.adcode or book.city.adcode),
        "types": types or "生态环境",
        "received": _day(case.received_at),
        "dispatched": _day(case.dispatched_at or case.received_at),
        "today": _day(matter.at),
        "standing": _standing(matter, past.orders),
        "before": _before(past.documents, unit),
        "issuer": matter.unit_name(issuer) or book.city.name,
    }


def _standing(matter: Matter, orders: Sequence[Order]) -> str:
    late = [c for c in matter.clocks if c.breached_at is not None]
    known = [matter.book.clocks.get(clock.code) for clock in late]
    names = list(dict.fromkeys(one.zh for one in known if one is not None))
    said = f"{'、'.join(names)}已超过规定时限" if names else "该件尚未办结"
    urged = f",已催办督办 {len(orders)} 次" if orders else ""
    return f"{said}{urged}。"


def _before(documents: Sequence[Document], unit: str) -> str:
    sent = [one for one in documents if one.to_unit == unit]
    if not sent:
        return ""
    told = [f"{_day(one.issued_at)}{_name(one)}({one.number})" for one in sent]
    return f"此前已{'、'.join(told)}。"


def _name(document: Document) -> str:
    forms = policy().document
    return next(forms[kind].name for kind in ORDER if kind == document.kind)


def _notice(made: Document) -> Notice:
    return Notice(
        case_no=made.case_no,
        kind="document",
        about=f"document:{made.number}",
        to_unit=made.to_unit,
        to_post="head",
        title=made.title,
        body=f"文号:{made.number}。请签收并按要求办理。",
    )


def _day(moment: datetime) -> str:
    day = moment.astimezone(CHINA)
    return f"{day.year}年{day.month}月{day.day}日"
