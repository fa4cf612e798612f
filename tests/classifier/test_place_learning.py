"""What past tickets teach about a city's places, what they must not, and how it is judged."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.district import Districts
from classifier.normalize import fold
from classifier.place_course import run
from classifier.place_grams import runs, without_officials
from classifier.place_learning import Ticket, grouped
from classifier.place_list import read_list
from classifier.place_material import read_tickets
from classifier.place_mining import Heard, mine
from classifier.place_model import PlaceModel, read_weights
from classifier.place_names import Place, PlaceNames, read_places
from models.city import City
from models.errors import Invalid, Unavailable
from models.tags import TagRequest

CITY = "430100"
PLACES = {
    "430104": ("青梧路", "云栖澜庭小区", "鹿鸣小学", "白鹭塘村"),
    "430111": ("赤松路", "锦绣澜湾小区", "丹桂小学", "石榴坡村"),
    "430121": ("紫竹路", "翰林名苑小区", "望云小学", "柳溪村"),
}
TROUBLES = (
    "夜里有人烧东西,味道呛人",
    "一家餐馆的风机对着居民楼吹",
    "渣土车把泥带得到处都是",
    "雨水井里冒出来的水是黑的",
    "工地半夜还在浇筑",
    "门口的垃圾堆了一个星期没人收",
    "几台冷却塔从早响到晚",
)
OPENINGS = ("您好,", "请帮忙看看,", "麻烦转达,", "已经打过电话了,", "再说一次,", "")
ENDINGS = ("盼回复", "希望尽快来人", "孩子睡不着", "我们都受不了了", "拍了照片", "谢谢")


def tickets(count: int = 120, seed: int = 1) -> list[Ticket]:
    """Write tickets that each name a place of their county, and some about another city."""
    pick = random.Random(seed)  # noqa: S311 - made-up tickets
    found = []
    for number in range(count):
        county = pick.choice(sorted(PLACES))
        place = pick.choice(PLACES[county])
        parts = [
            pick.choice(OPENINGS),
            f"在{place}附近,",
            pick.choice(TROUBLES),
            f",第{number}次了,",
        ]
        found.append(
            Ticket("", "".join(parts) + pick.choice(ENDINGS) + "啊" * (number % 9), county)
        )
    away = [f"{pick.choice(OPENINGS)}{trouble},{end}" for trouble in TROUBLES for end in ENDINGS]
    return [*found, *(Ticket("", text, "430202") for text in away)]


@pytest.fixture(scope="module")
def learned(changsha: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Learn from made-up tickets; gives the list's path."""
    path = tmp_path_factory.mktemp("learned") / "learned_places.csv"
    figures = run(changsha, tickets(), None, path)
    assert figures.tickets == 120
    return path


def model_at(path: Path) -> PlaceModel:
    """Load what was learned, with the list as it is now."""
    return PlaceModel(read_weights(path.with_suffix(".npz")), read_places(path))


def test_places_are_learned_with_their_counts(learned: Path) -> None:
    """A road that tickets of one county name stands in the list, with how many did."""
    rows = {place.name: place for place in read_places(learned)}
    road = rows["青梧路"]
    assert road.kind == "road"
    assert set(road.tally()) == {"430104"}
    assert road.messages == road.tally()["430104"] >= 3
    assert {"云栖澜庭小区", "鹿鸣小学", "白鹭塘村"} <= rows.keys()


def test_a_learned_place_leads_to_its_county_with_evidence(learned: Path, changsha: City) -> None:
    """Text that names it is placed; the span is its own, in title and text together."""
    districts = Districts([changsha], {CITY: model_at(learned)})
    request = TagRequest(id="1", title="又来了", text="赤松路口的烧烤摊冒烟", city=CITY)
    found = districts.place(request, fold(request.full_text), 3)
    assert (found.tag.adcode, found.reasons) == ("430111", ())
    assert any("赤松路" in request.full_text[a:b] for a, b in found.tag.evidence)


def test_what_tells_nothing_stays_unknown(learned: Path, changsha: City) -> None:
    """No place, no county: a trouble that all counties have names none of them."""
    districts = Districts([changsha], {CITY: model_at(learned)})
    for trouble in TROUBLES:
        request = TagRequest(id="1", text=trouble, city=CITY)
        assert districts.place(request, fold(trouble), 0).tag.adcode is None


