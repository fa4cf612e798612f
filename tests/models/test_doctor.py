"""The doctor looks at cities without a database, and at what runs where there is one."""

import re
import shutil
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from deploy.doctor import SYSTEM, DoctorReport, check_city, examine, show
from deploy.settings import Settings
from models.city import City
from models.city_load import CITIES, load_city
from models.db import lease
from models.db.pool import Database
from models.db.units import sync_city
from models.moment import now


def found(report: DoctorReport, scope: str) -> dict[str, str]:
    """Give the codes and severities found of a city or the system."""
    return {d.finding.code: d.finding.severity for d in report.found if d.scope == scope}


async def test_the_shipped_cities_are_well_without_a_database(tmp_path: Path) -> None:
    """Both are checked; that nothing runs is told, not blamed."""
    report = await examine(Settings(data_dir=tmp_path), [])
    assert report.ok
    assert report.checked == ("430100", "530100", SYSTEM)
    assert found(report, SYSTEM) == {"database_not_running": "info"}


async def test_a_city_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The report says so and the command fails."""
    report = await examine(Settings(data_dir=tmp_path), ["110100"])
    assert not report.ok
    assert found(report, "110100") == {"city_not_installed": "error"}


async def test_the_report_says_what_to_do(tmp_path: Path) -> None:
    """Each finding has its cure in the line below."""
    text = show(await examine(Settings(data_dir=tmp_path), ["430100"]))
    assert text.startswith("城市 430100:没有错误\n")
    findings = len(re.findall(r"^  [✗!·]", text, re.MULTILINE))
    assert findings == len(re.findall("^      → .", text, re.MULTILINE))
    assert findings > 0


async def test_a_database_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    """Its address may be wrong."""
    dsn = "postgresql://nobody@127.0.0.1:1/none"
    report = await examine(Settings(data_dir=tmp_path, database_url=dsn), ["430100"])
    assert found(report, SYSTEM) == {"database_unavailable": "error"}


@pytest.fixture
async def healthy(db: Database, changsha: City, tmp_path: Path) -> Settings:
    """Give an installation of Changsha with its data stored and a worker alive."""
    async with db.system() as conn:
        await sync_city(conn, changsha)
        await lease.beat(conn, ["430100"], "worker-0", 60)
    return Settings(data_dir=tmp_path, database_url=db.dsn, cities=("430100",))


async def test_a_healthy_installation_has_nothing_to_mend(healthy: Settings) -> None:
    """Nothing is found of the running parts."""
    report = await examine(healthy, [])
    assert report.ok
    assert found(report, SYSTEM) == {}


async def test_a_silent_worker_and_unknown_data_are_found(db: Database, healthy: Settings) -> None:
    """Cases would stay where they are."""
    async with db.system() as conn:
        await conn.execute("DELETE FROM lease")
        await conn.execute("DELETE FROM city_release")
    report = await examine(healthy, [])
    assert not report.ok
    assert found(report, SYSTEM) == {"worker_silent": "error", "release_not_stored": "warning"}


@pytest.mark.parametrize(
    ("queue", "waited", "code"),
    [
        ("tag", timedelta(minutes=6), "queue_stalled"),
        ("route", timedelta(minutes=6), "queue_stalled"),
        ("review", timedelta(days=2), "desk_late"),
    ],
)
async def test_a_queue_that_stands_still_is_found(
    db: Database, healthy: Settings, queue: str, waited: timedelta, code: str
) -> None:
    """The machine's queues within minutes, the desk's within a day."""
    async with db.system() as conn:
        await conn.execute(
            "INSERT INTO cases (city, case_no, queue, channel, source, text, received_at,"
            " track_hash) VALUES ('430100', 20261121000001, $1, 'WEB', 'WEB', '试', $2, '\\x00')",
            queue,
            now() - waited,
        )
    assert code in found(await examine(healthy, []), SYSTEM)


async def test_messages_that_were_given_up_are_found(db: Database, healthy: Settings) -> None:
    """The platform does not know what became of its order."""
    async with db.system() as conn:
        await conn.execute(
            "INSERT INTO outbox (city, target, case_no, seq, kind, dedupe, body, state, created_at)"
            " VALUES ('430100', '12345', 20261121000001, 1, 'SIGN', 'a', '{}', 'dead', now())"
        )
    report = await examine(healthy, [])
    assert found(report, SYSTEM) == {"dead_letters": "error"}


async def test_an_old_database_is_told_to_be_migrated(db: Database, healthy: Settings) -> None:
    """Nothing else is looked at before."""
    async with db.system() as conn:
        tables = await conn.fetch(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE '%migration%'"
        )
        (table,) = [row["tablename"] for row in tables]
        await conn.execute(f"DELETE FROM {table} WHERE number > 0")
    report = await examine(healthy, [])
    assert found(report, SYSTEM) == {"database_older": "error"}


def test_a_file_that_cannot_be_read_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It names the file and the line, and the other cities are still checked."""
    shutil.copytree(CITIES / "430100", tmp_path / "430100")
    zones = tmp_path / "430100" / "zones.csv"
    zones.write_text(
        zones.read_text(encoding="utf-8").replace(",false,", ",vielleicht,", 1), "utf-8"
    )
    monkeypatch.setattr("deploy.doctor.load_city", partial(load_city, root=tmp_path))
    (finding,) = check_city("430100")
    assert (finding.severity, finding.code) == ("error", "data_file_malformed")
    assert re.search(r"zones\.csv 第 \d+ 行", finding.text)
