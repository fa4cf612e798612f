"""`jiesu due` and `jiesu route` as people and tools call them."""

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from deploy.commands import duty
from tests.routing.test_clocks import CELLS

LINE = {
    "id": "a",
    "types": ["N02", "A04"],
    "kind": {"code": "TS", "p": 0.9},
    "urgency": {"code": "P2", "reasons": []},
    "flags": ["time:night"],
    "place": {"adcode": "430102", "township": None, "zone": None},
    "received_at": "2026-11-20T14:30:00+08:00",
}


def run(*args: str, text: str = "") -> Result:
    """Run one command."""
    app = typer.Typer(rich_markup_mode=None)
    duty.register(app)
    return CliRunner().invoke(app, args, input=text)


def due(*args: str) -> dict[str, Any]:
    """Count a deadline in Changsha as JSON."""
    found = run("due", "--city", "430100", "--json", *args)
    assert found.exit_code == 0, found.output
    result: dict[str, Any] = json.loads(found.stdout)
    return result


def route(*lines: Any, args: tuple[str, ...] = ("--json",)) -> Result:
    """Route lines given on standard input."""
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    return run("route", *args, text=text)


@pytest.mark.parametrize(("start", "span", "last"), CELLS)
def test_the_oracle_table_by_command(start: str, span: str, last: str) -> None:
    """Every cell of the table is what the command prints."""
    found = due("--span", span, "--from", f"{start}T10:00+08:00")
    assert found["due_at"] == f"2026-{last}T23:59:59+08:00"
    assert found["provisional"] is False
    assert found["calendar"] == span[-1]


@pytest.mark.parametrize(
    ("clock", "urgency", "at"),
    [
        ("K04", None, "2026-11-23T23:59:59+08:00"),
        ("K05", None, "2026-11-24T23:59:59+08:00"),
        ("K10", None, "2026-11-25T23:59:59+08:00"),
        ("K11", None, "2026-12-01T23:59:59+08:00"),
        ("K12", None, "2026-12-11T23:59:59+08:00"),
        ("K12", "P1", "2026-11-25T23:59:59+08:00"),
        ("K09", "P1", "2026-11-20T16:30:00+08:00"),
        ("k12", "P2", "2026-12-11T23:59:59+08:00"),
    ],
)
def test_clocks_by_code_and_urgency(clock: str, urgency: str | None, at: str) -> None:
    """The city's clocks are counted by their codes."""
    more = ("--urgency", urgency) if urgency else ()
    assert due("--clock", clock, "--from", "2026-11-20T14:30+08:00", *more)["due_at"] == at


def test_a_deadline_across_2027_is_provisional() -> None:
    """Counting into a year without notice works and says so, in JSON and in words."""
    assert due("--clock", "K12", "--from", "2026-12-20T10:00")["provisional"] is True
    text = run("due", "--city", "430100", "--clock", "K12", "--from", "2026-12-20T10:00").stdout
    assert "估算" in text
    assert "2027-01-01" in text


def test_people_get_one_line_a_day() -> None:
    """The text names the end and each day of the count."""
    text = run("due", "--city", "430100", "--span", "3W", "--from", "2026-09-30T10:00").stdout
    assert "到期:2026-10-10 23:59:59" in text
    assert "国庆节" in text
    assert "调休上班" in text


@pytest.mark.parametrize(
    "args",
    [
        ("--clock", "K12", "--from", "yesterday"),
        ("--from", "2026-11-20T14:30"),
        ("--clock", "K12", "--span", "3W", "--from", "2026-11-20T14:30"),
        ("--clock", "K12", "--urgency", "P9", "--from", "2026-11-20T14:30"),
    ],
)
def test_wrong_use_exits_with_two(args: tuple[str, ...]) -> None:
    """What cannot be asked is refused as wrong use."""
    assert run("due", "--city", "430100", *args).exit_code == 2


def test_a_clock_that_there_is_not_is_an_error() -> None:
    """An unknown clock is told with those that there are."""
    found = run("due", "--city", "430100", "--clock", "K98", "--from", "2026-11-20T14:30")
    assert found.exit_code == 1
    assert "K12" in str(found.exception)


def test_tagged_lines_are_decided_as_they_are() -> None:
    """A line with tags comes back with its decision, its own fields kept."""
    found = route(LINE)
    assert found.exit_code == 0, found.output
    line = json.loads(found.stdout)
    assert line["types"] == ["N02", "A04"]
    decision = line["decision"]
    assert decision["lead"] == {"role": "UMA", "unit": "430102-UMA"}
    assert decision["pool"] is False
    assert decision["split"][0]["types"] == ["A04"]
    closing = {clock["code"]: clock for clock in decision["clocks"]}["K12"]
    assert closing["due_at"] == "2026-11-25T23:59:59+08:00"
    assert closing["trace"][-1]["n"] == 3
    assert {step["tier"] for step in decision["trace"]} >= {"T0", "T4", "T6", "UNIT"}


