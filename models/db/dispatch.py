"""Batches of decided cases: out to their units, or to the desk with reasons."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from models.case import Case, Task
from models.db import queries
from models.db.pool import Connection

_SQL: Final = queries.load("dispatch")


async def dispatch(
    conn: Connection, city: str, cases: Sequence[Case], at: datetime
) -> frozenset[int]:
    """Accept and dispatch cases as decided; give those that were still as read (`revision`).

    A case that someone changed meanwhile is left alone.
    """
    if not cases:
        return frozenset()
    rows = await conn.fetch(
        _SQL["dispatch"],
        city,
        [case.case_no for case in cases],
        [case.revision for case in cases],
        [case.urgency for case in cases],
        [case.adcode for case in cases],
        [case.township for case in cases],
        [case.zone for case in cases],
        [case.lead_unit for case in cases],
        [case.decision for case in cases],
        at,
    )
    return frozenset(row["case_no"] for row in rows)


async def to_review(conn: Connection, city: str, cases: Sequence[Case]) -> frozenset[int]:
    """Send cases to the desk with their `review_reasons`; give those that were still as read."""
    if not cases:
        return frozenset()
    rows = await conn.fetch(
        _SQL["to_review"],
        city,
        [case.case_no for case in cases],
        [case.revision for case in cases],
        [case.urgency for case in cases],
        [case.decision for case in cases],
        ["{" + ",".join(case.review_reasons) + "}" for case in cases],
    )
    return frozenset(row["case_no"] for row in rows)


async def add_tasks(conn: Connection, city: str, tasks: Sequence[Task], at: datetime) -> None:
    """Give out tasks; a second lead of a case is refused by the database."""
    if not tasks:
        return
    await conn.execute(
        _SQL["add_tasks"],
        city,
        [task.case_no for task in tasks],
        [task.task_no for task in tasks],
        [task.unit for task in tasks],
        [task.role for task in tasks],
        [task.is_lead for task in tasks],
        at,
    )
