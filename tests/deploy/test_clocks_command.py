"""`jiesu clocks` and the doctor's word on calendars."""

import json
import re
from datetime import date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from deploy.cli import build_app
from deploy.clocks import recompute
from deploy.settings import Settings
from models.checks.clocks import check_calendar
from models.clock import Basis, Span
from models.db import clocks, events
from models.db.clocks import Clock
from models.db.pool import Database
from models.moment import CHINA

_CASE = """
INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash, state)
VALUES ('430100', 1, 'web', 'web', '工厂夜里有酸臭味', now(), '\\x01', 'ACCEPTED')
"""


def run(*args: str) -> str:
    """Run the command and give what it printed."""
    found = CliRunner().invoke(build_app(), ["clocks", *args])
    assert found.exit_code == 0, found.output
    return found.stdout


def test_the_clocks_of_a_city_are_listed_in_words_and_as_data() -> None:
    """All forty rows of the trade, with what pauses and prolongs them."""
    text = run("list", "--city", "430100")
    assert "K12  投诉举报办结:15 个工作日;P0 24 小时、P1 3 个工作日" in text
    assert "可延 2 次" in text
    assert "停表:等待诉求人补充材料" in text
    assert "派单 → 签收" in text
    assert not re.search(r"[a-z]+:[a-z]+", text)
    found = json.loads(run("list", "--city", "430100", "--json"))
    assert {f"K{n:02d}" for n in range(1, 41)} <= {clock["code"] for clock in found["clocks"]}


@pytest.mark.parametrize(
    ("today", "settled", "codes"),
    [
        (date(2026, 11, 21), {2026}, ["calendar_provisional"]),
        (date(2026, 12, 15), {2026}, ["calendar_missing"]),
        (date(2026, 12, 15), {2026, 2027}, []),
        (date(2027, 1, 4), {2026}, ["calendar_missing", "calendar_provisional"]),
    ],
)
def test_a_missing_notice_is_told_in_time(today: date, settled: set[int], codes: list[str]) -> None:
    """Until the middle of December a word, from then on an error (global rule 6)."""
    assert [finding.code for finding in check_calendar(settled, today)] == codes


async def test_running_clocks_are_counted_again_on_the_present_calendar(db: Database) -> None:
    """A clock that another calendar counted gets this one's end; then nothing is left to do."""
    began = datetime(2026, 11, 20, 14, 30, tzinfo=CHINA)
    basis = Basis(start=began, span=Span(n=15, unit="W"))
    clock = Clock(
        case_no=1,
        task_no=0,
        code="K12",
        started_at=began,
        due_at=began + timedelta(days=30),
        calendar="W",
        basis=basis,
        counted_by="another",
    )
    async with db.city("430100") as conn:
        await conn.execute(_CASE)
        await clocks.start(conn, "430100", [clock])
    settings = Settings(database_url=db.dsn, cities=("430100",))
    assert [one.clocks for one in await recompute(settings, ())] == [1]
    assert [one.clocks for one in await recompute(settings, ("430100",))] == [0]
    async with db.city("430100") as conn:
        (kept,) = await clocks.of_case(conn, "430100", 1)
        (told,) = await events.history(conn, "430100", 1)
    assert kept.due_at.astimezone(CHINA).isoformat() == "2026-12-11T23:59:59+08:00"
    assert told.data["was"].startswith("2026-12-20")
