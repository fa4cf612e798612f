"""Which stretches of a text speak for a type, as the encoder's output falls apart by pieces."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from models.tags import Span

Floats = npt.NDArray[np.floating[Any]]

_SHOWN: Final = 3
#: A stretch begins at a piece that adds this share of the most that one adds, and goes on to
#: neighbours that add the second share of it.
_BEGINS, _GOES_ON = 0.5, 0.2


class Reading(NamedTuple):
    """How the encoder read one text: its pieces' characters, and what each adds to each type."""

    spans: Sequence[Span]
    shares: Floats

    def strongest(self, text: str, column: int) -> tuple[Span, ...]:
        """Give the stretches that add most to a type beyond what they add to any, in order."""
        added = self.shares[:, column] - self.shares.mean(axis=1)
        added = np.array(
            [
                value if any(char.isalnum() for char in text[start:end]) else 0.0
                for value, (start, end) in zip(added, self.spans, strict=True)
            ]
        )
        if not len(added) or added.max() <= 0:
            return ()
        most = float(added.max())
        found: dict[Span, float] = {}
        for index in np.argsort(-added, kind="stable"):
            if added[index] < _BEGINS * most or len(found) == _SHOWN:
                break
            span = self._stretch(added, int(index), _GOES_ON * most)
            found[span] = max(found.get(span, 0.0), float(added[index]))
        return tuple(sorted(found))

    def _stretch(self, added: Floats, index: int, least: float) -> Span:
        """Take in the neighbours that follow without a gap and add enough."""
        first = last = index
        while first and added[first - 1] >= least and self._joined(first - 1):
            first -= 1
        while last + 1 < len(added) and added[last + 1] >= least and self._joined(last):
            last += 1
        return self.spans[first][0], self.spans[last][1]

    def _joined(self, index: int) -> bool:
        return self.spans[index][1] == self.spans[index + 1][0]
