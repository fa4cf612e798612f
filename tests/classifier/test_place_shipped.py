"""Changsha as it is shipped: its learned places at work, and the command that learns them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from classifier.district import Districts, Placed
from classifier.normalize import fold
from classifier.place_model import WEIGHTS, read_weights
from classifier.place_names import LEARNED, WRITTEN, read_places
from deploy.cli import build_app
from models.city import City
from models.city_load import CITIES
from models.tags import TagRequest

FOLDER = CITIES / "430100"


@pytest.fixture(scope="module")
def districts(changsha: City, kunming: City) -> Districts:
    """Know both cities as installed."""
    return Districts([changsha, kunming])


def place(districts: Districts, text: str, city: str | None = "430100") -> Placed:
    """Place one text."""
    return districts.place(TagRequest(id="1", text=text, city=city), fold(text), 0)


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("梅溪湖这边一处工地夜里还在打桩,环湖路上全是泥", "430104"),
        ("湘江世纪城楼下的夜宵摊油烟直往家里灌", "430105"),
        ("凉塘路和东四路交叉口渣土车一路撒", "430121"),
        ("丽发新城旁边的搅拌站灰尘大,噪音也大", "430103"),
        ("香樟路上一家汽修店喷漆没有遮挡", "430111"),
        ("月亮岛路边有人半夜烧垃圾", "430112"),
    ],
)
def test_estates_and_roads_lead_to_their_county(
    districts: Districts, text: str, adcode: str
) -> None:
    """No county is named, yet the city's own knowledge knows it, and shows which words did."""
    found = place(districts, text)
    assert (found.tag.adcode, found.reasons) == (adcode, ())
    assert found.tag.p >= 0.65
    assert found.tag.evidence


@pytest.mark.parametrize(
    "text",
    [
        "楼下烧烤油烟大,夜里睡不着",
        "浏阳河边有人倒垃圾",
        "宁乡大道与望江路口夜里施工",
        "韶山路和人民路口天天堵",
        "吃了浏阳蒸菜闹肚子",
        "工地噪音太大了,请尽快处理,谢谢",
    ],
)
def test_what_does_not_tell_stays_unknown(districts: Districts, text: str) -> None:
    """Words of everywhere, rivers and roads through several counties name none."""
    assert place(districts, text).tag.adcode is None


def test_a_named_county_is_never_overruled(districts: Districts) -> None:
    """The county that is written there counts, whatever is around it."""
    found = place(districts, "雨花区一家店,老板在梅溪湖和麓谷也有分店,油烟直排")
    assert found.tag.adcode == "430111"


def test_a_namesake_on_another_channel_is_not_ours(districts: Districts) -> None:
    """Changsha's roads mean nothing on Kunming's channel or on none."""
    text = "凉塘路和东四路交叉口渣土车一路撒"
    assert place(districts, text, "530100").tag.adcode is None
    assert place(districts, text, None).tag.adcode is None


def test_a_batch_is_placed_as_each_alone(districts: Districts) -> None:
    """Texts do not colour each other."""
    texts = ["梅溪湖的工地夜里打桩", "昨天又停水", "岳麓区有烟", "湘江世纪城楼下油烟大"]
    asked = [TagRequest(id=str(n), text=text, city="430100") for n, text in enumerate(texts)]
    whole = districts.place_all(asked, texts, [0] * len(texts))
    assert whole == [districts.place(one, text, 0) for one, text in zip(asked, texts, strict=True)]


def test_the_shipped_lists_hold_only_this_citys_counties(changsha: City) -> None:
    """Every place, written or learned, lies in counties that there are."""
    counties = {d.code for d in changsha.divisions if d.level == "county" and not d.successor}
    for name in (WRITTEN, LEARNED):
        for one in read_places(FOLDER / name):
            assert {*one.adcodes, *one.tally()} <= counties, one.name
            assert one.adcodes or one.messages >= 3, one.name


def test_the_shipped_weights_are_small_and_meant_for_the_list() -> None:
    """Two megabytes at most; the weights' names are the list's, unless someone struck some."""
    path = FOLDER / WEIGHTS
    assert path.stat().st_size <= 2_000_000
    head = read_weights(path).head
    assert head.version in (FOLDER / LEARNED).read_text(encoding="utf-8")[:400]
    assert {one.name for one in read_places(FOLDER / LEARNED)} <= set(head.names)


def write(path: Path, count: int) -> Path:
    """Write made-up tickets to a file."""
    roads = {"430104": "青梧路", "430111": "赤松路", "430121": "紫竹路"}
    rows = [
        {"text": f"在{road}上第{n}次看到有车{'滴' * (n % 7)}漏泥水", "adcode": county}
        for n in range(count)
        for county, road in roads.items()
    ]
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_command_learns_and_tells_its_figures(tmp_path: Path) -> None:
    """It writes list and weights where it is told, and prints figures as JSON."""
    data, out = write(tmp_path / "tickets.jsonl", 30), tmp_path / "out" / "places.csv"
    args = ["learn-places", "--city", "430100", "--data", str(data), "--out", str(out), "--json"]
    done = CliRunner().invoke(build_app(), args)
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout.splitlines()[0])
    assert {"overall", "precision", "coverage", "calibration_error"} <= figures.keys()
    assert "青梧路" in {one.name for one in read_places(out)}
    assert out.with_suffix(".npz").is_file()


def test_measuring_writes_nothing(tmp_path: Path) -> None:
    """With --measure there are figures for people, and no file."""
    data, out = write(tmp_path / "tickets.jsonl", 30), tmp_path / "places.csv"
    args = ["learn-places", "--city", "430100", "--data", str(data), "--out", str(out), "--measure"]
    done = CliRunner().invoke(build_app(), args)
    assert done.exit_code == 0, done.output
    assert "最佳猜测正确" in done.stdout
    assert not out.exists()


def test_a_bad_line_makes_the_command_fail_at_the_end(tmp_path: Path) -> None:
    """The rest is learned, the line is named, the exit status is 1."""
    data = write(tmp_path / "tickets.jsonl", 30)
    data.write_text(data.read_text(encoding="utf-8") + "\n{oops", encoding="utf-8")
    args = ["learn-places", "--city", "430100", "--data", str(data), "--measure"]
    done = CliRunner().invoke(build_app(), args)
    assert done.exit_code == 1
    assert "第 91 行" in done.output
