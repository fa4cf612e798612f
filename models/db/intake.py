"""Storing reports: rows in the order of their columns, one statement for each table and batch."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

import asyncpg

from models.case import CaseNo
from models.db import queries
from models.db.identity import IdentityRow
from models.db.intake_rows import (
    Brief,
    CaseChange,
    FileRow,
    Held,
    Key,
    Known,
    NonceRow,
    OpenRow,
    RefChange,
    ReportRow,
    UnknownRow,
)
from models.db.pool import Connection, Database
from models.db.rows import as_json, to_struct
from models.errors import Invalid, Unavailable

_SQL = queries.load("intake")


class Raced(Exception):
    """Another transaction wrote the same key first: start the batch again to see what it wrote."""


@asynccontextmanager
async def writing(db: Database, city: str) -> AsyncIterator[Connection]:
    """Run one transaction that stores reports of a city.

    Raced when it must be run again, Invalid when a value cannot be stored, Unavailable when the
    database is too busy.
    """
    try:
        async with db.city(city) as conn:
            yield conn
    except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
        raise Raced from error
    except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError) as error:
        code = "database_busy"
        raise Unavailable(code, "数据库繁忙,请稍后重试。", retry_after=2) from error
    except asyncpg.DataError as error:
        code = "report_not_storable"
        raise Invalid(code, "报文含有无法保存的字符或数值,请检查后重发。") from error


async def find(conn: Connection, city: str, keys: Sequence[Key]) -> list[Known]:
    """Tell what is known of each key, in their order."""
    rows = await conn.fetch(_SQL["find"], city, *_columns(keys))
    return [to_struct(row, Known) for row in rows]


async def draw(conn: Connection, city: str, day: date, n: int) -> int:
    """Take `n` gapless numbers of a day and give the first; serialises the city's writers."""
    return int(await conn.fetchval(_SQL["draw"], city, day, n)) - n + 1


async def open_cases(
    conn: Connection,
    city: str,
    rows: Sequence[OpenRow],
    at: datetime,
    *,
    people: Sequence[IdentityRow],
    nonces: Sequence[NonceRow],
) -> None:
    """Open cases received at a moment, and wake the taggers.

    Raced when another transaction bound a number, kept a message or used a nonce first.
    """
    made = await conn.fetchrow(
        _SQL["open_cases"], city, as_json(rows), at, as_json(people), as_json(sorted(nonces))
    )
    wanted = (len(rows), len(rows), len(nonces))
    if made is None or (made["refs"], made["reports"], made["nonces"]) != wanted:
        raise Raced


async def add_reports(conn: Connection, city: str, rows: Sequence[ReportRow]) -> None:
    """Keep later deliveries; Raced when another transaction kept a message or version first."""
    made = await conn.fetch(_SQL["add_reports"], city, *_columns(_in_order(rows)))
    if len(made) < len(rows):
        raise Raced


async def add_nonces(conn: Connection, city: str, rows: Sequence[NonceRow], at: datetime) -> None:
    """Remember signed requests; Raced when another transaction used a nonce first."""
    if rows and len(await conn.fetch(_SQL["add_nonces"], city, as_json(sorted(rows)), at)) < len(
        rows
    ):
        raise Raced


async def forget_nonces(conn: Connection, city: str, before: datetime) -> None:
    """Drop nonces that no request can use any more."""
    await conn.execute(_SQL["forget_nonces"], city, before)


async def add_files(conn: Connection, city: str, rows: Sequence[FileRow]) -> None:
    """Keep attachments; a file already kept gets its newer address."""
    if rows:
        unique = {row.attachment_id: row for row in rows}
        await conn.execute(_SQL["add_files"], city, *_columns([unique[k] for k in sorted(unique)]))


async def note_unknown(
    conn: Connection, city: str, rows: Sequence[UnknownRow], at: datetime
) -> None:
    """Count codes without a mapping, for whoever maps them."""
    if rows:
        await conn.execute(_SQL["note_unknown"], city, *_columns(rows), at)


async def lock(
    conn: Connection, city: str, numbers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Held]:
    """Lock (source, number) pairs and their cases, in the same order as every other batch."""
    rows = await conn.fetch(_SQL["lock"], city, *_columns(numbers))
    return {(row["source"], row["external_no"]): to_struct(row, Held) for row in rows}


async def said_before(
    conn: Connection, city: str, contents: Sequence[tuple[str, str, bytes]]
) -> dict[tuple[str, str], int]:
    """Tell which (source, number, digest) were delivered before, as which version."""
    rows = await conn.fetch(_SQL["said_before"], city, *_columns(contents))
    return {(row["source"], row["external_no"]): row["version"] for row in rows}


async def change_refs(conn: Connection, city: str, rows: Sequence[RefChange]) -> None:
    """Note new versions of numbers."""
    await conn.execute(_SQL["change_refs"], city, *_columns(rows))


async def change_cases(conn: Connection, city: str, rows: Sequence[CaseChange]) -> None:
    """Write new content and send the cases where it must be looked at."""
    if rows:
        await conn.execute(_SQL["change_cases"], city, *_columns(rows))


async def wake(conn: Connection, queue: str) -> None:
    """Tell the workers, when this transaction commits, that a queue has work."""
    await conn.execute(_SQL["wake"], queue)


async def reconcile(
    conn: Connection, city: str, source: str, numbers: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    """Tell of each number of a source that is held how its case stands, by number."""
    rows = await conn.fetch(_SQL["reconcile"], city, source, list(numbers))
    return {row["external_no"]: dict(row.items()) for row in rows}


async def tracked(conn: Connection, city: str, track_hash: bytes) -> CaseNo | None:
    """Give the case of a tracking code's digest."""
    found = await conn.fetchval(_SQL["tracked"], city, track_hash)
    return None if found is None else CaseNo(found)


async def numbers(
    conn: Connection,
    city: str,
    before: int,
    limit: int,
    *,
    state: str | None = None,
    unit: str | None = None,
    external_no: str | None = None,
) -> list[CaseNo]:
    """List case numbers below `before`, the newest first; `external_no` stands alone."""
    filters = {"number": external_no} if external_no else {"unit": unit, "state": state}
    given = {name: value for name, value in filters.items() if value is not None}
    name = "_".join(["list", *given]) if given else "list_all"
    rows = await conn.fetch(_SQL[name], city, before, limit, *given.values())
    return [CaseNo(row["case_no"]) for row in rows]


async def briefs(conn: Connection, city: str, case_nos: Sequence[int]) -> list[Brief]:
    """Give what a list shows of cases, the newest first."""
    rows = await conn.fetch(_SQL["brief"], city, list(case_nos))
    return [to_struct(row, Brief) for row in rows]


def _in_order(rows: Sequence[ReportRow]) -> list[ReportRow]:
    return sorted(rows, key=lambda row: (row.source, row.external_no))


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
