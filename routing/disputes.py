"""A dispute about who leads a case: read from its history, opened, and ended with one lead.

The order of the ways out (domain section 3.4): whoever got the case acts, the units agree within a
day, the hotline designates, the coordinating body where it is grave. After that nobody returns it.
"""

from datetime import datetime
from typing import Any, Final

import msgspec

from models.case import Queue, Task, TaskState
from models.clock import ClockDef
from models.db import disputes as store
from models.db.disputes import Dispute
from models.db.pool import Connection
from routing import clocking, correcting, terms
from routing.catalogue import Catalogue
from routing.clocks import deadline
from routing.lifecycle import OVER
from routing.matter import Change, Matter
from routing.plan import DISPATCHED

OPENED: Final = "case:dispute:opened"
CONSENTED: Final = "case:dispute:consented"
NEGOTIATED: Final = "case:dispute:negotiated"
DESIGNATED: Final = "case:dispute:designated"
ESCALATED: Final = "case:dispute:escalated"
TAKEN_UP: Final = "case:dispute:taken_up"
#: Why a case with a dispute is at the desk (models.tags.REVIEW_REASONS).
DISPUTE: Final = "dispute"
_FEWEST: Final = 2
_AGREE: Final = {"territory": "D02"}
_ORDINARY: Final = "D01"


class Quarrel(msgspec.Struct, frozen=True, kw_only=True):
    """An open dispute as its case's history tells it; `invited` are the tasks given out for it."""

    dispute_no: int
    cause: str
    level: str
    opener: str
    parties: tuple[str, ...]
    invited: tuple[int, ...]
    opened_at: datetime
    until: datetime
    words: dict[str, str]

    def agreed_on(self, lead: str) -> bool:
        """Tell whether every party has said that this unit shall lead."""
        return all(self.words.get(party) == lead for party in self.parties)


def open_one(matter: Matter) -> Quarrel | None:
    """Give the dispute that is open, None where there is none."""
    opened = matter.past(OPENED)
    if not opened:
        return None
    data, number = opened[-1].data, opened[-1].data["dispute_no"]
    ended = (*matter.past(NEGOTIATED), *matter.past(DESIGNATED))
    if any(event.data.get("dispute_no") == number for event in ended):
        return None
    said = [e.data for e in matter.past(CONSENTED) if e.data["dispute_no"] == number]
    raised = any(e.data["dispute_no"] == number for e in matter.past(ESCALATED))
    until = datetime.fromisoformat(data["until"])
    return Quarrel(
        dispute_no=number,
        cause=data["cause"],
        level="coord" if raised else data["level"],
        opener=data["opener"],
        parties=tuple(data["parties"]),
        invited=tuple(data["invited"]),
        opened_at=opened[-1].at,
        until=opened[-1].at if raised else until,
        words={word["unit"]: word["lead_unit"] for word in said},
    )


def refuse_while_open(matter: Matter) -> None:
    """Refuse the ordinary ways while a dispute is open: it ends by agreement or designation."""
    if open_one(matter) is not None:
        detail = "该件主办争议未决,须由双方协商一致或会商指定。"
        raise matter.conflict("dispute_open", detail)


async def not_disputed(_conn: Connection, matter: Matter, _request: object) -> None:
    """Refuse to end a case in another while it is disputed who leads it."""
    refuse_while_open(matter)


async def undecided(_conn: Connection, matter: Matter) -> list[str]:
    """Say that a dispute is open, which keeps its case from being closed."""
    return ["主办争议未决"] if open_one(matter) is not None else []


def open_dispute(
    matter: Matter, change: Change, *, cause: str, opener: str, parties: list[str]
) -> None:
    """Open a dispute between units; one that has only one party goes above it at once."""
    units = matter.book.directory.units
    sitting = tuple(
        code for code in dict.fromkeys(parties) if code in units and units[code].level != "external"
    )
    number = matter.count(OPENED) + 1
    until = _until(matter, cause) if len(sitting) >= _FEWEST else matter.at
    together = until > matter.at
    invited = _invite(matter, change, sitting) if together else []
    level = "city" if cause == "territory" else "hotline"
    if not together:
        change.on_case(queue=Queue.REVIEW, review_reasons=(DISPUTE,))
    opened = Dispute(
        case_no=matter.case.case_no,
        dispute_no=number,
        cause=cause,
        stage="negotiation" if together else "adjudication",
        level=level,
        opener=opener,
        parties=sitting,
        opened_at=matter.at,
        negotiate_until=until,
    )
    said = {"dispute_no": number, "cause": cause, "level": level, "opener": opener}
    said |= {"parties": list(sitting), "invited": invited, "until": until.isoformat()}
    change.more_events.append((OPENED, said))

    async def keep(conn: Connection, _change: Change) -> None:
        await store.open_one(conn, matter.case.city, opened)

    change.effects.append(keep)


