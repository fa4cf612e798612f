"""`jiesu marks`: a month's report, and the cases behind its figures."""

import pytest
from typer.testing import CliRunner

from deploy.cli import build_app
from deploy.marks import cases, report, show_cases
from deploy.settings import Settings
from models.city_load import load_city
from models.db.pool import Database
from models.errors import NotFound
from routing.catalogue import catalogue
from routing.formulas import measures

CITY = "430100"
catalogue(load_city(CITY))  # the program reads its files before it serves
measures()


async def test_the_report_of_a_month_without_cases_is_kept(db: Database) -> None:
    """A count is kept even of nothing; a figure that it has not is not found."""
    settings = Settings(database_url=db.dsn, cities=(CITY,))
    found = await report(settings, CITY, "2026-11")
    assert (found.name, found.month, found.totals.closed) == ("长沙市", "2026-11", 0)
    with pytest.raises(NotFound, match="figure_unknown"):
        await cases(settings, CITY, found.run_id, "solved", CITY)


async def test_the_cases_behind_a_figure_are_listed(db: Database) -> None:
    """One line each, those that count in the numerator first."""
    async with db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO unit (city, code, name, short_name, level)"
            " VALUES ('430100', '430102-ECO', 'x', 'x', 'county')"
        )
        await conn.execute(
            "INSERT INTO cases (city, case_no, state, queue, channel, source, text, received_at,"
            " adcode, lead_unit, dispatched_at, closed_at, track_hash)"
            " VALUES ('430100', 20261102000001, 'CLOSED', NULL, 'x', 'x', 'x', '2026-11-02',"
            " '430102', '430102-ECO', '2026-11-02', '2026-11-05', 'x')"
        )
    settings = Settings(database_url=db.dsn, cities=(CITY,))
    run = (await report(settings, CITY, "2026-11")).run_id
    for area in (CITY, "430102", "430102-ECO"):
        behind = await cases(settings, CITY, run, "reworked", area)
        assert "- ENV-430100-20261102-000001" in show_cases(behind)


def test_the_commands_say_what_they_want() -> None:
    """Help in Chinese; a number that is none is refused."""
    runner = CliRunner()
    assert "月报" in runner.invoke(build_app(), ["marks", "--help"]).stdout
    wrong = ["marks", "cases", "--city", CITY, "--run", "x", "--figure", "solved"]
    assert runner.invoke(build_app(), wrong).exit_code == 2
