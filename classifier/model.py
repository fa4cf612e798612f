"""What the engine asks of a model, whichever it is: documents in, calibrated probabilities per head out."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.document import Document
from models.tags import ModelRef, Span

Floats = npt.NDArray[np.float32]

URGENCIES: Final = ("P0", "P1", "P2", "P3")


class Probabilities(msgspec.Struct, frozen=True, kw_only=True):
    """A batch's probabilities, one row a document, columns as the model's `codes`, `kinds` and URGENCIES.

    `main` is over the main issue type and sums to 1; `present` says of each type alone whether the text
    speaks of it; `kind` and `urgency` sum to 1.
    """

    main: Floats
    present: Floats
    kind: Floats
    urgency: Floats


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Where the model says "ask a person" and "this too", chosen on held-out folds."""

    main: float
    kind: float
    present: float


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
