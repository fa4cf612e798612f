"""What is measured and logged: patterns not paths, one line per event, gauges out of SQL."""

import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from deploy.observe import Meter, Scraper, configure_logging
from models.db import lease
from models.db.pool import Database


@pytest.fixture
def logs() -> Iterator[None]:
    """Put logging back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_our_lines_and_those_of_libraries_are_json_with_fields(
    logs: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """One object per line, on stderr alone, Chinese left readable."""
    configure_logging("json", "info")
    structlog.get_logger("jiesu.test").info("case_stored", city="430100", unit="长沙")
    logging.getLogger("library").warning("slow: %s s", 3)
    logging.getLogger("library").debug("not wanted")
    out, err = capsys.readouterr()
    ours, theirs = map(json.loads, err.splitlines())
    assert out == ""
    assert (ours["event"], ours["city"], ours["level"]) == ("case_stored", "430100", "info")
    assert "长沙" in err
    assert (theirs["event"], theirs["logger"]) == ("slow: 3 s", "library")


def test_people_get_lines_they_can_read(logs: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The console form is no JSON."""
    configure_logging("console", "info")
    structlog.get_logger("jiesu.test").info("ready", seconds=1)
    err = capsys.readouterr().err
    assert "ready" in err
    assert "{" not in err


async def test_the_metrics_of_a_process_are_in_the_text(db: Database) -> None:
    """Answers by route pattern, counts by label, stages by city."""
    meter = Meter()
    meter.observe("POST", "/hooks/12345/{city}", 200, 0.004)
    meter.count("report", "12345:new")
    meter.stage_done("tag", "430100", 17, 0.2)
    text = await Scraper(db, meter).text()
    route = 'jiesu_http_seconds_count{method="POST",route="/hooks/12345/{city}",status="200"} 1.0'
    assert route in text
    assert 'jiesu_events_total{label="12345:new",name="report"} 1.0' in text
    assert 'jiesu_stage_rows_total{city="430100",stage="tag"} 17.0' in text
    assert "jiesu_database_up 1.0" in text


async def test_the_gauges_follow_the_rows(db: Database) -> None:
    """Queues by city and name, the outbox by state; what is gone disappears."""
    async with db.city("430100") as conn:
        for number, queue in enumerate(("tag", "tag", "review", None), 1):
            await conn.execute(
                "INSERT INTO cases (city, case_no, queue, channel, source, text, received_at,"
                " track_hash) VALUES ('430100', $1, $2, 'portal', 'web', '异味',"
                " now() - interval '1 minute', $3)",
                number,
                queue,
                bytes([number]),
            )
    first = await Scraper(db, Meter()).text()
    assert 'jiesu_queue_cases{city="430100",queue="tag"} 2.0' in first
    assert 'jiesu_queue_cases{city="430100",queue="review"} 1.0' in first
    async with db.city("430100") as conn:
        await conn.execute("UPDATE cases SET queue = NULL WHERE queue = 'tag'")
    second = await Scraper(db, Meter()).text()
    assert 'queue="tag"' not in second


async def test_how_long_ago_clocks_were_swept_is_a_metric(db: Database) -> None:
    """A sweeper that stands still is seen by its age, city by city."""
    async with db.system() as conn:
        for watch in lease.WATCHES:
            await lease.take(conn, "430100", watch, "me", 30)
        await conn.execute("UPDATE lease SET beat_at = beat_at - interval '1 h'")
    text = await Scraper(db, Meter()).text()
    for watch in lease.WATCHES:
        found = re.search(rf'jiesu_watch_age_seconds{{city="430100",watch="{watch}"}} (\S+)', text)
        assert found is not None
        assert 3600 <= float(found[1]) < 3700


async def test_gauges_are_not_read_for_every_scrape(db: Database) -> None:
    """Two scrapes at once cost one reading."""
    scraper = Scraper(db, Meter())
    await scraper.text()
    async with db.city("430100") as conn:
        await conn.execute(
            "INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash)"
            " VALUES ('430100', 1, 'portal', 'web', '异味', now(), '\\x01')"
        )
    assert 'queue="tag"' not in await scraper.text()


async def test_without_a_database_the_rest_is_still_told(db: Database) -> None:
    """A scrape never fails; it says that the database is gone."""
    await db.close()
    assert "jiesu_database_up 0.0" in await Scraper(db, Meter()).text()
