"""What words of a text speak for a type, as the encoder's output falls apart by pieces."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.tags import Span

Floats = npt.NDArray[np.floating[Any]]


class Reading(NamedTuple):
    """How the encoder read one text: its pieces' characters, and what each adds to each type."""

    spans: Sequence[Span]
    shares: Floats

    def added(self, words: Sequence[Span], column: int, rivals: Sequence[int]) -> Floats:
        """Give what each word adds to a type beyond what it adds to its rivals, or else to any.

        What is common to all types of a text says that it is about pollution, not why this type.
        """
        beyond = self.shares[:, list(rivals)] if rivals else self.shares
        added = self.shares[:, column] - beyond.mean(axis=1)
        # A character stands for the piece it lies in; a word for its characters.
        length = max((end for _, end in (*self.spans, *words)), default=0)
        along = np.zeros(length + 1)
        for value, (start, end) in zip(added, self.spans, strict=True):
            along[start + 1 : end + 1] = value / max(end - start, 1)
        total = np.cumsum(along)
        ends = np.array(words, dtype=np.int64).reshape(-1, 2)
        found: Floats = total[ends[:, 1]] - total[ends[:, 0]]
        return found
