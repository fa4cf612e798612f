"""The case: one matter a citizen reported, with its tasks per unit, its states and its numbers."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

import msgspec

from models.decision import Decision
from models.errors import Invalid
from models.tags import Tags

#: yyyymmdd * 1_000_000 + the day's count in the city: gapless, so the count proves completeness.
CaseNo = NewType("CaseNo", int)


class State(StrEnum):
    """The states of a case (domain section 4.2)."""

    NEW = "NEW"
    SCREEN = "SCREEN"
    REJECTED = "REJECTED"
    TRANSFERRED = "TRANSFERRED"
    MERGED = "MERGED"
    ACCEPTED = "ACCEPTED"
    DISPATCHED = "DISPATCHED"
    IN_PROGRESS = "IN_PROGRESS"
    SUBMITTED = "SUBMITTED"
    CLOSED = "CLOSED"
    ARCHIVED = "ARCHIVED"


class TaskState(StrEnum):
    """The states of one unit's task within a case."""

    DISPATCHED = "DISPATCHED"
    RETURN_REQ = "RETURN_REQ"
    SIGNED = "SIGNED"
    IN_PROGRESS = "IN_PROGRESS"
    SUBMITTED = "SUBMITTED"
    DONE = "DONE"
    RETURNED = "RETURNED"
    WITHDRAWN = "WITHDRAWN"


class Queue(StrEnum):
    """What the machine or the desk must do next with a case; NULL in the store when nothing."""

    TAG = "tag"
    ROUTE = "route"
    REVIEW = "review"


class Urgency(StrEnum):
    """P0 emergency, P1 urgent, P2 ordinary, P3 low (domain section 5.2)."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Outcome(StrEnum):
    """Whether the report proved true (domain section 4.2, 是否属实)."""

    TRUE = "true"
    MOSTLY_TRUE = "mostly_true"
    PARTLY_TRUE = "partly_true"
    NOT_TRUE = "not_true"
    UNVERIFIABLE = "unverifiable"
    NOT_COMPETENT = "not_competent"


OUTCOME_NAMES: dict[Outcome, str] = {
    Outcome.TRUE: "属实",
    Outcome.MOSTLY_TRUE: "基本属实",
    Outcome.PARTLY_TRUE: "部分属实",
    Outcome.NOT_TRUE: "不属实",
    Outcome.UNVERIFIABLE: "无法核实",
    Outcome.NOT_COMPETENT: "不属职责",
}

STATE_NAMES: dict[State, str] = {
    State.NEW: "已登记",
    State.SCREEN: "甄别中",
    State.REJECTED: "不予受理",
    State.TRANSFERRED: "已转其他渠道",
    State.MERGED: "已并案",
    State.ACCEPTED: "已受理",
    State.DISPATCHED: "已派单",
    State.IN_PROGRESS: "办理中",
    State.SUBMITTED: "已提交办结",
    State.CLOSED: "已办结",
    State.ARCHIVED: "已归档",
}

TASK_STATE_NAMES: dict[TaskState, str] = {
    TaskState.DISPATCHED: "待签收",
    TaskState.RETURN_REQ: "申请退单",
    TaskState.SIGNED: "已签收",
    TaskState.IN_PROGRESS: "办理中",
    TaskState.SUBMITTED: "已提交",
    TaskState.DONE: "已完成",
    TaskState.RETURNED: "已退回",
    TaskState.WITHDRAWN: "已撤回",
}


def case_no(day: date, n: int) -> CaseNo:
    """Give the number of the n-th case, from 1, of a day."""
    return CaseNo((day.year * 10_000 + day.month * 100 + day.day) * 1_000_000 + n)


def show_case_no(city: str, no: int) -> str:
    """Write a case number as people read it: `ENV-430100-20261121-000123`."""
    day, n = divmod(no, 1_000_000)
    return f"ENV-{city}-{day:08d}-{n:06d}"


def read_case_no(text: str) -> tuple[str, CaseNo]:
    """Read `ENV-430100-20261121-000123` into city and number; raises Invalid on anything else."""
    parts = text.strip().upper().split("-")
    widths = [3, 6, 8, 6]
    if (
        [len(part) for part in parts] != widths
        or parts[0] != "ENV"
        or not "".join(parts[1:]).isdecimal()
        or not text.isascii()
    ):
        code = "case_no_malformed"
        raise Invalid(code, "工单号应形如 ENV-430100-20261121-000123。")
    return parts[1], CaseNo(int(parts[2]) * 1_000_000 + int(parts[3]))


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case as stored, without identity.

    `parent_no` is the case it was split from, `merged_into` the one that answers for it. Its clocks
    stand still since `suspended_at`. `level` counts how often it was raised, `key_reasons` say why
    it is a key complaint, `leader` names the official who took it on. `happened_on` is the day of
    the facts where a person has found it out; else they count as of the day of the report.
    A `restricted` one is seen only by persons admitted by name.
    `source_category` is what the platform that delivered it called it: codes and names of its own.
    """

    city: str
    case_no: CaseNo
    state: State
    queue: Queue | None
    revision: int
    channel: str
    source: str
    title: str | None
    text: str
    address: str | None
    received_at: datetime
    stated_adcode: str | None
    stated_township: str | None
    source_due_at: datetime | None
    kind: str | None
    types: tuple[str, ...]
    urgency: str | None
    adcode: str | None
    township: str | None
    zone: str | None
    lead_unit: str | None
    tags: Tags | None
    decision: Decision | None
    review_reasons: tuple[str, ...]
    no_return: bool
    confidential: bool
    attempts: int
    error: str | None
    accepted_at: datetime | None
    dispatched_at: datetime | None
    closed_at: datetime | None
    result: dict[str, Any] | None
    parent_no: int | None = None
    merged_into: int | None = None
    suspended_at: datetime | None = None
    archived_at: datetime | None = None
    level: int = 0
    key_reasons: tuple[str, ...] = ()
    leader: str | None = None
    happened_on: date | None = None
    restricted: bool = False
    source_category: tuple[str, ...] = ()

    @property
    def number(self) -> str:
        """The number as people read it."""
        return show_case_no(self.city, self.case_no)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One unit's part in a case: the lead's, or a cooperating unit's own."""

    city: str
    case_no: CaseNo
    task_no: int
    unit: str
    role: str
    is_lead: bool
    state: TaskState
    revision: int
    dispatched_at: datetime
    signed_at: datetime | None
    handler: str | None
    contacted_at: datetime | None
    submitted_at: datetime | None
    returned_at: datetime | None
    result: dict[str, Any] | None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to whoever delivered a report: always the same for the same report."""

    city: str
    case_no: CaseNo
    track_code: str
    version: int
    duplicate: bool
    received_at: datetime

    @property
    def number(self) -> str:
        """The case number as people read it."""
        return show_case_no(self.city, self.case_no)


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something: `kind` is system, citizen, staff or platform.

    `name` is never a citizen's; `unit` is the code of the unit that staff belong to, or the scope
    of their grid (models.grid.scope_of).
    """

    kind: str
    name: str
    unit: str | None = None


SYSTEM = Actor(kind="system", name="jiesu")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a case, never edited; `verb` reads `case:task:signed`."""

    city: str
    event_id: UUID
    case_no: CaseNo
    at: datetime
    verb: str
    actor: Actor
    data: dict[str, Any]
