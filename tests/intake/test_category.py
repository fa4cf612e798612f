"""The category that a platform sends with a report is stored with the case and changed with it."""

from pathlib import Path
from typing import Any

import msgspec
from defusedxml.ElementTree import fromstring

from deploy.inspection import import_text
from deploy.replay_files import read_files
from intake.channels import fields, xml12369
from models.case import read_case_no
from models.db.pool import Database
from tests.intake.kit import CITY, FIXTURES, Platform, message, rows
from tests.pages.kit import World

LINE = '{"id": "R1", "text": "厂里排污", "category": "08 油烟"}\n'


async def called(db: Database) -> list[str]:
    """Give the category of the only case."""
    (case,) = await rows(db, "SELECT source_category FROM cases")
    found: list[str] = case["source_category"]
    return found


async def sent(platform: Platform, **order: Any) -> None:
    """Send one order that must be taken."""
    answer = await platform.post(message("ORDER_UPDATE", order=order))
    assert answer.status == 200, await answer.text()


async def test_12345_gives_its_question_code_and_name(db: Database, hotline: Platform) -> None:
    """Code and name are kept in that order; a changed order changes them, one without clears."""
    await sent(hotline, questionName="餐饮油烟", updateTime="2026-11-20 15:00:00")
    assert await called(db) == ["0801", "餐饮油烟"]
    await sent(hotline, questionCode="0902", updateTime="2026-11-20 16:00:00")
    assert await called(db) == ["0902"]
    (event,) = await rows(db, "SELECT data FROM event WHERE verb = 'case:content:updated'")
    assert event["data"]["fields"] == ["source_category"]
    await sent(hotline, questionCode=None, updateTime="2026-11-20 17:00:00")
    assert await called(db) == []


async def test_a_supplement_leaves_the_category(db: Database, hotline: Platform) -> None:
    """What the caller adds later does not say what the platform calls it."""
    await sent(hotline)
    more = {"orderNo": "CS0001", "content": "今晚又来了。"}
    answer = await hotline.post(message("ORDER_SUPPLEMENT", supplement=more))
    assert answer.status == 200, await answer.text()
    assert await called(db) == ["0801"]


async def test_12369_gives_each_type_of_pollution(db: Database, national: Platform) -> None:
    """Codes and names in the order of the message, those without a mapping too."""
    answer = await national.post((FIXTURES / "report12369.xml").read_bytes())
    assert answer.status == 200, await answer.text()
    assert await called(db) == ["A02", "恶臭/异味", "X99", "其他气味"]


async def test_a_list_of_an_inspection_names_the_pollution(db: Database, world: World) -> None:
    """The column of the list is the category of its cases."""
    head = "受理编号,交办日期,回报时限,行政区,污染类型,举报内容"
    line = "X3HN202611190001,2026-11-19,2026-12-01T18:00,芙蓉区,大气,某厂夜里排放刺鼻气体"
    await import_text(world.services, CITY, f"{head}\n{line}\n")
    assert await called(db) == ["大气"]


async def test_the_page_of_a_case_shows_it(db: Database, world: World) -> None:
    """Whoever handles the case sees what the platform called it; nothing where it said nothing."""
    number, other = await world.dispatched(), await world.dispatched()
    async with db.city(CITY) as conn:
        await conn.execute(
            "UPDATE cases SET source_category = '{0801,餐饮油烟}' WHERE case_no = $1",
            read_case_no(number)[1],
        )
    operator = await world.browser("op")
    assert "来件类别 0801、餐饮油烟" in await operator.get(f"/desk/cases/{number}")
    assert "来件类别" not in await operator.get(f"/desk/cases/{other}")


def test_replayed_lines_bring_their_category(tmp_path: Path) -> None:
    """A line of a file with `category` is sent as each platform would send it."""
    path = tmp_path / "tickets.jsonl"
    path.write_text(LINE, encoding="utf-8")
    (order,) = read_files([path], "12345", CITY).tickets
    assert msgspec.json.decode(order.body)["order"]["questionName"] == "08 油烟"
    (report,) = read_files([path], "12369", CITY).tickets
    assert fromstring(report.body).findtext("ReportInfo/PollutionTypes/Type") == "08 油烟"
    (pollution,) = xml12369.read(report.body).require_report().pollution
    assert pollution.name == "08 油烟"


def test_a_category_is_one_line_and_said_once() -> None:
    """Spaces and line ends are evened out, empty parts and repetitions left out, length bounded."""
    assert fields.category("0801", None, " ", "油烟\n 扰民", "0801") == ("0801", "油烟 扰民")
    assert fields.category("长" * 300) == ("长" * 100,)
    assert len(fields.category(*map(str, range(50)))) == 8
