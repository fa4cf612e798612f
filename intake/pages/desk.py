"""The operators' desk: lists by what is to be done, search, and one case with all its reasons."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from classifier.tokens import cutter
from intake import asked
from intake.auth import Staff
from intake.keys import SERVICES
from intake.pages import act_forms, case_view
from intake.pages.case_form import choices, chosen_facts
from intake.pages.city_words import CITY_WORDS
from intake.pages.render import page, see
from models.case import Case, CaseNo, read_case_no, show_case_no
from models.db import restricted, views
from models.db import staff as accounts
from models.db.lines import Counts, Line
from models.db.pool import Connection
from models.errors import Invalid, NotFound
from routing import sameness
from routing.sameness import Found

PAGE: Final = 30
#: The tabs in their order, with the field of Counts each shows.
TABS: Final = {
    "review": "待复核",
    "new": "新到",
    "dispatched": "已派单",
    "submitted": "待审核",
    "returns": "退单申请",
    "closed": "已办结",
}
_READERS: Final[dict[str, Callable[..., Awaitable[list[CaseNo]]]]] = {
    "new": views.machine_queue,
    "submitted": views.submitted,
    "returns": views.returns,
}
_SOURCES: Final = ("12345", "12369")
_LONGEST_SEARCH: Final = 100
_SMALLINT: Final = 32_767
#: How many cases of the same event a page suggests.
_SIMILAR: Final = 3


async def queue(request: web.Request, staff: Staff) -> web.Response:
    """List the cases of a tab, or those that a search finds."""
    wanted = request.query.get("q", "").strip()[:_LONGEST_SEARCH]
    tab = request.query.get("tab", "review")
    if tab not in TABS:
        raise NotFound("page_unknown", "没有这个列表。")
    if wanted and (found := _as_number(wanted, staff)) is not None:
        return see(f"/desk/cases/{show_case_no(staff.city, found)}")
    city, words = staff.city, request.app[CITY_WORDS][staff.city]
    async with request.app[SERVICES].db.city(city) as conn:
        after = request.query.get("after", "")
        numbers = await (
            _search(conn, city, wanted, after) if wanted else _listed(conn, city, tab, after)
        )
        lines = await views.lines(conn, city, numbers[:PAGE], words.windows)
        counts = await views.desk_counts(conn, city)
        demo = await accounts.demo_accounts(conn, city)
    more = _more(tab, wanted, lines) if len(numbers) > PAGE else ""
    return page(
        request,
        "desk/queue.html",
        staff=staff,
        tab=tab,
        tabs=_tabs(counts),
        counts=counts,
        lines=lines,
        asked=wanted,
        more=more,
        city_words=words,
        demo=bool(demo),
        refresh=f"/desk?{urlencode({'tab': tab})}" if not wanted and not after else "",
    )


async def show(request: web.Request, staff: Staff) -> web.Response:
    """Show one case with what may be done to it."""
    return await case_page(request, staff, case_view.number_of(request, staff))


async def case_page(
    request: web.Request,
    staff: Staff,
    case_no: int,
    *,
    status: int = 200,
    problem: Exception | None = None,
    typed: dict[str, str] | None = None,
) -> web.Response:
    """Render the case page, after a failed form with what was typed and why it failed."""
    view = await case_view.load(request, staff, case_no)
    failed = request.match_info.get("verb", "") if problem else ""
    drawn, plain = act_forms.typed_in(failed, typed or {})
    response = page(
        request,
        "desk/case.html",
        staff=staff,
        status=status,
        view=view,
        case=view.case,
        city_words=view.words,
        choices=choices(view, plain),
        typed=plain,
        forms=act_forms.offered(view, staff),
        act_failed=failed,
        typed_act=drawn,
        problem=problem,
        was=request.query.get("was", ""),
        may_act=staff.role == "operator",
        similar=await _similar(request, staff, view.case),
        advice=sameness.ADVICE,
    )
    if request.method != "GET":
        response.headers["HX-Push-Url"] = "false"
    return response


async def _similar(request: web.Request, staff: Staff, case: Case) -> Found | None:
    """Look for the same event while the operator can still do something about it."""
    if staff.role != "operator" or case.state not in sameness.OPEN:
        return None
    async with request.app[SERVICES].db.city(staff.city) as conn:
        return await sameness.find(conn, staff.city, case.case_no, limit=_SIMILAR)


async def preview(request: web.Request, staff: Staff) -> web.Response:
    """Show to whom the case would go with the facts that are chosen in the form just now."""
    case_no = case_view.number_of(request, staff)
    async with request.app[SERVICES].db.city(staff.city) as conn:
        case = await views.case(conn, staff.city, case_no)
        await restricted.note_access(conn, staff.city, case_no, "page")
    if case is None:
        raise case_view.missing()
    return page(
        request,
        "parts_why.html",
        staff=staff,
        case=case,
        decision=case_view.propose(request, case, chosen_facts(request.query)),
        proposed=True,
        city_words=request.app[CITY_WORDS][staff.city],
    )


async def following(request: web.Request, staff: Staff) -> web.Response:
    """Lead on to the case that should be looked at next."""
    done, was = request.query.get("done", ""), request.query.get("was", "")
    try:
        just_done = int(read_case_no(was)[1]) if was else 0
    except Invalid:
        just_done = 0
    async with request.app[SERVICES].db.city(staff.city) as conn:
        found = await views.next_review(conn, staff.city, just_done)
    if found is None:
        return see("/desk?done=empty")
    query = urlencode({"done": done, "was": was})
    return see(f"/desk/cases/{show_case_no(staff.city, CaseNo(found))}?{query}")


async def clock(request: web.Request, staff: Staff) -> web.Response:
    """Show how one deadline was counted, day by day: a part of the page for htmx, else a page."""
    case_no = case_view.number_of(request, staff)
    match = request.match_info
    task, attempt = (asked.number(match[name], _SMALLINT) for name in ("task", "attempt"))
    if task is None or attempt is None:
        raise case_view.missing()
    key = (task, match["clock"], attempt)
    async with request.app[SERVICES].db.city(staff.city, staff.unit) as conn:
        found = await views.clock_trace(conn, staff.city, case_no, key)
        await restricted.note_access(conn, staff.city, case_no, "clock")
    if found is None:
        raise case_view.missing()
    return page(
        request,
        "clock_count.html" if "HX-Request" in request.headers else "clock.html",
        staff=staff,
        clock=found,
        city_words=request.app[CITY_WORDS][staff.city],
        back=request.path.partition("/clocks/")[0],
        number=match["number"],
    )


def _as_number(wanted: str, staff: Staff) -> CaseNo | None:
    try:
        city, case_no = read_case_no(wanted)
    except Invalid:
        return None
    return case_no if city == staff.city else None


async def _listed(conn: Connection, city: str, tab: str, after: str) -> list[CaseNo]:
    if tab == "review":
        urgency, _, last = after.partition("-")
        last_no = asked.number(last)
        mark = (urgency, last_no) if last_no is not None else None
        return await views.review_queue(conn, city, PAGE + 1, mark)
    mark_no = asked.number(after)
    if tab in views.STATES:
        return await views.by_state(conn, city, tab, PAGE + 1, mark_no)
    return await _READERS[tab](conn, city, PAGE + 1, mark_no)


async def _search(conn: Connection, city: str, wanted: str, after: str) -> list[CaseNo]:
    found = await views.by_reference(conn, city, _SOURCES, wanted) if not after else []
    words = search_words(wanted)
    if found or not words:
        return found
    return await views.search(conn, city, words, PAGE + 1, asked.number(after))


def search_words(text: str) -> list[str]:
    """Cut a search as the tagging stage cut the texts; marks and spaces say nothing."""
    words = (word.strip() for word in cutter().cut(text.lower()))
    return [word for word in words if word.isalnum()]


def _more(tab: str, wanted: str, lines: Sequence[Line]) -> str:
    last = lines[-1]
    mark = (
        f"{last.urgency or ''}-{last.case_no}" if tab == "review" and not wanted else last.case_no
    )
    return "/desk?" + urlencode({"tab": tab, "q": wanted, "after": mark})


def _tabs(counts: Counts) -> list[tuple[str, str, int | None]]:
    return [(code, name, getattr(counts, code, None)) for code, name in TABS.items()]
