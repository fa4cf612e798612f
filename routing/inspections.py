"""Work given by inspections from above, each under its number, with one official (F18, F19, F39).

The case runs as any other; beside it stand the rectification (what, who, by when), the report
upward (K23) and the public table.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import msgspec

from models.case import Case, Event, State
from models.db import events, inspections
from models.db.inspections import Inspection
from models.db.pool import Connection
from models.errors import Invalid
from models.ids import uuid7
from models.moment import CHINA, aware
from routing import clocking, ticking
from routing.act import Act
from routing.catalogue import Catalogue
from routing.handling import said
from routing.lifecycle import AT_WORK, Move
from routing.looking import secret
from routing.matter import Change, Matter
from routing.ticking import Happening

#: What starts the clock of the report (K23): from when it was given, not from when it was listed.
ASSIGNED: Final = "inspection:assigned"
LISTED: Final = "inspection:listed"
_ISSUED, _REPORTED = "inspection:issued", "inspection:reported"
_ACCEPTED, _PUBLISHED = "inspection:accepted", "inspection:published"
_BEFORE: Final = (State.SCREEN, *AT_WORK)
_ANY: Final = (*_BEFORE, State.CLOSED, State.ARCHIVED)
#: X letter or D call, round, province, day, number: X3YN202405220059.
_REF: Final = re.compile(r"[XD]\d{1,2}[A-Z]{2}(\d{8})\d{4}")
#: What parts two names: one official answers, not several.
_SEVERAL: Final = re.compile(r"[、,,;;/和及与等\s]")


class ListInspection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case that an inspection gave: its number, when, until when, and how it is made public."""

    ref: str
    assigned_at: datetime
    due_at: datetime | None = None
    pollution: str
    content: str


class IssueRectification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall be put right: aim and measures, by when, by which unit and one named official."""

    responsible: str = ""
    unit: str
    target: str
    measures: str
    deadline: date


class ReportRectification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of it, as it is reported upward."""

    progress: str
    self_check: str
    accountability: str = ""


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the city found when it looked at what was put right (市级验收)."""

    acceptance: str


class Publish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The decision to publish an entry; `note` says who agreed."""

    note: str


def check_ref(ref: str) -> str:
    """Give a number of an inspection as it is written; Invalid for what is none."""
    known = _REF.fullmatch(ref.strip().upper())
    try:
        day = known and datetime.strptime(known.group(1), "%Y%m%d").replace(tzinfo=CHINA)
    except ValueError:
        day = None
    if not known or not day:
        raise Invalid("inspection_no_malformed", "受理编号应形如 X3YN202405220059。")
    return known.group(0)


async def enlist(
    conn: Connection, book: Catalogue, case: Case, one: Inspection, event: Event
) -> bool:
    """Put a case that nobody acts on under its number, with its clock; False where it is known."""
    if not await inspections.enlist(conn, case.city, one):
        return False
    await events.append(conn, [event])
    happening = Happening(ASSIGNED, event.data)
    await ticking.happened(conn, book, case, [happening], one.assigned_at)
    return True


def entry_event(case: Case, one: Inspection, actor: Any, at: datetime) -> Event:  # noqa: ANN401
    """Write that a case was given by an inspection, with what its clock asks for."""
    return Event(
        city=case.city,
        event_id=uuid7(),
        case_no=case.case_no,
        at=at,
        verb=LISTED,
        actor=actor,
        data=_told(one),
    )


def _told(one: Inspection) -> dict[str, Any]:
    due = {"due_at": aware(one.due_at).isoformat()} if one.due_at else {}
    return {"ref": one.ref, "assigned_at": aware(one.assigned_at).isoformat()} | due


async def seen(conn: Connection, matter: Matter, _request: Any) -> Inspection | None:  # noqa: ANN401
    """Read the entry of a case."""
    return await inspections.of_case(conn, matter.case.city, matter.case.case_no)


async def seen_ref(
    conn: Connection, matter: Matter, request: ListInspection
) -> tuple[Inspection | None, Inspection | None]:
    """Read the entry of a case and the one under the number."""
    return (
        await inspections.of_case(conn, matter.case.city, matter.case.case_no),
        await inspections.by_ref(conn, matter.case.city, check_ref(request.ref)),
    )


def list_one(matter: Matter, request: ListInspection, change: Change) -> None:
    """Note that an inspection gave this case, under which number and until when."""
    own, other = change.seen
    if own is not None or other is not None:
        raise matter.conflict("listed_already", "该件或该受理编号已登记为督察交办件。")
    case = matter.case
    assigned, due = _local(request.assigned_at), request.due_at and _local(request.due_at)
    if assigned > matter.at or (due and due <= assigned):
        raise Invalid("moments_wrong", "交办时间不能晚于现在,回报时限须晚于交办时间。")
    one = Inspection(
        ref=check_ref(request.ref),
        case_no=case.case_no,
        assigned_at=assigned,
        due_at=due,
        adcode=case.adcode or case.stated_adcode or case.city,
        pollution=said(request.pollution, "pollution_required", "须写明污染类型。"),
        content=said(request.content, "content_required", "须写明公示用的举报内容。"),
        listed_by=matter.actor.name,
        listed_at=matter.at,
    )
    change.data |= _told(one)
    change.starts += clocking.starts(
        matter.book,
        case,
        matter.tasks,
        [ASSIGNED],
        one.assigned_at,
        held=matter.clocks,
        said={ASSIGNED: _told(one)},
    )

    async def keep(conn: Connection, _change: Change) -> None:
        await inspections.enlist(conn, case.city, one)

    change.effects.append(keep)


