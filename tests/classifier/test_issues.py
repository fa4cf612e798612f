"""Mixed complaints are cut into their issues; what is settled, denied or thanked for is none."""

from pathlib import Path

import msgspec
import pytest

from classifier.engine import Tagger
from models.tags import TagRequest, Tags


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """A text with the types that it speaks of."""

    id: str
    text: str
    types: list[str]


_LINES = [
    msgspec.json.decode(line, type=Line)
    for line in (Path(__file__).parent / "data" / "mixed_complaints.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


def tag(tagger: Tagger, text: str) -> Tags:
    """Tag one text."""
    return tagger.tag([TagRequest(id="1", text=text, city="430100")])[0]


def issues(tagger: Tagger, text: str) -> dict[str, str]:
    """Give the issues of a text: what is said, by type."""
    return {issue.type: text[slice(*issue.span)] for issue in tag(tagger, text).issues}


def test_most_mixed_complaints_are_cut_into_their_issues_exactly(tagger: Tagger) -> None:
    """Of texts written to be mixed 80 of 100 have just their issues, 90 all their types."""
    mixed = [line for line in _LINES if len(line.types) > 1]
    assert len(mixed) >= 40
    tags = tagger.tag([TagRequest(id=one.id, text=one.text, city="430100") for one in mixed])
    pairs = list(zip(mixed, tags, strict=True))
    exact = sum({issue.type for issue in said.issues} == set(line.types) for line, said in pairs)
    covered = sum(set(line.types) <= {one.code for one in said.types} for line, said in pairs)
    assert exact >= 0.8 * len(mixed)
    assert covered >= 0.9 * len(mixed)


def test_a_complaint_of_one_matter_is_not_cut(tagger: Tagger) -> None:
    """However many clauses tell of it, one matter is one issue and needs no list."""
    single = [line for line in _LINES if len(line.types) == 1]
    tags = tagger.tag([TagRequest(id=one.id, text=one.text, city="430100") for one in single])
    assert [line.id for line, said in zip(single, tags, strict=True) if said.issues] == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "路边烧烤摊的烟直往楼上飘,还放着音响划拳到凌晨两点",
            {"A09": "烧烤摊的烟", "N03": "划拳"},
        ),
        (
            "工地夜里十一点还在打桩,渣土车出来一路撒土,楼下垃圾堆了三天没人清",
            {"N02": "打桩", "A05": "撒土", "S01": "垃圾"},
        ),
        ("化工厂白天烟囱冒黄烟,晚上从暗管往河里排红水", {"W01": "暗管", "A01": "黄烟"}),
    ],
)
def test_each_issue_stands_where_it_is_said(
    tagger: Tagger, text: str, parts: dict[str, str]
) -> None:
    """Barbecue smoke and music; works' noise, spilt soil and rubbish (domain section 3.7)."""
    found = issues(tagger, text)
    assert found.keys() == parts.keys()
    assert all(words in found[code] for code, words in parts.items())


@pytest.mark.parametrize(
    ("text", "main", "gone"),
    [
        ("以前烟尘大已经治好了,现在主要是工地夜里打桩吵", "N02", "A01"),
        ("冷却塔声音大,油烟倒是没有", "N08", "A03"),
        ("不是噪声问题,是餐馆的油烟太大", "A03", "N03"),
        ("垃圾已经清走了,谢谢,但是垃圾站的臭味还是很大", "A02", "S01"),
    ],
)
def test_what_is_settled_or_denied_is_no_issue(
    tagger: Tagger, text: str, main: str, gone: str
) -> None:
    """Only what is complained of gives a type."""
    tags = tag(tagger, text)
    assert tags.main == main
    assert gone not in {one.code for one in tags.types}
    assert not tags.issues


def test_what_is_only_said_to_be_settled_still_counts(tagger: Tagger) -> None:
    """「上次说油烟已经处理好,但现在还是一样」 complains of the fumes."""
    tags = tag(tagger, "上次说饭店油烟已经处理好,但现在还是一样往楼上飘")
    assert tags.main == "A03"
