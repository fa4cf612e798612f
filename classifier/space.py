"""The feature space of a model: which n-grams it knows, and texts as weighted vectors over them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from classifier.document import Document
from classifier.features import GROUPS, grams

Keys = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

#: A key's top bits say quickly that it is unknown: nine of ten keys need no search.
_SIEVE_BITS: Final = 20


class Vectors(NamedTuple):
    """Sparse rows: row i is `columns[starts[i]:starts[i + 1]]` with `values` beside them."""

    starts: Ints
    columns: Ints
    values: Floats


class Space:
    """The known n-grams; `keys` sorted, `groups` and `idf` beside them."""

    def __init__(self, keys: Keys, groups: npt.NDArray[np.uint8], idf: Floats) -> None:
        """Take the three columns."""
        self.keys: Final = keys
        self.groups: Final = groups
        self.idf: Final = idf
        self._sieve = np.zeros(1 << _SIEVE_BITS, dtype=np.bool_)
        self._sieve[keys >> np.uint32(32 - _SIEVE_BITS)] = True

    def vectors(self, documents: Sequence[Document]) -> Vectors:
        """Give the documents as rows: (1 + log count) * idf, of length one within each group."""
        found = grams(documents)
        rows, columns = self._known(found.document, found.key)
        cells, counts = np.unique(rows * len(self.keys) + columns, return_counts=True)
        rows, columns = np.divmod(cells, len(self.keys))
        values = (1 + np.log(counts)).astype(np.float32) * self.idf[columns]
        part = rows * GROUPS + self.groups[columns]
        squares = np.bincount(part, weights=values**2, minlength=len(documents) * GROUPS)
        values /= np.sqrt(squares[part]).astype(np.float32)
        starts = np.searchsorted(rows, np.arange(len(documents) + 1))
        return Vectors(starts, columns, values)

    def _known(self, rows: npt.NDArray[np.int32], keys: Keys) -> tuple[Ints, Ints]:
        maybe = self._sieve[keys >> np.uint32(32 - _SIEVE_BITS)]
        rows, keys = rows[maybe], keys[maybe]
        at = np.searchsorted(self.keys, keys)
        at[at == len(self.keys)] = 0
        known = self.keys[at] == keys
        return rows[known].astype(np.int64), at[known]
