"""Every statement about closure finds its rows by an index."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.db import queries
from models.db.pool import Connection, Database
from tests.routing.kit import CITY, EAST
from tests.routing.plans import explain, whole_tables

AT = datetime(2028, 1, 20, tzinfo=UTC)
UNIT = f"{EAST}-ECO"
FILES = [UUID(int=1)]
KEPT = ["王某", UNIT, "x", "x", date(2026, 12, 1), AT, "x", "x", "x", AT, "x", AT, AT]
#: Arguments of each statement, as its callers give them.
ARGS: dict[str, dict[str, list[Any]]] = {
    "closure": {
        "visit": [CITY, 5, 1, UNIT, "site", AT, ["a"], "x", True, "x", FILES, AT, "x"],
        "visits": [CITY, [5, 6]],
        "ask": [CITY, 5, AT, "x", UNIT, "x", "x", ""],
        "report": [CITY, 5, 1, AT, "x", AT, "1", False, "x", FILES],
        "monitorings": [CITY, [5, 6]],
        "self_check": [CITY, 5, UNIT, AT, "x", {}],
        "self_checks": [CITY, 5],
        "report_crime": [CITY, 5, UNIT, "x", ["a"], FILES, AT, "x"],
        "decide_crime": [CITY, 5, AT, True, "x", "x"],
        "transfer_crime": [CITY, 5, AT, "x", "x", "x"],
        "end_crime": [CITY, 5, AT, True, "x"],
        "crimes": [CITY, 5],
        "propose": [CITY, 5, "check", "x", ["a"], AT, "x"],
        "conclude": [CITY, 5, 1, AT, ["a"], "x", None, "x", AT, "x"],
        "joint_actions": [CITY, 5],
        "topics": [CITY, 20],
    },
    "lookbacks": {
        "plan": [CITY, 5, "quarterly", "key", AT, AT],
        "open_due": [CITY, AT, 20],
        "of_case": [CITY, 5],
        "open_ones": [CITY, 20],
        "done": [CITY, 5, 1, AT, "x", UNIT, "held", "x", FILES],
        "void": [CITY, 5, AT, "x"],
    },
    "inspections": {
        "list": [CITY, "x", 30001, AT, AT, EAST, "x", "x", "x", AT],
        "of_case": [CITY, 5],
        "by_ref": [CITY, "5"],
        "keep": [CITY, "5", *KEPT],
        "published": [CITY, datetime(2026, 2, 1, tzinfo=UTC), 50],
    },
}
NAMES = [(file, name) for file, statements in ARGS.items() for name in statements]
_FILL = Path(__file__).with_name("closure.sql")
_TABLES = ("visit", "monitoring", "self_check", "lookback", "crime_transfer")


@pytest.fixture
async def filled(town: Database) -> Database:
    """Give a database of twenty thousand cases with their closure, whose statistics are fresh."""
    async with town.city(CITY) as conn:
        await conn.execute(_FILL.read_text(encoding="utf-8"))
    for table in ("cases", "joint_action", "inspection", *_TABLES):
        async with town.city(CITY) as conn:
            await conn.execute(f"ANALYZE {table}")
    return town


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
