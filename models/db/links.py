"""Cases that belong together: held together, opened out of each other, linked and told apart."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple
from uuid import UUID

import msgspec

from models.case import Case
from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_case, to_struct
from models.ids import uuid7

Kind = Literal["split", "merge", "repeat", "related"]
_SQL: Final = queries.load("links")


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """That `case_no` is a part of, merged into, a repetition of or related to `other_no`."""

    link_id: UUID
    case_no: int
    other_no: int
    kind: Kind
    reason: str
    made_by: str
    made_at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None
    undone_reason: str | None = None


class Promise(NamedTuple):
    """An end that was promised, and of which case."""

    due_at: datetime
    case_no: int


async def hold_around(conn: Connection, city: str, numbers: Sequence[int]) -> dict[int, Case]:
    """Hold cases with all that belong to them, in order; give them by number."""
    rows = await conn.fetch(_SQL["around"], city, list(numbers))
    return {row["case_no"]: to_case(row) for row in rows}


async def parts(conn: Connection, city: str, case_no: int) -> list[Case]:
    """Give the parts that a case was split into, in order."""
    return [to_case(row) for row in await conn.fetch(_SQL["parts"], city, case_no)]


async def kin(conn: Connection, case: Case) -> list[Case]:
    """Give what tells of the same report as a case: its parent and all parts, gone ones too."""
    rows = await conn.fetch(_SQL["kin"], case.city, case.case_no, case.parent_no)
    return [to_case(row) for row in rows]


async def merged(conn: Connection, city: str, case_no: int) -> list[Case]:
    """Give the cases that were merged into a case."""
    return [to_case(row) for row in await conn.fetch(_SQL["merged"], city, case_no)]


async def open_part(conn: Connection, part: Case) -> None:
    """Open a part of `parent_no` under a drawn number, with its files; no code leads to it."""
    await conn.execute(
        _SQL["open_part"],
        part.city,
        part.parent_no,
        part.case_no,
        part.state.value,
        part.queue.value if part.queue else None,
        part.title,
        part.text,
        part.kind,
        list(part.types),
        part.urgency,
        part.adcode,
        part.township,
        part.zone,
        part.lead_unit,
        part.decision,
        list(part.review_reasons),
        part.accepted_at,
        part.dispatched_at,
        part.no_return,
    )
    await conn.execute(_SQL["copy_words"], part.city, part.parent_no, part.case_no)
    await conn.execute(_SQL["copy_files"], part.city, part.parent_no, part.case_no)


async def add(
    conn: Connection, case: Case, other_no: int, kind: Kind, *, why: str, by: str, at: datetime
) -> None:
    """Write that a case belongs to another."""
    await conn.execute(_SQL["add"], case.city, uuid7(), case.case_no, other_no, kind, why, by, at)


async def undo(
    conn: Connection, case: Case, other_no: int, *kinds: Kind, why: str, by: str, at: datetime
) -> int:
    """Write that a case no longer belongs to another; give how many links held."""
    key = (case.city, case.case_no, other_no, list(kinds))
    return int(await conn.fetchval(_SQL["undo"], *key, at, by, why))


async def of_case(conn: Connection, city: str, case_no: int) -> list[Link]:
    """Give all links of a case, those undone too, the oldest first."""
    return [to_struct(row, Link) for row in await conn.fetch(_SQL["of_case"], city, case_no)]


async def move_on(conn: Connection, city: str, main: int, new_main: int) -> list[int]:
    """Let the cases merged into one answer to another instead; give their numbers."""
    rows = await conn.fetch(_SQL["move_on"], city, main, new_main)
    return [row["case_no"] for row in rows]


async def promise(
    conn: Connection, city: str, case_no: int, closing: Sequence[str], at: datetime
) -> Promise | None:
    """Give the earliest end promised by cases that this one answers for, or by its parent.

    `closing` are the codes of the clocks that promise to close a case; what the parent promised
    only at that very moment does not bind its parts.
    """
    row = await conn.fetchrow(_SQL["promise"], city, case_no, list(closing), at)
    return Promise(row["due_at"], row["case_no"]) if row else None
