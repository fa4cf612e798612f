"""`jiesu rules` and the page of `jiesu route`: what people and programs get."""

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy import rules
from deploy.cli import build_app
from deploy.rules_page import show_draft, show_listing, show_publication, show_simulation
from deploy.settings import Settings
from models.city import City, Period
from models.city_load import CITIES, load_city
from models.db.pool import Database
from models.db.releases import Draft, Publication
from models.db.units import sync_city
from models.errors import Invalid, NotFound
from routing import releases
from routing.catalogue import catalogue

CITY = "430100"
WHO = ("法规处", "按新的清单")
# What a start-up reads once is read before the loop runs.
releases.problems(load_city(CITY))
catalogue(load_city(CITY))


@pytest.fixture
def settings(db: Database, tmp_path: Path) -> Settings:
    """Give the settings of an installation on the test's database."""
    return Settings(data_dir=tmp_path, database_url=db.dsn, cities=(CITY,))


@pytest.fixture
async def installed(db: Database, changsha: City) -> None:
    """Have Changsha's installed data in force."""
    catalogue(changsha)
    async with db.city(CITY) as conn:
        await sync_city(conn, changsha)
        await releases.install(conn, changsha)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a copy of Changsha's folder in which canteens have a rule of their own."""
    made = tmp_path / CITY
    shutil.copytree(CITIES / CITY, made)
    duties = made / "duties.toml"
    own = (
        '\n[[rule]]\nid = "CS-TEST"\ntier = "T4"\nwhen = { types = ["X01"] }\nlead = "UMA"\n'
        'note = "长沙:户外广告光污染由城管部门主办"\nsource = "试验"\n'
    )
    duties.write_text(duties.read_text(encoding="utf-8") + own, encoding="utf-8")
    return made


@pytest.mark.usefixtures("installed")
async def test_a_folder_becomes_a_release_and_is_rolled_back(
    settings: Settings, folder: Path
) -> None:
    """Draft, simulate, publish, list, roll back."""
    made = await rules.draft(settings, CITY, folder, WHO)
    shown = await rules.simulate(settings, CITY, made.draft_no, 100)
    assert "试算 0 件历史件" in show_simulation(shown)
    put = await rules.publish(settings, CITY, made.draft_no, WHO)
    assert put.version == made.version
    back = await rules.roll_back(settings, CITY, None, ("领导", "回到旧版"))
    found = await rules.listing(settings, CITY)
    assert found.in_force == back.version != made.version
    assert [p.action for p in found.publications] == ["rolled_back", "published", "installed"]
    assert "回退(领导:回到旧版)" in show_listing(found)


@pytest.mark.usefixtures("installed")
async def test_f78_a_period_is_switched_on_and_off_at_once(settings: Settings) -> None:
    """Each switch is a release of its own, with who and why."""
    warning = Period(
        code="red",
        kind="heavy_pollution",
        name="红色预警",
        valid_from=date(2026, 11, 20),
        valid_to=date(2026, 11, 30),
    )
    on = await rules.switch(settings, CITY, warning, WHO)
    assert (await rules.find_period(settings, CITY, "red")) == warning
    known = await rules.find_period(settings, CITY, "red")
    given: dict[str, str | None] = {"kind": None, "valid_to": "2026-11-25"}
    off = rules.changed_period(known, "red", on=False, given=given)
    assert off.valid_to == date(2026, 11, 25)
    again = await rules.switch(settings, CITY, off, WHO)
    assert again.publication.version != on.publication.version
    held = await rules.find_period(settings, CITY, "red")
    assert held is not None
    assert not held.on


async def test_a_city_that_is_not_installed_has_no_list(settings: Settings) -> None:
    """A wrong code is told, not taken for a city without releases."""
    with pytest.raises(NotFound, match="没有城市"):
        await rules.listing(settings, "999999")


def test_people_read_chinas_time_and_a_command_they_can_copy() -> None:
    """Whatever the store's zone; what to do next names the city."""
    at = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
    made = Draft(draft_no=3, version="v", based_on="", made_at=at, made_by="甲", why="试")
    assert "2026-11-22 13:30" in show_draft(made, CITY)
    assert f"jiesu rules simulate --city {CITY} --draft 3" in show_draft(made, CITY)
    put = Publication(n=1, version="v", action="published", draft_no=3, at=at, by="甲", why="试")
    assert "2026-11-22 13:30" in show_publication(put)


def test_an_unknown_period_must_be_said_in_full() -> None:
    """Its kind and both days."""
    with pytest.raises(Invalid, match="新登记"):
        rules.changed_period(None, "x", on=True, given={"kind": "event"})


def test_a_report_is_text_or_json() -> None:
    """The same findings for people and for programs."""
    run = CliRunner().invoke(build_app(), ["rules", "check", "--city", CITY])
    assert run.exit_code == 0
    assert "进入待裁量池的情形" in run.stdout
    found = CliRunner().invoke(build_app(), ["rules", "check", "--city", CITY, "--json"])
    assert {"dead", "overlaps", "gaps", "cells"} <= json.loads(found.stdout).keys()


def test_a_case_is_explained_on_one_page_of_html(tmp_path: Path) -> None:
    """What people wrote is escaped; who leads and why are there in words."""
    line = {
        "id": "<1>",
        "city": CITY,
        "types": ["A03"],
        "flags": ["no_flue"],
        "adcode": "430105",
        "happened_at": "2026-08-01",
        "received_at": "2026-11-20T14:30",
    }
    file = tmp_path / "case.jsonl"
    file.write_text(json.dumps(line) + "\n", encoding="utf-8")
    run = CliRunner().invoke(build_app(), ["route", str(file), "--html"])
    assert run.exit_code == 0
    assert run.stdout.startswith("<!doctype html>")
    assert "&lt;1&gt;" in run.stdout
    assert "开福区城市管理和综合执法局" in run.stdout
    assert "因为 主要类型:餐饮油烟" in run.stdout
    assert "从旧兼从轻" in run.stdout
    assert run.stdout.rstrip().endswith("</html>")
