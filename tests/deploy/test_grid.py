"""`jiesu grid`: a tree goes in whole or not at all, and comes out as it went in (F23)."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import build_app
from deploy.grid import Imported, as_csv, import_text
from deploy.settings import Settings, ensure_secrets
from models.city import City, Zone
from models.city_load import load_city
from models.db import grids
from models.db.pool import Database
from models.errors import Invalid
from tests.routing.kit import CITY, EAST, TOWN, WEST, small_city

HEAD = "网格编码,网格名称,级别,上级编码,责任等级"
ROOT = f"{CITY},测试市,1,,"
COUNTY = f"{EAST},东区,2,{CITY},一般"
STREET = f"{TOWN},东街道,3,{EAST},重点"
GOOD = (ROOT, COUNTY, STREET, f"{TOWN}001,东塘社区,4,{TOWN},特殊", f"{TOWN}-G02,厂区,4,{TOWN},")


@pytest.fixture
def city() -> City:
    """Give the small city."""
    return small_city()


async def take(db: Database, city: City, *lines: str) -> Imported:
    """Import lines."""
    return await import_text(db, city, "\n".join([HEAD, *lines]) + "\n")


async def codes(db: Database) -> list[str]:
    """Name the cells in use."""
    async with db.city(CITY) as conn:
        return [one.code for one in await grids.tree(conn, CITY)]


async def test_f23_a_tree_goes_in_whole_and_comes_out_the_same(db: Database, city: City) -> None:
    """From the city down to the community, with grades; the file that comes out goes in again."""
    done = await take(db, city, *reversed(GOOD))
    assert (done.cells, done.fresh, done.closed, done.wrong) == (5, 5, 0, ())
    async with db.city(CITY) as conn:
        found = await grids.tree(conn, CITY)
    text = as_csv(found)
    assert text.splitlines()[0] == HEAD
    again = await import_text(db, city, text)
    assert (again.cells, again.fresh, again.closed) == (5, 0, 0)
    grades = {one.code: one.grade.value for one in found}
    assert (grades[TOWN], grades[f"{TOWN}001"], grades[f"{TOWN}-G02"]) == (
        "key",
        "special",
        "general",
    )


async def test_f23_what_a_file_leaves_out_is_closed_and_may_come_back(
    db: Database, city: City
) -> None:
    """Nothing is deleted: what was asked of a cell stays known."""
    await take(db, city, *GOOD)
    less = await take(db, city, *GOOD[:3])
    assert (less.cells, less.fresh, less.closed) == (3, 0, 2)
    assert await codes(db) == [CITY, EAST, TOWN]
    again = await take(db, city, *GOOD)
    assert (again.fresh, again.closed) == (0, 0)
    assert len(await codes(db)) == 5


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((*GOOD, STREET), [(7, "code_twice")]),
        ((ROOT, f"{EAST},东区,2,990109,"), [(3, "parent_unknown")]),
        ((ROOT, f"{TOWN},东街道,3,{CITY},"), [(3, "outside_parent"), (3, "parent_level")]),
        ((ROOT, f"990109,南区,2,{CITY},"), [(3, "division_unknown")]),
        ((ROOT, f"990104,老区,2,{CITY},"), [(3, "division_unknown")]),
        ((ROOT, COUNTY, f"990102009,南街道,3,{EAST},"), [(4, "division_unknown")]),
        ((ROOT, f"{WEST},西区,2,{CITY},", f"{TOWN},东,3,{WEST},"), [(4, "outside_parent")]),
        ((*GOOD[:3], f"{WEST}001001,社区,4,{TOWN},"), [(5, "outside_parent")]),
        ((*GOOD[:3], f"{TOWN}1,社区,4,{TOWN},"), [(5, "code_malformed")]),
        ((*GOOD[:3], f"{TOWN}-网格,社区,4,{TOWN},"), [(5, "code_malformed")]),
        ((COUNTY,), [(1, "root_missing"), (2, "parent_unknown")]),
        (("430100,长沙市,1,,",), [(2, "city_mismatch")]),
        ((f"{CITY},测试市,1,{CITY},",), [(2, "root_has_parent")]),
        ((ROOT, f"{EAST},东区,5,{CITY},"), [(3, "level_unknown")]),
        ((ROOT, f"{EAST},东区,二,{CITY},"), [(3, "level_unknown")]),
        ((ROOT, f"{EAST},,2,{CITY},"), [(3, "field_missing")]),
        ((ROOT, f"{EAST},{'东' * 61},2,{CITY},"), [(3, "name_missing")]),
        ((ROOT, f"{EAST},东区,2,{CITY},最高"), [(3, "grade_unknown")]),
    ],
)
async def test_f23_a_wrong_line_is_told_and_nothing_goes_in(
    db: Database, city: City, lines: tuple[str, ...], told: list[tuple[int, str]]
) -> None:
    """Each by its line and a code that stays, in Chinese; the tree before stays as it was."""
    await take(db, city, *GOOD)
    done = await take(db, city, *lines)
    assert [(one.line, one.code) for one in done.wrong] == told
    assert all(one.detail.endswith("。") for one in done.wrong)
    assert (done.cells, done.fresh, done.closed) == (0, 0, 0)
    assert len(await codes(db)) == 5


async def test_f23_a_zone_stands_beside_the_counties(db: Database) -> None:
    """A township that a zone runs may stand under it; one of another county may not."""
    zone = Zone(code=f"{CITY}-Z-OWN", name="开发区", adcodes=(EAST,))
    city = small_city(zones=(zone,))
    above = f"{zone.code},开发区,2,{CITY},"
    done = await take(db, city, ROOT, above, f"{TOWN},东街道,3,{zone.code},")
    assert done.wrong == ()
    far = small_city(zones=(Zone(code=zone.code, name="开发区", adcodes=(WEST,)),))
    done = await take(db, far, ROOT, above, f"{TOWN},东街道,3,{zone.code},")
    assert [one.code for one in done.wrong] == ["outside_parent"]


async def test_f23_a_file_that_is_none_is_told(db: Database, city: City) -> None:
    """Columns are named."""
    with pytest.raises(Invalid, match="columns_missing"):
        await import_text(db, city, "code,name\n1,x\n")


async def test_f23_the_commands_take_a_tree_in_and_write_it_out(
    db: Database, tmp_path: Path
) -> None:
    """`jiesu grid import` ends with 1 where a line is wrong; `list` writes CSV and JSON."""
    changsha = await asyncio.to_thread(load_city, "430100")
    town = next(one for one in changsha.divisions if one.level == "township" and not one.valid_to)
    await asyncio.to_thread(ensure_secrets, Settings(data_dir=tmp_path, database_url=db.dsn))
    file = tmp_path / "grid.csv"
    good = [
        "430100,长沙市,1,,",
        f"{town.code[:6]},区,2,430100,",
        f"{town.code},街道,3,{town.code[:6]},",
    ]
    where = ["--city", "430100", "--data", str(tmp_path), "--database-url", db.dsn]

    def run(*args: str) -> tuple[int, str]:
        found = CliRunner().invoke(build_app(), ["grid", *args, *where])
        return found.exit_code, found.stdout or str(found.exception)

    def write(*lines: str) -> None:
        file.write_text("\ufeff" + "\n".join([HEAD, *lines]) + "\n", encoding="utf-8")

    await asyncio.to_thread(write, *good, "坏,坏,4,坏,")
    code, text = await asyncio.to_thread(run, "import", str(file))
    assert code == 1
    assert "第 5 行" in text
    assert "没有导入" in text
    await asyncio.to_thread(write, *good)
    code, text = await asyncio.to_thread(run, "import", str(file))
    assert (code, text) == (0, "在用网格 3 个,其中新增 3 个;停用 0 个。\n")
    code, text = await asyncio.to_thread(run, "list")
    assert (code, text.splitlines()[0], len(text.splitlines())) == (0, HEAD, 4)
    code, text = await asyncio.to_thread(run, "list", "--json")
    assert [one["level"] for one in json.loads(text)] == [1, 2, 3]