def test_bad_lines_are_told_with_their_numbers_and_the_others_go_on() -> None:
    """One bad line is one complaint on stderr and exit status one."""
    no_place = {"types": ["A01"], "kind": "TS"}
    found = route("{", LINE, {"id": "x"}, no_place)
    assert found.exit_code == 1
    assert len(found.stdout.splitlines()) == 1
    told = found.stderr.splitlines()
    assert [line.split(":")[0] for line in told] == ["第 1 行", "第 3 行", "第 4 行"]


def test_a_text_with_gold_codes_is_read_all_the_same() -> None:
    """Codes that someone laid beside a text are no tags: the text is tagged, its fields kept."""
    gold = {"id": "g", "text": "芙蓉区五里牌街道工地半夜打桩", "types": ["Z99"], "city": "430100"}
    line = json.loads(route(gold).stdout)
    assert line["types"][0]["code"] == "N02"
    assert line["model"]["name"]
    assert line["decision"]["lead"]["unit"] == "430102-UMA"


def test_people_get_a_page_they_can_read() -> None:
    """The page says who, until when and why, in words."""
    text = route(LINE, args=()).stdout
    assert "芙蓉区城市管理" in text
    assert "建议拆单" in text
    assert "2026-11-25 23:59" in text
    assert "依据:《中华人民共和国生态环境法典》第" in text


def test_the_city_may_be_given_once_for_all_lines() -> None:
    """A line without city or county is routed in the city of the option."""
    found = route({"types": ["A01"]}, args=("--json", "--city", "430100"))
    decision = json.loads(found.stdout)["decision"]
    assert decision["lead"] == {"role": "ECO", "unit": None}
    assert decision["reasons"] == ["place_unknown"]


def test_a_file_that_is_not_there_is_wrong_use() -> None:
    """A path that cannot be read exits with two."""
    assert run("route", "/nowhere/at/all.jsonl").exit_code == 2


@pytest.mark.parametrize(
    ("place", "unit"),
    [
        ({"zone": "350600-Z-GL"}, "350600-ECO-GL"),
        ({"township": "530111010"}, "530100-ECO-JK"),
        ({"adcode": "440310"}, "440310-ECO"),
    ],
)
def test_any_code_of_the_place_tells_the_city(place: dict[str, str], unit: str) -> None:
    """A zone, a township, or a district that is a jurisdiction of its own."""
    found = route({"types": ["A01"], "kind": "TS", **place})
    assert json.loads(found.stdout)["decision"]["lead"]["unit"] == unit


def test_the_page_says_nothing_that_the_decision_does_not_bear_out() -> None:
    """No urgency that was not set, no missing rule where one asks for people, no code for words."""
    urgent = {"types": ["W01"], "urgency": "P0", "flags": ["fish_kill"], "adcode": "430102"}
    light = {"types": ["X01"], "adcode": "430102"}
    page = route(urgent | {"kind": "TS"}, light | {"kind": "TS"}, args=()).stdout
    assert "紧急程度:P0(规则为P1,不改变)" in page
    assert "主办部门本市尚未指定" in page
    assert "无匹配规则" not in page
    assert "单位 [" not in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"types": ["ZZZ"]}, "没有污染类型代码 ZZZ"),
        ({"kind": "QQ"}, "没有诉求类型代码 QQ"),
        ({"urgency": "P9"}, "没有紧急程度代码 P9"),
        ({"flags": "time:night"}, "字段的形式不对"),
        ({"adcode": 430102}, "字段的形式不对"),
        ({"place": "芙蓉区"}, "字段的形式不对"),
        ({"received_at": "昨天"}, "received_at 应为 ISO 8601 时刻"),
        ({"received_at": "2026-11-20T10:00", "happened_at": "2026-12-01T10:00"}, "晚于"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_with_its_reason(
    wrong: dict[str, object], said: str
) -> None:
    """Nothing is decided on a code that does not exist or a field that is not what it should be."""
    found = route({"types": ["A01"], "kind": "TS", "adcode": "430102"} | wrong)
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr.startswith("第 1 行:")
    assert said in found.stderr


@pytest.mark.parametrize(
    ("city", "text", "rule"),
    [
        ("530100", "松华坝水库一级保护区里有人钓鱼,往水里倒脏水", "T2-SOURCE-WATER-CORE"),
        ("530900", "云县爱华镇猪场粪水流到沟里,这里是禁养区", "T2-LIVESTOCK-BAN"),
    ],
)
def test_f79_f82_what_a_text_says_of_the_protected_place_reaches_its_rule(
    city: str, text: str, rule: str
) -> None:
    """The core zone of source water, a ban area: named in the report, they decide."""
    found = json.loads(route({"text": text, "city": city}).stdout)
    matched = [step["rule"] for step in found["decision"]["trace"] if step["matched"]]
    assert rule in matched
