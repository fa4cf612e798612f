"""Letters about a case to bodies that get no task of it: another city's, or above the city's.

A letter says what it is about and what is asked, never who reported.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("letters")


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One letter. `kind` is transfer (转办), coordinate (请上级协调) or inform (通报).

    `to_unit` is a unit of ours of level external, `to_city` the six-digit code of another city,
    None where neither; `number` is unique within the city.
    """

    letter_id: UUID
    case_no: int
    number: str
    kind: str
    to_unit: str | None
    to_name: str
    to_city: str | None
    subject: str
    body: str
    issued_at: datetime
    issued_by: str
    reply_by: datetime | None = None
    received_at: datetime | None = None
    received_by: str | None = None
    replied_at: datetime | None = None
    reply: str | None = None


async def issue(conn: Connection, city: str, letter: Letter) -> None:
    """Keep a letter as it goes out."""
    await conn.execute(
        _SQL["issue"],
        city,
        letter.letter_id,
        letter.case_no,
        letter.number,
        letter.kind,
        letter.to_unit,
        letter.to_name,
        letter.to_city,
        letter.subject,
        letter.body,
        letter.issued_at,
        letter.issued_by,
        letter.reply_by,
    )


async def receive(
    conn: Connection, city: str, case_no: int, number: str, *, at: datetime, who: str
) -> None:
    """Note that a letter was received, by whom and when."""
    await conn.execute(_SQL["receive"], city, case_no, number, at, who)


async def reply(
    conn: Connection, city: str, case_no: int, number: str, *, at: datetime, said: str
) -> None:
    """Note what a letter was answered."""
    await conn.execute(_SQL["reply"], city, case_no, number, at, said)


async def of_case(conn: Connection, city: str, case_no: int) -> list[Letter]:
    """Give the letters of a case, oldest first."""
    return [to_struct(row, Letter) for row in await conn.fetch(_SQL["of_case"], city, case_no)]


async def waiting(conn: Connection, city: str, limit: int) -> list[Letter]:
    """Give the letters that nobody has said to have received, the oldest first."""
    return [to_struct(row, Letter) for row in await conn.fetch(_SQL["waiting"], city, limit)]
