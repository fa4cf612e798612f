"""Statements of the ground find their rows by an index, however many cases are stored."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.db import queries
from models.db.pool import Database

CITY = "430100"
ID = UUID(int=1)
ARGS: dict[tuple[str, str], list[Any]] = {
    ("events", "history"): [CITY, 5],
    ("events", "head"): [CITY],
    ("events", "links_after"): [CITY, 5, 100],
    ("events", "take_unsealed"): [CITY, 100],
    ("events", "count_unsealed"): [CITY],
    ("lease", "take"): [CITY, "sweep", "me", timedelta(seconds=1)],
    ("lease", "release"): [CITY, "sweep", "me"],
    ("gauges", "queues"): [],
    ("gauges", "clocks"): [],
    ("gauges", "outbox"): [],
}
FILL = (
    """
INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash, queue, state)
SELECT $1, n, '12345_TEL', '12345', 'x', now(), decode(md5(n::text), 'hex'),
       CASE WHEN n % 500 = 0 THEN 'review' END, 'DISPATCHED' FROM generate_series(1, 20000) n
""",
    "INSERT INTO unit VALUES ($1, 'A', 'A', 'A', 'county')",
    """
INSERT INTO task (city, case_no, task_no, unit, role, is_lead, dispatched_at)
SELECT $1, n, 1, 'A', 'R', true, now() FROM generate_series(1, 20000) n
""",
    """
WITH made AS (
    INSERT INTO event (city, event_id, case_no, at, verb, actor_kind, actor_name, data)
    SELECT $1, gen_random_uuid(), n, now(), 'case:received', 'system', 'x', '{}'
      FROM generate_series(1, 20000) n RETURNING city, event_id, case_no
)
INSERT INTO event_seal (city, seq, event_id, hash)
SELECT city, case_no, event_id, '' FROM made WHERE $1 = city
""",
    """
INSERT INTO clock (city, case_no, task_no, code, started_at, due_at, calendar, trace, stopped_at)
SELECT $1, n, 0, 'K12', now(), now(), 'W', '[]', CASE WHEN n % 100 > 0 THEN now() END
  FROM generate_series(1, 20000) n
""",
    """
INSERT INTO outbox (city, target, case_no, seq, kind, dedupe, body, state, created_at)
SELECT $1, '12345', n, 1, 'ACCEPT', 'x', '{}', CASE WHEN n % 100 = 0 THEN 'dead' ELSE 'sent' END,
       now() FROM generate_series(1, 20000) n
""",
)


@pytest.fixture(scope="module")
async def filled(filed: Database) -> Database:
    """Give a database with much behind it and little open, and fresh statistics."""
    async with filed.city(CITY) as conn:
        for statement in FILL:
            await conn.execute(statement, CITY)
    async with filed.system() as conn:
        await conn.execute(
            "ANALYZE cases, task, event, event_seal, event_unsealed, clock, outbox, lease"
        )
    return filed


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give all nodes of a plan."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


async def test_isolation_does_not_mislead_the_planner(filled: Database) -> None:
    """The policies are estimated as holding for a good part of the rows, not for a hundredth."""
    async with filled.city(CITY) as conn:
        text = await conn.fetchval(
            "EXPLAIN (FORMAT JSON) SELECT * FROM cases WHERE city = $1", CITY
        )
    assert json.loads(text)[0]["Plan"]["Plan Rows"] > 5000


async def test_no_statement_reads_a_big_table_whole(filled: Database) -> None:
    """Under row-level security as in real use; small tables may be read as the planner likes."""
    whole: dict[tuple[str, str], list[str]] = {}
    for (file, name), args in ARGS.items():
        async with filled.city(CITY) if args else filled.system() as conn:
            text = await conn.fetchval(f"EXPLAIN (FORMAT JSON) {queries.load(file)[name]}", *args)
            plan = json.loads(text)[0]["Plan"]
            scans = [n["Relation Name"] for n in nodes(plan) if n["Node Type"] == "Seq Scan"]
            whole[file, name] = [
                table for table in scans if table not in {"lease", "event_unsealed"}
            ]
    assert {name: tables for name, tables in whole.items() if tables} == {}
