"""Every statement of cases.sql, clocks.sql and dispatch.sql finds its rows by an index."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from models.city import City
from models.db import queries
from models.db.pool import Connection, Database
from tests.routing.kit import CITY, EAST, put_city
from tests.routing.plans import explain, whole_tables

AT = datetime(2026, 11, 20, tzinfo=UTC)
UNIT = f"{EAST}-ECO"
ID = UUID(int=1)
#: Arguments of each statement, as its callers give them.
ARGS: dict[str, dict[str, list[Any]]] = {
    "cases": {
        "case": [CITY, 5],
        "hold": [CITY, 5],
        "tasks": [CITY, 5],
        "move": [
            *(CITY, 5, 1, "SCREEN", "ACCEPTED", None, UNIT, False, [], AT, AT, None, {}),
            *(None, None, None, 0, [], None),
        ],
        "set_facts": [CITY, 5, "TS", ["A01"], "P2", EAST, None, None, {}, None],
        "move_task": [CITY, 5, 1, 1, "SIGNED", None, "DONE", AT, "x", AT, AT, None, {}],
        "add_correction": [CITY, ID, 5, AT, "x", {}, {}, None],
        "files_held": [CITY, 5, [ID]],
    },
    "clocks": {
        "start": [
            *(CITY, [5], [0], ["K99"], [1], [UNIT], [1], [AT], [AT], ["W"], [False], [[]], ["{}"]),
            *([AT], [0], [None], [None], ["v"], [False], [0]),
        ],
        "stop": [CITY, 5, AT, [0], ["K12"], [1], ["x"]],
        "stop_many": [CITY, [5], AT, ["K02"], "x"],
        "unwatched": [CITY, 100, ["G01"]],
        "charge": [CITY, 5, UNIT],
        "of_case": [CITY, 5],
        "moment": [],
        "counted_before": [CITY, "v", 100],
        "counted_after": [CITY, "v", 100],
        "recount": [
            *(CITY, [5], [0], ["K12"], [ID], [1], [AT], [False], [[]], ["{}"], [0], [AT]),
            *([None], ["v"]),
        ],
        "ripe": [CITY, AT, 100],
        "raise_alarms": [CITY, AT, [5], [0], ["K12"], [1], ["breach"], [UNIT]],
        "advance": [CITY, [5], [0], ["K12"], [1], [1], [AT], [0], [None], [None]],
    },
    "dispatch": {
        "dispatch": [CITY, [5], [1], ["P2"], [EAST], [None], [None], [UNIT], [{}], AT],
        "to_review": [CITY, [5], [1], ["P2"], [{}], ["{no_rule}"]],
        "add_tasks": [CITY, [5], [9], [UNIT], ["ECO"], [True], AT],
    },
}
NAMES = [(file, name) for file, statements in ARGS.items() for name in statements]
_FILL = """
INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash, queue, state)
SELECT $1, n, '12345_TEL', '12345', 'x', now(), decode(md5(n::text), 'hex'),
       CASE WHEN n % 50 = 0 THEN 'route' END, 'DISPATCHED' FROM generate_series(1, 20000) n
"""
_TASKS = """
INSERT INTO task (city, case_no, task_no, unit, role, is_lead, dispatched_at)
SELECT $1, n, k, $2, 'ECO', k = 1, now() FROM generate_series(1, 20000) n, generate_series(1, 2) k
"""
_CLOCKS = """
INSERT INTO clock (city, case_no, task_no, code, unit, started_at, due_at, calendar, trace,
                   next_at, stopped_at)
SELECT $1, n, 0, 'K12', $2, now(), now() + n * interval '1 minute', 'W', '[]',
       now() + n * interval '1 minute', CASE WHEN n % 3 = 0 THEN now() END
  FROM generate_series(1, 20000) n
"""
_FILES = """
INSERT INTO attachment (city, attachment_id, case_no, origin, name, media_type, size, sha256,
                        created_at)
SELECT $1, gen_random_uuid(), n, 'unit', 'x', 'x', 1, 'x', now() FROM generate_series(1, 20000) n
"""


@pytest.fixture(scope="module")
async def filled(filed: Database, city: City) -> Database:
    """Give a database of twenty thousand cases, whose statistics are fresh."""
    await put_city(filed, city)
    async with filed.city(CITY) as conn:
        await conn.execute(_FILL, CITY)
        await conn.execute(_TASKS, CITY, UNIT)
        await conn.execute(_CLOCKS, CITY, UNIT)
        await conn.execute(_FILES, CITY)
    for table in ("cases", "task", "clock", "attachment"):
        async with filed.city(CITY) as conn:
            await conn.execute(f"ANALYZE {table}")
    return filed


def test_no_statement_is_left_out() -> None:
    """Each statement of the three files has its plan looked at."""
    for file, statements in ARGS.items():
        assert set(queries.load(file)) == set(statements)


async def test_every_statement_finds_its_rows_by_an_index(filled: Database) -> None:
    """No statement of ours reads a table whole, under row-level security."""
    async with filled.city(CITY) as conn:
        whole = {name: await _whole(conn, *name) for name in NAMES}
    assert {name: tables for name, tables in whole.items() if tables} == {}


async def _whole(conn: Connection, file: str, name: str) -> list[str]:
    nodes = await explain(conn, queries.load(file)[name], ARGS[file][name])
    return whole_tables(nodes)


async def test_the_sweep_reads_only_what_is_ripe(filled: Database) -> None:
    """Finding ripe clocks goes along the index of what comes next."""
    async with filled.city(CITY) as conn:
        nodes = await explain(conn, queries.load("clocks")["ripe"], ARGS["clocks"]["ripe"])
    assert "clock_next" in {node.get("Index Name") for node in nodes}
