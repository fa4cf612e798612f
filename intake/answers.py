"""What the API answers: cases for staff, progress for citizens, holdings for platforms."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from intake import following
from intake.pages.city_words import CityWords
from intake.pages.history import PartProgress
from intake.unit_view import case_for_unit, line_for_unit
from models.case import Case, CaseNo, Event, read_case_no, show_case_no
from models.db import events, grids, intake, links, views
from models.db.grids import GridCheck, PatrolFinding
from models.db.intake_rows import Brief
from models.db.lines import ClockView, TaskView
from models.db.links import Link
from models.db.outbox import Dead
from models.db.pool import Connection
from models.errors import NotFound

_END = 1 << 62


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A case in a list, under the number people know it by."""

    number: str
    case: Brief


class CaseList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of cases, the newest first; `cursor` asks for the next one, None at the end."""

    cases: tuple[Listed, ...]
    cursor: str | None


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a case's history."""

    at: datetime
    verb: str
    actor_kind: str
    actor_name: str
    actor_unit: str | None
    data: dict[str, Any]


class CasePage(msgspec.Struct, frozen=True, kw_only=True):
    """A case with all that belongs to it; identity is never part of it."""

    number: str
    case: Case
    tasks: tuple[TaskView, ...]
    clocks: tuple[ClockView, ...]
    history: tuple[Happened, ...]
    links: tuple[Link, ...] = ()
    grid_checks: tuple[GridCheck, ...] = ()
    patrol: PatrolFinding | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a case as its citizen reads it; without a time it is still ahead."""

    title: str
    at: datetime | None
    text: str


class Tracked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a case stands, as whoever holds its code may know it: no identity, no names of staff."""

    ticket_no: str
    state: str
    state_name: str
    text: str
    received_at: datetime
    unit: str | None
    due_at: datetime | None
    provisional: bool
    timeline: tuple[Step, ...]
    outcome: str | None
    reply: str | None
    parts: tuple[PartProgress, ...]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One of a source's numbers that is held, and how its case stands."""

    number: str
    ticket_no: str = msgspec.field(name="ticketNo")
    state: str
    queue: str | None
    review_reasons: tuple[str, ...]
    lead_unit: str | None


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a reconciliation: what is held, and what is missing here."""

    held: tuple[Held, ...]
    missing: tuple[str, ...]


class DeadLetters(msgspec.Struct, frozen=True, kw_only=True):
    """Messages to platforms that were given up."""

    dead: tuple[Dead, ...]


class Revived(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages will be sent again."""

    revived: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a list was asked for; `before` is the last case number seen."""

    state: str | None = None
    unit: str | None = None
    q: str = ""
    before: int | None = None
    limit: int = 50


async def find_cases(
    conn: Connection, city: str, asked: Asked, words: Sequence[str] = ()
) -> CaseList:
    """List the newest cases that were asked for.

    `q` may be a case number or a source's number; `words` (of any other `q`) must all stand in the
    text, and then state and unit are not looked at.
    """
    numbers = await _numbers(conn, city, asked, words)
    found = await intake.briefs(conn, city, numbers)
    listed = tuple(Listed(number=show_case_no(city, b.case_no), case=b) for b in found)
    more = len(numbers) == asked.limit
    return CaseList(cases=listed, cursor=str(numbers[-1]) if more else None)


async def case_page(conn: Connection, city: str, case_no: CaseNo) -> CasePage:
    """Give a case as far as the connection may see it; NotFound otherwise."""
    case = await views.case(conn, city, case_no)
    if case is None:
        raise no_such_case()
    return CasePage(
        number=case.number,
        case=case,
        tasks=tuple(await views.tasks(conn, city, case_no)),
        clocks=tuple(await views.clocks(conn, city, case_no)),
        history=tuple(_happened(e) for e in await events.history(conn, city, case_no)),
        links=tuple(await links.of_case(conn, city, case_no)),
        grid_checks=tuple(await grids.of_case(conn, city, case_no)),
        patrol=await grids.patrol(conn, city, case_no),
    )


async def tracked(conn: Connection, city: CityWords, adcode: str, case_no: CaseNo) -> Tracked:
    """Tell the citizen how their case stands."""
    case = await views.case(conn, adcode, case_no)
    if case is None:
        raise no_such_case()
    told = await following.told(conn, city, case)
    return Tracked(
        ticket_no=case.number,
        state=case.state,
        state_name=told.status,
        text=told.text,
        received_at=case.received_at,
        unit=told.unit or None,
        due_at=told.due_at,
        provisional=told.provisional,
        timeline=tuple(Step(title=s.title, at=s.at, text=s.text) for s in told.steps),
        outcome=told.outcome or None,
        reply=told.reply or None,
        parts=told.parts,
    )


async def reconciled(
    conn: Connection, city: str, source: str, numbers: Sequence[str]
) -> Reconciled:
    """Tell which of a source's numbers are held, in the order asked, each once."""
    found = await intake.reconcile(conn, city, source, numbers)
    asked = list(dict.fromkeys(numbers))
    held = tuple(
        Held(
            number=number,
            ticket_no=show_case_no(city, row["case_no"]),
            state=row["state"],
            queue=row["queue"],
            review_reasons=tuple(row["review_reasons"]),
            lead_unit=row["lead_unit"],
        )
        for number in asked
        if (row := found.get(number))
    )
    return Reconciled(held=held, missing=tuple(n for n in asked if n not in found))


def list_for_unit(found: CaseList) -> CaseList:
    """Hide in a list what tells who reported."""
    listed = (msgspec.structs.replace(c, case=line_for_unit(c.case)) for c in found.cases)
    return msgspec.structs.replace(found, cases=tuple(listed))


def page_for_unit(page: CasePage) -> CasePage:
    """Hide in a case what tells who reported."""
    return msgspec.structs.replace(page, case=case_for_unit(page.case))


def no_such_case() -> NotFound:
    """Make the answer for a case that is not held, or not for who asks."""
    return NotFound("case_not_found", "工单不存在,或您无权查看。")


async def _numbers(conn: Connection, city: str, asked: Asked, words: Sequence[str]) -> list[CaseNo]:
    before = asked.before or _END
    if not asked.q:
        return await intake.numbers(
            conn, city, before, asked.limit, state=asked.state, unit=asked.unit
        )
    if asked.q.upper().startswith("ENV-"):
        own, case_no = read_case_no(asked.q)
        return [case_no] if own == city else []
    by_source = await intake.numbers(conn, city, before, asked.limit, external_no=asked.q)
    if by_source or not words:
        return by_source
    return await views.search(conn, city, words, asked.limit, before)


def _happened(event: Event) -> Happened:
    return Happened(
        at=event.at,
        verb=event.verb,
        actor_kind=event.actor.kind,
        actor_name=event.actor.name,
        actor_unit=event.actor.unit,
        data=event.data,
    )
