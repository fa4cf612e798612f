"""Every statement about disputes, custody, letters and complaints finds its rows by an index."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.city import City
from models.db import queries
from models.db.pool import Connection, Database
from tests.routing.kit import CITY, EAST, put_city
from tests.routing.plans import explain, whole_tables

AT = datetime(2026, 11, 20, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
UNIT = f"{EAST}-ECO"
ID = UUID(int=1)
NUMBER = "ENV-1"
#: Arguments of each statement, as its callers give them.
ARGS: dict[str, dict[str, list[Any]]] = {
    "custody": {
        "follow": [[CITY], [5], [AT]],
        "of_case": [CITY, 5],
        "within": [CITY, AT, LATER],
    },
    "disputes": {
        "ask": [CITY, 5, 9, 1, UNIT, "R1", "x", None, AT],
        "answer": [CITY, 5, 1, AT, True, "x"],
        "open": [CITY, 30001, 1, "ping_pong", "negotiation", "hotline", UNIT, [UNIT], AT, LATER],
        "settle": [CITY, 5, 1, "designated", UNIT, AT, "x", "HOT", "x"],
        "raise": [CITY, 5, 1],
        "of_case": [CITY, 5],
        "open_ones": [CITY, 20],
        "lapsed": [CITY, AT, 20],
        "adjudicate": [CITY, [5], [1], ["city"]],
        "to_desk": [CITY, [5], "dispute"],
        "returns_by_unit": [CITY, AT, LATER],
        "disputes_by_unit": [CITY, AT, LATER],
    },
    "letters": {
        "issue": [CITY, ID, 5, NUMBER, "inform", None, "x", None, "x", "x", AT, "x", None],
        "receive": [CITY, 5, NUMBER, AT, "x"],
        "reply": [CITY, 5, NUMBER, AT, "x"],
        "of_case": [CITY, 5],
        "waiting": [CITY, 20],
    },
    "accused": {
        "note": [CITY, 5, [UNIT], AT],
        "of_case": [CITY, 5],
        "open_matter": [CITY, 5, 30001, "x", None, None, AT],
    },
}
NAMES = [(file, name) for file, statements in ARGS.items() for name in statements]
_FILL = Path(__file__).with_name("disputes.sql")


@pytest.fixture(scope="module")
async def filled(filed: Database, city: City) -> Database:
    """Give a database of twenty thousand disputed cases, whose statistics are fresh."""
    await put_city(filed, city)
    async with filed.city(CITY) as conn:
        await conn.execute(_FILL.read_text(encoding="utf-8"))
    for table in ("cases", "custody", "return_request", "dispute", "letter", "accused"):
        async with filed.city(CITY) as conn:
            await conn.execute(f"ANALYZE {table}")
    return filed


def test_no_statement_is_left_out() -> None:
    """Each statement of the four files has its plan looked at."""
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


async def test_a_units_inbox_is_found_by_its_index_beside_complaints(filled: Database) -> None:
    """What keeps complaints from the unit complained of reads no table whole."""
    async with filled.city(CITY, UNIT) as conn:
        nodes = await explain(conn, queries.load("views")["inbox_counts"], [CITY, UNIT])
    assert "accused" not in whole_tables(nodes)
