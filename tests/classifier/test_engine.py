"""What the tagger promises of every text: the contract of `jiesu tag`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.engine import Tagger
from models.tags import REVIEW_REASONS, TagRequest, Tags
from models.taxonomy import ISSUE_TYPES, REQUEST_TYPES

_ROOT = Path(__file__).parents[2]
_TEXTS = (
    "市民来电反映:岳麓区某小区对面工地夜里十一点还在打桩,渣土车一路撒土,楼下垃圾没人清。",
    "楼下烧烤店油烟太大,没有专用烟道,天天往卧室里飘。",
    "请问夜间施工的许可要到哪里办?",
    "举报化工厂用暗管往浏阳河里偷排红水,请为我保密。",
    "开发商拖了两年不办房产证。",
)


def ask(*texts: str, city: str | None = "430100", title: str | None = None) -> list[TagRequest]:
    """Make requests of texts."""
    return [
        TagRequest(id=str(n), text=text, title=title, city=city) for n, text in enumerate(texts)
    ]


def tag(tagger: Tagger, text: str, *, title: str | None = None) -> Tags:
    """Tag one text."""
    return tagger.tag(ask(text, title=title))[0]


def check(request: TagRequest, tags: Tags) -> None:
    """Assert all that holds of any text."""
    whole = request.full_text
    assert tags.id == request.id
    assert tags.kind.code in REQUEST_TYPES
    assert 1 <= len(tags.types) <= 4
    assert {tag.code for tag in tags.types} <= ISSUE_TYPES.keys()
    assert len({tag.code for tag in tags.types}) == len(tags.types)
    assert all(0 <= p <= 1 for p in (tags.kind.p, tags.place.p, *(one.p for one in tags.types)))
    assert tags.urgency.code in {"P0", "P1", "P2", "P3"}
    assert tags.review is bool(tags.review_reasons)
    assert set(tags.review_reasons) <= REVIEW_REASONS.keys()
    spans = [span for one in tags.types for span in one.evidence]
    spans += [*tags.place.evidence, *(issue.span for issue in tags.issues)]
    assert all(0 <= start < end <= len(whole) for start, end in spans)
    assert {issue.type for issue in tags.issues} <= {one.code for one in tags.types}


def test_the_contract_holds_for_ordinary_texts(tagger: Tagger) -> None:
    """Codes are known, spans lie in the text, review says why."""
    requests = ask(*_TEXTS)
    for request, tags in zip(requests, tagger.tag(requests), strict=True):
        check(request, tags)
        assert all(one.evidence for one in tags.types)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.text(max_size=120), min_size=1, max_size=4), st.text(max_size=20))
def test_the_contract_holds_for_any_text(tagger: Tagger, texts: list[str], title: str) -> None:
    """Nothing that can be written breaks the tagger or its contract."""
    requests = ask(*texts, title=title)
    for request, tags in zip(requests, tagger.tag(requests), strict=True):
        check(request, tags)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "😀😀", "\ud800", "\x00", "a" * 50, "1" * 50])
def test_what_says_nothing_goes_to_a_person(tagger: Tagger, text: str) -> None:
    """Blank, odd and wordless texts are tagged too, and a person looks."""
    (request,) = ask(text)
    (tags,) = tagger.tag([request])
    check(request, tags)
    assert "too_short" in tags.review_reasons


def test_a_very_long_text_is_read(tagger: Tagger) -> None:
    """A hundred thousand characters are one text like any other."""
    (request,) = ask("楼下烧烤店油烟太大,天天往卧室里飘。" * 5_000)
    (tags,) = tagger.tag([request])
    check(request, tags)
    assert tags.main in {"A03", "A09"}


def test_nothing_asked_nothing_said(tagger: Tagger) -> None:
    """An empty batch gives an empty answer."""
    assert tagger.tag([]) == []


def test_the_line_has_the_fields_of_the_contract(tagger: Tagger) -> None:
    """What is printed carries the names that others measure by."""
    line = json.loads(msgspec.json.encode(tag(tagger, _TEXTS[0])))
    assert {
        "id",
        "kind",
        "types",
        "urgency",
        "place",
        "issues",
        "review",
        "review_reasons",
        "redacted",
        "model",
    } <= line.keys()
    assert line["kind"].keys() == {"code", "p"}
    assert line["types"][0].keys() == {"code", "p", "evidence"}
    assert line["urgency"].keys() == {"code", "reasons"}
    assert {"adcode", "township", "zone", "p", "evidence", "candidates"} == line["place"].keys()
    assert line["model"].keys() == {"name", "version"}


def test_spans_count_title_newline_and_text(tagger: Tagger) -> None:
    """Offsets run over the title, one newline and the text."""
    title, text = "楼下很吵", "岳麓区某工地凌晨三点还在打桩"
    tags = tag(tagger, text, title=title)
    whole = f"{title}\n{text}"
    assert [whole[start:end] for start, end in tags.place.evidence] == ["岳麓区"]
    words = "".join(whole[start:end] for start, end in tags.types[0].evidence)
    assert "打桩" in words


def test_a_batch_says_what_each_text_alone_would(tagger: Tagger) -> None:
    """What stands beside a text does not change what is said of it."""
    together = tagger.tag(ask(*_TEXTS))
    for text, one in zip(_TEXTS, together, strict=True):
        alone = tag(tagger, text)
        assert [t.code for t in alone.types] == [t.code for t in one.types]
        assert alone.types[0].p == pytest.approx(one.types[0].p, abs=2e-4)
        assert alone.review_reasons == one.review_reasons


def test_another_process_says_the_same() -> None:
    """Neither the process nor its hash seed changes an answer."""
    script = (
        "import sys,msgspec\n"
        "from classifier.engine import Tagger\n"
        "from models.city_load import load_city\n"
        "from models.tags import TagRequest\n"
        "asked=[TagRequest(id='1',text=t,city='430100') for t in sys.argv[1:]]\n"
        "out=Tagger.load([load_city('430100')]).tag(asked)\n"
        "sys.stdout.buffer.write(msgspec.json.encode(out))"
    )
    said = {
        subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-c", script, *_TEXTS],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=_ROOT,
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_identity_does_not_leave_in_the_redacted_text(tagger: Tagger) -> None:
    """The redacted text can be shown; the facts stay."""
    tags = tag(tagger, "我叫王小明,电话13907310000,芙蓉路123号旁的厂冒黄烟")
    assert "13907310000" not in tags.redacted
    assert "王小明" not in tags.redacted
    assert "芙蓉路123号旁的厂冒黄烟" in tags.redacted


def test_an_emergency_is_never_called_somebody_elses_matter(tagger: Tagger) -> None:
    """An explosion at a plant asks for a person at once, not for a transfer."""
    tags = tag(tagger, "望城区一家化工厂刚才发生爆炸,黄绿色气体往外冒,有人晕倒了")
    assert tags.urgency.code == "P0"
    assert "hazard" in tags.review_reasons
    assert "not_environment" not in tags.review_reasons
