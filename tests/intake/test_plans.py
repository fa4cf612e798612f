"""The funnel's look-ups use their indexes whatever the tables hold, empty ones too."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from intake.receive import Receiver
from models.db import queries
from models.db.pool import Database
from models.moment import now
from tests.intake.kit import CITY, make_delivery, make_services

SQL = {name: queries.load(name) for name in ("intake", "outbox", "identity")}
KEYS = [["12345"] * 3, ["a", "b", "c"], ["d", "e", "f"], ["app"] * 3, ["n1", "n2", "n3"]]
ASKED: dict[tuple[str, str], list[Any]] = {
    ("intake", "find"): [CITY, *KEYS],
    ("intake", "lock"): [CITY, ["12345"], ["a"]],
    ("intake", "said_before"): [CITY, ["12345"], ["a"], [b"d"]],
    ("intake", "tracked"): [CITY, b"x" * 32],
    ("intake", "reconcile"): [CITY, "12345", ["a", "b"]],
    ("intake", "list_all"): [CITY, 1 << 60, 50],
    ("intake", "list_state"): [CITY, 1 << 60, 50, "NEW"],
    ("intake", "list_unit"): [CITY, 1 << 60, 50, "u1"],
    ("intake", "list_unit_state"): [CITY, 1 << 60, 50, "u1", "NEW"],
    ("intake", "forget_nonces"): [CITY, now()],
    ("outbox", "claim"): [CITY, "12345", 1, timedelta(seconds=1)],
    ("identity", "get"): [CITY, 1],
    ("identity", "same_phone"): [CITY, b"x" * 32, 20],
}


#: Row-level security looks at these for a named reader alone, and the door has none.
NAMED = {"admission", "restriction"}


def scans(node: dict[str, Any]) -> list[str]:
    """List the tables a plan reads from end to end, and indexes it reads by city alone."""
    found = [node["Relation Name"]] if node["Node Type"] == "Seq Scan" else []
    condition = node.get("Index Cond", "")
    if condition.count("=") == 1 and "<" not in condition and "city" in condition:
        found.append(node["Index Name"])
    return found + [name for child in node.get("Plans", []) for name in scans(child)]


async def plan(db: Database, file: str, name: str, args: list[Any]) -> dict[str, Any]:
    """Explain a statement as a prepared one is planned, under row-level security."""
    async with db.city(CITY) as conn:
        (row,) = await conn.fetch(f"EXPLAIN (FORMAT JSON) {SQL[file][name]}", *args)
    found = row[0]
    return dict((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])


@pytest.mark.parametrize("asked", list(ASKED), ids=lambda a: f"{a[0]}.{a[1]}")
async def test_on_filled_tables(filled: Database, asked: tuple[str, str]) -> None:
    """With rows and statistics, no statement on a request's path reads a table through."""
    found = set(scans(await plan(filled, *asked, ASKED[asked])))
    assert found <= {"outbox_target", *NAMED}


async def test_the_funnel_on_empty_tables(db: Database) -> None:
    """On empty tables too: the plan that is made then is kept while they fill."""
    assert set(scans(await plan(db, "intake", "find", ASKED["intake", "find"]))) <= NAMED


@pytest.fixture(scope="module")
async def filled(filed: Database) -> Database:
    """Fill the tables and gather statistics."""
    receiver = Receiver(make_services(filed))
    for _ in range(4):
        await asyncio.gather(*(receiver.receive(make_delivery()) for _ in range(250)))
    async with filed.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO unit (city, code, name, short_name, level)"
            " SELECT $1, n, n, n, 'city' FROM (SELECT 'u' || g AS n FROM generate_series(0, 19) g)",
            CITY,
        )
        await conn.execute(
            "INSERT INTO outbox (city, target, case_no, seq, kind, dedupe, body, created_at)"
            " SELECT city, '12345', case_no, 1, 'SIGN', 'x', '{}', now() FROM cases"
        )
        await conn.execute(
            "INSERT INTO task (city, case_no, task_no, unit, role, is_lead, dispatched_at)"
            " SELECT city, case_no, 1, 'u' || case_no % 20, 'ECO', true, now() FROM cases"
        )
        await conn.execute(
            "INSERT INTO nonce (city, app_id, nonce, digest, seen_at)"
            " SELECT city, 'app', case_no::text, 'x', now() FROM cases"
        )
        await conn.execute("ANALYZE")
    return filed
