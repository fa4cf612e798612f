"""Every statement of the pages on a filled table: an index, and never a walk through all rows."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from models.db import queries
from models.db.pool import Connection, Database
from models.moment import now
from tests.kit import Server
from tests.pages.kit import CITY, UMA

_CASES = 20_000
_FILL = Path(__file__).with_name("filled.sql").read_text(encoding="utf-8")
_BIG = (
    "cases",
    "case_search",
    "task",
    "clock",
    "clock_alarm",
    "event",
    "attachment",
    "case_ref",
    "identity",
)
_CASE = 20261101000777
#: Fixed, since tests are named after what they ask.
_FILE = UUID(int=777)
_AT = now()
_WINDOWS = ["K05"]
_OPEN = ["DISPATCHED", "SIGNED", "IN_PROGRESS"]

#: What each statement is asked; the lists once from the top and once from the middle.
_VIEWS: dict[str, list[tuple[Any, ...]]] = {
    "lines": [([_CASE, _CASE + 1], _WINDOWS)],
    "review_queue": [("", None, 31), ("P1", _CASE, 31)],
    "machine_queue": [(None, 31), (_CASE, 31)],
    "by_state": [(["DISPATCHED", "IN_PROGRESS"], None, 31), (["CLOSED"], _CASE, 31)],
    "submitted": [(None, 31), (_CASE, 31)],
    "returns": [(None, 31), (_CASE, 31)],
    "search": [("'w7' & 'x7'", None, 31), ("'w7'", _CASE, 31)],
    "by_reference": [(["12345", "12369"], "N777")],
    "desk_counts": [()],
    "next_review": [(_CASE,)],
    "case_row": [(_CASE,)],
    "tasks": [(_CASE,)],
    "clocks": [(_CASE,)],
    "clock_trace": [(_CASE, 1, "K01", 1)],
    "files": [(_CASE,)],
    "file": [(_FILE,)],
    "add_files": [(_CASE, 1, "unit", _AT, [_FILE], ["a"], ["image/png"], [b"x"])],
    "files_like": [(_CASE, "unit", ["x"])],
    "reporters": [(_CASE,)],
    "references": [(_CASE,)],
    "inbox": [
        (UMA, _OPEN, _WINDOWS, None, None, None, 31),
        (UMA, _OPEN, _WINDOWS, _AT, _CASE, 1, 31),
    ],
    "finished": [(UMA, None, 31), (UMA, _CASE, 31)],
    "inbox_counts": [(UMA,)],
    "board": [(_AT, _AT + timedelta(hours=9), _AT + timedelta(days=1), _WINDOWS)],
    "board_lines": [
        (_AT - timedelta(days=9), _AT, _WINDOWS, None, None, None, None, None, None, 51),
        (_AT - timedelta(days=9), _AT, _WINDOWS, UMA, "K01", _AT, _CASE, 1, "K01", 51),
    ],
    "alarms": [(20,)],
    "workload": [()],
    "releases": [()],
}
_STAFF: dict[str, list[tuple[Any, ...]]] = {
    "account": [("p7",)],
    "accounts": [()],
    "any_account": [()],
    "demo_accounts": [()],
    "add_account": [("p0", "p", "operator", None, "", None)],
    "set_active": [("p7", False)],
    "set_password": [("p7", "")],
    "open_session": [(b"x", "p7", "", _AT, _AT)],
    "session": [(b"x", _AT)],
    "close_session": [(b"x",)],
    "close_sessions": [("p7", None)],
    "sweep_sessions": [(_AT,)],
}
_ASKED = [
    (file, name, args)
    for file, known in (("views", _VIEWS), ("staff", _STAFF))
    for name, asked in known.items()
    for args in asked
]


@pytest.fixture(scope="module")
async def filled(server: Server) -> AsyncIterator[Database]:
    """Give a database with twenty thousand cases and all that belongs to them."""
    name = await server.copy_template()
    database = await Database.connect(server.database(name), min_size=1, max_size=2)
    async with database.city(CITY) as conn:
        for statement in _FILL.strip().split(";\n"):
            await conn.execute(statement.rstrip(";"), CITY)
    async with database.system() as conn:
        await conn.execute("ANALYZE")
    yield database
    await database.close()
    await server.drop(name)


def test_every_statement_is_asked() -> None:
    """A statement without a plan under test is a statement nobody looked at."""
    assert set(_VIEWS) == set(queries.load("views"))
    assert set(_STAFF) == set(queries.load("staff"))


@pytest.mark.parametrize("reader", ["", "p7"])
@pytest.mark.parametrize(("file", "name", "args"), _ASKED, ids=lambda part: str(part)[:24])
async def test_a_statement_finds_its_rows_by_an_index(
    filled: Database, file: str, name: str, args: tuple[Any, ...], reader: str
) -> None:
    """No big table is read whole, few rows are thrown away, whoever reads past what is closed."""
    async with filled.city(CITY, reader=reader) as conn:
        plan = await _plan(conn, queries.load(file)[name], CITY, *args)
        walked = [node for node in _nodes(plan) if node["Node Type"] == "Seq Scan"]
    assert [node["Relation Name"] for node in walked if node["Relation Name"] in _BIG] == []
    wasted = sum(n.get("Rows Removed by Filter", 0) * n["Actual Loops"] for n in _nodes(plan))
    assert wasted < _CASES / 4


@pytest.mark.parametrize(
    "name", ["inbox", "finished", "inbox_counts", "case_row", "files", "clocks"]
)
async def test_a_units_own_narrower_view_is_as_quick(filled: Database, name: str) -> None:
    """Row-level security for units keeps the indexes in use."""
    async with filled.city(CITY, UMA) as conn:
        plan = await _plan(conn, queries.load("views")[name], CITY, *_VIEWS[name][0])
    walked = [n["Relation Name"] for n in _nodes(plan) if n["Node Type"] == "Seq Scan"]
    assert [relation for relation in walked if relation in _BIG] == []


async def _plan(conn: Connection, statement: str, *args: object) -> dict[str, Any]:
    """Run a statement for its plan and undo what it did."""
    inner = conn.transaction()
    await inner.start()
    try:
        explained = await conn.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *args)
    finally:
        await inner.rollback()
    (found,) = msgspec.json.decode(explained) if isinstance(explained, str) else explained
    plan: dict[str, Any] = found["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]
