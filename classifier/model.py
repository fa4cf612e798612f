"""What the engine asks of a model, whichever it is: documents in, calibrated probabilities out."""

import math
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.alarm import Alarm
from classifier.document import Document
from classifier.encoder.evidence import Reading
from models.tags import ModelRef, Span

Floats = npt.NDArray[np.floating[Any]]
Rows = npt.NDArray[np.integer[Any]] | slice

URGENCIES: Final = ("P0", "P1", "P2", "P3")
_LEAST: Final = 1e-6


class Probabilities(msgspec.Struct, frozen=True, kw_only=True):
    """A batch's probabilities: a row a document, columns as `codes`, `kinds` and URGENCIES.

    `main` is over the main issue type and sums to 1; `present` says of each type alone whether the
    text speaks of it; `kind` and `urgency` sum to 1. `readings` are how an encoder read the texts,
    None for one it did not read.
    """

    main: Floats
    present: Floats
    kind: Floats
    urgency: Floats
    readings: tuple[Reading | None, ...] = ()

    def rows(self, chosen: Rows) -> "Probabilities":
        """Give the rows of some texts, without their readings."""
        return Probabilities(
            main=self.main[chosen],
            present=self.present[chosen],
            kind=self.kind[chosen],
            urgency=self.urgency[chosen],
        )

    def row(self, index: int) -> "Probabilities":
        """Give the row of one text, with its reading."""
        one = self.rows(slice(index, index + 1))
        return msgspec.structs.replace(one, readings=self.readings[index : index + 1])

    def replaced(
        self, chosen: Rows, better: "Probabilities", readings: tuple[Reading | None, ...]
    ) -> "Probabilities":
        """Put other rows in place of some; `readings` are those of all texts."""
        parts = {}
        for name in ("main", "present", "kind", "urgency"):
            parts[name] = getattr(self, name).copy()
            parts[name][chosen] = getattr(better, name)
        return Probabilities(**parts, readings=readings)


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
    """A model that reads whole batches."""

    codes: tuple[str, ...]
    kinds: tuple[str, ...]
    thresholds: Thresholds
    ref: ModelRef
    ear: Alarm

    def predict(self, documents: Sequence[Document]) -> Probabilities:
        """Give the probabilities of the documents, in order."""

    def glance(self, documents: Sequence[Document]) -> Probabilities:
        """Give probabilities at once, for stretches of a text that is read whole as well."""

    def evidence(
        self,
        document: Document,
        code: str,
        reading: Reading | None = None,
        rivals: Sequence[str] = (),
    ) -> tuple[Span, ...]:
        """Give the places of the text that speak most for the type; empty when none does.

        `rivals` are the other types of the text: what speaks for them as well says little.
        """
