"""Reading for the pages: every list by keyset, every count over an index, never an identity.

The connection says whose rows may be seen: `Database.city(city, unit)` for staff of a unit.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from models.case import Case, CaseNo
from models.db import queries
from models.db.lines import (
    Alarm,
    BoardCell,
    BoardLine,
    BoardQuery,
    ClockView,
    Counts,
    FileView,
    InboxLine,
    Line,
    Reporter,
    TaskView,
    Upload,
)
from models.db.pool import Connection
from models.db.rows import to_case, to_struct
from models.ids import uuid7
from models.moment import now

_SQL: Final = queries.load("views")
#: Which states each tab that lists by state shows.
STATES: Final = {
    "dispatched": ("DISPATCHED", "IN_PROGRESS"),
    "closed": ("CLOSED", "REJECTED", "TRANSFERRED"),
}
#: The last line seen of the review queue: urgency ("" for none) and case number.
ReviewMark = tuple[str, int]
#: The last line seen of an inbox: when it is due, case and task.
InboxMark = tuple[datetime | None, int, int]


async def lines(
    conn: Connection, city: str, case_nos: Sequence[int], windows: Sequence[str]
) -> list[Line]:
    """Give the lines of cases in their order; `windows` are clocks that are no promises."""
    rows = await conn.fetch(_SQL["lines"], city, list(case_nos), list(windows))
    found = {row["case_no"]: to_struct(row, Line) for row in rows}
    return [found[no] for no in case_nos if no in found]


async def review_queue(
    conn: Connection, city: str, limit: int, after: ReviewMark | None = None
) -> list[CaseNo]:
    """List what a person must look at: emergencies first, then the oldest."""
    urgency, last = after or ("", None)
    return await _numbers(conn, "review_queue", city, urgency, last, limit)


async def machine_queue(
    conn: Connection, city: str, limit: int, after: int | None = None
) -> list[CaseNo]:
    """List what the machine has not finished reading or routing."""
    return await _numbers(conn, "machine_queue", city, after, limit)


async def by_state(
    conn: Connection, city: str, tab: str, limit: int, before: int | None = None
) -> list[CaseNo]:
    """List the cases of a tab in STATES, the newest first."""
    return await _numbers(conn, "by_state", city, list(STATES[tab]), before, limit)


async def submitted(
    conn: Connection, city: str, limit: int, after: int | None = None
) -> list[CaseNo]:
    """List cases whose result waits for approval."""
    return await _numbers(conn, "submitted", city, after, limit)


async def returns(
    conn: Connection, city: str, limit: int, after: int | None = None
) -> list[CaseNo]:
    """List cases in which a unit asks to be relieved."""
    return await _numbers(conn, "returns", city, after, limit)


async def search(
    conn: Connection, city: str, words: Sequence[str], limit: int, before: int | None = None
) -> list[CaseNo]:
    """List cases whose text holds all the words."""
    return await _numbers(conn, "search", city, _tsquery(words), before, limit)


async def by_reference(
    conn: Connection, city: str, sources: Sequence[str], external_no: str
) -> list[CaseNo]:
    """List the cases that have this number at one of the sources."""
    return await _numbers(conn, "by_reference", city, list(sources), external_no)


async def desk_counts(conn: Connection, city: str) -> Counts:
    """Count what waits on each tab."""
    row = await conn.fetchrow(_SQL["desk_counts"], city)
    return to_struct(row, Counts) if row else Counts()


async def next_review(conn: Connection, city: str, done: int = 0) -> int | None:
    """Give the case to look at next, past the one just done."""
    found: int | None = await conn.fetchval(_SQL["next_review"], city, done)
    return found


async def case(conn: Connection, city: str, case_no: int) -> Case | None:
    """Give a case as far as the connection may see it."""
    row = await conn.fetchrow(_SQL["case_row"], city, case_no)
    return to_case(row) if row else None


async def tasks(conn: Connection, city: str, case_no: int) -> list[TaskView]:
    """List the parts of a case, the lead's first."""
    rows = await conn.fetch(_SQL["tasks"], city, case_no)
    return [to_struct(row, TaskView) for row in rows]


async def clocks(conn: Connection, city: str, case_no: int) -> list[ClockView]:
    """List the clocks of a case, running ones first."""
    rows = await conn.fetch(_SQL["clocks"], city, case_no)
    return [to_struct(row, ClockView) for row in rows]


async def clock_trace(
    conn: Connection, city: str, case_no: int, clock: tuple[int, str, int]
) -> ClockView | None:
    """Give one clock, named by task, code and attempt, with its count day by day."""
    row = await conn.fetchrow(_SQL["clock_trace"], city, case_no, *clock)
    return to_struct(row, ClockView) if row else None


