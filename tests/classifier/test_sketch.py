"""Sketches and names: what two tellings of one thing have in common, and two things have not."""

import hashlib
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import classifier.sketch
from classifier.named import MOST, names
from classifier.sketch import BITS, MAKER, rarity, sketches, unusual
from classifier.stage import read_point
from classifier.tokens import cutter

FUMES = "水岸云庭小区楼下的老灶台火锅店每天晚上油烟直接往居民楼排,家里不敢开窗。"
FUMES_AGAIN = "我住水岸云庭,楼下火锅店油烟直排居民楼,每天晚上家里都不敢开窗。"
PILING = "枫林三路的工地凌晨两点还在打桩,震得床都在抖,没法睡觉。"


@pytest.fixture(scope="module", autouse=True)
def _words() -> None:
    cutter()


def apart(one: bytes, other: bytes) -> int:
    """Count the bits in which two sketches differ."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def test_the_same_matter_told_twice_is_nearer_than_another_matter() -> None:
    """Few bits part two tellings, about half of them two strangers."""
    one, again, other = sketches([FUMES, FUMES_AGAIN, PILING])
    assert apart(one, again) < BITS * 0.38 < apart(one, other)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=40))
def test_a_sketch_is_the_text_s_own(texts: list[str]) -> None:
    """It has its length, whatever the text, and does not depend on who else is in the batch."""
    found = sketches(texts)
    assert [len(one) for one in found] == [BITS // 8] * len(texts)
    assert found == [sketches([text])[0] for text in texts]


def test_marks_and_width_change_nothing() -> None:
    """Full-width letters and traditional characters read as plain ones."""
    plain, wide = sketches(["KTV噪声很大,烟厂冒烟", "KTV噪聲很大,煙廠冒煙"])
    assert plain == wide


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (
            "雨花区香樟路水岸云庭小区楼下的老灶台火锅店",
            ["r:香樟路", "e:水岸云庭", "s:老灶台"],
        ),
        ("举报宏达食品厂往浏阳河偷排废水", ["s:宏达", "w:浏阳河"]),
        ("我家对面的宏达食品有限公司夜间生产", ["s:宏达"]),
        ("宁乡市坝塘镇保安村的兴旺养鸡场", ["v:保安村", "s:兴旺"]),
        ("书院路碧湖公馆楼下汽修店", ["r:书院路", "e:碧湖公馆"]),
        ("湘府路上灰尘很大", ["r:湘府路"]),
        ("附近有家烧烤店,马路对面是小区,小河边有化工厂", []),
    ],
)
def test_names_are_made_out(text: str, keys: list[str]) -> None:
    """A name is cut from what stands around it; what is only a kind of place names nothing."""
    assert names(cutter().cut(text)) == keys


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="路村厂店小区县市旁的在宏达万家丽水库 ,。1a一", max_size=60))
def test_names_of_any_text_are_few_and_hold(text: str) -> None:
    """Each key is a letter and a name of at least two characters that stands in the text."""
    found = names(cutter().cut(text))
    assert len(found) <= MOST
    assert len(set(found)) == len(found)
    for key in found:
        assert key[1] == ":"
        assert len(key) >= 4
        assert key[2:] in text


def test_a_name_that_ends_in_nothing_is_known_by_its_rarity() -> None:
    """A landmark's name is found as an unusual string, common words are not."""
    assert "x:海璟园" in unusual("中海璟园旁边的垃圾站臭气熏天")
    assert unusual("晚上噪音很大,影响休息,请尽快处理") == []


@pytest.mark.parametrize(
    ("lon", "lat", "datum"),
    [
        ("112.9388", "28.2282", "WGS84"),
        ("112.9443", "28.2249", "GCJ02"),
        ("112.9508", "28.2310", "BD09"),
    ],
)
def test_points_of_three_systems_meet(lon: str, lat: str, datum: str) -> None:
    """One spot in three systems is one point, to some twenty metres."""
    point = read_point(lon, lat, datum)
    assert point is not None
    assert point == pytest.approx((112.9388, 28.2282), abs=3e-4)


@pytest.mark.parametrize(
    ("lon", "lat", "datum"),
    [
        ("", "28", None),
        ("nan", "28", None),
        ("inf", "28", None),
        ("2.35", "48.85", None),
        ("112.9", "28.2", "MARS"),
    ],
)
def test_what_is_no_point_of_china_is_none(lon: str, lat: str, datum: str | None) -> None:
    """Slips of a source leave a case without a point."""
    assert read_point(lon, lat, datum) is None


def test_the_maker_is_named_anew_when_its_weights_change() -> None:
    """Bits made with other weights may not go under the same name."""
    weights = Path(classifier.sketch.__file__).with_name("data") / "rarity.bin"
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert (MAKER, digest[:16]) == ("pairs/1", "c6c1a98ab9520f50")


def test_what_is_said_everywhere_weighs_least() -> None:
    """A pair that every text holds is worth little, one that no text holds most."""
    weights = rarity([FUMES, FUMES_AGAIN, f"油烟,{PILING}"])
    assert weights.min() == 1
    assert weights.max() == np.rint(np.log(4) * 16)


def test_a_sketch_costs_little() -> None:
    """Two hundred characters take a tenth of a millisecond; a busy machine gets ten times that."""
    texts = [f"第{n}天,{FUMES}{PILING}{FUMES_AGAIN}{FUMES}" for n in range(200)]
    best = min(_timed(texts) for _ in range(5))
    assert best / len(texts) < 0.001


def _timed(texts: list[str]) -> float:
    started = time.perf_counter()
    sketches(texts)
    return time.perf_counter() - started
