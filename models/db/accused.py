"""The units that a case complains of: noted so that row-level security hides it from them."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from models.case import Case
from models.db import queries
from models.db.pool import Connection

_SQL: Final = queries.load("accused")


async def note(
    conn: Connection, city: str, case_no: int, units: Collection[str], at: datetime
) -> None:
    """Say which units a case complains of, in place of what was said before."""
    await conn.execute(_SQL["note"], city, case_no, sorted(units), at)


async def of_case(conn: Connection, city: str, case_no: int) -> frozenset[str]:
    """Give the units that a case complains of."""
    return frozenset(row["unit"] for row in await conn.fetch(_SQL["of_case"], city, case_no))


async def open_matter(
    conn: Connection,
    case: Case,
    number: int,
    *,
    text: str,
    adcode: str | None,
    address: str | None,
    at: datetime,
) -> None:
    """Open the pollution matter inside a complaint as a case of its own, to be read like any."""
    await conn.execute(
        _SQL["open_matter"], case.city, case.case_no, number, text, address, adcode, at
    )