def issue(matter: Matter, request: IssueRectification, change: Change) -> None:
    """Order the rectification: one matter, one plan, one official who answers for it (F18)."""
    one = _entry(matter, change)
    name = request.responsible.strip()
    if not name or _SEVERAL.search(name):
        raise Invalid(
            "responsible_required", "下达整改须明确一名具名责任人(一问题一方案一责任人)。"
        )
    if request.unit not in matter.book.directory.units:
        raise Invalid("unit_unknown", f"没有单位 {request.unit}。")
    if one.reported_at is not None:
        raise matter.conflict("reported_already", "已回报,不能再改整改方案。")
    if request.deadline < aware(matter.at).date():
        raise Invalid("deadline_past", "整改时限不能早于今天。")
    issued = msgspec.structs.replace(
        one,
        responsible=name,
        unit=request.unit,
        target=said(request.target, "target_required", "须写明整改目标。"),
        measures=said(request.measures, "measures_required", "须写明整改措施。"),
        deadline=request.deadline,
        issued_at=matter.at,
    )
    change.data |= {"unit": issued.unit, "responsible": name}
    change.data |= {"deadline": issued.deadline.isoformat() if issued.deadline else ""}
    _keep(matter, change, issued)


def report(matter: Matter, request: ReportRectification, change: Change) -> None:
    """Report upward what came of it; the clock of the report stops."""
    one = _entry(matter, change)
    if one.issued_at is None or one.reported_at is not None:
        raise matter.conflict("wrong_step", "须先下达整改,且只回报一次。")
    done = msgspec.structs.replace(
        one,
        progress=said(request.progress, "progress_required", "须写明整改成效。"),
        self_check=said(request.self_check, "self_check_required", "须写明自查自验情况。"),
        accountability=request.accountability.strip(),
        reported_at=matter.at,
    )
    change.data["note"] = done.progress
    _keep(matter, change, done)


def accept(matter: Matter, request: Acceptance, change: Change) -> None:
    """Note what the city found; only what was reported and closed can be found good."""
    one = _entry(matter, change)
    if one.reported_at is None or one.accepted_at is not None:
        raise matter.conflict("wrong_step", "须先自查回报,再市级验收。")
    if matter.case.closed_at is None:
        raise matter.conflict("not_closed", "该件尚未办结,不能验收。")
    text = said(request.acceptance, "acceptance_required", "须写明市级验收意见。")
    change.data["note"] = text
    _keep(matter, change, msgspec.structs.replace(one, acceptance=text, accepted_at=matter.at))


def publish(matter: Matter, request: Publish, change: Change) -> None:
    """Publish an entry; of what is secret until somebody has looked, none before the end."""
    one = _entry(matter, change)
    if one.issued_at is None or one.published_at is not None:
        raise matter.conflict("wrong_step", "须先下达整改,且只公示一次。")
    if secret(matter) and matter.case.closed_at is None:
        raise matter.conflict("secret_until_closed", "举报件办结前不得公示。")
    change.data["note"] = said(request.note, "note_required", "公示须写明审批情况。")
    _keep(matter, change, msgspec.structs.replace(one, published_at=matter.at))


async def undone(conn: Connection, matter: Matter) -> list[str]:
    """Say that the rectification was never ordered: the case cannot be closed before."""
    one = await inspections.of_case(conn, matter.case.city, matter.case.case_no)
    return ["督察件尚未下达整改"] if one is not None and one.issued_at is None else []


def _entry(matter: Matter, change: Change) -> Inspection:
    one: Inspection | None = change.seen
    if one is None:
        raise matter.conflict("not_an_inspection", "该件不是督察交办件。")
    change.data["ref"] = one.ref
    return one


def _keep(matter: Matter, change: Change, one: Inspection) -> None:
    change.effects.append(lambda conn, _: inspections.keep(conn, matter.case.city, one))


def _local(at: datetime) -> datetime:
    return at.replace(tzinfo=CHINA) if at.tzinfo is None else aware(at)


def _act(data: type[msgspec.Struct], event: str, do: Any, look: Any = seen) -> Act:  # noqa: ANN401
    return Act(Move(who="operator", data=data, cases=_ANY, event=event), do, look)


ACTS: Final[Mapping[str, Act]] = {
    "list_inspection": _act(ListInspection, LISTED, list_one, seen_ref),
    "issue_rectification": _act(IssueRectification, _ISSUED, issue),
    "report_rectification": _act(ReportRectification, _REPORTED, report),
    "accept_rectification": _act(Acceptance, _ACCEPTED, accept),
    "publish_inspection": _act(Publish, _PUBLISHED, publish),
}
