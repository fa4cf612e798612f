"""Releases of a city's catalogue in the store: kept, drafted, put in force; and past cases."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec

from models.city import City
from models.db import queries
from models.db.pool import Connection, Database
from models.db.rows import to_struct

_SQL: Final = queries.load("releases")
#: The channel that tells of a release put in force; the payload is the city.
CHANNEL: Final = "jiesu_release"
_SHOWN: Final = 50
_PAGE: Final = 2000
_AFTER_ALL: Final = 1 << 62
Action = Literal["installed", "published", "rolled_back"]


class Current(msgspec.Struct, frozen=True, kw_only=True):
    """The release in force and its place in the row of publications."""

    n: int
    version: str


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """A release put in force: how, when, by whom and why."""

    n: int
    version: str
    action: str
    draft_no: int | None
    at: datetime
    by: str
    why: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A proposed release; `report` is what trying it on past cases showed against `based_on`."""

    draft_no: int
    version: str
    based_on: str
    made_at: datetime
    made_by: str
    why: str
    report: dict[str, Any] | None = None
    simulated_at: datetime | None = None


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A past case: what rules look at, and what became of it."""

    case_no: int
    types: tuple[str, ...]
    kind: str | None
    urgency: str | None
    flags: tuple[str, ...]
    adcode: str | None
    township: str | None
    zone: str | None
    channel: str
    categories: tuple[str, ...]
    received_at: datetime
    happened_on: date | None
    source_due_at: datetime | None
    dispatched_at: datetime | None
    closed_at: datetime | None
    lead_unit: str | None


async def keep(conn: Connection, city: City, version: str) -> None:
    """Keep a release whole; one that is already kept stays as it is."""
    await conn.execute(_SQL["keep"], city.adcode, version, msgspec.to_builtins(city))


async def content(conn: Connection, city: str, version: str) -> City | None:
    """Give a city as it was in a release, None for one that is not kept."""
    found = await conn.fetchval(_SQL["content"], city, version)
    return None if found is None else msgspec.convert(found, City)


async def current(conn: Connection, city: str, *, held: bool = False) -> Current | None:
    """Name the release in force, None before there is one.

    `held` keeps another from being put in force until the transaction ends.
    """
    row = await conn.fetchrow(_SQL["share_current" if held else "current"], city)
    return None if row is None or not row["n"] else to_struct(row, Current)


async def take(conn: Connection, city: str) -> Current | None:
    """Name the release in force and let nobody else decide by it or publish meanwhile."""
    await conn.execute(_SQL["put_first"], city)
    row = await conn.fetchrow(_SQL["take_current"], city)
    return None if row is None or not row["n"] else to_struct(row, Current)


async def put_in_force(conn: Connection, city: str, made: Publication) -> None:
    """Put a release in force, which `take` must have made sure of, and tell whoever listens."""
    await conn.execute(
        _SQL["add_publication"],
        city,
        made.n,
        made.version,
        made.action,
        made.draft_no,
        made.at,
        made.by,
        made.why,
    )
    await conn.execute(_SQL["put_current"], city, made.n, made.version)
    await conn.execute(_SQL["tell"], city)


async def publications(conn: Connection, city: str, limit: int = _SHOWN) -> list[Publication]:
    """List which releases were in force, the latest first."""
    return [to_struct(r, Publication) for r in await conn.fetch(_SQL["publications"], city, limit)]


async def add_draft(conn: Connection, city: str, draft: Draft) -> int:
    """Take in a draft, whatever its `draft_no`, and give it its number."""
    await conn.execute(_SQL["put_first"], city)
    await conn.fetchrow(_SQL["take_current"], city)
    number: int = await conn.fetchval(
        _SQL["add_draft"],
        city,
        draft.version,
        draft.based_on,
        draft.made_at,
        draft.made_by,
        draft.why,
    )
    return number


async def draft(conn: Connection, city: str, draft_no: int) -> Draft | None:
    """Give one draft."""
    row = await conn.fetchrow(_SQL["draft"], city, draft_no)
    return None if row is None else to_struct(row, Draft)


async def drafts(conn: Connection, city: str, limit: int = _SHOWN) -> list[Draft]:
    """List the drafts, the latest first, without their reports."""
    return [to_struct(row, Draft) for row in await conn.fetch(_SQL["drafts"], city, limit)]


async def set_report(conn: Connection, city: str, draft: Draft) -> None:
    """Keep what trying a draft showed: its report, against which release, and when."""
    await conn.execute(
        _SQL["set_report"], city, draft.draft_no, draft.report, draft.based_on, draft.simulated_at
    )


async def past(db: Database, city: str, limit: int) -> AsyncIterator[list[Past]]:
    """Give up to `limit` past cases in pages, the latest first, each page read by itself."""
    before, left = _AFTER_ALL, limit
    while left > 0:
        async with db.city(city) as conn:
            rows = await conn.fetch(_SQL["past"], city, before, min(_PAGE, left))
        if not rows:
            return
        yield [to_struct(row, Past) for row in rows]
        before, left = rows[-1]["case_no"], left - len(rows)
