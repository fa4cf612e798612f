"""`jiesu tag` and `jiesu evaluate` as people and tools call them."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from deploy.commands import classify
from deploy.tag import tag_lines

GOLD = {
    "id": "g1",
    "text": "岳麓区某小区楼下烧烤店油烟太大,没有专用烟道",
    "kind": "TS",
    "types": ["A03"],
    "urgency": "P2",
    "adcode": "430104",
}


def run(*args: str, text: str = "") -> Result:
    """Run one command."""
    app = typer.Typer(rich_markup_mode=None)
    classify.register(app)
    return CliRunner().invoke(app, args, input=text)


def lines(*rows: Any) -> str:
    """Write JSON Lines; a string stands for itself."""
    return "\n".join(
        row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows
    )


def test_each_line_is_tagged_in_order() -> None:
    """JSON Lines in, JSON Lines out, with the line's own id."""
    text = lines({"id": "a", "text": "楼下油烟大"}, {"id": "b", "text": "工地半夜打桩"})
    found = run("tag", "-", "--city", "430100", "--json", text=text)
    assert found.exit_code == 0
    said = [json.loads(line) for line in found.stdout.splitlines()]
    assert [(one["id"], one["types"][0]["code"]) for one in said] == [("a", "A03"), ("b", "N02")]


def test_a_bad_line_is_told_of_and_the_others_go_on() -> None:
    """Number and reason on stderr, exit 1 at the end."""
    text = lines({"id": "a", "text": "楼下油烟大"}, "{", '{"id":"c"}', {"id": "d", "text": "太吵"})
    found = run("tag", "-", "--json", text=text)
    assert found.exit_code == 1
    assert len(found.stdout.splitlines()) == 2
    assert "第 2 行" in found.stderr
    assert "第 3 行" in found.stderr


def test_answers_beside_a_text_are_not_read() -> None:
    """A gold county in the line is no statement of the source."""
    found = run("tag", "-", "--city", "430100", "--json", text=lines(GOLD | {"text": "油烟大"}))
    assert json.loads(found.stdout)["place"]["adcode"] is None


def test_the_lines_city_comes_before_the_option() -> None:
    """Each line may come from a channel of its own."""
    row = {"id": "a", "text": "五华区楼下油烟大", "city": "530100"}
    found = run("tag", "-", "--city", "430100", "--json", text=lines(row))
    assert json.loads(found.stdout)["place"]["adcode"] == "530102"


def test_people_get_words() -> None:
    """On a terminal names stand beside codes, and why a person must look."""
    out, err = io.StringIO(), io.StringIO()
    stream = io.BytesIO(lines(GOLD | {"text": "楼下油烟大"}).encode())
    assert tag_lines(stream, out, err, city="430100", as_json=False) == 0
    assert "A03 餐饮油烟" in out.getvalue()
    why = out.getvalue().partition("须复核 ")[2]
    assert why
    assert not re.search("[a-z]", why)


def test_people_get_the_names_of_places_and_what_is_wrong_with_a_line() -> None:
    """No code of a division, and no parser's words for a line that is none."""
    out, err = io.StringIO(), io.StringIO()
    named = lines(GOLD | {"text": "岳麓区望城坡街道楼下油烟大"}).encode()
    stream = io.BytesIO(named + b"\nxx\n\xff\n")
    assert tag_lines(stream, out, err, city="430100", as_json=False) == 2
    assert "地点 岳麓区 望城坡街道" in out.getvalue()
    assert "不是合法的 JSON" in err.getvalue()
    assert "JSON is" not in err.getvalue()


def test_a_missing_file_is_wrong_use() -> None:
    """A file that cannot be read exits 2 and is named."""
    found = run("tag", "/nowhere/file.jsonl")
    assert found.exit_code == 2
    assert "/nowhere/file.jsonl" in found.stderr


def test_a_reader_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    """A folder built elsewhere is looked for before anything is measured."""
    found = run("train", "--data", str(tmp_path), "--built", str(tmp_path / "none"))
    assert found.exit_code == 2
    assert "--built" in found.stderr


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """Write a small file with gold answers, one of them with a lead role, and a bad line."""
    path = tmp_path / "gold.jsonl"
    other = {
        "id": "g2",
        "title": "夜间施工",
        "text": "开福区工地凌晨打桩吵得睡不着",
        "kind": "TS",
        "types": ["N02"],
        "urgency": "P2",
        "adcode": "430105",
        "lead_role": "UMA",
    }
    path.write_text(lines(GOLD, other, "{"), encoding="utf-8")
    return path


def test_a_file_with_gold_answers_is_measured(gold: Path) -> None:
    """All figures of the contract are given; a bad line is told of, exit 1."""
    found = run("evaluate", str(gold), "--json")
    assert found.exit_code == 1
    assert "第 3 行" in found.stderr
    said = json.loads(found.stdout)
    assert (said["rows"], said["main"], said["kind"]) == (2, 1.0, 1.0)
    assert said["place"]["accuracy"] == 1.0
    assert {"macro_f1", "ece", "coverage", "precision", "per_class"} <= said.keys()
    assert said["lead_role"] in {0.0, 1.0}


def test_people_get_a_table(gold: Path) -> None:
    """Without --json the figures come in words."""
    found = run("evaluate", str(gold))
    assert "主类型(Z 类合一)" in found.stdout
    assert "校准误差" in found.stdout
