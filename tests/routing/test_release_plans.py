"""Every statement of releases.sql and copies.sql finds its rows by an index."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.db import queries
from models.db.pool import Database
from tests.routing.kit import CITY, EAST
from tests.routing.plans import explain, whole_tables

AT = datetime(2026, 11, 20, tzinfo=UTC)
UNIT = f"{EAST}-ECO"
#: Arguments of each statement, as its callers give them.
ARGS: dict[str, dict[str, list[Any]]] = {
    "releases": {
        "keep": [CITY, "v", {}],
        "content": [CITY, "v"],
        "current": [CITY],
        "share_current": [CITY],
        "put_first": [CITY],
        "take_current": [CITY],
        "put_current": [CITY, 1, "v"],
        "add_publication": [CITY, 1, "v", "published", None, AT, "x", "yy"],
        "tell": [CITY],
        "publications": [CITY, 50],
        "add_draft": [CITY, "v", "w", AT, "x", "yy"],
        "draft": [CITY, 1],
        "drafts": [CITY, 50],
        "set_report": [CITY, 1, {}, "v", AT],
        "past": [CITY, 1 << 62, 5000],
    },
    "copies": {
        "send": [CITY, [1], [UNIT], ["河"], ["河长"], AT],
        "of_case": [CITY, 5],
        "of_unit": [CITY, UNIT, None, 50],
    },
}
NAMES = [(file, name) for file, statements in ARGS.items() for name in statements]
_FILL = """
INSERT INTO catalogue_release (city, version, content)
SELECT lpad((n % 50 + 110000)::text, 6, '0'), 'v' || n, '{}' FROM generate_series(1, 5000) n;
INSERT INTO catalogue_draft (city, draft_no, version, based_on, made_at, made_by, why)
SELECT city, row_number() OVER (PARTITION BY city), version, '', now(), 'x', 'yy'
  FROM catalogue_release;
INSERT INTO catalogue_publication (city, n, version, action, at, by, why)
SELECT city, draft_no, version, 'published', now(), 'x', 'yy' FROM catalogue_draft;
INSERT INTO catalogue_current (city, n, version)
SELECT (n + 100000)::text, 1, 'v' FROM generate_series(1, 5000) n;
INSERT INTO case_copy (city, case_no, unit, place, title, sent_at)
SELECT (n % 50 + 110000)::text, n, 'u' || n % 100, 'r', 't', now() FROM generate_series(1, 5000) n;
INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash, types, state)
SELECT (n % 50 + 110000)::text, n, 'WEB', 'WEB', 't', now(), decode(md5(n::text), 'hex'),
       '{A01}', 'SCREEN' FROM generate_series(1, 5000) n;
INSERT INTO unit (city, code, name, short_name, level)
SELECT (n + 110000)::text, 'u', 'u', 'u', 'county' FROM generate_series(0, 49) n;
INSERT INTO task (city, case_no, task_no, unit, role, is_lead, dispatched_at)
SELECT (n % 50 + 110000)::text, n, 1, 'u', 'ECO', true, now() FROM generate_series(1, 5000) n;
ANALYZE task, catalogue_release, catalogue_draft, catalogue_publication, catalogue_current,
        case_copy, cases;
"""


@pytest.fixture
async def filled(db: Database) -> Database:
    """Give tables that are not small."""
    async with db.system() as conn:
        await conn.execute(_FILL)
    return db


def test_every_statement_is_looked_at() -> None:
    """A new statement needs its arguments here."""
    assert {file: set(queries.load(file)) for file in ARGS} == {
        file: set(statements) for file, statements in ARGS.items()
    }


async def test_no_statement_reads_a_whole_table(filled: Database) -> None:
    """Neither on the road nor at the desk."""
    async with filled.city(CITY) as conn:
        for file, name in NAMES:
            nodes = await explain(conn, queries.load(file)[name], ARGS[file][name])
            assert whole_tables(nodes) == [], (file, name)
