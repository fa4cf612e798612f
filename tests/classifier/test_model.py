"""Any model fits behind the protocol; what is decided follows from what it says."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classifier.alarm import alarm
from classifier.district import Districts
from classifier.document import Document
from classifier.encoder.evidence import Reading
from classifier.engine import Tagger
from classifier.lexicon import lexicon
from classifier.linear import WEIGHTS, LinearModel, read_weights
from classifier.model import URGENCIES, Probabilities, Thresholds
from models.city import City
from models.errors import Unavailable
from models.tags import ModelRef, Span, TagRequest, Tags

KINDS = ("TS", "JB", "QZ", "ZX", "JY", "BY", "JC", "XF", "WX")


class Scripted:
    """A model that says of every text what it was told to, and remembers how often it was asked."""

    codes = lexicon().codes
    kinds: tuple[str, ...] = KINDS
    thresholds = Thresholds(main=0.7, kind=0.6, present=0.3)
    ref = ModelRef(name="scripted", version="1")
    ear = alarm()

    def __init__(self, kind: dict[str, float], **main: float) -> None:
        """Take probabilities by code; the rest of each head is spread over the last class."""
        self.calls = 0
        self._kind = self._row(self.kinds, kind, "WX")
        self._main = self._row(self.codes, main, "Z99")

    @staticmethod
    def _row(names: Sequence[str], said: dict[str, float], rest: str) -> np.ndarray:
        row = np.zeros(len(names), dtype=np.float32)
        for name, p in (said | {rest: 1 - sum(said.values()) + said.get(rest, 0)}).items():
            row[names.index(name)] = p
        return row

    def predict(self, documents: Sequence[Document]) -> Probabilities:
        """Say the same of every text."""
        self.calls += 1
        count = len(documents)
        urgency = np.tile(np.array([0, 0, 1, 0], dtype=np.float32), (count, 1))
        assert len(URGENCIES) == urgency.shape[1]
        main = np.tile(self._main, (count, 1))
        return Probabilities(
            main=main, present=main, kind=np.tile(self._kind, (count, 1)), urgency=urgency
        )

    def glance(self, documents: Sequence[Document]) -> Probabilities:
        """Say of clauses what is said of texts."""
        calls = self.calls
        found = self.predict(documents)
        self.calls = calls
        return found

    def evidence(
        self,
        document: Document,
        code: str,
        reading: Reading | None = None,
        rivals: Sequence[str] = (),
    ) -> tuple[Span, ...]:
        """Point at the first character."""
        return ((0, 1),)


def tag(model: Scripted, city: City, *texts: str) -> list[Tags]:
    """Tag texts with a model."""
    asked = [TagRequest(id="1", text=text, city="430100") for text in texts]
    return Tagger(model, Districts([city])).tag(asked)


def test_one_call_reads_a_whole_batch(changsha: City) -> None:
    """However many texts, the model is asked once."""
    model = Scripted({"TS": 0.9}, A03=0.9)
    assert len(tag(model, changsha, *["岳麓区楼下油烟大,开发商也不管,垃圾没人清"] * 5)) == 5
    assert model.calls == 1


def test_types_come_in_order_and_at_most_four(changsha: City) -> None:
    """The main type leads, further ones follow by their probability."""
    model = Scripted({"TS": 0.9}, A03=0.8, N03=0.6, Z05=0.5, S07=0.4, N08=0.35)
    (tags,) = tag(model, changsha, "岳麓区楼下的店从早到晚都这样")
    assert [one.code for one in tags.types] == ["A03", "N03", "Z05", "S07"]


def test_all_z_together_may_outweigh_the_rest(changsha: City) -> None:
    """Three kinds of "not environmental" together count as one answer, and a person returns it."""
    model = Scripted({"TS": 0.9}, A03=0.4, Z05=0.3, Z07=0.3)
    (tags,) = tag(model, changsha, "岳麓区楼下的店从早到晚都这样")
    assert tags.main == "Z05"
    assert tags.types[0].p == pytest.approx(0.6, abs=1e-3)
    assert "not_environment" in tags.review_reasons


@pytest.mark.parametrize(
    ("kind", "main", "reason"),
    [
        ({"TS": 0.9}, 0.6, "low_confidence_type"),
        ({"ZX": 0.5, "JY": 0.4}, 0.9, "low_confidence_kind"),
        ({"JC": 0.3, "TS": 0.6}, 0.9, "misconduct"),
        ({"XF": 0.9}, 0.9, "statutory_route"),
        ({"BY": 0.9}, 0.9, "praise"),
        ({"WX": 0.9}, 0.9, "invalid"),
    ],
)
def test_each_doubt_and_each_grave_matter_has_its_reason(
    changsha: City, kind: dict[str, float], main: float, reason: str
) -> None:
    """Below the thresholds, and for what people decide, the desk is told why."""
    (tags,) = tag(Scripted(kind, A03=main), changsha, "岳麓区楼下的店从早到晚都这样")
    assert reason in tags.review_reasons
    assert tags.review


def test_a_sure_answer_needs_nobody(changsha: City) -> None:
    """With type, request and county plain, the case goes on by itself."""
    (tags,) = tag(Scripted({"TS": 0.9}, A03=0.9), changsha, "岳麓区楼下的店从早到晚都这样")
    assert (tags.review, tags.review_reasons) == (False, ())


def test_complaint_report_and_help_are_worked_off_alike(changsha: City) -> None:
    """Whether 投诉 or 举报 need not be sure where both go the same way."""
    model = Scripted({"TS": 0.45, "JB": 0.4}, A03=0.9)
    (tags,) = tag(model, changsha, "岳麓区楼下的店从早到晚都这样")
    assert "low_confidence_kind" not in tags.review_reasons


def test_a_type_without_a_cue_shows_what_the_model_weighed(changsha: City) -> None:
    """Evidence is never empty: where the lexicon is silent the model points."""
    (tags,) = tag(Scripted({"TS": 0.9}, W05=0.9), changsha, "岳麓区楼下的店从早到晚都这样")
    assert tags.types[0].evidence == ((0, 1),)


def test_the_shipped_model_points_at_words() -> None:
    """The linear model shows the words that weigh most, within the text."""
    from classifier.document import read_documents
    from classifier.tokens import cutter

    model = LinearModel.load()
    text = "这家单位一直没有给我们缴纳社会保险"
    (document,) = read_documents([TagRequest(id="1", text=text)], cutter(), lexicon())
    spans = model.evidence(document, "Z07")
    assert spans
    assert any("保险" in text[start:end] or "缴纳" in text[start:end] for start, end in spans)


def test_each_type_shows_its_own_words(changsha: City) -> None:
    """Of a text that tells of several things, what speaks for one does not stand for the other."""
    text = "岳麓区一家木器厂白天机器轰鸣声很大,夜里烟囱冒黑烟,市民要求尽快查处。"
    request = TagRequest(id="1", text=text, city="430100")
    (tags,) = Tagger.load([changsha]).tag([request])
    shown = {one.code: [text[start:end] for start, end in one.evidence] for one in tags.types}
    assert {"A01", "N01"} <= shown.keys()
    assert any("烟" in word for word in shown["A01"])
    assert not any("烟" in word for word in shown["N01"])
    assert any("轰鸣" in word or "机器" in word for word in shown["N01"])
    assert not any(word in {"市民", "要求", "尽快"} for words in shown.values() for word in words)


def test_sureness_is_monotone_and_honest_at_the_ends() -> None:
    """A higher probability is never less sure, and 0 and 1 stay finite."""
    thresholds = LinearModel.load().thresholds
    sure = [thresholds.sure(p / 20) for p in range(21)]
    assert sure == sorted(sure)
    assert 0 <= sure[0] < sure[-1] <= 1


def test_a_damaged_or_missing_model_says_so(tmp_path: Path) -> None:
    """The operator is told that the file is the matter."""
    path = tmp_path / "linear.npz"
    with pytest.raises(Unavailable, match="model_unreadable"):
        LinearModel.load(path)
    path.write_bytes(WEIGHTS.read_bytes()[:2000])
    with pytest.raises(Unavailable, match="model_unreadable"):
        LinearModel.load(path)


def test_weights_of_another_lexicon_are_refused() -> None:
    """Weights mean nothing with other words than they learned with."""
    import msgspec

    arrays, card = read_weights(WEIGHTS)
    with pytest.raises(Unavailable, match="model_lexicon_mismatch"):
        LinearModel(arrays, msgspec.structs.replace(card, lexicon="another"))


def test_the_weights_are_small() -> None:
    """All weights together stay within what a repository can carry."""
    files = [path for path in WEIGHTS.parent.iterdir() if path.suffix in {".npz", ".onnx", ".bin"}]
    assert sum(path.stat().st_size for path in files) < 30_000_000
