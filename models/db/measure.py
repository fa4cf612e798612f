"""What the bench asks of the database: progress of the queues, and a bare table to compare with."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec
from msgspec import to_builtins

from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct
from models.tags import Tags

_SQL: Final = queries.load("measure")
_TEXT: Final = "楼下工厂夜间排放刺鼻废气,请查处。" * 12
_PAYLOAD: Final = {"order": {"content": _TEXT}, "kept": True}


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How many cases wait for the machine, went out to units, or are with the desk."""

    waiting: int
    dispatched: int
    review: int


async def progress(conn: Connection, city: str) -> Progress:
    """Count a city's cases by where they are."""
    row = await conn.fetchrow(_SQL["progress"], city)
    return to_struct(dict(row or {}), Progress)


async def insert_bare(conn: Connection, city: str, numbers: Sequence[int]) -> None:
    """Insert rows of a report's size into the baseline's table, made where it is missing."""
    await conn.execute(_SQL["bare_table"])
    await conn.execute(_SQL["insert_bare"], city, list(numbers), _TEXT, _PAYLOAD)


async def update_bare(conn: Connection, city: str, numbers: Sequence[int]) -> None:
    """Update rows of the baseline's table."""
    await conn.execute(_SQL["update_bare"], city, list(numbers), _TEXT, _PAYLOAD)


async def fill_cases(
    conn: Connection, city: str, first: int, last: int, said: Sequence[Tags]
) -> None:
    """Store tagged cases in the routing queue, numbered from `first` to `last`, tags in turn."""
    await conn.execute(
        _SQL["fill_cases"],
        city,
        first,
        last,
        ["|".join(tag.code for tag in tags.types) for tags in said],
        [tags.place.adcode for tags in said],
        [tags.place.township for tags in said],
        [to_builtins(tags) for tags in said],
        " ".join(_TEXT),
    )


async def analyse_cases(conn: Connection) -> None:
    """Let the planner know how many cases there are."""
    await conn.execute(_SQL["analyse_cases"])


async def close_all(conn: Connection, city: str, after: timedelta) -> None:
    """Have every dispatched case closed some time after it was sent out."""
    await conn.execute(_SQL["close_all"], city, after)


async def fill_clocks(conn: Connection, city: str, first: int, last: int, ripe: int) -> None:
    """Open clocks of invented cases; those of the first `ripe` cases have come due."""
    await conn.execute(_SQL["fill_clocks"], city, first, last, ripe)


async def analyse_clocks(conn: Connection) -> None:
    """Let the planner know how many clocks there are."""
    await conn.execute(_SQL["analyse_clocks"])
