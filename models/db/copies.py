"""Copies of cases: which chief's office was told of which case, without a part in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from models.case import Case
from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("copies")
_SHOWN: Final = 50


class SentCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy sent: of which case, to which unit, for the chief of which place, when."""

    case_no: int
    unit: str
    place: str
    title: str
    sent_at: datetime


async def send(conn: Connection, city: str, cases: Sequence[Case], at: datetime) -> None:
    """Send the copies that the decisions of the cases name, each once; of restricted ones none."""
    told = [case for case in cases if case.decision and not case.restricted]
    copies = [(c.case_no, copy) for c in told if c.decision for copy in c.decision.copies]
    if copies:
        await conn.execute(
            _SQL["send"],
            city,
            [case_no for case_no, _ in copies],
            [copy.unit for _, copy in copies],
            [copy.place for _, copy in copies],
            [copy.title for _, copy in copies],
            at,
        )


async def of_case(conn: Connection, city: str, case_no: int) -> list[SentCopy]:
    """Name who was told of a case."""
    return [to_struct(row, SentCopy) for row in await conn.fetch(_SQL["of_case"], city, case_no)]


async def of_unit(
    conn: Connection, city: str, unit: str, before: int | None = None, limit: int = _SHOWN
) -> list[SentCopy]:
    """List what a unit was told of, the latest first."""
    rows = await conn.fetch(_SQL["of_unit"], city, unit, before, limit)
    return [to_struct(row, SentCopy) for row in rows]
