"""What is told of a reader: parts, intervals, confusions, peers, a page with a picture."""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from classifier import metrics
from classifier.asked import read_asked
from classifier.contest import compare, verdict
from classifier.corpus import WRITTEN, Gold, read_all_gold
from classifier.diagram import reliability_png
from classifier.engine import Tagger
from classifier.evaluate import Report, evaluate
from classifier.peers import peers
from classifier.report import human, write_report
from classifier.slices import length_of, style_of
from models.tags import Tags
from tests.classifier.kit import replaced

CITY = "430100"


def gold(text: str, **given: object) -> Gold:
    """Make a text with gold answers."""
    return replaced(Gold(id="1", text=text, kind="TS", types=("A03",), urgency="P2"), **given)


@pytest.fixture(scope="module")
def rows() -> list[Gold]:
    """Give some of our own examples, two of which are known to tell of an emergency or not."""
    some = list(read_all_gold(WRITTEN)[::12])
    some[0] = replaced(some[0], hazard=False)
    danger = "化工厂储罐破裂,氨气泄漏,附近几十人呕吐送医院,请马上来人"
    some.append(gold("尊敬的领导您好，" + "楼下餐馆的油烟熏得开不了窗。" * 9, id="l"))
    some.append(gold(danger, id="h", types=("A13",), urgency="P0", hazard=True))
    return some


@pytest.fixture(scope="module")
def judged(tagger: Tagger, rows: list[Gold]) -> tuple[Report, list[Tags]]:
    """Measure once."""
    return evaluate(tagger, rows, CITY)


def test_the_parts_of_a_slice_make_up_the_whole(judged: tuple[Report, list[Tags]]) -> None:
    """Each way of slicing counts every text once, and the parts' means give the whole's."""
    report, _ = judged
    assert {"style", "length"} <= report.slices.keys()
    for parts in report.slices.values():
        assert sum(part["n"] for part in parts.values()) == report.rows
        mean = sum(part["n"] * part["main"] for part in parts.values()) / report.rows
        assert mean == pytest.approx(report.main, abs=1e-3)


def test_intervals_hold_their_figures_and_are_repeatable(
    judged: tuple[Report, list[Tags]], rows: list[Gold], tagger: Tagger
) -> None:
    """The same texts give the same bounds, on both sides of the figure."""
    report, _ = judged
    for name, (low, high) in report.intervals.items():
        assert low <= getattr(report, name) <= high, name
    assert evaluate(tagger, rows, CITY)[0].intervals == report.intervals


def test_emergencies_are_judged_where_the_gold_tells_of_them(
    judged: tuple[Report, list[Tags]],
) -> None:
    """Of two texts one is an emergency, and it is found."""
    assert judged[0].hazard == {"n": 2, "hazards": 1, "recall": 1.0, "precision": 1.0}


def test_texts_may_be_judged_as_emergencies_alone(tagger: Tagger, tmp_path: Path) -> None:
    """A line without other answers is asked for that alone; a half answered one is a bad line."""
    path = tmp_path / "alarms.jsonl"
    lines: list[dict[str, object]] = [
        {"id": "1", "text": "化工厂储罐破裂,氨气泄漏,几十人呕吐送医院", "hazard": True},
        {"id": "2", "text": "楼下烧烤油烟太大了管不管啊", "hazard": False},
        {"id": "3", "text": "楼下烧烤油烟太大了管不管啊", "hazard": False, "kind": "TS"},
        {"id": "4", "text": "没有任何答案"},
    ]
    path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in lines))
    asked = read_asked(path)
    assert ([one.id for one in asked.alarms], asked.rows) == (["1", "2"], ())
    assert [line.split(":")[0] for line in asked.bad] == [
        "alarms.jsonl 第 3 行",
        "alarms.jsonl 第 4 行",
    ]
    report, said = evaluate(tagger, (), CITY, asked.alarms)
    assert report.hazard == {"n": 2, "hazards": 1, "recall": 1.0, "precision": 1.0}
    assert (report.rows, report.main, len(said)) == (0, 0, 2)
    files = write_report(tmp_path / "out", report, list(zip(asked.alarms, said, strict=True)))
    assert all(file.stat().st_size for file in files)


