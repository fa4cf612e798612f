"""What the engine asks of a model, whichever it is: documents in, calibrated probabilities out."""

import math
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.document import Document
from models.tags import ModelRef, Span

Floats = npt.NDArray[np.floating[Any]]

URGENCIES: Final = ("P0", "P1", "P2", "P3")
_LEAST: Final = 1e-6


class Probabilities(msgspec.Struct, frozen=True, kw_only=True):
    """A batch's probabilities: a row a document, columns as `codes`, `kinds` and URGENCIES.

    `main` is over the main issue type and sums to 1; `present` says of each type alone whether the
    text speaks of it; `kind` and `urgency` sum to 1.
    """

    main: Floats
    present: Floats
    kind: Floats
    urgency: Floats


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Where the model says "ask a person" and "this too", chosen on held-out folds.

    `slope` and `offset` bring the main type's probability to how often it is right.
    """

    main: float
    kind: float
    present: float
    slope: float = 1.0
    offset: float = 0.0

    def sure(self, p: float) -> float:
        """Give how often a main type of this probability is right."""
        p = min(max(p, _LEAST), 1 - _LEAST)
        return 1 / (1 + math.exp(-self.slope * math.log(p / (1 - p)) - self.offset))


class Model(Protocol):
    """A model that reads whole batches; an encoder stands behind the same four members."""

    codes: tuple[str, ...]
    kinds: tuple[str, ...]
    thresholds: Thresholds
    ref: ModelRef

    def predict(self, documents: Sequence[Document]) -> Probabilities:
        """Give the probabilities of the documents, in order."""

    def evidence(self, document: Document, code: str) -> tuple[Span, ...]:
        """Give the places of the text that speak most for the type; empty when none does."""
