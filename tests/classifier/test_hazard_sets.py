"""How many emergencies are heard among texts written to be hard, and how many calm ones are not.

The texts are our own: half of the red team's are near misses (figures of speech, drills, news,
fears, what is long past or settled); the operator's are summaries as a hotline writes them.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from classifier.alarm import ALARM, Alarm
from classifier.alarm_train import DATA, fit, judged
from classifier.document import Document, read_documents
from classifier.hazard import find_hazards
from classifier.lexicon import lexicon
from classifier.tokens import cutter
from models.tags import TagRequest

_FOLDS = 4


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One text of the file."""

    id: str
    set: str
    text: str
    hazard: bool
    reason: str
    style: str
    title: str | None = None


class Score(NamedTuple):
    """How well emergencies were told from calm texts."""

    recall: float
    precision: float


@cache
def lines() -> list[Line]:
    """Read the texts."""
    raw = (DATA / "hazard_examples.jsonl").read_text(encoding="utf-8").splitlines()
    return [msgspec.json.decode(line, type=Line) for line in raw]


@cache
def documents() -> list[Document]:
    """Make the texts ready, in their order."""
    requests = [TagRequest(id=one.id, text=one.text, title=one.title) for one in lines()]
    return read_documents(requests, cutter(), lexicon())


def score(heard: Iterable[bool], told: Iterable[bool]) -> Score:
    """Compare what was heard with what was told."""
    pairs = list(zip(heard, told, strict=True))
    right = sum(one and other for one, other in pairs)
    return Score(right / sum(other for _, other in pairs), right / sum(one for one, _ in pairs))


@pytest.mark.parametrize(("name", "least"), [("red_team", 240), ("operator", 100)])
def test_emergencies_are_heard_and_near_misses_are_not(name: str, least: int) -> None:
    """On the texts that rules and ear have learned, 98 of 100 are heard and 80 of 100 are right."""
    rows = [index for index, line in enumerate(lines()) if line.set == name]
    assert len(rows) >= least
    assert sum(not lines()[row].hazard for row in rows) >= len(rows) / 2
    heard = [any(one.emergency for one in find_hazards(documents()[row])) for row in rows]
    reached = score(heard, [lines()[row].hazard for row in rows])
    assert reached.recall >= 0.98
    assert reached.precision >= 0.80


def test_texts_that_the_ear_has_not_learned_are_heard(tmp_path: Path) -> None:
    """An ear fitted without them hears 93 of 100, and 85 of 100 are right."""
    texts = judged([DATA / "hazard_examples.jsonl"])
    others = judged([DATA / "written_examples.jsonl"])
    heard = [False] * len(texts)
    for fold in range(_FOLDS):
        learned = [text for row, text in enumerate(texts) if row % _FOLDS != fold]
        fit([*learned, *others], tmp_path / ALARM)
        ear = Alarm.load(tmp_path)
        for row in range(fold, len(texts), _FOLDS):
            heard[row] = any(one.emergency for one in find_hazards(documents()[row], ear))
    reached = score(heard, [text.hazard for text in texts])
    assert reached.recall >= 0.93
    assert reached.precision >= 0.85


def test_every_emergency_says_why_and_where() -> None:
    """Each has a stable reason and a span within the text."""
    for document in documents():
        for found in find_hazards(document):
            assert found.reason.partition(":")[0] in {"hazard", "serious", "sensitive", "group"}
            start, end = found.span
            assert 0 <= start < end <= len(document.raw)


def test_the_texts_differ() -> None:
    """No text stands twice, under no id twice."""
    assert (
        len({line.text for line in lines()}) == len({line.id for line in lines()}) == len(lines())
    )