async def files(conn: Connection, city: str, case_no: int) -> list[FileView]:
    """List the files of a case."""
    rows = await conn.fetch(_SQL["files"], city, case_no)
    return [to_struct(row, FileView) for row in rows]


async def file(conn: Connection, city: str, file_id: UUID) -> Upload | None:
    """Give a file with its content."""
    row = await conn.fetchrow(_SQL["file"], city, file_id)
    return to_struct(row, Upload) if row else None


async def add_files(
    conn: Connection,
    city: str,
    case_no: int,
    uploads: Sequence[Upload],
    *,
    origin: str,
    task_no: int | None = None,
) -> list[UUID]:
    """Keep files with a case and give their ids; one there already, byte for byte, is kept once."""
    columns = (
        [uuid7() for _ in uploads],
        [upload.name for upload in uploads],
        [upload.media_type for upload in uploads],
        [upload.content for upload in uploads],
    )
    await conn.execute(_SQL["add_files"], city, case_no, task_no, origin, now(), *columns)
    digests = [hashlib.sha256(upload.content).hexdigest() for upload in uploads]
    rows = await conn.fetch(_SQL["files_like"], city, case_no, origin, digests)
    return [row["attachment_id"] for row in rows]


async def reporters(conn: Connection, city: str, case_no: int) -> list[Reporter]:
    """Say what is known of who reported, without opening the vault."""
    rows = await conn.fetch(_SQL["reporters"], city, case_no)
    return [to_struct(row, Reporter) for row in rows]


async def references(conn: Connection, city: str, case_no: int) -> list[tuple[str, str, int]]:
    """List the case's numbers at its sources as (source, number, version)."""
    rows = await conn.fetch(_SQL["references"], city, case_no)
    return [(row["source"], row["external_no"], row["version"]) for row in rows]


async def inbox(
    conn: Connection,
    city: str,
    unit: str,
    states: Sequence[str],
    *,
    windows: Sequence[str],
    limit: int,
    after: InboxMark | None = None,
) -> list[InboxLine]:
    """List a unit's open tasks, the one due soonest first; `windows` as for `lines`."""
    mark = after or (None, None, None)
    wanted = (list(states), list(windows))
    rows = await conn.fetch(_SQL["inbox"], city, unit, *wanted, *mark, limit)
    return [to_struct(row, InboxLine) for row in rows]


async def finished(
    conn: Connection, city: str, unit: str, limit: int, before: int | None = None
) -> list[InboxLine]:
    """List a unit's finished tasks, the newest first."""
    rows = await conn.fetch(_SQL["finished"], city, unit, before, limit)
    return [to_struct(row, InboxLine) for row in rows]


async def inbox_counts(conn: Connection, city: str, unit: str) -> dict[str, int]:
    """Count a unit's open tasks by state."""
    rows = await conn.fetch(_SQL["inbox_counts"], city, unit)
    return {row["state"]: row["n"] for row in rows}


async def board(
    conn: Connection, city: str, at: tuple[datetime, datetime, datetime], windows: Sequence[str]
) -> list[BoardCell]:
    """Count open clocks by unit and code; `at` are now, the end of today and the end of soon."""
    rows = await conn.fetch(_SQL["board"], city, *at, list(windows))
    return [to_struct(row, BoardCell) for row in rows]


async def board_lines(
    conn: Connection, city: str, span: tuple[datetime, datetime], asked: BoardQuery
) -> list[BoardLine]:
    """List the open clocks due within a span, the earliest first."""
    mark = asked.after or (None, None, None, None)
    wanted = (list(asked.windows), asked.unit, asked.code)
    rows = await conn.fetch(_SQL["board_lines"], city, *span, *wanted, *mark, asked.limit)
    return [to_struct(row, BoardLine) for row in rows]


async def alarms(conn: Connection, city: str, limit: int = 20) -> list[Alarm]:
    """List the latest warnings and breaches."""
    return [to_struct(row, Alarm) for row in await conn.fetch(_SQL["alarms"], city, limit)]


async def workload(conn: Connection, city: str) -> dict[str, int]:
    """Count each unit's open tasks."""
    return {row["unit"]: row["n"] for row in await conn.fetch(_SQL["workload"], city)}


async def releases(conn: Connection, city: str) -> list[tuple[str, datetime]]:
    """List the releases of the city's data, the newest first."""
    rows = await conn.fetch(_SQL["releases"], city)
    return [(row["version"], row["published_at"]) for row in rows]


async def _numbers(conn: Connection, name: str, *args: object) -> list[CaseNo]:
    return [CaseNo(row["case_no"]) for row in await conn.fetch(_SQL[name], *args)]


def _tsquery(words: Sequence[str]) -> str:
    """Ask for all the words, each quoted as PostgreSQL reads a lexeme."""
    quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in words)
    return " & ".join(f"'{word}'" for word in quoted)
