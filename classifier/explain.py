"""Which words of a text weigh most for a type, as the linear model counts them."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.document import Document
from classifier.space import Space
from models.tags import Span

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

#: So many words are shown, of the first so many different ones.
_SHOWN: Final = 3
_LOOKED_AT: Final = 32


def strongest(
    document: Document, space: Space, weigh: Callable[[Ints], Floats]
) -> tuple[Span, ...]:
    """Give the spans of the words that speak most for a type, in order; `weigh` gives its weights.

    Each word is weighed by what it and the runs of characters within it would add on their own.
    """
    spans = _words(document)
    if not spans:
        return ()
    alone = [_alone(document, span) for span in spans]
    rows = space.vectors(alone)
    owner = np.repeat(np.arange(len(alone)), np.diff(rows.starts))
    added = rows.values * weigh(rows.columns)
    scores = np.bincount(owner, weights=added, minlength=len(alone))
    best = [index for index in np.argsort(-scores, kind="stable")[:_SHOWN] if scores[index] > 0]
    return tuple(sorted(spans[index] for index in best))


def _words(document: Document) -> list[Span]:
    spans: dict[str, Span] = {}
    at = 0
    for word in document.words:
        if len(word) > 1 and not word.isspace() and word.isalnum():
            spans.setdefault(word, (at, at + len(word)))
        at += len(word)
        if len(spans) == _LOOKED_AT:
            break
    return list(spans.values())


def _alone(document: Document, span: Span) -> Document:
    word = document.bare[span[0] : span[1]]
    return msgspec.structs.replace(document, bare=word, words=[word], head=0)
