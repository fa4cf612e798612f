"""The linear model at work: n-grams and lexicon signals in, calibrated probabilities out.

Its weights are one .npz file: the feature space, one column of weights for each output, and the few
numbers that turn outputs into probabilities. How they come about is in learning.py.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.alarm import alarm
from classifier.combine import Combiner
from classifier.document import Document
from classifier.encoder.evidence import Reading
from classifier.explain import strongest
from classifier.lexicon import Lexicon, lexicon
from classifier.model import Probabilities, Thresholds
from classifier.signals import signals
from classifier.space import Space
from models.errors import Unavailable
from models.tags import ModelRef, Span

Floats = npt.NDArray[np.float32]
WEIGHTS: Final = Path(__file__).with_name("data") / "linear.npz"


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What the weights file says of itself; `measured` are its figures on one set of texts."""

    version: str
    codes: tuple[str, ...]
    kinds: tuple[str, ...]
    thresholds: Thresholds
    lexicon: str
    features: int
    outputs: int
    written_weight: float
    measured: dict[str, float] = {}
    measured_on: str = ""


class LinearModel:
    """A trained linear model; read-only, one for all threads."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], card: Card) -> None:
        """Take the arrays of the weights file; Unavailable with a lexicon of another version."""
        self.codes = card.codes
        self.kinds = card.kinds
        self.thresholds = card.thresholds
        self.ref = ModelRef(name="linear", version=card.version)
        self.ear = alarm()
        self.card: Final = card
        self._lexicon: Lexicon = lexicon()
        if lexicon_digest() != card.lexicon:
            raise Unavailable(
                "model_lexicon_mismatch", "模型与词库不是同一版本,请运行 jiesu train 重新训练。"
            )
        self.space: Final = Space(arrays["keys"], arrays["groups"], arrays["idf"])
        self._weights = arrays["weights"]
        self._scale = arrays["scale"]
        self._dense = arrays["dense"].astype(np.float32)
        self._bias = arrays["bias"]
        self._combiner = Combiner(arrays, card.codes)

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> "LinearModel":
        """Read a weights file; Unavailable when it is missing or damaged."""
        return cls(*read_weights(path))

    def predict(self, documents: Sequence[Document]) -> Probabilities:
        """Give the probabilities of the documents, in order."""
        found = signals(documents, self._lexicon)
        rows = self.space.vectors(documents)
        outputs = found.dense @ self._dense + self._bias
        for row in range(len(documents)):
            cells = slice(rows.starts[row], rows.starts[row + 1])
            outputs[row] += self._scale * (
                rows.values[cells] @ self._weights[rows.columns[cells]].astype(np.float32)
            )
        return self._combiner.probabilities(outputs, found.cues)

    def glance(self, documents: Sequence[Document]) -> Probabilities:
        """Give the probabilities of the documents, in order."""
        return self.predict(documents)

    def evidence(
        self,
        document: Document,
        code: str,
        reading: Reading | None = None,
        rivals: Sequence[str] = (),
    ) -> tuple[Span, ...]:
        """Give the words of the text that weigh most for the type; empty when none does."""
        column = self.codes.index(code)
        others = [self.codes.index(other) for other in rivals]

        def weigh(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
            found = self._weights[rows].astype(np.float32)
            return found[:, column] - (found[:, others].mean(axis=1) if others else 0)

        def heard(words: Sequence[Span]) -> npt.NDArray[np.floating[Any]]:
            return reading.added(words, column, others) if reading else np.zeros(len(words))

        return strongest(document, self.space, weigh, heard if reading else None)


def read_weights(path: Path) -> tuple[dict[str, npt.NDArray[Any]], Card]:
    """Read a weights file: its arrays and its card; Unavailable when it is missing or damaged."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        card = msgspec.json.decode(arrays.pop("card").tobytes(), type=Card)
    except (OSError, ValueError, KeyError, BadZipFile, msgspec.DecodeError) as error:
        raise Unavailable(
            "model_unreadable", f"模型文件 {path.name} 缺失或损坏,请重新安装或训练。"
        ) from error
    return arrays, card


def write_weights(path: Path, arrays: Mapping[str, npt.NDArray[Any]], card: Card) -> None:
    """Write the weights whole or not at all."""
    encoded = np.frombuffer(msgspec.json.encode(card, order="deterministic"), dtype=np.uint8)
    partial = path.with_suffix(".part.npz")
    np.savez_compressed(partial, allow_pickle=False, card=encoded, **arrays)
    partial.replace(path)


def lexicon_digest() -> str:
    """Name the version of the lexicon and of the word list: weights hold for one of them only."""
    total = hashlib.sha256()
    for name in ("concepts.toml", "cues.toml", "kinds.toml", "words.txt"):
        total.update(WEIGHTS.with_name(name).read_bytes().replace(b"\r\n", b"\n"))
    return total.hexdigest()[:12]
