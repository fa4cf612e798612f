"""Every statement of links.sql finds its rows by an index, and so does holding a case."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from models.db import queries
from models.db.pool import Database
from tests.routing.kit import CITY, EAST
from tests.routing.plans import explain, whole_tables

AT = datetime(2026, 11, 20, tzinfo=UTC)
UNIT = f"{EAST}-ECO"
ARGS: dict[str, list[Any]] = {
    "around": [CITY, [5, 6]],
    "parts": [CITY, 5],
    "kin": [CITY, 5, 6],
    "merged": [CITY, 5],
    "open_part": [
        *(CITY, 5, 20261120000001, "DISPATCHED", None, "x", "x", "TS", ["A01"], "P2", EAST),
        *(None, None, UNIT, {}, [], AT, AT, False),
    ],
    "copy_words": [CITY, 5, 6],
    "copy_files": [CITY, 5, 6],
    "add": [CITY, UUID(int=1), 5, 6, "merge", "x", "x", AT],
    "undo": [CITY, 5, 6, ["merge"], AT, "x", "x"],
    "of_case": [CITY, 5],
    "move_on": [CITY, 5, 6],
    "promise": [CITY, 5, ["K12"], AT],
}
_FILL = """
INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash, state,
                   merged_into, parent_no)
SELECT $1, n, '12345_TEL', '12345', 'x', now(), decode(md5(n::text), 'hex'),
       CASE WHEN n % 9 = 0 THEN 'MERGED' ELSE 'DISPATCHED' END,
       CASE WHEN n % 9 = 0 THEN n - 1 END, CASE WHEN n % 7 = 0 THEN n - 1 END
  FROM generate_series(1, 20000) n
"""
_LINKS = """
INSERT INTO case_link (city, link_id, case_no, other_no, kind, reason, made_by, made_at)
SELECT $1, gen_random_uuid(), n, n + 1, 'related', 'x', 'x', now() FROM generate_series(1, 20000) n
"""
_FILES = """
INSERT INTO attachment (city, attachment_id, case_no, origin, name, media_type, size, sha256,
                        created_at)
SELECT $1, gen_random_uuid(), n, 'citizen', 'x', 'x', 1, 'x', now() FROM generate_series(1, 20000) n
"""
_CLOCKS = """
INSERT INTO clock (city, case_no, task_no, code, started_at, due_at, calendar, trace)
SELECT $1, n, 0, 'K12', now(), now(), 'W', '[]' FROM generate_series(1, 20000) n
"""


def test_no_statement_is_left_out() -> None:
    """Each statement has its plan looked at."""
    assert set(queries.load("links")) == set(ARGS)


async def test_every_statement_finds_its_rows_by_an_index(town: Database) -> None:
    """No statement reads a table whole, under row-level security."""
    async with town.city(CITY) as conn:
        for statement in (_FILL, _LINKS, _CLOCKS, _FILES):
            await conn.execute(statement, CITY)
    for table in ("cases", "case_link", "clock", "attachment"):
        async with town.city(CITY) as conn:
            await conn.execute(f"ANALYZE {table}")
    statements = {name: queries.load("links")[name] for name in ARGS}
    statements["hold"] = queries.load("cases")["hold"]
    async with town.city(CITY) as conn:
        whole = {
            name: whole_tables(await explain(conn, statement, ARGS.get(name, [CITY, 5])))
            for name, statement in statements.items()
        }
    assert {name: tables for name, tables in whole.items() if tables} == {}
