"""The grid verifies first (网格先行核实, F23): a question to a grid's worker, and what was found.

No clock of the case stops for it and nothing waits for it. The question has a clock of its own,
shorter in cells of a higher grade of responsibility; when that ends it lapses and charges nobody,
since whoever asked answers for the case and the worker of a street does not. What a worker saw on
time and sends later is still taken.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from models.case import State
from models.db import grids
from models.db.grids import GridCheck
from models.db.pool import Connection
from models.errors import Invalid, NotFound
from models.grid import COUNTY, Grid, Verified, grid_of
from models.moment import CHINA, aware
from routing import clocking
from routing.accused import barred
from routing.act import Act
from routing.grid_verbs import AskGrid, GridReport, WithdrawGrid
from routing.handling import said
from routing.lifecycle import AT_WORK, Move
from routing.looking import secret
from routing.matter import Change, Matter
from routing.plain import plain
from routing.units import Place

ASKED: Final = "grid:asked"
REPORTED: Final = "grid:reported"
#: Of a question that had lapsed: no clock listens, since another question may run by now.
LATER: Final = "grid:reported:later"
WITHDRAWN: Final = "grid:withdrawn"
#: A case of which something may be verified: at the desk, or at work.
OPEN: Final = (State.SCREEN, *AT_WORK)
_ANSWERABLE: Final = ("asked", "lapsed")
_MINUTE: Final = timedelta(minutes=1)
#: Where China lies, in degrees: a device that says otherwise has no fix.
_EAST: Final = (73.0, 136.0)
_NORTH: Final = (3.0, 54.0)


class Seen(NamedTuple):
    """What was asked about a case before, and the cell to ask now."""

    past: Sequence[GridCheck]
    grid: Grid | None = None


async def look(conn: Connection, matter: Matter, _request: Any) -> Seen:  # noqa: ANN401
    """Read what was asked about a case."""
    return Seen(await grids.of_case(conn, matter.case.city, matter.case.case_no))


async def look_for(conn: Connection, matter: Matter, request: AskGrid) -> Seen:
    """Read what was asked before and find who to ask: the place's cell, or the nearest above it."""
    past = await grids.of_case(conn, matter.case.city, matter.case.case_no)
    code = request.grid or await _place_of(conn, matter, request)
    if code is None:
        raise Invalid("grid_required", "该件地点未定,请指明网格编码。")
    if await grids.one(conn, matter.case.city, code) is None:
        where = f"编码 {code}" if request.grid else "该件事发地"
        detail = f"本市网格树中没有{where},请指明其他网格编码,或直接现场核查。"
        raise Invalid("grid_unknown", detail)
    return Seen(past, await grids.nearest(conn, matter.case.city, code))


async def _place_of(conn: Connection, matter: Matter, request: AskGrid) -> str | None:
    """Name the cell of the place: the one community that is named, else township or county."""
    case = matter.case
    place = case.township or case.adcode
    if place is None:
        return None
    text = f"{request.place}\n{case.address or ''}"
    found = await grids.named(conn, case.city, place, text)
    longest = [one for one in found if not any(_within(one, other) for other in found)]
    return longest[0].code if len(longest) == 1 else place


def _within(one: Grid, other: Grid) -> bool:
    return one.name != other.name and one.name in other.name


def ask(matter: Matter, request: AskGrid, change: Change) -> None:
    """Ask the worker of a grid to go and look; no clock of the case stops."""
    seen: Seen = change.seen
    waiting = next((one for one in seen.past if one.state == "asked"), None)
    if waiting is not None:
        detail = f"该件已派“{waiting.grid_name}”核实,尚未回报;请等待,或先撤回。"
        raise matter.conflict("grid_asked_already", detail)
    grid = seen.grid
    if grid is None:
        detail = "该网格及其上级网格都没有在岗的网格员,请改派其他网格或直接现场核查。"
        raise matter.conflict("grid_without_worker", detail)
    _not_of_accused(matter, grid)
    place = said(request.place, "place_required", "须写明核实地点。")
    what = said(request.what, "what_required", "须写明核实要点。")
    change.data |= {"n": len(seen.past) + 1, "grid": grid.code, "grid_name": grid.name}
    change.data |= {"grade": grid.grade.value, "place": place, "note": what}
    due = _due(matter, change.data)
    change.data["due_at"] = aware(due).isoformat()
    asked = GridCheck(
        case_no=matter.case.case_no,
        n=len(seen.past) + 1,
        grid=grid.code,
        grid_name=grid.name,
        state="asked",
        asked_at=matter.at,
        asked_by=matter.actor.name,
        asked_unit=matter.actor.unit,
        place=plain(place),
        what=plain(what),
        types=matter.case.types,
        unannounced=secret(matter),
        due_at=due,
    )
    change.effects.append(lambda conn, _: grids.ask(conn, matter.case.city, asked))


