"""The scorer: the same whichever case comes first, within bounds, rising with each signal.

How well it parts one event from two is measured on pairs of our own writing, read by the shipped
tagger: tests/routing/pairs.toml.
"""

import asyncio
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.engine import Tagger
from classifier.named import names
from classifier.sketch import MAKER, sketches, unusual
from classifier.tokens import cutter
from models.case import CaseNo, State
from models.city import City
from models.db.sameness import Matter
from models.geo import Point, cell, cells_around, metres
from models.moment import now
from models.tags import TagRequest, Tags
from models.taxonomy import ISSUE_TYPES
from routing.alike import Signals, compare, content, kinship, place, related, score
from routing.sameness import Advice, judge

PAIRS: Final = tomllib.loads(Path(__file__).with_name("pairs.toml").read_text(encoding="utf-8"))[
    "pair"
]
AT: Final = now()
_CODES: Final = st.sampled_from(sorted(ISSUE_TYPES))
_TYPES: Final = st.lists(_CODES, min_size=1, max_size=4, unique=True).map(tuple)
_KEYS: Final = ("e:水岸云庭", "r:香樟路", "s:老灶台", "v:保安村", "w:捞刀河", "x:海璟园")
_PART: Final = st.floats(0, 1)
_SIGNALS: Final = st.builds(
    Signals,
    metres=st.none() | st.floats(0, 50_000),
    named=st.lists(st.sampled_from(_KEYS), unique=True).map(tuple),
    elsewhere=st.booleans(),
    other_business=st.booleans(),
    township=st.none() | st.booleans(),
    county=st.none() | st.booleans(),
    kinship=_PART,
    likeness=st.none() | _PART,
    closeness=_PART,
    same_caller=st.booleans(),
    says_again=st.booleans(),
)
_MATTERS: Final = st.builds(
    Matter,
    case_no=st.integers(1, 9).map(CaseNo),
    state=st.just(State.SCREEN),
    source=st.sampled_from(["12345", "12369"]),
    title=st.none(),
    text=st.lists(st.sampled_from([key[2:] for key in _KEYS])).map("旁".join),
    address=st.none(),
    received_at=st.integers(0, 200).map(lambda hours: AT - timedelta(hours=hours)),
    closed_at=st.none(),
    types=_TYPES,
    urgency=st.sampled_from(["P0", "P2"]),
    adcode=st.none() | st.sampled_from(["430102", "430103"]),
    township=st.none() | st.sampled_from(["430102001", "430103001"]),
    maker=st.sampled_from(["one", "other"]),
    bits=st.none() | st.integers(0, 2**512 - 1),
    names=st.lists(st.sampled_from(_KEYS), unique=True).map(tuple),
    point=st.none() | st.builds(Point, lon=st.floats(112.8, 113.2), lat=st.floats(28.0, 28.4)),
    again=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(_MATTERS, _MATTERS, st.booleans())
def test_the_score_is_symmetric(one: Matter, other: Matter, same_caller: bool) -> None:
    """Which case is asked about does not matter."""
    there = compare(one, other, window_h=72, same_caller=same_caller)
    back = compare(other, one, window_h=72, same_caller=same_caller)
    assert score(there) == pytest.approx(score(back))
    assert content(there) == pytest.approx(content(back))


@settings(max_examples=200, deadline=None)
@given(_SIGNALS)
def test_the_score_is_bounded(signals: Signals) -> None:
    """Score and content lie within 0 and 1, the place within -1 and 1."""
    assert 0 < score(signals) < 1
    assert 0 < content(signals) < 1
    assert -1 <= place(signals) <= 1


@settings(max_examples=400, deadline=None)
@given(_SIGNALS, st.data())
def test_the_score_rises_with_each_signal(signals: Signals, data: st.DataObject) -> None:
    """Any one signal made stronger never lowers the score."""
    name = data.draw(st.sampled_from(sorted(_STRONGER)))
    stronger = msgspec.structs.replace(signals, **{name: _STRONGER[name](signals, data)})
    assert score(stronger) >= score(signals) - 1e-12


def _more(name: str) -> Any:
    return lambda signals, data: data.draw(st.floats(getattr(signals, name) or 0, 1))


_STRONGER: Final[dict[str, Any]] = {
    "kinship": _more("kinship"),
    "likeness": _more("likeness"),
    "closeness": _more("closeness"),
    "metres": lambda signals, data: (
        None if signals.metres is None else data.draw(st.floats(0, signals.metres))
    ),
    "named": lambda signals, data: tuple(
        {*signals.named, *data.draw(st.lists(st.sampled_from(_KEYS)))}
    ),
    "elsewhere": lambda *_: False,
    "other_business": lambda *_: False,
    "township": lambda *_: True,
    "county": lambda *_: True,
    "same_caller": lambda *_: True,
    "says_again": lambda *_: True,
}


@settings(max_examples=100, deadline=None)
@given(_TYPES, _TYPES)
def test_kinship_is_symmetric_and_whole_for_the_same_main_type(
    own: tuple[str, ...], other: tuple[str, ...]
) -> None:
    """Types compare alike both ways; what is related is looked for."""
    assert kinship(own, other) == kinship(other, own)
    assert kinship(own, (own[0], *other)) == 1.0
    if kinship(own, other) > 0:
        levels = {code[0] for code in related(own)}
        assert levels & {code[0] for code in other}


@settings(max_examples=100, deadline=None)
@given(st.floats(-200, 200), st.floats(-200, 200))
def test_what_is_within_200_m_lies_in_the_cells_around(east: float, north: float) -> None:
    """The search by cells misses nothing near, in the far south and north as well."""
    for lat in (18.2, 28.2, 52.9):
        here = Point(112.9, lat)
        there = Point(here.lon + east * 9e-6, lat + north * 9e-6)
        if metres(here, there) <= 200:
            assert cell(there) in cells_around(here)


def test_a_distance_is_that_on_the_ground() -> None:
    """A thousandth of a degree to the north is 111 metres."""
    assert metres(Point(113, 28), Point(113, 28.001)) == pytest.approx(111.2, abs=0.1)


@pytest.fixture(scope="module")
async def advised(changsha: City) -> list[Advice | None]:
    """Read all pairs as a city would and ask what is advised about each."""

    def read() -> list[Advice | None]:
        texts = [text for pair in PAIRS for text in (pair["a"], pair["b"])]
        requests = [TagRequest(id="x", text=text, city=changsha.adcode) for text in texts]
        tags = Tagger.load([changsha]).tag(requests)
        read = list(zip(texts, tags, sketches(texts), strict=True))
        return [_advice(pair, *read[2 * n : 2 * n + 2]) for n, pair in enumerate(PAIRS)]

    return await asyncio.to_thread(read)


def _advice(
    pair: dict[str, Any], one: tuple[str, Tags, bytes], other: tuple[str, Tags, bytes]
) -> Advice | None:
    closed, sources = pair.get("closed"), pair.get("platforms", ["12345", "12345"])
    first = _matter(
        1,
        *one,
        source=sources[0],
        received_at=AT - timedelta(hours=pair.get("hours", 5)),
        state=State.CLOSED if closed else State.DISPATCHED,
        closed_at=AT - timedelta(days=closed) if closed else None,
    )
    second = _matter(2, *other, source=sources[1])
    found = judge("430100", second, [(first, pair.get("caller", False))], 5)
    return found.candidates[0].advice if found.candidates else None


def _matter(case_no: int, text: str, tags: Tags, bits: bytes, **given: Any) -> Matter:
    known: dict[str, Any] = {
        "case_no": CaseNo(case_no),
        "state": State.SCREEN,
        "source": "12345",
        "title": None,
        "text": text,
        "address": None,
        "received_at": AT,
        "closed_at": None,
        "types": tuple(tag.code for tag in tags.types),
        "urgency": tags.urgency.code,
        "adcode": tags.place.adcode,
        "township": tags.place.township,
        "maker": MAKER,
        "bits": int.from_bytes(bits),
        "names": (*names(cutter().cut(text.lower())), *unusual(text.lower())),
        "again": "repeat" in tags.flags or tags.kind.code == "CF",
    }
    return Matter(**(known | given))


def test_pairs_are_many_and_of_every_kind() -> None:
    """More than a hundred pairs: two tellers, one caller again, other places, other matters."""
    assert len(PAIRS) >= 100
    assert len({pair["kind"] for pair in PAIRS}) >= 10
    assert 0.35 < sum(pair["same"] for pair in PAIRS) / len(PAIRS) < 0.65


def test_suggestions_are_right_and_few_are_missed(advised: list[Advice | None]) -> None:
    """On the pairs, precision is at least 0.9 and recall at least 0.8."""
    hits = sum(pair["same"] and bool(said) for pair, said in zip(PAIRS, advised, strict=True))
    assert hits / sum(map(bool, advised)) >= 0.9
    assert hits / sum(pair["same"] for pair in PAIRS) >= 0.8


def test_what_is_advised_fits_the_caller(advised: list[Advice | None]) -> None:
    """One caller's repeat is merged or asked about, other callers' reports are grouped."""
    for pair, said in zip(PAIRS, advised, strict=True):
        if said is None:
            continue
        if pair.get("caller"):
            assert said is (Advice.ASK_NEWS if pair.get("closed") else Advice.MERGE)
        else:
            assert said in {Advice.GROUP, Advice.SAME_FACT}
