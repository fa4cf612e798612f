"""A unit's own pages: its tasks by what is due soonest, and one task with what may be done."""

from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from intake import asked
from intake.auth import Staff
from intake.keys import SERVICES
from intake.pages import act_forms, case_view
from intake.pages.case_form import choices
from intake.pages.city_words import CITY_WORDS
from intake.pages.render import page
from intake.unit_view import line_for_unit
from models.db import views
from models.db.lines import InboxLine
from models.db.pool import Connection
from models.db.views import InboxMark
from models.errors import NotFound
from models.moment import parse_local

PAGE: Final = 30
#: The tabs with the states of tasks each shows; finished tasks are read apart.
TABS: Final = {
    "open": ("待办", ("DISPATCHED", "SIGNED", "IN_PROGRESS")),
    "waiting": ("等待审核", ("SUBMITTED", "RETURN_REQ")),
    "finished": ("已完成", ()),
}


async def inbox(request: web.Request, staff: Staff) -> web.Response:
    """List the unit's tasks of a tab."""
    tab = request.query.get("tab", "open")
    if tab not in TABS:
        raise NotFound("page_unknown", "没有这个列表。")
    city, unit = staff.city, staff.unit or ""
    words = request.app[CITY_WORDS][city]
    after = request.query.get("after", "")
    async with request.app[SERVICES].db.city(city, unit) as conn:
        lines = await _listed(conn, staff, tab, after, words.windows)
        counts = await views.inbox_counts(conn, city, unit)
    return page(
        request,
        "unit/inbox.html",
        staff=staff,
        tab=tab,
        tabs=[
            (code, name, sum(counts.get(state, 0) for state in states) if states else None)
            for code, (name, states) in TABS.items()
        ],
        lines=[line_for_unit(line) for line in lines[:PAGE]],
        more=_more(tab, lines[PAGE - 1]) if len(lines) > PAGE else "",
        city_words=words,
        unit_name=words.unit_in_full(unit),
        refresh=f"/unit?tab={tab}" if not after else "",
    )


async def task(request: web.Request, staff: Staff) -> web.Response:
    """Show one of the unit's tasks."""
    return await task_page(request, staff, case_view.number_of(request, staff))


async def task_page(
    request: web.Request,
    staff: Staff,
    case_no: int,
    *,
    status: int = 200,
    problem: Exception | None = None,
    typed: dict[str, str] | None = None,
) -> web.Response:
    """Render the task page, after a failed form with what was typed and why it failed."""
    view = await case_view.load(request, staff, case_no)
    own = view.task_of(staff.unit)
    if own is None:
        raise case_view.missing()
    failed = request.match_info.get("verb", "") if problem else ""
    drawn, plain = act_forms.typed_in(failed, typed or {})
    response = page(
        request,
        "unit/task.html",
        staff=staff,
        status=status,
        view=view,
        case=view.case,
        task=own,
        city_words=view.words,
        choices=choices(view, plain),
        typed=plain,
        forms=act_forms.offered(view, staff),
        act_failed=failed,
        typed_act=drawn,
        problem=problem,
    )
    if request.method != "GET":
        response.headers["HX-Push-Url"] = "false"
    return response


async def _listed(
    conn: Connection, staff: Staff, tab: str, after: str, windows: tuple[str, ...]
) -> list[InboxLine]:
    city, unit = staff.city, staff.unit or ""
    if tab == "finished":
        before = asked.number(after)
        return await views.finished(conn, city, unit, PAGE + 1, before)
    return await views.inbox(
        conn,
        city,
        unit,
        TABS[tab][1],
        windows=windows,
        limit=PAGE + 1,
        after=_mark(after),
    )


def _mark(after: str) -> InboxMark | None:
    """Read `<due or empty>|<case>|<task>`; anything else starts from the top."""
    try:
        due, *numbers = after.split("|")
        case_no, task_no = (asked.number(given) for given in numbers)
        moment = parse_local(due) if due else None
    except (ValueError, OverflowError):
        return None
    return None if case_no is None or task_no is None else (moment, case_no, task_no)


def _more(tab: str, last: InboxLine) -> str:
    due = last.due_at.isoformat() if last.due_at else ""
    mark = last.case_no if tab == "finished" else f"{due}|{last.case_no}|{last.task_no}"
    return "/unit?" + urlencode({"tab": tab, "after": mark})
