"""Everything a case page shows, read in one transaction under the reader's own rights."""

from typing import Any

import msgspec
from aiohttp import web

from intake.auth import Staff
from intake.keys import SERVICES
from intake.pages import highlight, history
from intake.pages.city_words import CITY_WORDS, CityWords
from intake.pages.highlight import Key, Piece
from intake.pages.history import Entry
from models.case import Case, State, TaskState, read_case_no
from models.db import events, identity, views
from models.db.identity import Access
from models.db.lines import ClockView, FileView, Reporter, TaskView
from models.db.pool import Connection
from models.errors import NotFound
from models.taxonomy import laws


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case with all that belongs to it, ready to be shown."""

    case: Case
    words: CityWords
    pieces: list[Piece]
    keys: list[Key]
    tasks: list[TaskView]
    clocks: list[ClockView]
    entries: list[Entry]
    files: list[FileView]
    reporters: list[Reporter]
    accesses: list[Access]
    references: list[tuple[str, str, int]]

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
        """The cooperating units of the decision, up to three."""
        decision = self.case.decision
        return [h.unit for h in decision.cooperating if h.unit][:3] if decision else []

    def law(self, code: str) -> str:
        """Write a provision as people cite it."""
        known = laws().get(code)
        return f"《{known.title}》{known.article}" if known else code


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
        if case is None:
            raise missing()
        parts = await _parts(conn, staff.city, case_no, words)
    if staff.unit is not None:
        parts["reporters"] = await _reporters(request, staff, case_no)
    text = highlight.full_text(case)
    return CaseView(
        case=case,
        words=words,
        pieces=highlight.pieces(text, case.tags),
        keys=highlight.legend(case.tags),
        **parts,
    )


async def _parts(conn: Connection, city: str, case_no: int, words: CityWords) -> dict[str, Any]:
    return {
        "tasks": await views.tasks(conn, city, case_no),
        "clocks": await views.clocks(conn, city, case_no),
        "entries": history.entries(await events.history(conn, city, case_no), words),
        "files": await views.files(conn, city, case_no),
        "reporters": await views.reporters(conn, city, case_no),
        "accesses": await identity.accesses(conn, city, case_no),
        "references": await views.references(conn, city, case_no),
    }


async def _reporters(request: web.Request, staff: Staff, case_no: int) -> list[Reporter]:
    """Say whether there is someone to call: a unit's own connection cannot see even that."""
    async with request.app[SERVICES].db.city(staff.city) as conn:
        return await views.reporters(conn, staff.city, case_no)
