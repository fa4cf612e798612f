"""Every statement of standing.sql finds its rows by an index."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.db import queries
from models.db.pool import Database
from tests.routing.kit import CITY
from tests.routing.plans import explain, whole_tables

AT = datetime(2026, 11, 20, tzinfo=UTC)
#: Arguments of each statement, as its callers give them.
ARGS: dict[str, list[Any]] = {
    "suspensions": [CITY, 5],
    "ask_suspension": [CITY, 5, 2, "appraisal", "x", AT, "x", None, 5, None, None, None],
    "decide_suspension": [CITY, 5, 1, "granted", AT, "x", AT, "x"],
    "end_suspensions": [CITY, 5, AT, "resumed", 0],
    "spent": [CITY, AT, 100],
    "supplemented": [CITY, AT, 100],
    "extensions": [CITY, 5],
    "ask_extension": [CITY, 5, 2, "K12", 5, "W", "x", "phone", AT, "x", "U", AT],
    "drop_extensions": [CITY, 5, AT, "x", "x"],
    "decide_extension": [CITY, 5, 1, "granted", AT, "x", "x", AT],
}
_FILL = """
INSERT INTO suspension (city, case_no, n, reason, ends_when, state, asked_at, asked_by,
                        decided_at, until)
SELECT $1, n, 1, CASE WHEN n % 9 = 0 THEN 'supplement' ELSE 'appraisal' END, 'x',
       CASE WHEN n % 20 = 0 THEN 'granted' ELSE 'over' END, now(), 'x', now(),
       now() + n * interval '1 minute'
  FROM generate_series(1, 20000) n
"""
_EXTENSIONS = """
INSERT INTO extension (city, case_no, n, code, span_n, span_unit, reason, told, state, asked_at,
                       asked_by, unit, due_before)
SELECT $1, n, 1, 'K12', 5, 'W', 'x', 'phone', 'granted', now(), 'x', 'U', now()
  FROM generate_series(1, 20000) n
"""
_EVENTS = """
INSERT INTO event (city, event_id, case_no, at, verb, actor_kind, actor_name, data)
SELECT $1, gen_random_uuid(), n, now(), 'case:received', 'citizen', 'x', '{}'
  FROM generate_series(1, 20000) n
"""


@pytest.fixture
async def filled(db: Database) -> Database:
    """Give twenty thousand suspensions and extensions, whose statistics are fresh."""
    async with db.city(CITY) as conn:
        for statement in (_FILL, _EXTENSIONS, _EVENTS):
            await conn.execute(statement, CITY)
    for table in ("suspension", "extension", "event"):
        async with db.city(CITY) as conn:
            await conn.execute(f"ANALYZE {table}")
    return db


async def test_every_statement_finds_its_rows_by_an_index(filled: Database) -> None:
    """No statement reads a table whole, and none is left out."""
    statements = queries.load("standing")
    assert set(statements) == set(ARGS)
    async with filled.city(CITY) as conn:
        whole = {
            name: whole_tables(await explain(conn, statements[name], args))
            for name, args in ARGS.items()
        }
    assert {name: tables for name, tables in whole.items() if tables} == {}
