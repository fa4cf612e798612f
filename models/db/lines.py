"""What the lists and panels of the pages hold: narrow rows, without identity."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.case import CaseNo, State, TaskState
from models.decision import DayStep


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A case in a list; `due_at` is the running clock that ends first."""

    case_no: CaseNo
    state: State
    queue: str | None
    channel: str
    title: str | None
    gist: str
    received_at: datetime
    urgency: str | None
    kind: str | None
    types: tuple[str, ...]
    adcode: str | None
    township: str | None
    lead_unit: str | None
    review_reasons: tuple[str, ...]
    closed_at: datetime | None
    due_at: datetime | None
    due_code: str | None


class InboxLine(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's task in a list, with the case it is part of."""

    case_no: CaseNo
    task_no: int
    state: TaskState
    case_state: State
    is_lead: bool
    handler: str | None
    dispatched_at: datetime
    signed_at: datetime | None
    contacted_at: datetime | None
    submitted_at: datetime | None
    urgency: str | None
    title: str | None
    gist: str
    types: tuple[str, ...]
    kind: str | None
    adcode: str | None
    township: str | None
    address: str | None
    received_at: datetime
    due_at: datetime | None
    due_code: str | None


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's part in a case as the case page shows it."""

    case_no: CaseNo
    task_no: int
    unit: str
    unit_name: str
    unit_short: str
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


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """One clock; `trace` is its count day by day, empty where it was not asked for."""

    case_no: CaseNo
    task_no: int
    code: str
    attempt: int
    unit: str | None
    started_at: datetime
    due_at: datetime
    calendar: str
    provisional: bool
    warned: int
    breached_at: datetime | None
    stopped_at: datetime | None
    stop_reason: str | None
    trace: tuple[DayStep, ...] = ()


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a case: `held` when its content lies here, otherwise `url` is the source's copy."""

    attachment_id: UUID
    case_no: CaseNo
    task_no: int | None
    origin: str
    name: str
    media_type: str
    size: int
    url: str | None
    created_at: datetime
    held: bool


class Reporter(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said of who reported without opening the vault."""

    reporter_no: int
    anonymous: bool
    confidential: bool
    want_callback: bool
    contact_time: str | None
    has_name: bool
    has_phone: bool
    has_address: bool


class BoardCell(msgspec.Struct, frozen=True, kw_only=True):
    """How many clocks of a code a unit has overdue, due today and due soon after."""

    unit: str | None
    code: str
    overdue: int
    today: int
    soon: int


class BoardLine(msgspec.Struct, frozen=True, kw_only=True):
    """One clock behind a number of the board, with its case."""

    case_no: CaseNo
    task_no: int
    code: str
    attempt: int
    unit: str | None
    due_at: datetime
    started_at: datetime
    title: str | None
    gist: str
    urgency: str | None
    state: State
    types: tuple[str, ...]


class BoardQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which clocks of the board: of a unit, of a code, past the last line seen; no `windows`."""

    windows: tuple[str, ...]
    limit: int
    unit: str | None = None
    code: str | None = None
    after: tuple[datetime, int, int, str] | None = None


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """A warning or breach of a clock."""

    case_no: CaseNo
    task_no: int
    code: str
    level: str
    unit: str | None
    at: datetime


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much waits on each tab of the desk."""

    review: int = 0
    emergency: int = 0
    new: int = 0
    dispatched: int = 0
    submitted: int = 0
    returns: int = 0


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was sent up, checked by the page that took it."""

    name: str
    media_type: str
    content: bytes
