"""From a linear model's outputs to probabilities: the heads are weighed together and calibrated.

Columns of the outputs: one a type, one a first level, one for "pollution", one a request type, one
an urgency. The numbers that weigh them were fitted on held-out folds (learning.py).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from classifier.model import URGENCIES, Probabilities

Floats = npt.NDArray[np.floating[Any]]


class Columns:
    """Where each head's outputs stand."""

    def __init__(self, codes: Sequence[str], kinds: Sequence[str]) -> None:
        """Count the heads' widths."""
        self.levels: Final = tuple(sorted({code[0] for code in codes}))
        self.level_of: Final = np.array([self.levels.index(code[0]) for code in codes])
        self.pollution_sign: Final = np.array(
            [-1.0 if code[0] == "Z" else 1.0 for code in codes], dtype=np.float32
        )
        bounds = np.cumsum([0, len(codes), len(self.levels), 1, len(kinds), len(URGENCIES)])
        parts = [slice(*pair) for pair in pairwise(bounds)]
        self.types, self.level, self.pollution, self.kind, self.urgency = parts
        self.count: Final = int(bounds[-1])


class Combiner:
    """Weighs outputs and lexicon cues into probabilities."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], codes: Sequence[str]) -> None:
        """Take the weights of views for `main` and `present`, scale and biases for the others."""
        kinds = range(len(arrays["kind"]) - 1)
        self._columns = Columns(codes, [str(kind) for kind in kinds])
        self._main = arrays["main"].astype(np.float32)
        self._present = arrays["present"].astype(np.float32)
        self._kind = arrays["kind"].astype(np.float32)
        self._urgency = arrays["urgency"].astype(np.float32)

    def probabilities(self, outputs: Floats, cues: Floats) -> Probabilities:
        """Give the probabilities of a batch from its outputs and its cue counts."""
        seen = views(outputs, cues, self._columns)
        main = softmax(np.tensordot(self._main, seen, 1))
        evidence = np.concatenate((seen, np.log(main + 1e-6)[None]))
        present = sigmoid(np.tensordot(self._present[:-1], evidence, 1) + self._present[-1])
        return Probabilities(
            main=main,
            present=np.maximum(present, main),
            kind=softmax(scaled(outputs[:, self._columns.kind], self._kind)),
            urgency=softmax(scaled(outputs[:, self._columns.urgency], self._urgency)),
        )


def views(outputs: Floats, cues: Floats, columns: Columns) -> Floats:
    """Give each type's views: its own output, its level's, pollution or not, its cue counts."""
    pollution = outputs[:, columns.pollution] - 0.5
    own = (
        outputs[:, columns.types],
        outputs[:, columns.level][:, columns.level_of],
        pollution * columns.pollution_sign,
    )
    return np.stack([*own, *np.moveaxis(cues, 2, 0)]).astype(np.float32)


def scaled(outputs: Floats, numbers: Floats) -> Floats:
    """Scale a head's outputs by the first number and add the others as biases."""
    result: Floats = outputs * numbers[0] + numbers[1:]
    return result


def softmax(scores: Floats) -> Floats:
    """Turn rows of scores into probabilities that sum to one."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result


def sigmoid(scores: Floats) -> Floats:
    """Turn scores into probabilities, each by itself."""
    result: Floats = 1 / (1 + np.exp(-np.clip(scores, -30, 30)))
    return result
