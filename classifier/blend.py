"""The linear model and the encoder as one reader: their words weighed against each other.

The linear model reads everything; where it is certain, the encoder is not asked. How much each
counts, and from where on it is certain, was fitted on texts that neither had learned from
(blending.py).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.alarm import Alarm
from classifier.combine import sigmoid, softmax
from classifier.document import Document
from classifier.encoder.evidence import Reading
from classifier.encoder.heads import Heads
from classifier.encoder.session import Encoder
from classifier.linear import LinearModel
from classifier.model import Probabilities, Thresholds
from models.errors import Unavailable
from models.tags import ModelRef, Span

Floats = npt.NDArray[np.floating[Any]]

LINEAR: Final = "linear.npz"
BLEND: Final = "blend.json"
_LEAST: Final = 1e-6


class Numbers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What weighs the two models' words, head by head: a number a view, and biases.

    `main` weighs main_views, `present` weighs present_views and ends with its bias; `kind` and
    `urgency` begin with the weight of the linear model and of the encoder, biases follow.
    """

    main: list[float]
    present: list[float]
    kind: list[float]
    urgency: list[float]


class BlendCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What blend.json holds: for which linear model it was fitted, the numbers, thresholds.

    From `certain` on the linear model alone is believed: where it is so sure of the main type, the
    request type and the urgency. Above 1 the encoder reads every text.
    """

    version: str
    linear: str
    certain: float
    numbers: Numbers
    thresholds: Thresholds


class BlendedModel:
    """The linear model with the encoder beside it; read-only, one for all threads."""

    def __init__(self, linear: LinearModel, encoder: Encoder, ear: Alarm, card: BlendCard) -> None:
        """Put them together; Unavailable where the numbers are those of another linear model."""
        if card.linear != linear.ref.version:
            detail = "模型各文件不是同一版本,请重新安装或运行 jiesu train。"
            raise Unavailable("model_parts_mismatch", detail)
        self.codes = linear.codes
        self.kinds = linear.kinds
        self.thresholds = card.thresholds
        self.ref = ModelRef(name="blend", version=card.version)
        self.ear = ear
        self.card: Final = card
        self._linear = linear
        self._encoder = encoder
        self._heads = Heads(linear.codes, linear.kinds)

    @classmethod
    def load(cls, folder: Path, threads: int | None = None) -> "BlendedModel":
        """Read the files of a folder; Unavailable when one is missing or damaged."""
        try:
            card = msgspec.json.decode((folder / BLEND).read_bytes(), type=BlendCard)
        except (OSError, msgspec.DecodeError) as error:
            detail = f"模型文件 {BLEND} 缺失或损坏,请重新安装或训练。"
            raise Unavailable("model_unreadable", detail) from error
        linear, encoder = LinearModel.load(folder / LINEAR), Encoder(folder, threads)
        return cls(linear, encoder, Alarm.load(folder), card)

    def glance(self, documents: Sequence[Document]) -> Probabilities:
        """Give the linear model's probabilities alone."""
        return self._linear.predict(documents)

    def predict(self, documents: Sequence[Document]) -> Probabilities:
        """Give the probabilities of the documents, in order."""
        guess = self._linear.predict(documents)
        asked = np.flatnonzero(certainty(guess, self._heads.outside) < self.card.certain)
        if not len(asked):
            return guess
        said = self._encoder.read([documents[int(index)] for index in asked])
        better = blended(self.card.numbers, guess.rows(asked), said.outputs, self._heads)
        readings: list[Reading | None] = [None] * len(documents)
        for index, pieces, shares in zip(asked, said.pieces, said.shares, strict=True):
            readings[index] = Reading(pieces.spans, shares)
        return guess.replaced(asked, better, tuple(readings))

    def evidence(
        self,
        document: Document,
        code: str,
        reading: Reading | None = None,
        rivals: Sequence[str] = (),
    ) -> tuple[Span, ...]:
        """Give the words that speak most for the type to both, the linear model and the encoder."""
        return self._linear.evidence(document, code, reading, rivals)


def certainty(guess: Probabilities, beyond: npt.NDArray[np.bool_]) -> Floats:
    """Give how sure a guess is in the head it is least sure of; all Z codes are one main type."""
    main = np.maximum(guess.main[:, beyond].sum(axis=1), guess.main[:, ~beyond].max(axis=1))
    heads = (main, guess.kind.max(axis=1), guess.urgency.max(axis=1))
    least: Floats = np.minimum.reduce(heads)
    return least


def blended(
    numbers: Numbers, linear: Probabilities, outputs: Floats, heads: Heads
) -> Probabilities:
    """Weigh what both models say of texts."""
    main = softmax(np.tensordot(np.array(numbers.main), main_views(linear, outputs, heads), 1))
    views = present_views(linear, outputs, heads, main)
    weights = np.array(numbers.present)
    present = sigmoid(np.tensordot(weights[:-1], views, 1) + weights[-1])
    return Probabilities(
        main=main,
        present=np.maximum(present, main),
        kind=weighed(linear.kind, outputs[:, heads.kind], np.array(numbers.kind)),
        urgency=weighed(linear.urgency, outputs[:, heads.urgency], np.array(numbers.urgency)),
    )


def main_views(linear: Probabilities, outputs: Floats, heads: Heads) -> Floats:
    """Give each type's views: both models' logarithms, the encoder's presence, whether outside."""
    chances = [logs(linear.main), logs(softmax(outputs[:, heads.main]))]
    beyond = np.broadcast_to(heads.outside.astype(np.float64), linear.main.shape)
    return np.stack([*chances, outputs[:, heads.present], beyond])


def present_views(linear: Probabilities, outputs: Floats, heads: Heads, main: Floats) -> Floats:
    """Give each type's views: both models' log odds of presence, the blend's of the main type."""
    odds = logs(linear.present) - logs(1 - linear.present)
    return np.stack([odds, outputs[:, heads.present], logs(main)])


def weighed(linear: Floats, outputs: Floats, numbers: Floats) -> Floats:
    """Weigh two models' words on one head, `numbers` as Numbers says."""
    return softmax(numbers[0] * logs(linear) + numbers[1] * logs(softmax(outputs)) + numbers[2:])


def logs(chances: Floats) -> Floats:
    """Give logarithms of probabilities, none of them endless."""
    found: Floats = np.log(np.maximum(chances, _LEAST))
    return found
