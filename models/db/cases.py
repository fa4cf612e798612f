"""One case with its tasks: read, held while someone acts, moved only from how it was read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from models.case import Case, Task
from models.db import queries, sameness
from models.db.pool import Connection
from models.db.rows import to_case, to_task
from models.ids import uuid7

_SQL: Final = queries.load("cases")


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """What a person changed: the same fields as the machine had and as the human set them."""

    machine: dict[str, Any]
    human: dict[str, Any]
    note: str | None = None


async def get(conn: Connection, city: str, case_no: int) -> Case | None:
    """Give a case, None where it is not held here."""
    row = await conn.fetchrow(_SQL["case"], city, case_no)
    return to_case(row) if row else None


async def hold(conn: Connection, city: str, case_no: int) -> Case | None:
    """Give a case and keep others from acting on it, or its parent, until the transaction ends."""
    rows = await conn.fetch(_SQL["hold"], city, case_no)
    return next((to_case(row) for row in rows if row["case_no"] == case_no), None)


async def tasks(conn: Connection, city: str, case_no: int) -> list[Task]:
    """Give the tasks of a case, those returned and withdrawn too."""
    return [to_task(row) for row in await conn.fetch(_SQL["tasks"], city, case_no)]


async def move(conn: Connection, old: Case, new: Case) -> bool:
    """Move a case from one state to the next; False if it is no longer as `old`."""
    revision = await conn.fetchval(
        _SQL["move"],
        old.city,
        old.case_no,
        old.revision,
        old.state.value,
        new.state.value,
        new.queue.value if new.queue else None,
        new.lead_unit,
        new.no_return,
        list(new.review_reasons),
        new.accepted_at,
        new.dispatched_at,
        new.closed_at,
        new.result,
        new.merged_into,
        new.suspended_at,
        new.archived_at,
        new.level,
        list(new.key_reasons),
        new.leader,
    )
    return revision is not None


async def set_facts(conn: Connection, case: Case) -> None:
    """Set what a case is and how it is decided; it must be being moved."""
    await conn.execute(
        _SQL["set_facts"],
        case.city,
        case.case_no,
        case.kind,
        list(case.types),
        case.urgency,
        case.adcode,
        case.township,
        case.zone,
        case.decision,
        case.happened_on,
    )
    await sameness.correct(conn, case.city, case.case_no, case.types, case.adcode)


async def move_task(conn: Connection, old: Task, new: Task, unit: str | None) -> bool:
    """Move a task on; False if it is no longer as `old`, or not the acting `unit`'s where given."""
    revision = await conn.fetchval(
        _SQL["move_task"],
        old.city,
        old.case_no,
        old.task_no,
        old.revision,
        old.state.value,
        unit,
        new.state.value,
        new.signed_at,
        new.handler,
        new.contacted_at,
        new.submitted_at,
        new.returned_at,
        new.result,
    )
    return revision is not None


async def add_correction(
    conn: Connection, case: Case, staff: str, at: datetime, correction: Correction
) -> None:
    """Keep what a person changed, as training data."""
    await conn.execute(
        _SQL["add_correction"],
        case.city,
        uuid7(),
        case.case_no,
        at,
        staff,
        correction.machine,
        correction.human,
        correction.note,
    )


async def files_held(conn: Connection, city: str, case_no: int, files: Sequence[UUID]) -> int:
    """Count how many of the attachments belong to the case."""
    return int(await conn.fetchval(_SQL["files_held"], city, case_no, list(files)))
