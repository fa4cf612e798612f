"""Letters (转办函): to bodies that get no task, those of another city and those above ours.

A matter of another city is never dispatched there: a letter goes to it and one to the authority
above both, who coordinates (domain section 3.7.4; 法典 21, 125).
"""

from typing import Final

from models.db import letters as store
from models.db.letters import Letter
from models.db.pool import Connection
from models.errors import Invalid
from models.ids import uuid7
from models.moment import aware
from models.taxonomy import ISSUE_TYPES
from routing.dispute_verbs import AnswerLetter, LetterKind, ReceiveLetter, SendLetter
from routing.handling import said
from routing.matter import Change, Matter
from routing.officials import refuse_numbers

ISSUED: Final = "case:letter:issued"
RECEIVED: Final = "case:letter:received"
ANSWERED: Final = "case:letter:answered"
#: The authority above two cities.
_ABOVE: Final = "省级生态环境主管部门"


def send(matter: Matter, request: SendLetter, change: Change) -> None:
    """Issue a letter; one to another city also asks the authority above both to coordinate."""
    body = said(request.body, "body_required", "函件须写明事项和请求。")
    refuse_numbers(body)
    to = _addressee(matter, request)
    first = _letter(matter, request, to, body, 1)
    made = [first]
    if request.to_city is not None and request.kind is not LetterKind.COORDINATE:
        above = f"{body}(已同时致函{to}。)"
        made.append(_letter(matter, request, _ABOVE, above, 2, LetterKind.COORDINATE))
    _refuse_again(matter, made[0])
    change.data |= {"number": first.number, "to": to, "letter_kind": first.kind, "body": body}
    change.data["numbers"] = [letter.number for letter in made]

    async def issue(conn: Connection, _change: Change) -> None:
        for letter in made:
            await store.issue(conn, matter.case.city, letter)

    change.effects.append(issue)


def receive(matter: Matter, request: ReceiveLetter, change: Change) -> None:
    """Note the receipt of a letter: who took it in and when."""
    _known(matter, request.number)
    if _told(matter, RECEIVED, request.number):
        raise matter.conflict("received_already", "该函已登记签收。")
    who = said(request.received_by, "receiver_required", "回执须写明签收单位或签收人。")
    at = aware(request.received_at) if request.received_at else matter.at
    if at > matter.at:
        raise Invalid("receipt_ahead", "签收时间不能晚于现在。")
    change.data |= {"number": request.number, "received_by": who, "received_at": at.isoformat()}

    async def note(conn: Connection, _change: Change) -> None:
        case = matter.case
        await store.receive(conn, case.city, case.case_no, request.number, at=at, who=who)

    change.effects.append(note)


def answer(matter: Matter, request: AnswerLetter, change: Change) -> None:
    """Note what a letter was answered."""
    _known(matter, request.number)
    if _told(matter, ANSWERED, request.number):
        raise matter.conflict("answered_already", "该函已登记回复。")
    reply = said(request.reply, "reply_required", "须写明回复内容。")
    change.data |= {"number": request.number, "note": reply}

    async def note(conn: Connection, _change: Change) -> None:
        case, at = matter.case, matter.at
        await store.reply(conn, case.city, case.case_no, request.number, at=at, said=reply)

    change.effects.append(note)


def _addressee(matter: Matter, request: SendLetter) -> str:
    directory = matter.book.directory
    if request.to_city == directory.city.adcode:
        raise Invalid("city_own", "本市单位请派单,不用函。")
    if request.to_unit is None:
        return said(request.to_name or "", "addressee_required", "函件须写明主送单位。")
    unit = directory.units.get(request.to_unit)
    if unit is None:
        raise Invalid("unit_unknown", f"本市没有单位 {request.to_unit}。")
    if unit.level != "external":
        raise Invalid("dispatch_instead", f"{unit.name}属本市,请派单或协办,不用函。")
    return unit.name


def _letter(  # noqa: PLR0917  # what goes where reads in this order
    matter: Matter,
    request: SendLetter,
    to: str,
    body: str,
    nth: int,
    kind: LetterKind | None = None,
) -> Letter:
    case = matter.case
    kind = kind or request.kind
    before = sum(len(event.data["numbers"]) for event in matter.past(ISSUED))
    types = "、".join(ISSUE_TYPES[code].zh for code in case.types if code in ISSUE_TYPES)
    place = matter.book.directory.name(case.adcode or matter.book.city.adcode)
    return Letter(
        letter_id=uuid7(),
        case_no=case.case_no,
        number=f"{case.number}-函{before + nth}",
        kind=kind.value,
        to_unit=request.to_unit if nth == 1 else None,
        to_name=to,
        to_city=request.to_city,
        subject=f"关于{place}{types or '生态环境'}问题的{_TITLES[kind]}",
        body=body,
        issued_at=matter.at,
        issued_by=matter.actor.name,
        reply_by=aware(request.reply_by) if request.reply_by else None,
    )


_TITLES: Final = {
    LetterKind.TRANSFER: "转办函",
    LetterKind.COORDINATE: "协调请示函",
    LetterKind.INFORM: "情况通报函",
}


def _refuse_again(matter: Matter, letter: Letter) -> None:
    """Refuse the very same letter a second time."""
    same = (letter.to_name, letter.kind, letter.body)
    for past in matter.past(ISSUED):
        if (past.data["to"], past.data["letter_kind"], past.data["body"]) == same:
            raise matter.conflict("letter_sent", "同样的函件已发出。")


def _known(matter: Matter, number: str) -> None:
    if all(number not in event.data["numbers"] for event in matter.past(ISSUED)):
        raise Invalid("letter_unknown", f"该件没有编号 {number} 的函。")


def _told(matter: Matter, verb: str, number: str) -> bool:
    return any(event.data["number"] == number for event in matter.past(verb))
