"""The lexicon's findings as numbers: for types, concepts and request types how often and where."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from classifier.document import Document
from classifier.lexicon import Lexicon

Floats = npt.NDArray[np.float32]

#: Cues of a type are counted apart: in heading and body, single and combined.
SLOTS: Final = 4
#: The close of a text, in characters, where what is asked for often stands.
_CLOSE: Final = 60
_LENGTHS: Final = (15, 60, 200, 600)


class Signals(NamedTuple):
    """`cues` is (documents, types, SLOTS), `dense` all the numbers in one row a document."""

    cues: Floats
    dense: Floats


def signals(documents: Sequence[Document], lexicon: Lexicon) -> Signals:
    """Give the numbers of the documents; counts as log(1 + n)."""
    cues = np.zeros((len(documents), len(lexicon.codes), SLOTS), dtype=np.float32)
    concepts = np.zeros((len(documents), len(lexicon.concepts), 2), dtype=np.float32)
    kinds = np.zeros((len(documents), len(lexicon.kinds), 3), dtype=np.float32)
    shape = np.zeros((len(documents), 4 + len(_LENGTHS)), dtype=np.float32)
    for row, document in enumerate(documents):
        _count_cues(cues[row], document, lexicon)
        _count_words(concepts[row], kinds[row], document, lexicon)
        shape[row] = _shape(document)
    found = (cues, concepts, kinds, shape)
    parts = [np.log1p(part).reshape(len(part), int(np.prod(part.shape[1:]))) for part in found]
    return Signals(np.log1p(cues), np.hstack(parts))


def _count_cues(row: Floats, document: Document, lexicon: Lexicon) -> None:
    for code, cues in document.reading.cues.items():
        counts = row[lexicon.code_index[code]]
        for cue in cues:
            counts[(0 if cue.in_head else 1) + 2 * cue.combined] += 1


def _count_words(concepts: Floats, kinds: Floats, document: Document, lexicon: Lexicon) -> None:
    for name, spans in document.reading.concepts.items():
        counts = concepts[lexicon.concept_index[name]]
        for start, _ in spans:
            counts[0 if start < document.head else 1] += 1
    close = len(document.bare) - _CLOSE
    for kind, spans in document.reading.kinds.items():
        counts = kinds[lexicon.kind_index[kind]]
        for start, _ in spans:
            counts[0 if start < document.head else (2 if start > close else 1)] += 1


def _shape(document: Document) -> list[float]:
    heading = document.bare[: document.head].rstrip()
    length = len(document.bare)
    asks = [
        heading.endswith(("?", "？")),
        "吗" in heading[-4:],
        document.bare.count("？"),
        document.bare.rstrip().endswith(("?", "？")),
    ]
    return [float(value) for value in (*asks, *(length < limit for limit in _LENGTHS))]
