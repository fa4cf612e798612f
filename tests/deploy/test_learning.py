"""`jiesu model` and `jiesu corrections`, and the gauges of how cases are read."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from classifier.corpus import read_all_gold
from classifier.releases import Act, Manifest, Reference, Releases
from deploy import learning
from deploy.cli import build_app
from deploy.observe import Meter, Scraper
from deploy.settings import Settings
from models.db.learning import releases as logged
from models.db.pool import Database

CITY = "430100"
TEXT = "我叫张小明,电话13812345678,楼下烧烤店油烟大"


@pytest.fixture
def settings(db: Database, tmp_path: Path) -> Settings:
    """Give an installation on the test's database."""
    return Settings(database_url=db.dsn, data_dir=tmp_path, cities=(CITY,))


def put(releases: Releases, version: str, reference: Reference | None = None) -> None:
    """Add a release with one file."""
    place = releases.workplace()
    (place / "linear.npz").write_bytes(b"weights")
    made = datetime(2026, 3, 1, tzinfo=UTC)
    figures = {"dev": {"main": 0.8, "first_level": 0.9, "kind": 0.85}}
    releases.add(
        place,
        Manifest(version=version, made_at=made, files={}, figures=figures, reference=reference),
    )


async def fill(db: Database, count: int = 300) -> None:
    """Store cases that were read, the last one corrected by a person."""
    async with db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO city_release (city, version, content) VALUES ($1, '1', '{}')", CITY
        )
        await conn.execute(
            "INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash,"
            " kind, types, urgency, tags) SELECT $1, n, 'portal', 'web', $3, now(),"
            " decode(md5(n::text), 'hex'), 'TS', ARRAY['N02'], 'P2', $4::jsonb"
            " FROM generate_series(1, $2::int) n",
            CITY,
            count,
            TEXT,
            {
                "types": [{"code": "A03", "p": 0.75}],
                "review": False,
                "model": {"name": "linear", "version": "1"},
            },
        )
        await conn.execute(
            "INSERT INTO correction (city, correction_id, case_no, at, staff, machine, human)"
            " VALUES ($1, gen_random_uuid(), $2, now(), 'o', '{}', $3)",
            CITY,
            count,
            {"types": ["N02"]},
        )


async def test_corrections_become_a_set_without_identity(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    """Labels that hold, text masked, readable by the owner only, the same set the same version."""
    await fill(db)
    made = await learning.export(settings, CITY, tmp_path / "set.jsonl")
    again = await learning.export(settings, CITY, None)
    assert (made.cases, again.version) == (1, made.version)
    assert Path(again.file).parent == tmp_path / "corrections"
    path = tmp_path / "set.jsonl"
    assert path.stat().st_mode & 0o077 == 0
    (row,) = await asyncio.to_thread(read_all_gold, path)
    assert (row.types, row.source) == (("N02",), "portal")
    assert "油烟" in row.text
    assert "13812345678" not in row.text
    assert "张小明" not in row.text
    async with db.city(CITY) as conn:
        kept = await conn.fetchval("SELECT members::text FROM correction_set")
    assert "油烟" not in kept


async def test_the_latest_cases_are_judged_beside_the_serving_release(
    db: Database, settings: Settings
) -> None:
    """Share at the desk, confidence, corrections and shift, in words too."""
    await fill(db)
    releases = learning.releases_of(settings)
    halves = {"A03": 0.5, "Z": 0.5}
    reference = Reference(rows=9, types=halves, doubt=0.2, confidence=0.8)
    await asyncio.to_thread(put, releases, "a", reference)
    await asyncio.to_thread(releases.promote, "a", "x")
    (found,) = await learning.drifts(settings, [CITY])
    assert (found.cases, found.review, found.confidence) == (300, 0, 0.75)
    assert found.verdict == "shifted"
    assert found.reference_doubt == 0.2
    assert "明显变化" in learning.show_drift(found)


async def test_the_gauges_tell_how_cases_are_read(db: Database) -> None:
    """Doubt, confidence, corrections by type and shift, for each city."""
    await fill(db)
    reference = Reference(rows=9, types={"A03": 1.0}, doubt=0.2, confidence=0.8)
    text = await Scraper(db, Meter(), lambda: reference).text()
    assert f'jiesu_reading_cases{{city="{CITY}",model="1"}} 300.0' in text
    assert f'jiesu_reading_review_share{{city="{CITY}"}} 0.0' in text
    assert f'jiesu_reading_confidence_mean{{city="{CITY}"}} 0.75' in text
    assert f'jiesu_reading_confidence_share{{city="{CITY}",le="0.8"}} 1.0' in text
    assert f'jiesu_reading_corrected_type_share{{city="{CITY}",type="A03"}} 0.0033' in text
    assert f'jiesu_reading_shift_psi{{city="{CITY}",to="training"}} 0.0' in text


async def test_what_was_done_is_in_the_database_and_nothing_hangs_on_it(
    db: Database, settings: Settings
) -> None:
    """Where a database is at hand it is told; where none answers the act holds all the same."""
    act = Act(at=datetime.now(UTC), act="promoted", version="a", replaced="shipped", reason="x")
    assert await learning.log_act(settings, act)
    async with db.city(CITY) as conn:
        (row,) = await logged(conn, CITY)
    assert (row.act, row.version) == ("promoted", "a")
    elsewhere = Settings(database_url="postgresql://nobody@127.0.0.1:1/none", cities=(CITY,))
    assert not await learning.log_act(elsewhere, act)
    assert not await learning.log_act(Settings(data_dir=settings.data_dir / "none"), act)


def run(data: Path, *args: str) -> Result:
    """Run one `jiesu model` command."""
    app: typer.Typer = build_app()
    return CliRunner().invoke(app, ["model", *args, "--data", str(data)])


def test_promotion_and_rollback_are_one_command_each(tmp_path: Path) -> None:
    """The list tells what serves, how good it is, what was done and why."""
    put(Releases(tmp_path / "models"), "a")
    assert run(tmp_path, "promote", "a", "--reason", "试用").exit_code == 0
    shown = run(tmp_path, "list").stdout
    assert "使用中:a" in shown
    assert "0.8000" in shown
    assert "试用" in shown
    back = run(tmp_path, "rollback", "--json")
    assert json.loads(back.stdout)["version"] == "shipped"
    listed = json.loads(run(tmp_path, "list", "--json").stdout)
    assert listed["current"]["version"] == "shipped"
    assert [act["act"] for act in listed["acts"]] == ["promoted", "rolled_back"]
    assert run(tmp_path, "rollback").exit_code != 0