def test_confusions_and_bins_count_all_answers(judged: tuple[Report, list[Tags]]) -> None:
    """Wrong answers are in the pairs, all answers in the bins."""
    report, _ = judged
    wrong = round((1 - report.main) * report.rows)
    assert sum(pair.n for pair in report.confusions) == wrong
    assert sum(one.n for one in report.reliability) == report.rows


@pytest.mark.parametrize(
    ("text", "given", "style"),
    [
        ("市民来电反映:某小区楼下烧烤店油烟扰民,要求处理", {}, "hotline"),
        ("来电人称其居住的楼下有餐馆排放油烟", {}, "hotline"),
        ("尊敬的局长您好,我们小区旁边的工厂半夜排臭气", {}, "web"),
        ("我们小区旁边的工厂半夜排臭气", {"title": "关于工厂臭气的投诉"}, "web"),
        ("楼下烧烤油烟太大了管不管啊", {}, "wechat"),
        ("楼下烧烤油烟太大了管不管啊", {"style": "hotline"}, "hotline"),
    ],
)
def test_the_style_is_known_or_seen_from_the_form(
    text: str, given: dict[str, str], style: str
) -> None:
    """Operators begin with who called, letters have a title or an address, chats neither."""
    assert style_of(gold(text, **given)) == style


def test_lengths_fall_into_buckets() -> None:
    """The title counts too."""
    assert [length_of(gold("字" * n)) for n in (60, 61, 500, 501)] == [
        "≤60",
        "61–200",
        "201–500",
        ">500",
    ]
    assert length_of(gold("字" * 59, title="标题")) == "61–200"


def test_confusions_are_ordered_by_how_common_they_are() -> None:
    """The most common pair first; right answers are no pair."""
    found = metrics.confusions(["A", "A", "A", "B", "B"], ["B", "B", "A", "A", "B"])
    assert [(one.gold, one.said, one.n) for one in found] == [("A", "B", 2), ("B", "A", 1)]


def test_coverage_at_a_precision_takes_the_surest_first() -> None:
    """Of four answers the two surest are right: half may go without a person."""
    sure, right = [0.9, 0.8, 0.7, 0.6], [True, True, False, False]
    assert metrics.coverage_at(sure, right, 0.95) == 0.5
    assert metrics.coverage_at(sure, right, 0.5) == 1.0
    assert metrics.coverage_at([], [], 0.95) == 0


def test_an_interval_of_certainty_is_a_point() -> None:
    """What is always right is right in every draw; of nothing there is no interval."""
    assert metrics.intervals({"main": [True] * 9}) == {"main": (1.0, 1.0)}
    assert metrics.intervals({"main": []}) == {}
    low, high = metrics.intervals({"main": [True, False] * 50})["main"]
    assert 0.38 < low < 0.44
    assert 0.56 < high < 0.62
    assert metrics.macro_f1_interval(["A", "B"], ["A", "B"], least=3) == (0.0, 0.0)


