"""What the reader learns from and how it does, out of the rows."""

import json
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from models.db import learning, queries
from models.db.learning import Release
from models.db.pool import Database
from models.moment import CHINA

CITY = "430100"
AT = datetime(2026, 3, 2, 9, tzinfo=CHINA)
CASE = """
INSERT INTO cases (city, case_no, title, channel, source, text, received_at, track_hash, kind,
                   types, urgency, adcode, tags)
SELECT $1, n, NULL, '12345_TEL', '12345', '楼下油烟大', now(), decode(md5(n::text), 'hex'), 'TS',
       ARRAY['A03'], 'P2', '430104', $3::jsonb FROM generate_series(1, $2::int) n
"""
CORRECTION = """
INSERT INTO correction (city, correction_id, case_no, at, staff, machine, human)
VALUES ($1, gen_random_uuid(), $2, now(), 'operator', '{}', $3)
"""


def tags(code: str = "A03", p: float = 0.95, *reasons: str) -> dict[str, Any]:
    """Make of tags what is read here."""
    return {
        "types": [{"code": code, "p": p, "evidence": []}],
        "review": bool(reasons),
        "review_reasons": reasons,
        "model": {"name": "linear", "version": "1"},
    }


async def test_only_cases_whose_reading_was_changed_are_learned_from(db: Database) -> None:
    """A change of unit or place alone teaches the reader nothing; labels are those that hold."""
    async with db.city(CITY) as conn:
        await conn.execute(CASE, CITY, 4, tags())
        await conn.execute(CORRECTION, CITY, 1, {"types": ["N02"]})
        await conn.execute(CORRECTION, CITY, 1, {"kind": "TS"})
        await conn.execute(CORRECTION, CITY, 2, {"lead_unit": "430104-ECO"})
        await conn.execute(CORRECTION, CITY, 3, {"urgency": "P1"})
        await conn.execute("UPDATE cases SET types = ARRAY['N02', 'A03'] WHERE case_no = 1")
        found = await learning.corrected(conn, CITY)
    assert [(one.case_no, one.types, one.channel) for one in found] == [
        (1, ("N02", "A03"), "12345_TEL"),
        (3, ("A03",), "12345_TEL"),
    ]


async def test_readings_are_counted_in_a_window(db: Database) -> None:
    """The machine's own word counts, whatever people made of it; the older part is told apart."""
    async with db.city(CITY) as conn:
        await conn.execute(CASE, CITY, 10, tags())
        for number, reason in ((9, "low_confidence_type"), (10, "place_unknown")):
            await conn.execute(
                "UPDATE cases SET tags = $1, types = ARRAY['S01'] WHERE case_no = $2",
                tags("N02", 1.0, reason),
                number,
            )
        await conn.execute(CORRECTION, CITY, 10, {"types": ["S01"]})
        await conn.execute(CORRECTION, CITY, 10, {"types": ["S02"]})
        await conn.execute(CORRECTION, CITY, 1, {"kind": "JB"})
        found = await learning.readings(conn, CITY, cases=8, recent=3)
    told = {
        (one.recent, one.code, one.tenth, one.n, one.review, one.doubt, one.corrected)
        for one in found
    }
    assert told == {
        (True, "N02", 10, 2, 2, 1, 1),
        (True, "A03", 10, 1, 0, 0, 0),
        (False, "A03", 10, 5, 0, 0, 0),
    }
    assert {one.model for one in found} == {"1"}
    assert sum(one.p for one in found) == pytest.approx(2 + 6 * 0.95)


async def test_the_window_costs_the_same_however_many_cases_are_stored(db: Database) -> None:
    """The latest cases come off the key's index; no table is read whole."""
    async with db.city(CITY) as conn:
        await conn.execute(CASE, CITY, 20_000, tags())
        for number in range(1, 20_000, 40):
            await conn.execute(CORRECTION, CITY, number, {"types": ["N02"]})
    async with db.system() as conn:
        await conn.execute("ANALYZE cases, correction")
    sql = queries.load("learning")
    asked: dict[str, list[Any]] = {"readings": [CITY, 800, 200], "releases": [CITY, 50]}
    async with db.system() as conn:
        # Small tables are read whole whatever there is: what counts is that an index would do.
        await conn.execute("SET LOCAL enable_seqscan = off")
        for name, args in asked.items():
            text = await conn.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql[name]}", *args)
            found = list(nodes(json.loads(text)[0]["Plan"]))
            assert not [n for n in found if n["Node Type"] == "Seq Scan"], name
            read = [n["Actual Rows"] for n in found if n.get("Relation Name") == "cases"]
            assert max(read, default=0) <= 800


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Give all nodes of a plan."""
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]


def release(act: str, version: str) -> Release:
    """Make a line of the log."""
    return Release(
        at=AT, act=act, version=version, replaced="shipped", reason="x", figures={"dev": {}}
    )


async def test_what_was_done_with_a_reader_is_logged_for_each_city(db: Database) -> None:
    """Each city sees when which reader read its complaints; the latest first."""
    async with db.system() as conn:
        await learning.add_release(conn, [CITY, "530100"], release("promoted", "a"))
        await learning.add_release(conn, [CITY], release("rolled_back", "shipped"))
    async with db.city(CITY) as conn:
        found = await learning.releases(conn, CITY)
        assert await conn.fetchval("SELECT count(*) FROM model_release") == 2
    assert [one.act for one in found] == ["rolled_back", "promoted"]
    assert found[1] == release("promoted", "a")


async def test_the_log_is_append_only_and_no_units_business(db: Database) -> None:
    """Nobody rewrites why a reader serves, and units see nothing of it."""
    async with db.city(CITY) as conn:
        await learning.add_release(conn, [CITY], release("promoted", "a"))
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        async with db.city(CITY) as conn:
            await conn.execute("DELETE FROM model_release")
    async with db.city(CITY, "430104-ECO") as conn:
        assert await learning.releases(conn, CITY) == []


async def test_a_set_is_kept_once_without_texts(db: Database) -> None:
    """The same version is the same set, whenever it is written again."""
    members = [{"case_no": 1, "kind": "TS", "types": ["A03"], "urgency": "P2", "digest": "d"}]
    async with db.city(CITY) as conn:
        await learning.keep_set(conn, CITY, "v", members, AT)
        await learning.keep_set(conn, CITY, "v", [], AT)
        row = await conn.fetchrow("SELECT cases, members FROM correction_set")
    assert row is not None
    assert (row["cases"], row["members"]) == (1, {"rows": members})
