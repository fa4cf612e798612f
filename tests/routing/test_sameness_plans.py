"""The search for the same event reads its window alone, by an index."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from models.db import queries
from models.db.pool import Database
from tests.routing.kit import CITY, EAST
from tests.routing.plans import explain, whole_tables

AT = datetime(2026, 11, 20, tzinfo=UTC)
SINCE, UNTIL = [AT - timedelta(hours=72)], [AT + timedelta(hours=72)]
CASE = 9000
BITS = asyncpg.BitString.from_int(1, length=512)
#: Arguments of each statement, as its callers give them.
ARGS: dict[str, list[Any]] = {
    "keep": [
        *(CITY, [CASE], ["pairs/1"], [BITS], ['{"s:x"}'], [1], [EAST], [112.9], [28.2], [5]),
    ],
    "correct": [CITY, CASE, 1, EAST],
    "stated": [CITY, [CASE, CASE + 1]],
    "matters": [CITY, [CASE, CASE + 1]],
    "around": [CITY, [CASE], [f'{{"{EAST}",""}}'], SINCE, UNTIL, [1], 24],
    "counties": [CITY],
    "beside": [CITY, [CASE], SINCE, UNTIL, ["{1,2,3}"], 24],
    "same_caller": [CITY, [CASE], 30],
}
#: The index by which each search reads its window.
WINDOWS = {
    "around": "sketch_by_county",
    "counties": "sketch_by_county",
    "beside": "sketch_by_cell",
}
_FILL = (
    """
INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash, queue, state)
SELECT $1, n, '12345_TEL', '12345', 'x', $2::timestamptz - n * interval '20 minutes',
       sha256(n::text::bytea), NULL, 'DISPATCHED' FROM generate_series(1, 20000) n
""",
    """
INSERT INTO sketch (city, case_no, maker, bits, names, levels, adcode, received_at, lon, lat, cell)
SELECT $1, n, 'pairs/1', repeat(n::bit(32)::text, 16)::bit(512), ARRAY['s:' || n % 97], 1 << n % 4,
       '99010' || n % 7, $2::timestamptz - n * interval '20 minutes', 112.9, 28.2,
       CASE WHEN n % 3 = 0 THEN n % 5000 END FROM generate_series(1, 20000) n
""",
    """
INSERT INTO report (city, source, external_no, version, message_id, digest, case_no, received_at,
                    payload)
SELECT $1, '12345', n, 1, n, '', n, $2, '{}' FROM generate_series(1, 20000) n
""",
    """
INSERT INTO case_ref (city, source, external_no, case_no, digest)
SELECT $1, '12345', n, n, '' FROM generate_series(1, 20000) n WHERE $2::timestamptz IS NOT NULL
""",
    """
INSERT INTO identity (city, case_no, reporter_no, key_version, phone_index, wechat_index, anonymous,
                      confidential, want_callback, created_at)
SELECT $1, n, 1, 1, sha256((n % 7000)::text::bytea),
       CASE WHEN n % 5 = 0 THEN sha256((n % 900)::text::bytea) END, false, true, true, $2
  FROM generate_series(1, 20000) n
""",
)


@pytest.fixture(scope="module")
async def filled(filed: Database) -> Database:
    """Give a database of twenty thousand cases with their sketches, whose statistics are fresh."""
    async with filed.city(CITY) as conn:
        for statement in _FILL:
            await conn.execute(statement, CITY, AT)
    for table in ("cases", "sketch", "report", "case_ref", "identity"):
        async with filed.city(CITY) as conn:
            await conn.execute(f"ANALYZE {table}")
    return filed


def test_no_statement_is_left_out() -> None:
    """Each statement of the file has its plan looked at."""
    assert set(queries.load("sameness")) == set(ARGS)


async def test_every_statement_finds_its_rows_by_an_index(filled: Database) -> None:
    """No statement reads a table whole, and each search goes along the index of its window."""
    whole: dict[str, list[str]] = {}
    async with filled.city(CITY) as conn:
        for name, args in ARGS.items():
            nodes = await explain(conn, queries.load("sameness")[name], args)
            whole[name] = whole_tables(nodes)
            used = {node.get("Index Name") for node in nodes}
            assert WINDOWS.get(name) in used | {None}, (name, used)
    assert {name: tables for name, tables in whole.items() if tables} == {}


async def test_the_search_reads_the_window_alone(filled: Database) -> None:
    """Of twenty thousand sketches the county's of six days are touched, and no more."""
    async with filled.city(CITY) as conn:
        statement = queries.load("sameness")["around"]
        plan = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
        found = json.loads(await conn.fetchval(plan, *ARGS["around"]))
    assert 0 < max(_rows_read(found[0]["Plan"])) < 150


def _rows_read(plan: dict[str, Any]) -> list[int]:
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    below = [n for child in plan.get("Plans", ()) for n in _rows_read(child)]
    return [*([int(own)] if plan.get("Relation Name") == "sketch" else []), *below]
