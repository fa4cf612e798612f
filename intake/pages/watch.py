"""The supervisors' board: promises broken, due today, due soon; by unit and by clock."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from intake.auth import Staff
from intake.keys import SERVICES
from intake.pages.city_words import CITY_WORDS, CityWords
from intake.pages.render import page
from intake.pages.secrecy import wanted
from models.db import views
from models.db.lines import BoardCell, BoardLine, BoardQuery
from models.errors import NotFound
from models.moment import CHINA, now, parse_local

PAGE: Final = 50
BANDS: Final = {"late": "已超期", "today": "今天到期", "soon": "下一工作日到期"}
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=CHINA)
_MOST_DAYS_OFF: Final = 15


class Row(msgspec.Struct, kw_only=True):
    """The numbers of one unit or one clock."""

    code: str
    name: str
    late: int = 0
    today: int = 0
    soon: int = 0
    open: int | None = None


async def board(request: web.Request, staff: Staff) -> web.Response:
    """Show the numbers, each leading to its list, and the latest warnings."""
    words = request.app[CITY_WORDS][staff.city]
    edges = _edges(words)
    async with request.app[SERVICES].db.city(staff.city) as conn:
        cells = await views.board(conn, staff.city, edges, words.windows)
        alarms = await views.alarms(conn, staff.city)
        work = await views.workload(conn, staff.city)
    units = _rows(cells, lambda cell: cell.unit or "", words.unit)
    for unit, n in work.items():
        units.setdefault(unit, Row(code=unit, name=words.unit(unit))).open = n
    return page(
        request,
        "watch/board.html",
        staff=staff,
        total=_total(cells),
        units=_sorted(units),
        clocks=_sorted(_rows(cells, lambda cell: cell.code, words.clock)),
        alarms=alarms,
        bands=BANDS,
        city_words=words,
        at=edges[0],
        soon_ends=edges[2],
        open_tasks=sum(work.values()),
        wanted=await wanted(request, staff),
    )


async def listing(request: web.Request, staff: Staff) -> web.Response:
    """List the clocks behind a number of the board."""
    band = request.query.get("band", "late")
    if band not in BANDS:
        raise NotFound("page_unknown", "没有这个列表。")
    words = request.app[CITY_WORDS][staff.city]
    at, today, soon = _edges(words)
    spans = {"late": (_LONG_AGO, at), "today": (at, today), "soon": (max(at, today), soon)}
    unit, code = request.query.get("unit") or None, request.query.get("clock") or None
    asked = BoardQuery(
        windows=words.windows,
        limit=PAGE + 1,
        unit=unit,
        code=code,
        after=_mark(request.query.get("after", "")),
    )
    async with request.app[SERVICES].db.city(staff.city) as conn:
        lines = await views.board_lines(conn, staff.city, spans[band], asked)
    more = ""
    if len(lines) > PAGE:
        mark = _write(lines[PAGE - 1])
        query = {"band": band, "unit": unit or "", "clock": code or "", "after": mark}
        more = f"/watch/list?{urlencode(query)}"
    return page(
        request,
        "watch/list.html",
        staff=staff,
        title=BANDS[band],
        unit=words.unit(unit),
        clock=words.clock(code),
        lines=lines[:PAGE],
        more=more,
        city_words=words,
    )


def _edges(words: CityWords) -> tuple[datetime, datetime, datetime]:
    """Give now, the end of today and the end of the next working day."""
    at = now()
    midnight = datetime.combine(at.date() + timedelta(days=1), time(0), CHINA)
    day = at.date() + timedelta(days=1)
    for _ in range(_MOST_DAYS_OFF):
        if words.is_working(day):
            break
        day += timedelta(days=1)
    return at, midnight, datetime.combine(day + timedelta(days=1), time(0), CHINA)


def _rows(
    cells: list[BoardCell], key: Callable[[BoardCell], str], name: Callable[[str], str]
) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for cell in cells:
        code = key(cell)
        row = rows.setdefault(code, Row(code=code, name=name(code) or "待派单位"))
        row.late += cell.overdue
        row.today += cell.today
        row.soon += cell.soon
    return rows


def _total(cells: list[BoardCell]) -> dict[str, int]:
    return {
        "late": sum(cell.overdue for cell in cells),
        "today": sum(cell.today for cell in cells),
        "soon": sum(cell.soon for cell in cells),
    }


def _sorted(rows: dict[str, Row]) -> list[Row]:
    return sorted(rows.values(), key=lambda r: (-r.late, -r.today, -r.soon, -(r.open or 0), r.code))


def _write(line: BoardLine) -> str:
    return f"{line.due_at.isoformat()}|{line.case_no}|{line.task_no}|{line.code}"


def _mark(after: str) -> tuple[datetime, int, int, str] | None:
    try:
        due, case_no, task_no, code = after.split("|")
        return parse_local(due), int(case_no), int(task_no), code
    except ValueError:
        return None