def test_another_citys_channel_is_not_answered_by_this_citys_tickets(
    learned: Path, changsha: City, kunming: City
) -> None:
    """The same words on Kunming's channel, or on none, mean no county of Changsha."""
    districts = Districts([changsha, kunming], {CITY: model_at(learned)})
    for city in ("530100", None):
        request = TagRequest(id="1", text="赤松路口的烧烤摊冒烟", city=city)
        assert districts.place(request, request.text, 0).tag.adcode is None


def test_a_place_elsewhere_is_not_overruled(learned: Path, changsha: City) -> None:
    """A text that names another city is outside, whatever else it says; a candidate at most."""
    districts = Districts([changsha], {CITY: model_at(learned)})
    request = TagRequest(id="1", text="株洲市荷塘区赤松路口的烧烤摊冒烟", city=CITY)
    found = districts.place(request, request.text, 0)
    assert (found.tag.adcode, found.reasons) == (None, ("place_outside",))


def test_a_struck_line_is_forgotten(learned: Path, tmp_path: Path) -> None:
    """What a person strikes from the list is neither named nor read any more."""
    path = tmp_path / learned.name
    lines = learned.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "赤松路" not in line), encoding="utf-8")
    path.with_suffix(".npz").write_bytes(learned.with_suffix(".npz").read_bytes())
    before = model_at(learned).guess("赤松路口的烧烤摊冒烟", {})
    after = model_at(path).guess("赤松路口的烧烤摊冒烟", {})
    assert before.best == "430111"
    assert after.p < before.p / 2


def test_weights_hold_no_text(learned: Path) -> None:
    """Beside the names of the list there are only numbers."""
    weights = read_weights(learned.with_suffix(".npz"))
    assert set(weights.head.names) <= {place.name for place in read_places(learned)}
    with np.load(learned.with_suffix(".npz"), allow_pickle=False) as archive:
        kinds = {name: archive[name].dtype.kind for name in archive.files}
    assert kinds == {"head": "u", "keys": "u", "weigh": "f", "say": "i", "scale": "f"}


def test_the_same_tickets_teach_the_same(learned: Path, changsha: City, tmp_path: Path) -> None:
    """Learning twice writes the same list and the same weights."""
    again = tmp_path / learned.name
    run(changsha, tickets(), None, again)
    assert again.read_bytes() == learned.read_bytes()
    one, other = read_weights(learned.with_suffix(".npz")), read_weights(again.with_suffix(".npz"))
    assert one.head == other.head
    assert np.array_equal(one.say, other.say)


def test_figures_are_of_texts_that_were_not_learned_from(changsha: City) -> None:
    """Tickets whose places never recur are guessed no better than chance, and left open."""
    pick = random.Random(3)  # noqa: S311 - made-up tickets
    names = [f"{chr(0x6A00 + n)}{chr(0x7000 + n)}{chr(0x6C00 + n)}路" for n in range(150)]
    once = [
        Ticket("", f"在{name}上,{pick.choice(TROUBLES)}", pick.choice(sorted(PLACES)))
        for name in names
    ]
    figures = run(changsha, once, None, None)
    assert figures.overall < 0.55
    assert figures.coverage < 0.2
    again = run(changsha, tickets(), None, None)
    assert again.overall > 0.9
    assert again.precision >= 0.93


def test_too_few_tickets_are_told(changsha: City) -> None:
    """A handful of tickets teaches nothing."""
    with pytest.raises(Invalid, match="至少要"):
        run(changsha, tickets(20), None, None)


def heard(texts: list[str], county: str | None = "430104") -> list[Heard]:
    """Make texts ready for mining, each in a group of its own."""
    return [Heard(fold(text), number, county) for number, text in enumerate(texts)]


def test_what_few_tickets_share_is_not_mined() -> None:
    """Two independent tickets are too few, and ten of one group count as one."""
    twice = heard(["在青梧路上有烟", "到青梧路去看"])
    assert mine(twice, 3, "长沙市") == []
    one_group = [one._replace(group=1) for one in heard(["在青梧路上有烟"] * 10)]
    assert mine(one_group, 3, "长沙市") == []


def test_what_other_cities_say_too_is_no_place_here() -> None:
    """A name as common elsewhere tells nothing."""
    here = heard(["在韶光路上有烟", "到韶光路去看", "从韶光路来的车"])
    away = heard(["在韶光路上有灰"] * 3, None)
    assert [place.name for place in mine(here, 3, "长沙市")] == ["韶光路"]
    assert mine([*here, *away], 3, "长沙市") == []