def report(matter: Matter, request: GridReport, change: Change) -> None:
    """Note what the grid's worker found; it is no visit of a unit and proves nothing by itself."""
    check = _mine(matter, change.seen, request.n)
    if check.state not in _ANSWERABLE:
        raise matter.conflict("grid_check_over", "这项核实已回报或已撤回。")
    finding = said(request.finding, "finding_required", "须写明核实情况。")
    found_at = _moment(matter, check, request.found_at)
    _check_position(request)
    if request.result is not Verified.UNVERIFIABLE and request.lon is None and not request.photos:
        raise Invalid("proof_required", "须附现场照片或坐标;无法到场的,请选“无法核实”并说明。")
    done = msgspec.structs.replace(
        check,
        state="reported",
        ended_at=matter.at,
        ended_by=matter.actor.name,
        result=request.result.value,
        finding=plain(finding),
        found_at=found_at,
        lon=request.lon,
        lat=request.lat,
        datum=request.datum,
        photos=tuple(dict.fromkeys(request.photos)),
        late=found_at > check.due_at,
    )
    if check.state == "lapsed":
        change.event = LATER
    change.data |= {"n": done.n, "grid": done.grid, "grid_name": done.grid_name}
    change.data |= {"verified": done.result, "note": finding, "found_at": found_at.isoformat()}
    change.data |= {"lon": done.lon, "lat": done.lat, "datum": done.datum, "late": done.late}
    change.data["photos"] = list(done.photos)
    change.effects.append(lambda conn, _: grids.report(conn, matter.case.city, done))


def withdraw(matter: Matter, request: WithdrawGrid, change: Change) -> None:
    """Take a question back: the desk any of them, a unit its own."""
    reason = said(request.reason, "reason_required", "撤回须写明理由。")
    check = _numbered(change.seen, request.n)
    if matter.actor.unit is not None and check.asked_unit != matter.actor.unit:
        raise matter.conflict("not_asked_by_you", "这项核实不是本单位派出的。")
    if check.state != "asked":
        raise matter.conflict("grid_check_over", "这项核实已回报、已撤回或已逾期失效。")
    gone = msgspec.structs.replace(
        check,
        state="withdrawn",
        ended_at=matter.at,
        ended_by=matter.actor.name,
        reason=plain(reason),
    )
    change.data |= {"n": check.n, "grid": check.grid, "grid_name": check.grid_name}
    change.data["note"] = reason
    change.effects.append(lambda conn, _: grids.withdraw(conn, matter.case.city, gone))


def _numbered(seen: Seen, n: int) -> GridCheck:
    found = next((one for one in seen.past if one.n == n), None)
    if found is None:
        raise NotFound("grid_check_not_found", f"没有第 {n} 项网格核实。")
    return found


def _mine(matter: Matter, seen: Seen, n: int) -> GridCheck:
    """Give a question that the acting worker's own grid was asked."""
    found = _numbered(seen, n)
    if found.grid != grid_of(matter.actor.unit):
        raise NotFound("grid_check_not_found", f"没有第 {n} 项网格核实。")
    return found


def _due(matter: Matter, data: Mapping[str, Any]) -> datetime:
    """Give the end of the clock that the question starts."""
    told = {ASKED: data}
    started = clocking.starts(
        *(matter.book, matter.case, (), told, matter.at), held=matter.clocks, said=told
    )
    if not started:
        detail = "本市没有启用网格核实时限(G01、G02),不能派网格核实。"
        raise Invalid("grid_clock_missing", detail)
    return min(clock.due_at for clock in started)


def _not_of_accused(matter: Matter, grid: Grid) -> None:
    """Refuse a grid whose street or bureau the report complains of: it would learn of it."""
    out = barred(matter.book, matter.case, matter.history)
    if not out:
        return
    role = "STR" if grid.level > COUNTY else "ECO"
    place = Place(adcode=grid.adcode or matter.book.city.adcode, township=grid.township, zone=None)
    owner = matter.book.directory.find(role, place, aware(matter.at).date()).unit
    if owner is None or owner.code in out:
        detail = "该件反映的正是这个网格所属的单位,不得派其网格员核实。"
        raise Invalid("unit_complained_of", detail)


def _moment(matter: Matter, check: GridCheck, at: datetime) -> datetime:
    """Give when the worker looked: after the question, not in the future; China's time."""
    at = local(at)
    if at > matter.at + _MINUTE:
        raise Invalid("moment_in_future", "核实时间不能晚于现在,请校准设备时间。")
    if at < aware(check.asked_at) - _MINUTE:
        raise Invalid("moment_before_asked", "核实时间不能早于派出核实的时间。")
    return at


def local(at: datetime) -> datetime:
    """Give a moment in China's time, which holds where no zone is said."""
    return at.replace(tzinfo=CHINA) if at.tzinfo is None else aware(at)


def _check_position(request: GridReport) -> None:
    given = [value is not None for value in (request.lon, request.lat, request.datum)]
    if any(given) and not all(given):
        raise Invalid("position_incomplete", "坐标须同时写明经度、纬度和坐标系。")
    if request.lon is not None and request.lat is not None:
        in_china(request.lon, request.lat)


def in_china(lon: float, lat: float) -> None:
    """Refuse a position that no place in China has (Invalid): a device without a fix gives such."""
    if not (_EAST[0] <= lon <= _EAST[1] and _NORTH[0] <= lat <= _NORTH[1]):
        raise Invalid("position_outside", "坐标不在境内,请确认已定位、经纬度没有写反。")


ACTS: Final[Mapping[str, Act]] = {
    "ask_grid": Act(Move(who="anyone", data=AskGrid, cases=OPEN, event=ASKED), ask, look_for),
    "grid_report": Act(Move(who="grid", data=GridReport, cases=OPEN, event=REPORTED), report, look),
    "withdraw_grid": Act(
        Move(who="anyone", data=WithdrawGrid, cases=OPEN, event=WITHDRAWN), withdraw, look
    ),
}
