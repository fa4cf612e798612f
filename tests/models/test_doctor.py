"""The doctor looks at cities without a database, and at what runs where there is one."""

import re
import shutil
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from deploy.doctor import SYSTEM, DoctorReport, check_city, check_system, examine, show
from deploy.settings import Settings
from models.city import City
from models.city_check import Finding
from models.city_load import CITIES, installed_cities, load_city
from models.db import lease
from models.db.pool import Database
from models.db.units import sync_city
from models.moment import now


def found(report: DoctorReport, scope: str) -> dict[str, str]:
    """Give the codes and severities found of a city or the system.

    What is said of the calendar depends on today and is left out.
    """
    about = [d.finding for d in report.found if d.scope == scope]
    return graded([f for f in about if not f.code.startswith("calendar_")])


def graded(findings: list[Finding]) -> dict[str, str]:
    """Give severities by code."""
    return {finding.code: finding.severity for finding in findings}


def test_the_shipped_cities_are_well_without_a_database(tmp_path: Path) -> None:
    """All are checked; that nothing runs is told, not blamed."""
    report = examine(Settings(data_dir=tmp_path), [])
    assert report.ok
    assert report.checked == (*installed_cities(), SYSTEM)
    assert found(report, SYSTEM) == {"database_not_running": "info"}


def test_a_city_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The report says so and the command fails."""
    report = examine(Settings(data_dir=tmp_path, cities=("110100",)), ["110100"])
    assert not report.ok
    assert found(report, "110100") == {"city_not_installed": "error"}


def test_the_report_says_what_to_do(tmp_path: Path) -> None:
    """Each finding has its cure in the line below."""
    text = show(examine(Settings(data_dir=tmp_path), ["430100"]))
    assert text.startswith("城市 430100:没有错误\n")
    findings = len(re.findall(r"^  [✗!·]", text, re.MULTILINE))
    assert findings == len(re.findall("^      → .", text, re.MULTILINE))
    assert findings > 0


def test_a_database_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    """Its address may be wrong."""
    dsn = "postgresql://nobody@127.0.0.1:1/none"
    report = examine(Settings(data_dir=tmp_path, database_url=dsn), ["430100"])
    assert found(report, SYSTEM) == {"database_unavailable": "error"}


@pytest.fixture
async def healthy(db: Database, changsha: City) -> Database:
    """Give a database with Changsha's data stored and a worker alive."""
    async with db.system() as conn:
        await sync_city(conn, changsha)
        await lease.beat(conn, ["430100"], "worker-0", 60)
        for watch in lease.WATCHES:
            await lease.take(conn, "430100", watch, "worker-0", 30)
    return db


async def test_a_healthy_installation_has_nothing_to_mend(
    healthy: Database, changsha: City
) -> None:
    """Nothing is found of the running parts."""
    assert await check_system(healthy.dsn, [changsha]) == []


async def test_a_silent_worker_and_unknown_data_are_found(
    healthy: Database, changsha: City
) -> None:
    """Cases would stay where they are."""
    async with healthy.system() as conn:
        await conn.execute("DELETE FROM lease")
        await conn.execute("DELETE FROM city_release")
    codes = graded(await check_system(healthy.dsn, [changsha]))
    assert codes == {"worker_silent": "error", "release_not_stored": "warning"}


async def test_a_sweeper_that_no_longer_runs_is_found(healthy: Database, changsha: City) -> None:
    """A worker may be alive whose sweeper is not: clocks would run out unseen."""
    async with healthy.system() as conn:
        await conn.execute(
            "UPDATE lease SET beat_at = beat_at - interval '5 minutes' WHERE name = 'sweeper'"
        )
        await conn.execute("DELETE FROM lease WHERE name = 'escalation'")
    found = await check_system(healthy.dsn, [changsha])
    assert [(f.code, f.where) for f in found] == [
        ("watch_silent", "430100:sweeper"),
        ("watch_silent", "430100:escalation"),
    ]


@pytest.mark.parametrize(
    ("queue", "waited", "code"),
    [
        ("tag", timedelta(minutes=6), "queue_stalled"),
        ("route", timedelta(minutes=6), "queue_stalled"),
        ("review", timedelta(days=2), "desk_late"),
    ],
)
async def test_a_queue_that_stands_still_is_found(
    healthy: Database, changsha: City, queue: str, waited: timedelta, code: str
) -> None:
    """The machine's queues within minutes, the desk's within a day."""
    async with healthy.system() as conn:
        await conn.execute(
            "INSERT INTO cases (city, case_no, queue, channel, source, text, received_at,"
            " track_hash) VALUES ('430100', 20261121000001, $1, 'WEB', 'WEB', '试', $2, '\\x00')",
            queue,
            now() - waited,
        )
    assert code in graded(await check_system(healthy.dsn, [changsha]))


async def test_messages_that_were_given_up_are_found(healthy: Database, changsha: City) -> None:
    """The platform does not know what became of its order."""
    async with healthy.system() as conn:
        await conn.execute(
            "INSERT INTO outbox (city, target, case_no, seq, kind, dedupe, body, state, created_at)"
            " VALUES ('430100', '12345', 20261121000001, 1, 'SIGN', 'a', '{}', 'dead', now())"
        )
    assert graded(await check_system(healthy.dsn, [changsha])) == {"dead_letters": "error"}


async def test_an_old_database_is_told_to_be_migrated(healthy: Database, changsha: City) -> None:
    """Nothing else is looked at before."""
    async with healthy.system() as conn:
        gone = await conn.fetch("DELETE FROM schema_migration WHERE number > 0 RETURNING *")
        taken = [tuple(row) for row in gone]
    try:
        assert graded(await check_system(healthy.dsn, [changsha])) == {"database_older": "error"}
    finally:  # other tests use this database
        async with healthy.system() as conn:
            await conn.executemany("INSERT INTO schema_migration VALUES ($1, $2, $3, $4)", taken)


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


def test_a_conflict_between_a_citys_own_rules_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither is the special case of the other and they name different leads: both are told."""
    folder = tmp_path / "430100"
    shutil.copytree(CITIES / "430100", folder)
    duties = folder / "duties.toml"
    own = "".join(
        f'[[rule]]\nid = "{name}"\ntier = "T4"\nlead = "{lead}"\nnote = "试。"\nsource = "试"\n'
        f'when = {{ types = ["A03"], flags = ["{flag}"] }}\n'
        for name, lead, flag in (("ONE", "ECO", "group"), ("TWO", "HUD", "repeat"))
    )
    duties.write_text(own + duties.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr("deploy.doctor.load_city", partial(load_city, root=tmp_path))
    conflicts = [one for one in check_city("430100") if one.code == "rules_conflict"]
    assert [(one.where, one.severity) for one in conflicts] == [("TWO", "warning")]
    assert "ONE" in conflicts[0].text