def test_peers_are_measured_on_the_same_texts(rows: list[Gold], tmp_path: Path) -> None:
    """Words and the SVM have figures and a speed; what cannot be run says why."""
    lines = [json.dumps(to_json(row), ensure_ascii=False) for row in read_all_gold(WRITTEN)[1::6]]
    (tmp_path / "complaints_train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    words, svm, bert = peers(rows, tmp_path)
    for peer in (words, svm):
        assert peer.figures.keys() >= {"main", "pollution", "macro_f1", "kind"}
        assert peer.texts_per_s is not None
    assert 0.3 < words.figures["main"] <= 1
    assert 0.2 < svm.figures["main"] <= 1
    assert bert.texts_per_s is not None or "torch" in bert.note
    assert "--data" in peers(rows[:5], None)[1].note


def to_json(row: Gold) -> dict[str, object]:
    """Give what a training file holds of a text."""
    return {
        "id": row.id,
        "text": row.text,
        "kind": row.kind,
        "types": row.types,
        "urgency": row.urgency,
    }


def test_the_report_is_a_folder_that_names_no_text(
    judged: tuple[Report, list[Tags]], rows: list[Gold], tmp_path: Path
) -> None:
    """Page, picture, tables and JSON; of the texts their ids alone."""
    report, said = judged
    files = write_report(tmp_path / "out", report, list(zip(rows, said, strict=True)))
    assert {path.name for path in files} == {
        "report.html",
        "reliability.png",
        "report.json",
        "per_class.tsv",
        "confusions.tsv",
        "errors.tsv",
        "hazard_errors.tsv",
    }
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "主类型(Z 类合一)" in page
    assert "data:image/png;base64," in page
    everything = b"".join(path.read_bytes() for path in files).decode("utf-8", "replace")
    assert not any(row.text[:12] in everything for row in rows)
    told = json.loads((tmp_path / "out" / "report.json").read_bytes())
    assert told["main"] == report.main
    wrong = (tmp_path / "out" / "errors.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(wrong) == round((1 - report.main) * report.rows)


def test_the_diagram_is_a_png_with_a_bar_as_high_as_what_is_right() -> None:
    """The file unpacks to the size it states, and more right answers give more blue."""

    def blue(right: int) -> int:
        answers = [True] * right + [False] * (10 - right)
        png = reliability_png(metrics.reliability([0.95] * 10, answers), 0.1)
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", png[16:24])
        start = png.index(b"IDAT")
        (length,) = struct.unpack(">I", png[start - 4 : start])
        raw = zlib.decompress(png[start + 4 : start + 4 + length])
        assert len(raw) == height * (width * 3 + 1)
        lines = np.frombuffer(raw, dtype=np.uint8).reshape(height, -1)[:, 1:]
        pixels = lines.reshape(height, width, 3)
        return int((pixels == (36, 113, 163)).all(axis=2).sum())

    assert blue(9) > 1.6 * blue(5) > 0


def test_people_get_the_tables_too(judged: tuple[Report, list[Tags]]) -> None:
    """The terminal shows intervals, slices and what is taken for what."""
    text = human(judged[0])
    for word in ("校准误差", "文体", "易混类型", "突发事件", "["):
        assert word in text


def test_a_class_that_falls_is_named_with_its_texts(judged: tuple[Report, list[Tags]]) -> None:
    """A class with eight texts may fall by a quarter of its F1 at most, a rare one by any."""
    report, _ = judged
    row = {"n": 8.0, "precision": 1.0, "recall": 1.0, "f1": 1.0}
    old = replaced(report, per_class={"A03": row, "N02": row | {"n": 7.0}})
    less = {"A03": row | {"f1": 0.7}, "N02": row | {"n": 7.0, "f1": 0.1}}
    checks = compare({"dev": old}, {"dev": replaced(old, per_class=less)})
    assert verdict(checks) == "dev A03 1.0000 → 0.7000"
    slightly = {"A03": row | {"f1": 0.76}, "N02": row | {"n": 7.0}}
    assert verdict(compare({"dev": old}, {"dev": replaced(old, per_class=slightly)})) == ""


def test_small_falls_pass_and_a_worse_calibration_does_not(
    judged: tuple[Report, list[Tags]],
) -> None:
    """Three texts of three hundred are noise; sets that one reader was not measured on are none."""
    old = replaced(judged[0], rows=300, main=0.8, ece=0.03, per_class={})
    assert verdict(compare({"dev": old}, {"dev": replaced(old, main=0.791)})) == ""
    assert verdict(compare({"dev": old}, {"dev": replaced(old, main=0.78)})) == (
        "dev main 0.8000 → 0.7800"
    )
    assert "ece" in verdict(compare({"dev": old}, {"dev": replaced(old, ece=0.06)}))
    assert verdict(compare({"dev": old}, {"dev": replaced(old, ece=0.0)})) == ""
    assert compare({"dev": old}, {"other": old}) == []