def settle(
    matter: Matter, change: Change, quarrel: Quarrel, settled: dict[str, Any], lead: str
) -> None:
    """End a dispute: those who were only asked for it go, its clock stops, its row is closed."""
    for task in matter.open_tasks:
        leaving = any(old is task for old, _ in change.others)
        if task.task_no in quarrel.invited and task.unit != lead and not leaving:
            change.on_other(task, state=TaskState.WITHDRAWN, returned_at=matter.at)
            change.stop_all(change.event, task.task_no)
    stop_started_by(matter, change, OPENED, None, change.event)
    ended = Dispute(
        case_no=matter.case.case_no,
        dispute_no=quarrel.dispute_no,
        cause=quarrel.cause,
        level=quarrel.level,
        opener=quarrel.opener,
        parties=quarrel.parties,
        opened_at=quarrel.opened_at,
        negotiate_until=quarrel.until,
        settled_at=matter.at,
        lead_unit=lead,
        settled_by=matter.actor.name,
        **settled,
    )

    async def keep(conn: Connection, _change: Change) -> None:
        await store.settle(conn, matter.case.city, ended)

    change.effects.append(keep)


def stop_started_by(
    matter: Matter, change: Change, verb: str, task_no: int | None, why: str
) -> None:
    """Stop the running clocks that an event started, of the case or of one task."""
    change.stops += [
        (clock, why)
        for clock in matter.running
        if (known := matter.book.clocks.get(clock.code)) is not None
        and known.start == verb
        and clock.task_no in (0, task_no)
    ]


def helper(matter: Matter, change: Change, unit: str) -> Task:
    """Give a unit a part in the case beside the lead, and put it into the change."""
    given = [*matter.tasks, *change.new_tasks]
    decision = change.case.decision or matter.case.decision
    named = correcting.named(matter.book, decision, unit, None) if decision else None
    task = Task(
        city=matter.case.city,
        case_no=matter.case.case_no,
        task_no=max((task.task_no for task in given), default=0) + 1,
        unit=unit,
        role=named.role if named else "OTHER",
        is_lead=False,
        state=TaskState.DISPATCHED,
        revision=1,
        dispatched_at=matter.at,
        signed_at=None,
        handler=None,
        contacted_at=None,
        submitted_at=None,
        returned_at=None,
        result=None,
    )
    change.new_tasks.append(task)
    return task


def asked(matter: Matter, change: Change, unit: str) -> Task:
    """Give a unit a part in the case with a time to sign it in."""
    task = helper(matter, change, unit)
    change.starts += clocking.starts(
        matter.book,
        change.case,
        [task],
        (DISPATCHED,),
        matter.at,
        held=matter.clocks,
        whole_case=False,
    )
    return task


def _invite(matter: Matter, change: Change, parties: tuple[str, ...]) -> list[int]:
    """Let every party see the case, which it must to agree; give the tasks made for that."""
    gone = {new.task_no for _, new in change.others if new.state in OVER}
    open_ones = [task for task in matter.open_tasks if task.task_no not in gone]
    present = {task.unit for task in (*open_ones, *change.new_tasks)}
    return [asked(matter, change, unit).task_no for unit in parties if unit not in present]


def _until(matter: Matter, cause: str) -> datetime:
    code = _AGREE.get(cause, _ORDINARY)
    known = _terms_of(matter.book)[code]
    return deadline(known, matter.at, matter.case.urgency, matter.book.calendar).due_at


def _terms_of(book: Catalogue) -> dict[str, ClockDef]:
    known = terms.agreement()
    return {code: book.clocks.get(code, clock) for code, clock in known.items()}
