"""Suspected crimes: laid before the unit's head, handed to the police, and what they decided (F54).

People alone decide: whoever reports does not decide, and the system does neither. The clocks (K35,
K35A, K35B) run by these events and outlive the case.
"""

from collections.abc import Mapping
from typing import Any, Final

from models.case import State
from models.db import closure
from models.db.closure import Crime
from models.db.pool import Connection
from models.errors import Invalid
from routing.act import Act
from routing.closure_verbs import DecideCrime, NotePolice, ReportCrime, TransferCrime
from routing.handling import said
from routing.lifecycle import AT_WORK, Move
from routing.matter import Change, Effect, Matter

REPORTED, APPROVED, REFUSED = "crime:reported", "crime:approved", "crime:refused"
TRANSFERRED, DECIDED = "crime:transferred", "crime:psb_decided"
_ANY: Final = (*AT_WORK, State.CLOSED, State.ARCHIVED)
_SHORTEST: Final = 2


async def seen(conn: Connection, matter: Matter, _request: Any) -> list[Crime]:  # noqa: ANN401
    """Read the transfers of a case."""
    return await closure.crimes(conn, matter.case.city, matter.case.case_no)


def report(matter: Matter, request: ReportCrime, change: Change) -> None:
    """Lay a suspected crime before the head, with the facts and the list of evidence."""
    unit = _own_lead(matter)
    if _open(change.seen) is not None:
        raise matter.conflict("transfer_open", "已有正在办理的涉嫌犯罪移送。")
    items = tuple(item.strip() for item in request.items if len(item.strip()) >= _SHORTEST)
    if not items:
        raise Invalid("evidence_list_required", "涉嫌犯罪移送须附证据清单。")
    crime = Crime(
        unit=unit,
        facts=said(request.facts, "facts_required", "须写明涉嫌犯罪的事实。"),
        evidence=items,
        files=request.evidence,
        reported_at=matter.at,
        reported_by=matter.actor.name,
    )
    change.data |= {"n": len(change.seen) + 1, "items": len(items)}
    change.effects.append(
        lambda conn, _: closure.report_crime(conn, matter.case.city, matter.case.case_no, crime)
    )


def decide(matter: Matter, request: DecideCrime, change: Change) -> None:
    """Approve or refuse a transfer as the unit's head does, who is not the one that reported it."""
    _own_lead(matter)
    crime = _open(change.seen)
    if crime is None or crime.decided_at is not None:
        raise matter.conflict("wrong_step", "没有待批准的涉嫌犯罪移送。")
    head = said(request.head, "head_required", "须写明作出决定的单位负责人(正职)。")
    if matter.actor.name == crime.reported_by:
        raise matter.conflict("second_person_needed", "批准移送须由报告人以外的人登记。")
    reason = said(request.reason, "reason_required", "须写明批准或者不批准的理由。")
    change.event = APPROVED if request.approved else REFUSED
    change.data |= {"n": crime.n, "head": head, "reason": reason}
    change.effects.append(_step(matter, "decide_crime", matter.at, request.approved, head, reason))


def transfer(matter: Matter, request: TransferCrime, change: Change) -> None:
    """Note that the approved transfer went out: the letter, to whom, the receipt."""
    _own_lead(matter)
    crime = _open(change.seen)
    if crime is None or not crime.approved or crime.transferred_at is not None:
        raise matter.conflict("wrong_step", "移送须先经单位负责人批准,且只移送一次。")
    document = said(request.document, "document_required", "须写明移送书文号。")
    recipient = said(request.recipient, "recipient_required", "须写明接收的公安机关。")
    change.data |= {"n": crime.n, "document": document, "to": recipient}
    receipt = request.receipt.strip()
    change.effects.append(_step(matter, "transfer_crime", matter.at, document, recipient, receipt))


def note_police(matter: Matter, request: NotePolice, change: Change) -> None:
    """Note what the police decided: a case opened or not."""
    crime = _open(change.seen)
    if crime is None or crime.transferred_at is None:
        raise matter.conflict("wrong_step", "尚未移送公安机关。")
    document = said(request.document, "document_required", "须写明公安机关决定文书。")
    change.data |= {"n": crime.n, "filed": request.filed, "document": document}
    change.effects.append(_step(matter, "end_crime", matter.at, request.filed, document))


async def undone(conn: Connection, matter: Matter) -> list[str]:
    """Say that a transfer waits for the head, or to go out: the case cannot be closed before."""
    crime = _open(await closure.crimes(conn, matter.case.city, matter.case.case_no))
    waits = crime is not None and crime.transferred_at is None
    return ["涉嫌犯罪移送尚未批准或移送"] if waits else []


def _open(crimes: list[Crime]) -> Crime | None:
    """Give the transfer that goes on: neither refused nor decided on by the police."""
    return next((one for one in crimes if one.approved is not False and one.psb_at is None), None)


def _own_lead(matter: Matter) -> str:
    """Give the unit that leads, which alone transfers; Conflict for any other."""
    lead, unit = matter.lead, matter.actor.unit
    if lead is None or lead.unit != unit:
        raise matter.conflict("lead_only", "只有主办单位可以做这个操作。")
    return lead.unit


def _step(matter: Matter, name: str, *columns: object) -> Effect:
    async def keep(conn: Connection, _change: Change) -> None:
        await closure.step_crime(conn, matter.case.city, matter.case.case_no, name, *columns)

    return keep


ACTS: Final[Mapping[str, Act]] = {
    "report_crime": Act(
        Move(who="unit", data=ReportCrime, cases=_ANY, event=REPORTED), report, seen
    ),
    "decide_crime": Act(
        Move(who="unit", data=DecideCrime, cases=_ANY, event=APPROVED), decide, seen
    ),
    "transfer_crime": Act(
        Move(who="unit", data=TransferCrime, cases=_ANY, event=TRANSFERRED), transfer, seen
    ),
    "note_police": Act(
        Move(who="anyone", data=NotePolice, cases=_ANY, event=DECIDED), note_police, seen
    ),
}