def test_persons_and_numbers_are_not_mined(changsha: City, tmp_path: Path) -> None:
    """Names after 我叫, numbers and officials' surnames are hidden before anything is counted."""
    rude = [
        Ticket(
            "",
            f"我叫欧阳青梧,电话1397488{n:04d},尊敬的欧书记:在{PLACES['430104'][n % 4]}有烟",
            "430104",
        )
        for n in range(40)
    ]
    path = tmp_path / "learned_places.csv"
    run(changsha, [*tickets(), *rude], None, path)
    listed = path.read_text(encoding="utf-8")
    assert "欧" not in listed
    assert "1397488" not in listed
    assert "云栖澜庭小区" in listed


@given(st.text(alphabet="我市委县区书记长局主任王李张的,。 a1", max_size=60))
def test_blanking_officials_keeps_every_position(text: str) -> None:
    """The text keeps its length, and only single characters before an office change."""
    blanked = without_officials(text)
    assert len(blanked) == len(text)
    assert all(a in {b, " "} for a, b in zip(blanked, text, strict=True))


def test_a_surname_before_an_office_is_no_part_of_a_run() -> None:
    """王书记 and 李书记 look alike; 县委书记 stays whole."""
    assert without_officials("尊敬的王书记") == "尊敬的 书记"
    assert without_officials("县委书记,区长") == "县委书记,区长"


@given(st.lists(st.text(alphabet="湘江路小区厂,1a书记王", max_size=30), min_size=1, max_size=4))
def test_texts_are_read_in_a_batch_as_alone(texts: list[str]) -> None:
    """No run crosses from one text into the next."""
    alone = sorted(int(key) for text in texts for key in runs(text).key)
    assert sorted(int(key) for key in runs("\n".join(texts)).key) == alone


def test_like_tickets_are_one_group() -> None:
    """The same message again, with another heading or another ending, is never parted."""
    long = "从去年九月起厂里每天夜里十一点到凌晨四点排放黄色浓烟整条街都关着窗睡孩子咳嗽老人头晕"
    same = [
        Ticket("厂里夜里冒黄烟", long, "430104"),
        Ticket("夜里黄烟没人管", long + "请快来", "430104"),
        Ticket("厂里夜里冒黄烟", "还是没有人来看过", "430104"),
        Ticket("楼上装修太吵了", "周末一早就开始打墙", "430104"),
    ]
    groups = grouped(same)
    assert groups[0] == groups[1] == groups[2]
    assert groups[3] != groups[0]


def test_a_public_list_gives_the_names_of_one_county_only(tmp_path: Path) -> None:
    """Names that two counties share are left out; a bare road is no community; codes follow."""
    path = tmp_path / "list.csv"
    rows = [
        "430104001001,云麓台社区居委会",
        "430104001002,朝霞社区居委会",
        "430111001001,朝霞村民委员会",
        "430122001001,长堤路社区居委会",
        "430202001001,远处社区居委会",
    ]
    path.write_text("code,name\n" + "\n".join(rows) + "\n", encoding="utf-8")
    places = {place.name: place.adcodes for place in read_list(path, CITY, {"430122": "430112"})}
    assert places["云麓台"] == places["云麓台社区"] == ("430104",)
    assert places["长堤路社区"] == ("430112",)
    assert not {"朝霞社区", "朝霞村", "长堤路", "远处社区"} & places.keys()


def test_a_list_without_its_columns_is_told(tmp_path: Path) -> None:
    """A file of another kind is refused by name."""
    path = tmp_path / "list.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(Invalid, match="code 和 name"):
        read_list(path, CITY, {})


def test_bad_lines_are_told_by_number(tmp_path: Path) -> None:
    """The others are read."""
    path = tmp_path / "tickets.jsonl"
    good = json.dumps({"text": "在青梧路上有烟", "adcode": "430104"}, ensure_ascii=False)
    path.write_text(f"{good}\n{{\n{good}\n", encoding="utf-8")
    found, bad = read_tickets(path)
    assert len(found) == 2
    assert len(bad) == 1
    assert "第 2 行" in bad[0]


def test_damaged_weights_are_told(tmp_path: Path) -> None:
    """What cannot be read names its file and the way out."""
    path = tmp_path / "learned_places.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(Unavailable, match="learn-places"):
        read_weights(path)


def test_a_name_is_worth_what_the_other_tickets_say() -> None:
    """A past ticket's own county is taken out of the counts that judge it."""
    place = Place(name="青梧路", kind="road", counts=("430104:1",))
    names = PlaceNames([place], ("430104", "430111"), np.array([0.5, 0.5]))
    assert names.votes(["青梧路"])[0] > names.votes(["青梧路"])[1]
    assert np.allclose(names.votes(["青梧路"], own=0), 0.0)
