"""Work given by inspections: lists go in, one official answers, the table is public (F18-F39)."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import build_app
from deploy.inspection import Imported, as_csv, import_text
from deploy.settings import Settings, ensure_secrets
from intake.inspection_table import COLUMNS, public_table
from models.case import Case, CaseNo
from models.city import City
from models.city_load import load_city
from models.db import cases, clocks, inspections
from models.db.inspections import Inspection
from models.db.pool import Database
from models.errors import Conflict, Invalid
from models.moment import aware, now
from routing.catalogue import catalogue
from routing.commands import act
from routing.inspections import check_ref
from tests.pages.kit import World, open_world
from tests.routing.kit import OPERATOR

CITY = "430100"
# What a start-up reads once is read before the loop runs.
catalogue(load_city(CITY))
ECO = f"{CITY}-ECO"
HEAD = "受理编号,交办日期,回报时限,行政区,污染类型,举报内容"
GOOD = [
    (
        "X3HN202611190001,2026-11-19,2026-12-01T18:00,芙蓉区,大气,"
        "某厂夜里排放刺鼻气体。我叫李小明,电话13900001111"
    ),
    "D3HN202611190002,2026-11-19T10:00,,430102,水,小区旁的河发黑",
]
PLAN: dict[str, Any] = {
    "responsible": "王某",
    "target": "达标排放",
    "measures": "安装治理设施",
    "deadline": "2026-12-31",
}


@pytest.fixture
async def world(db: Database, changsha: City) -> AsyncIterator[World]:
    """Give the application of Changsha as shipped."""
    made = await open_world(db, changsha)
    yield made
    await made.close()


async def take(world: World, *lines: str) -> Imported:
    """Import lines."""
    return await import_text(world.services, CITY, "\n".join([HEAD, *lines]) + "\n")


async def entry(world: World, ref: str) -> Inspection:
    """Give the entry under a number."""
    async with world.services.db.city(CITY) as conn:
        found = await inspections.by_ref(conn, CITY, ref)
    assert found is not None
    return found


async def do(world: World, number: int, verb: str, **data: Any) -> Case:
    """Let the desk do one thing."""
    async with world.services.db.city(CITY) as conn:
        return await act(conn, world.services.cities[CITY], number, verb, data, OPERATOR)


async def listed(world: World, line: str = GOOD[0]) -> Inspection:
    """Import one line and read its case, so that the desk has it."""
    await take(world, line)
    one = await entry(world, line.partition(",")[0])
    await world.read(CaseNo(one.case_no), review=("low_confidence",))
    return one


def unit_of(world: World) -> str:
    """Name some unit of the city."""
    return next(u.code for u in world.services.cities[CITY].units if u.level != "external")


async def test_f19_a_list_goes_in_line_by_line(world: World) -> None:
    """Each line a case with a clock of its own; wrong ones are told by line; twice adds nothing."""
    bad = [
        "坏编号,2026-11-19,,,大气,有烟",
        "X3HN202611190003,昨天,,,大气,有烟",
        "X3HN202611190004,2026-11-19,,无此区,大气,有烟",
        "X3HN202611190005,2026-11-19,,,大气,",
    ]
    done = await take(world, GOOD[0], *bad, GOOD[1])
    assert (done.listed, done.known) == (2, 0)
    assert [(one.line, one.code) for one in done.wrong] == [
        (3, "inspection_no_malformed"),
        (4, "moment_malformed"),
        (5, "division_unknown"),
        (6, "field_missing"),
    ]
    again = await take(world, *GOOD)
    assert (again.listed, again.known, again.wrong) == (0, 2, ())
    due = {}
    async with world.services.db.city(CITY) as conn:
        for ref in ("X3HN202611190001", "D3HN202611190002"):
            one = await inspections.by_ref(conn, CITY, ref)
            assert one is not None
            (clock,) = [c for c in await clocks.of_case(conn, CITY, one.case_no) if c.code == "K23"]
            due[ref] = f"{aware(clock.due_at):%m-%d %H:%M}"
        channels = await conn.fetch("SELECT DISTINCT channel FROM cases")
    assert due == {"X3HN202611190001": "12-01 18:00", "D3HN202611190002": "12-10 23:59"}
    assert [row["channel"] for row in channels] == ["INSPECTION"]


async def test_two_imports_at_once_list_each_line_once(world: World) -> None:
    """The same file from two desks makes no second case, entry or clock."""
    first, second = await asyncio.gather(take(world, *GOOD), take(world, *GOOD))
    assert first.listed + second.listed == len(GOOD)
    assert not first.wrong
    assert not second.wrong
    async with world.services.db.city(CITY) as conn:
        counted = await conn.fetchval("SELECT count(*) FROM clock WHERE code = 'K23'")
        assert counted == await conn.fetchval("SELECT count(*) FROM cases") == len(GOOD)


async def test_f18_without_one_named_official_nothing_is_ordered(world: World) -> None:
    """One matter, one plan, one person: none, or several, is refused."""
    one = await listed(world)
    unit = unit_of(world)
    for name in ("", " ", "王某、李某", "王某和李某"):
        with pytest.raises(Invalid, match="responsible_required"):
            await do(
                world,
                one.case_no,
                "issue_rectification",
                **PLAN | {"responsible": name, "unit": unit},
            )
    with pytest.raises(Conflict, match="wrong_step"):
        await do(world, one.case_no, "report_rectification", progress="完成", self_check="已自查")
    await do(world, one.case_no, "issue_rectification", **PLAN, unit=unit)
    issued = await entry(world, one.ref)
    assert (issued.responsible, issued.unit) == ("王某", unit)
    assert issued.issued_at is not None


async def test_f18_a_case_is_not_closed_before_its_rectification_is_ordered(world: World) -> None:
    """Not even answered directly by the desk."""
    one = await listed(world)
    with pytest.raises(Conflict, match="still_open"):
        await do(world, one.case_no, "close", reply_text="已处理", outcome="true")


async def test_f39_its_own_clock_and_its_public_table(world: World) -> None:
    """The report upward stops K23; what is published has the fields, and no personal data."""
    one = await listed(world)
    await do(world, one.case_no, "issue_rectification", **PLAN, unit=unit_of(world))
    browser = await world.browser()
    url = f"/api/v1/inspection?city={CITY}"
    assert json.loads(await browser.get(url)) == {"city": CITY, "entries": []}
    await do(world, one.case_no, "publish_inspection", note="局长审批")
    progress = "已完成整改,联系人电话13900002222"
    await do(world, one.case_no, "report_rectification", progress=progress, self_check="已自查")
    async with world.services.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET state = 'CLOSED', queue = NULL, closed_at = now()")
    await do(world, one.case_no, "accept_rectification", acceptance="验收通过")
    async with world.services.db.city(CITY) as conn:
        found = await clocks.of_case(conn, CITY, one.case_no)
    assert all(clock.stopped_at is not None for clock in found if clock.code == "K23")
    text = await browser.get(url)
    (row,) = json.loads(text)["entries"]
    assert set(row) == set(COLUMNS)
    assert (row["ref"], row["assigned_on"], row["area"]) == (one.ref, "2026-11-19", "芙蓉区")
    assert (row["measures"], row["acceptance"]) == ("安装治理设施", "验收通过")
    for secret in ("李小明", "13900001111", "13900002222", "王某"):
        assert secret not in text
    async with world.services.db.city(CITY) as conn:
        book = catalogue(world.services.cities[CITY])
        table = await public_table(conn, book, now() - timedelta(days=400))
    written = list(csv.reader(io.StringIO(as_csv(table))))
    assert written[0] == list(COLUMNS.values())
    assert written[1][0] == one.ref


async def test_26_what_is_secret_is_not_published_before_its_end(world: World) -> None:
    """An entry about a report of an offence waits until its case is closed."""
    await take(world, GOOD[0])
    one = await entry(world, "X3HN202611190001")
    await world.read(CaseNo(one.case_no), review=("low_confidence",), kind="JB")
    await do(world, one.case_no, "issue_rectification", **PLAN, unit=unit_of(world))
    with pytest.raises(Conflict, match="secret_until_closed"):
        await do(world, one.case_no, "publish_inspection", note="局长审批")


@pytest.mark.parametrize(
    ("ref", "good"),
    [
        ("X3YN202405220059", True),
        (" d2hn202611190001 ", True),
        ("X3YN202413220059", False),
        ("3YN202405220059", False),
        ("X3YN20240522", False),
    ],
)
def test_numbers_of_inspections_are_checked(ref: str, good: bool) -> None:
    """Letter or call, round, province, a day that there is, four digits."""
    if good:
        assert check_ref(ref) == ref.strip().upper()
    else:
        with pytest.raises(Invalid, match="inspection_no_malformed"):
            check_ref(ref)


async def test_staff_read_what_closure_rests_on(world: World) -> None:
    """Operators read it of a case and what waits; a unit and the public do not."""
    number = await world.dispatched()
    operator = await world.browser("op")
    told = json.loads(await operator.get(f"/api/v1/cases/{number}/closure"))
    assert told["visits"] == told["lookbacks"] == []
    assert told["inspection"] is None
    assert json.loads(await operator.get("/api/v1/agenda")) == {"lookbacks": [], "topics": []}
    unit = await world.browser("uma")
    for path in (f"/api/v1/cases/{number}/closure", "/api/v1/agenda"):
        assert await unit.status(path) == 403
        assert await (await world.browser()).status(path) == 401


async def test_the_commands_take_a_list_in_and_write_the_table(
    db: Database, changsha: City, tmp_path: Path
) -> None:
    """`jiesu inspection import` tells wrong lines and ends with 1; `table` writes CSV."""
    made = await open_world(db, changsha)
    await made.close()
    await asyncio.to_thread(ensure_secrets, Settings(data_dir=tmp_path, database_url=db.dsn))
    file = tmp_path / "list.csv"
    file.write_text("\ufeff" + "\n".join([HEAD, GOOD[0], "坏,,,,,"]) + "\n", encoding="utf-8")
    where = ["--city", CITY, "--data", str(tmp_path), "--database-url", db.dsn]

    def run(*args: str) -> tuple[int, str]:
        found = CliRunner().invoke(build_app(), ["inspection", *args, *where])
        return found.exit_code, found.stdout or str(found.exception)

    code, text = await asyncio.to_thread(run, "import", str(file))
    assert code == 1
    assert "第 3 行" in text
    assert "新建 1 件" in text
    code, text = await asyncio.to_thread(run, "table")
    assert (code, text.splitlines()[0]) == (0, ",".join(COLUMNS.values()))
    async with db.city(CITY) as conn:
        one = await inspections.by_ref(conn, CITY, "X3HN202611190001")
        assert one is not None
        assert await cases.get(conn, CITY, one.case_no) is not None
