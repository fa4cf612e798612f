"""Every statement of restricted.sql finds its rows by an index; closed is closed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from models.db import queries
from models.db.pool import Database
from tests.routing.kit import CITY
from tests.routing.plans import explain, whole_tables

AT = datetime(2026, 11, 20, tzinfo=UTC)
ARGS: dict[str, list[Any]] = {
    "restrict": [CITY, [20001, 20002], ["x", "x"], ["x", "x"], AT, "x"],
    "lift": [CITY, 5, AT, "x"],
    "lifted": [CITY, [5, 6]],
    "admit": [CITY, 5, "desk", "p5", None, AT, "x", "x"],
    "dismiss": [CITY, 5, ["p5"], AT],
    "dismiss_units": [CITY, 5, "x", AT],
    "admitted": [CITY, 5],
    "waiting": [CITY, 100],
    "note_access": [CITY, 5, UUID(int=1), "page", AT],
    "case_of_file": [CITY, UUID(int=1)],
    "accesses": [CITY, 5, 100],
}
_FILL = (
    """
INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash, state, restricted)
SELECT $1, n, '12345_TEL', '12345', 'x', now(), decode(md5(n::text), 'hex'), 'DISPATCHED', true
  FROM generate_series(1, 20000) n
""",
    """
INSERT INTO restriction (city, case_no, since, rule, reason, made_by, lifted_at, lifted_by)
SELECT $1, n, now(), 'x', 'x', 'x', CASE WHEN n % 3 = 0 THEN now() END,
       CASE WHEN n % 3 = 0 THEN 'x' END
  FROM generate_series(1, 20000) n
""",
    """
INSERT INTO admission (city, case_no, side, staff, from_at, admitted_by, reason)
SELECT $1, n, 'desk', 'p' || n % 50, now(), 'x', 'x' FROM generate_series(1, 20000) n
""",
    """
INSERT INTO restricted_access (city, access_id, case_no, staff, what, at)
SELECT $1, gen_random_uuid(), n, 'x', 'page', now() FROM generate_series(1, 20000) n
""",
)


def test_no_statement_is_left_out() -> None:
    """Each statement has its plan looked at."""
    assert set(queries.load("restricted")) == set(ARGS)


async def test_every_statement_finds_its_rows_by_an_index(town: Database) -> None:
    """No statement reads a table whole, under row-level security."""
    async with town.city(CITY) as conn:
        for statement in _FILL:
            await conn.execute(statement, CITY)
    async with town.city(CITY) as conn:
        await conn.execute("ANALYZE cases, restriction, admission, restricted_access")
    statements = queries.load("restricted")
    async with town.city(CITY) as conn:
        whole = {
            name: whole_tables(await explain(conn, statements[name], args))
            for name, args in ARGS.items()
        }
    assert {name: tables for name, tables in whole.items() if tables} == {}


async def test_whom_a_case_is_closed_to_is_found_by_who_is_admitted(town: Database) -> None:
    """Of those restricted, each reader is kept from all but their own, the program from none."""
    async with town.city(CITY) as conn:
        for statement in _FILL[:3]:
            await conn.execute(statement, CITY)
    for reader, shown in (("", 20_000), ("stranger", 6_666), ("p5", 6_666 + 267)):
        async with town.city(CITY, reader=reader) as conn:
            found = await conn.fetchval("SELECT count(*) FROM cases")
        assert found == shown, reader
