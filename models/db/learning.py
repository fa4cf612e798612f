"""What the reader learns from and how it does: corrections, stored tags in a window, releases."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct
from models.ids import uuid7

_SQL: Final = queries.load("learning")


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """A case whose reading a person changed, with the labels that hold now."""

    case_no: int
    title: str | None
    text: str
    channel: str
    kind: str
    types: tuple[str, ...]
    urgency: str
    adcode: str | None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How often one reader gave one main type with a probability in one tenth (1 to 10).

    `p` is the sum of the probabilities; `recent` says whether the cases lie in the recent window.
    """

    recent: bool
    model: str
    code: str
    tenth: int
    n: int
    p: float
    review: int
    doubt: int
    corrected: int


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with a reader: promoted, refused or rolled back; `replaced` served before."""

    at: datetime
    act: str
    version: str
    replaced: str
    reason: str
    figures: dict[str, Any]


async def corrected(conn: Connection, city: str) -> list[Corrected]:
    """Give the cases of a city whose types, request type or urgency a person changed."""
    return [to_struct(row, Corrected) for row in await conn.fetch(_SQL["corrected"], city)]


async def keep_set(
    conn: Connection, city: str, version: str, members: Sequence[dict[str, Any]], at: datetime
) -> None:
    """Keep what a set of corrections held: labels and digests by case number, no text."""
    await conn.execute(_SQL["keep_set"], city, version, at, len(members), {"rows": [*members]})


async def readings(conn: Connection, city: str, *, cases: int, recent: int) -> list[Reading]:
    """Count what was said of a city's latest `cases`, apart for the latest `recent` of them."""
    return [
        to_struct(row, Reading) for row in await conn.fetch(_SQL["readings"], city, cases, recent)
    ]


async def add_release(conn: Connection, cities: Sequence[str], release: Release) -> None:
    """Log for each of the cities what was done with a reader."""
    await conn.execute(
        _SQL["add_release"],
        list(cities),
        uuid7(),
        release.at,
        release.act,
        release.version,
        release.replaced,
        release.reason,
        release.figures,
    )


async def releases(conn: Connection, city: str, limit: int = 50) -> list[Release]:
    """Give what was done with the readers of a city, the latest first."""
    return [to_struct(row, Release) for row in await conn.fetch(_SQL["releases"], city, limit)]
