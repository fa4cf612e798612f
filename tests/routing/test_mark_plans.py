"""Every statement about verification, marks and rewards finds its rows by an index."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.db import queries
from models.db.pool import Database
from tests.routing.kit import CITY, EAST
from tests.routing.plans import explain, whole_tables

AT = datetime(2026, 11, 20, tzinfo=UTC)
LATER = datetime(2026, 11, 21, tzinfo=UTC)
MONTH = date(2026, 11, 1)
NO = 20261001000005
UNIT = f"{EAST}-ECO"
ID = UUID(int=1)
ONE = [1]
#: Arguments of each statement, as its callers give them.
ARGS: dict[str, dict[str, list[Any]]] = {
    "verification": {
        "keep": [CITY, NO, 1, AT, "desk", "x", True, True, True, 4, "", False],
        "of_round": [CITY, NO, 1],
        "settle": [CITY, NO, 1, "judged", True, True, 4, False, AT],
        "decided": [CITY, NO],
        "standing": [CITY, NO],
        "queue": [CITY, 100],
        "waiting": [CITY, 100],
        "to_archive": [CITY, AT, 100],
        "spot_check": [CITY, NO, True, "x", "x", AT],
    },
    "exclusions": {
        "ask": [CITY, NO, UNIT, MONTH, "explained", "x", "x", AT],
        "decide": [CITY, NO, True, "x", AT, "x"],
        "revoke": [CITY, NO, AT, "x", AT, "x"],
        "of_case": [CITY, NO],
        "hold_unit": [CITY, UNIT],
        "used": [CITY, UNIT, MONTH],
        "closed": [CITY, [UNIT], AT, LATER],
        "granted": [CITY, MONTH],
        "open": [CITY, 100],
    },
    "marks": {
        "unhurried": [],
        "open_run": [CITY, ID, AT, LATER, AT, "x"],
        "keep_cases": [CITY, ID, AT, LATER, ["K12"], ["N13"]],
        "keep_figures": [CITY, ID, ["solved"], ["1"], ONE, ONE, ONE],
        "run": [CITY, ID],
        "newest": [CITY, AT, LATER],
        "figures": [CITY, ID],
        "cases_of": [CITY, ID, "unit", UNIT, 1, 3, 4],
        "totals": [CITY, ID, 1, 2, 8, 4, 16],
        "others": [CITY, ID, 16],
    },
    "rewards": {
        "get": [CITY, NO],
        "propose": [CITY, NO, "x", Decimal(1), Decimal(1), "x", "x", AT],
        "approve": [CITY, NO, "x", AT],
        "told": [CITY, NO, AT],
        "claim": [CITY, NO, b"x"],
        "paid": [CITY, NO, "x", AT],
        "by_code": [CITY, b"x"],
        "hold": [CITY, "x"],
        "matter": [CITY, NO, "x"],
    },
}
NAMES = [(file, name) for file, statements in ARGS.items() for name in statements]
#: Tables too small here for an index to be worth it.
SMALL = {"mark_run", "mark", "dispute"}
FILL = Path(__file__).with_name("marks.sql")


async def fill(db: Database, rows: int, *, spread: int, events: int) -> None:
    """Fill a city with so many cases, dispatched over so many minutes of November."""
    text = FILL.read_text(encoding="utf-8").replace(":since", "2026-11-01 08:00+08")
    for word, value in ((":rows", rows), (":spread", spread), (":events", events)):
        text = text.replace(word, str(value))
    async with db.city(CITY) as conn:
        await conn.execute("SET LOCAL statement_timeout = 0")
        for statement in text.split(";\n\n"):
            await conn.execute(statement)
    for table in ("cases", "identity", "clock", "verification", "callback", "event", "exclusion"):
        async with db.city(CITY) as conn:
            await conn.execute(f"ANALYZE {table}")


@pytest.fixture
async def filled(town: Database) -> Database:
    """Give a database of ten thousand verified cases with a count of them."""
    await fill(town, 10_000, spread=40_000, events=2)
    async with town.city(CITY) as conn:
        mark = "INSERT INTO mark_case SELECT city, $1, case_no, lead_unit, adcode, 9 FROM cases"
        for n in range(1, 4):
            await conn.execute(mark, UUID(int=n))
    for table in ("mark_case", "reward", "return_request", "case_link", "spot_check"):
        async with town.city(CITY) as conn:
            await conn.execute(f"ANALYZE {table}")
    return town


def test_no_statement_is_left_out() -> None:
    """Each statement of the four files has its plan looked at."""
    for file, statements in ARGS.items():
        assert set(queries.load(file)) == set(statements)


async def test_every_statement_finds_its_rows_by_an_index(filled: Database) -> None:
    """No statement of ours reads a large table whole, under row-level security."""
    whole: dict[tuple[str, str], set[str]] = {}
    async with filled.city(CITY) as conn:
        for file, name in NAMES:
            nodes = await explain(conn, queries.load(file)[name], ARGS[file][name])
            whole[file, name] = set(whole_tables(nodes)) - SMALL
    assert {name: tables for name, tables in whole.items() if tables} == {}


async def test_a_count_carries_no_whole_cases_along(town: Database) -> None:
    """However long reports are, what is kept of them while counting fits into memory."""
    await fill(town, 2_000, spread=40_000, events=1)
    long = "(SELECT string_agg(md5((case_no * 999 + n)::text), '') FROM generate_series(1, 250) n)"
    async with town.city(CITY) as conn:
        await conn.execute(f"UPDATE cases SET tags = jsonb_build_object('x', {long})")
        plan = await conn.fetchval(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)"
            " SELECT * FROM case_marks($1, '2026-11-01', '2026-12-01', ARRAY['K12'])",
            CITY,
        )
    found = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    assert (found["Actual Rows"], found["Temp Written Blocks"]) == (2_000, 0)
