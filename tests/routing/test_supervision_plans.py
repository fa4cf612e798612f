"""Every statement of supervision finds its rows by an index, in tables that are not small."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.db import queries
from models.db.pool import Connection, Database
from tests.routing.kit import CITY, EAST
from tests.routing.plans import explain, whole_tables

AT = datetime(2026, 11, 20, tzinfo=UTC)
UNIT = f"{EAST}-ECO"
ID = UUID(int=1)
KEYS: list[list[Any]] = [[5], [0], ["K12"], [1], ["breach"]]
#: Arguments of each statement, as its callers give them.
ARGS: dict[str, dict[str, list[Any]]] = {
    "escalations": {
        "alarms": [CITY, 20],
        "escalate": [CITY, *KEYS, [UNIT], [1], [UNIT], ["head"]],
        "escalated": [CITY, *KEYS],
        "tell": [CITY, [ID], [5], ["warn"], ["x"], [UNIT], ["head"], ["x"], ["x"]],
        "breach": [CITY],
        "acted": [CITY, 5, 0, "K12", 1],
        "notices": [CITY, UNIT, 20],
        "own_notices": [CITY, [UNIT], 20],
        "read_notice": [CITY, ID, UNIT, [], "x"],
        "of_case": [CITY, 5],
    },
    "supervision": {
        "orders": [CITY, 5],
        "end_order": [CITY, 5, AT, "x", "settled"],
        "order": [CITY, 5, 2, "key", UNIT, "x", AT, "x", AT, "S03"],
        "answer": [CITY, 5, AT, "x", "x"],
        "entries": [CITY, 5],
        "enter": [CITY, 5, 2, "x", "x", AT, "x"],
        "release": [CITY, 5, AT, "x", [ID], "x"],
        "documents": [CITY, 5],
        "number": [CITY, "remind", 2026],
        "issue": [CITY, ID, 5, "1", "remind", UNIT, "x", "x", "x", None, AT, "x"],
        "receive": [CITY, "5", UNIT, AT, "x"],
        "list_name": [CITY, 5, "S04", 1, UNIT],
        "is_listed": [CITY, 5],
        "clear_names": [CITY, 5, AT, "x"],
        "key_checks": [CITY],
        "told_again": [CITY, 5, AT],
        "pass_on": [CITY, 5, UNIT],
        "open_orders": [CITY, 20],
        "open_entries": [CITY, 20],
        "waiting_documents": [CITY, 20],
        "listed_names": [CITY, 20],
        "key_cases": [CITY, 20],
    },
}
NAMES = [(file, name) for file, statements in ARGS.items() for name in statements]
#: What a unit reads.
UNITS: dict[str, list[str]] = {
    "escalations": ["notices"],
    "supervision": [
        *("open_orders", "open_entries", "waiting_documents", "listed_names", "key_cases"),
    ],
}
_FILL = Path(__file__).with_name("supervision.sql")
_TABLES = (
    *("cases", "clock", "clock_alarm", "escalation", "notice", "supervision_order", "ledger_entry"),
    *("press_document", "name_list", "key_check", "case_link", "accused", "task"),
)


@pytest.fixture
async def filled(town: Database) -> Database:
    """Give a database of twenty thousand supervised cases, whose statistics are fresh."""
    async with town.city(CITY) as conn:
        await conn.execute(_FILL.read_text(encoding="utf-8"))
    for table in _TABLES:
        async with town.city(CITY) as conn:
            await conn.execute(f"ANALYZE {table}")
    return town


def test_no_statement_is_left_out() -> None:
    """Each statement of the two files has its plan looked at."""
    for file, statements in ARGS.items():
        assert set(queries.load(file)) == set(statements)


async def test_every_statement_finds_its_rows_by_an_index(filled: Database) -> None:
    """No statement of ours reads a table whole, for supervisors or for a unit."""
    async with filled.city(CITY) as conn:
        whole = {name: await _whole(conn, *name) for name in NAMES}
    assert {name: tables for name, tables in whole.items() if tables} == {}
    async with filled.city(CITY, UNIT) as conn:
        read = [(file, name) for file, names in UNITS.items() for name in names]
        whole = {name: await _whole(conn, *name) for name in read}
    assert {name: tables for name, tables in whole.items() if tables} == {}


async def _whole(conn: Connection, file: str, name: str) -> list[str]:
    return whole_tables(await explain(conn, queries.load(file)[name], ARGS[file][name]))
