"""Everything a case page shows, read in one transaction under the reader's own rights."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from intake.auth import Staff
from intake.keys import SERVICES
from intake.pages import highlight, history
from intake.pages.city_words import CITY_WORDS, CityWords
from intake.pages.highlight import Key, Piece
from intake.pages.history import Entry
from intake.unit_view import case_for_unit
from models.case import Case, Event, State, TaskState, read_case_no
from models.db import events, identity, restricted, verification, views
from models.db.identity import Access
from models.db.lines import ClockView, FileView, Reporter, TaskView
from models.db.pool import Connection
from models.decision import Decision
from models.errors import NotFound
from models.moment import now
from routing.accused import barred
from routing.border import with_neighbours
from routing.catalogue import catalogue
from routing.engine import decide
from routing.facts import facts_of

#: How many cooperating units the form of a case can name.
MOST_HELPERS: Final = 8


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case with all that belongs to it, ready to be shown; `to_ask` whether to call now."""

    case: Case
    words: CityWords
    pieces: list[Piece]
    keys: list[Key]
    tasks: list[TaskView]
    clocks: list[ClockView]
    entries: list[Entry]
    suggested: str
    files: list[FileView]
    reporters: list[Reporter]
    accesses: list[Access]
    references: list[tuple[str, str, int]]
    proposal: Decision | None
    barred: frozenset[str] = frozenset()
    past: list[Event]
    to_ask: bool = False

    @property
    def lead(self) -> TaskView | None:
        """The lead's task, where there is one."""
        gone = (TaskState.RETURNED, TaskState.WITHDRAWN)
        return next((task for task in self.tasks if task.is_lead and task.state not in gone), None)

    def task_of(self, unit: str | None) -> TaskView | None:
        """Give a unit's own task, an open one before one that is over."""
        over = (TaskState.RETURNED, TaskState.WITHDRAWN, TaskState.DONE)
        own = [task for task in self.tasks if task.unit == unit]
        return min(own, key=lambda task: task.state in over, default=None)

    @property
    def waiting(self) -> bool:
        """Whether the desk must still decide what becomes of the case."""
        return self.case.state in (State.SCREEN, State.ACCEPTED)

    @property
    def chosen_helpers(self) -> list[str]:
        """The cooperating units that are decided or would be, as many as a form can show."""
        decision = self.decision
        return [h.unit for h in decision.cooperating if h.unit][:MOST_HELPERS] if decision else []

    @property
    def decision(self) -> Decision | None:
        """The decision that holds, or the one that would follow if the desk sent the case out."""
        return self.proposal or self.case.decision

    def own_clocks(self, unit: str | None) -> list[ClockView]:
        """Give all clocks to the desk, a unit those of its task and, if it leads, the case's."""
        own = self.task_of(unit) if unit else None
        if own is None:
            return self.clocks
        held = (0, own.task_no) if own.is_lead else (own.task_no,)
        return [clock for clock in self.clocks if clock.task_no in held]


def number_of(request: web.Request, staff: Staff) -> int:
    """Read the case number out of the address; NotFound for another city's or none at all."""
    city, case_no = read_case_no(request.match_info["number"])
    if city != staff.city:
        raise missing()
    return int(case_no)


def missing() -> NotFound:
    """Make the one answer for a case that is not there or not for these eyes."""
    return NotFound("case_not_found", "没有这个工单,或者它不在您的权限之内。")


async def load(request: web.Request, staff: Staff, case_no: int) -> CaseView:
    """Read a case as far as staff may see it; NotFound otherwise."""
    words = request.app[CITY_WORDS][staff.city]
    async with request.app[SERVICES].db.city(staff.city, staff.unit) as conn:
        case = await views.case(conn, staff.city, case_no)
        await restricted.note_access(conn, staff.city, case_no, "page")
        parts = await _parts(conn, case, words) if case else {}
    if case is None:
        raise missing()
    if staff.unit is not None:
        case = case_for_unit(case)
        parts["reporters"] = await _reporters(request, staff, reported(case))
    text = highlight.full_text(case)
    return CaseView(
        case=case,
        words=words,
        pieces=highlight.pieces(text, case.tags),
        keys=highlight.legend(case.tags),
        proposal=propose(request, case) if staff.unit is None else None,
        **parts,
    )


def reported(case: Case) -> int:
    """Give the number under which was reported: of a part, that of the case it was split from."""
    return case.parent_no or case.case_no


def propose(
    request: web.Request, case: Case, changed: Mapping[str, Any] | None = None
) -> Decision | None:
    """Decide a case that waits at the desk as it is, or as it would be; None for any other."""
    waits = case.state in (State.SCREEN, State.ACCEPTED)
    if not waits or not case.types:
        return None
    city = request.app[SERVICES].cities[case.city]
    at = now()
    decision = decide(city, facts_of(case, at, changed or {}))
    return with_neighbours(catalogue(city), case, decision, at)


async def _parts(conn: Connection, case: Case, words: CityWords) -> dict[str, Any]:
    city, case_no = case.city, case.case_no
    past = await events.history(conn, city, case_no)
    return {
        "barred": barred(catalogue(words.city), case, past),
        "tasks": await views.tasks(conn, city, case_no),
        "clocks": await views.clocks(conn, city, case_no),
        "past": past,
        "entries": history.entries(past, words),
        "suggested": history.suggested(past),
        "files": await views.files(conn, city, case_no),
        "reporters": await views.reporters(conn, city, reported(case)),
        "accesses": await identity.accesses(conn, city, reported(case)),
        "references": await views.references(conn, city, case_no),
        "to_ask": (await verification.standing(conn, case)).to_ask,
    }


async def _reporters(request: web.Request, staff: Staff, case_no: int) -> list[Reporter]:
    """Say whether there is someone to call: a unit's own connection cannot see even that."""
    async with request.app[SERVICES].db.city(staff.city) as conn:
        return await views.reporters(conn, staff.city, case_no)
