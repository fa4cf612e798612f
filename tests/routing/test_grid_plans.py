"""Every statement about the grid finds its rows by an index."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from models.db import queries
from models.db.pool import Connection, Database
from tests.routing.kit import CITY, EAST, TOWN
from tests.routing.plans import explain, whole_tables

AT = datetime(2026, 11, 20, tzinfo=UTC)
CELL = f"{TOWN}001"
#: Arguments of each statement, as its callers give them.
ARGS: dict[str, list[Any]] = {
    "retire": [CITY, [CELL]],
    "put": [CITY, AT, [CELL], ["x"], [4], [TOWN], ["key"]],
    "one": [CITY, CELL],
    "tree": [CITY],
    "under": [CITY, EAST, AT],
    "nearest": [CITY, CELL],
    "named": [CITY, EAST, "社区1号1"],
    "ask": [CITY, 5, 2, CELL, AT, "x", None, "x", "x", ["A01"], False, AT],
    "report": [CITY, 5, 1, AT, "x", "true", "x", AT, 112.9, 28.1, "WGS-84", ["x"], False],
    "withdraw": [CITY, 5, 1, AT, "x", "x"],
    "of_case": [CITY, 5],
    "of_grid": [CITY, CELL, AT, 100],
    "over": [CITY, AT, ["SCREEN"], 200],
    "lapse": [CITY, 5, 1, "lapsed", AT, "x", None],
    "patrol": [CITY, 5],
}
_FILL = Path(__file__).with_name("grid.sql")


@pytest.fixture
async def filled(town: Database) -> Database:
    """Give a database of a large grid, whose statistics are fresh."""
    async with town.city(CITY) as conn:
        await conn.execute(_FILL.read_text(encoding="utf-8"))
    for table in ("cases", "grid", "grid_check", "report", "staff"):
        async with town.city(CITY) as conn:
            await conn.execute(f"ANALYZE {table}")
    return town


def test_no_statement_is_left_out() -> None:
    """Each statement of the file has its plan looked at."""
    assert set(queries.load("grids")) == set(ARGS)


async def test_every_statement_finds_its_rows_by_an_index(filled: Database) -> None:
    """No statement of ours reads a table whole, under row-level security."""
    async with filled.city(CITY) as conn:
        whole = {name: await _whole(conn, name) for name in ARGS}
    assert {name: tables for name, tables in whole.items() if tables} == {}


async def _whole(conn: Connection, name: str) -> list[str]:
    return whole_tables(await explain(conn, queries.load("grids")[name], ARGS[name]))
