"""What units see and have measured: visits, monitoring, and the look at their own work."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from models.case import TaskState
from models.db import closure
from models.db.closure import Monitoring
from models.db.closure import SelfCheck as Checked
from models.db.closure import Visit as Visited
from models.db.pool import Connection
from models.errors import Invalid
from models.moment import CHINA, aware
from routing.act import Act
from routing.closure_verbs import ReportMonitoring, RequestMonitoring, SelfCheck, Visit
from routing.evidence import rules
from routing.handling import refuse_twice, said
from routing.lifecycle import AT_WORK, Move
from routing.matter import Change, Matter

_WORKING: Final = (TaskState.SIGNED, TaskState.IN_PROGRESS, TaskState.RETURN_REQ)
_SHORTEST: Final = 2
#: Moments are written down to the minute.
_MINUTE: Final = timedelta(minutes=1)
#: Matters of which the visited must not know beforehand, whatever they are about.
_SECRET_KINDS: Final = ("JB",)
_SECRET_TYPES: Final = ("P02",)


def secret(matter: Matter) -> bool:
    """Tell whether whoever is reported must not learn of a case before someone looks."""
    case = matter.case
    return case.kind in _SECRET_KINDS or any(code in _SECRET_TYPES for code in case.types)


def visit(matter: Matter, request: Visit, change: Change) -> None:
    """Note a visit: who, when, where, what was found; of a secret matter never announced."""
    task = change.target
    if task is None:
        return
    refuse_twice(matter, change)
    at = moment(matter, request.at, "核查")
    people = tuple(dict.fromkeys(name.strip() for name in request.people if name.strip()))
    if not people:
        raise Invalid("people_required", "须写明核查人员。")
    if request.announced and secret(matter):
        raise Invalid("no_advance_notice", "举报件不得事先告知被举报方,核查须不打招呼。")
    finding = said(request.finding, "finding_required", "须写明核查情况。")
    place = said(request.place, "place_required", "须写明核查地点。")
    kept = Visited(
        task_no=task.task_no,
        unit=task.unit,
        method=request.method,
        at=at,
        people=people,
        place=place,
        found=request.found,
        finding=finding,
        files=request.evidence,
        noted_at=matter.at,
        noted_by=matter.actor.name,
    )
    change.data |= {"method": request.method, "at": at.isoformat(), "people": len(people)}
    change.data |= {"found": request.found, "note": finding}
    change.effects.append(
        lambda conn, _: closure.keep_visit(conn, matter.case.city, matter.case.case_no, kept)
    )


async def wishes(conn: Connection, matter: Matter, _request: Any) -> list[Monitoring]:  # noqa: ANN401
    """Read what monitoring was asked for."""
    return await closure.monitorings(conn, matter.case.city, [matter.case.case_no])


def request_monitoring(matter: Matter, request: RequestMonitoring, change: Change) -> None:
    """Ask for sampling or measuring, in the hours wanted (F68)."""
    refuse_twice(matter, change)
    known = rules().windows
    if request.hours and request.hours not in known:
        codes = "、".join(f"{one.code} {one.zh}" for one in known.values())
        raise Invalid("hours_unknown", f"监测时段须为空(不限)或:{codes}。")
    wish = Monitoring(
        asked_at=matter.at,
        asked_by=matter.actor.name,
        unit=matter.actor.unit,
        station=said(request.station, "station_required", "须写明监测单位。"),
        what=said(request.what, "what_required", "须写明监测内容(采样、噪声、走航等)。"),
        hours=request.hours,
    )
    number = len(change.seen) + 1
    change.data |= {"n": number, "station": wish.station, "hours": wish.hours, "note": wish.what}
    change.effects.append(
        lambda conn, _: closure.ask(conn, matter.case.city, matter.case.case_no, wish)
    )


def report_monitoring(matter: Matter, request: ReportMonitoring, change: Change) -> None:
    """Attach the report; one sampled in other hours than were asked for is none."""
    past: list[Monitoring] = change.seen
    wish = next((one for one in past if one.n == request.n), None)
    if wish is None or wish.reported_at is not None:
        raise matter.conflict("no_monitoring_pending", "没有这一项待回报的监测。")
    if not request.evidence:
        raise Invalid("evidence_required", "须附监测报告。")
    sampled = moment(matter, request.sampled_at, "采样")
    window = rules().windows.get(wish.hours)
    if window is not None and not window.holds(sampled):
        raise Invalid("wrong_hours", f"该项要求在{window.zh}监测,采样时间不符。")
    done = Monitoring(
        n=wish.n,
        asked_at=wish.asked_at,
        asked_by=wish.asked_by,
        unit=wish.unit,
        station=wish.station,
        what=wish.what,
        hours=wish.hours,
        reported_at=matter.at,
        reported_by=matter.actor.name,
        sampled_at=sampled,
        report_no=said(request.report_no, "report_no_required", "须写明报告编号。"),
        exceeded=request.exceeded,
        summary=said(request.summary, "summary_required", "须写明监测结论。"),
        files=request.evidence,
    )
    change.data |= {"n": wish.n, "exceeded": request.exceeded, "note": done.summary}
    change.data |= {"document": done.report_no, "at": sampled.isoformat()}
    change.effects.append(
        lambda conn, _: closure.report(conn, matter.case.city, matter.case.case_no, done)
    )


def self_check(matter: Matter, request: SelfCheck, change: Change) -> None:
    """Note what a unit says to each item of the list; none may be left out (F42)."""
    known = rules().items
    lacking = [i.zh for i in known if len(request.items.get(i.code, "").strip()) < _SHORTEST]
    if lacking:
        raise Invalid("self_check_incomplete", f"自查清单须逐项填写:{'、'.join(lacking)}。")
    kept = Checked(
        unit=matter.actor.unit or "",
        at=matter.at,
        staff=matter.actor.name,
        items={item.code: request.items[item.code].strip() for item in known},
    )
    change.data["items"] = list(kept.items)
    change.effects.append(
        lambda conn, _: closure.keep_self_check(conn, matter.case.city, matter.case.case_no, kept)
    )


def moment(matter: Matter, at: datetime, what: str) -> datetime:
    """Give when something was done: after the report came in, not in the future; China's time."""
    at = at.replace(tzinfo=CHINA) if at.tzinfo is None else aware(at)
    if at > matter.at:
        raise Invalid("moment_in_future", f"{what}时间不能晚于现在。")
    if at < matter.case.received_at - _MINUTE:
        raise Invalid("moment_before_report", f"{what}时间不能早于收到诉求的时间。")
    return at


ACTS: Final[Mapping[str, Act]] = {
    "visit": Act(
        Move(who="unit", data=Visit, cases=AT_WORK, tasks=_WORKING, event="case:task:visited"),
        visit,
    ),
    "request_monitoring": Act(
        Move(
            who="anyone",
            data=RequestMonitoring,
            cases=AT_WORK,
            event="monitoring:requested",
        ),
        request_monitoring,
        wishes,
    ),
    "report_monitoring": Act(
        Move(who="anyone", data=ReportMonitoring, cases=AT_WORK, event="monitoring:reported"),
        report_monitoring,
        wishes,
    ),
    "self_check": Act(
        Move(
            who="unit",
            data=SelfCheck,
            cases=AT_WORK,
            tasks=_WORKING,
            event="case:task:self_checked",
        ),
        self_check,
    ),
}
