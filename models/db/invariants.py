"""What must hold of the stored cases whatever happened, checked against the rows."""

from typing import Final

import msgspec

from models.db import queries
from models.db.pool import Connection

_SQL = queries.load("invariants")
_CHECKS: Final = tuple(name for name in _SQL if name != "cities")
_MAX_ROWS: Final = 20


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One row that breaks an invariant: `what` names it, `found` tells its state."""

    invariant: str
    what: str
    found: str


async def cities(conn: Connection) -> list[str]:
    """Give the cities of which this database holds anything."""
    return [row["city"] for row in await conn.fetch(_SQL["cities"])]


async def violations(conn: Connection, city: str) -> list[Violation]:
    """Check all invariants of a city; at most twenty rows are given for each."""
    return [
        Violation(invariant=name, what=row["what"], found=row["found"])
        for name in _CHECKS
        for row in await conn.fetch(_SQL[name], city, _MAX_ROWS)
    ]
