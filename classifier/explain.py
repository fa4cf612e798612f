"""Which words of a text weigh most for a type."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.document import Document
from classifier.space import Space
from models.tags import Span

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

#: So many words are shown, of so many that are looked at, when they weigh this share of the first.
_SHOWN: Final = 3
_LOOKED_AT: Final = 32
_SHARE: Final = 0.5
_LEAST: Final = 1e-9
#: What the second voice counts beside the first: it hears the words among others, so less sharply.
_SECOND: Final = 0.5
#: Words of reporting, which stand around every matter.
_STOCK: Final = Path(__file__).with_name("data") / "stock_words.txt"


def strongest(
    document: Document,
    space: Space,
    weigh: Callable[[Ints], Floats],
    heard: Callable[[Sequence[Span]], Floats] | None = None,
) -> tuple[Span, ...]:
    """Give the spans of the words that speak most for a type, in order; `weigh` gives its weights.

    Each word is weighed by what it and the runs of characters within it would add on their own,
    and by what `heard` says that it adds within the text, where there is such a second voice.
    """
    spans, second = _looked_at(_words(document), heard)
    if not spans:
        return ()
    alone = [_alone(document, span) for span in spans]
    rows = space.vectors(alone)
    owner = np.repeat(np.arange(len(alone)), np.diff(rows.starts))
    added = rows.values * weigh(rows.columns)
    scores = _even(np.bincount(owner, weights=added, minlength=len(alone))) + second
    order = np.argsort(-scores, kind="stable")[:_SHOWN]
    least = max(_SHARE * scores[order[0]], _LEAST)
    return tuple(sorted(spans[index] for index in order if scores[index] >= least))


def _looked_at(
    words: list[Span], heard: Callable[[Sequence[Span]], Floats] | None
) -> tuple[list[Span], Floats]:
    """Choose the words to be weighed: those heard best, or the first; and how each was heard."""
    if heard is None or not words:
        return words[:_LOOKED_AT], np.zeros(min(len(words), _LOOKED_AT))
    found = heard(words)
    second = _SECOND * _even(found - found.mean())
    kept = np.sort(np.argsort(-second, kind="stable")[:_LOOKED_AT])
    return [words[index] for index in kept], second[kept]


def _even(scores: npt.NDArray[Any]) -> Floats:
    """Bring scores to a size at which two voices count alike."""
    even: Floats = scores / max(float(np.abs(scores).max(initial=0.0)), _LEAST)
    return even


def _words(document: Document) -> list[Span]:
    spans: dict[str, Span] = {}
    stock = _stock()
    at = 0
    for word in document.words:
        if len(word) > 1 and word.isalnum() and word not in stock:
            spans.setdefault(word, (at, at + len(word)))
        at += len(word)
    return list(spans.values())


@cache
def _stock() -> frozenset[str]:
    return frozenset(_STOCK.read_text(encoding="utf-8").split())


def _alone(document: Document, span: Span) -> Document:
    word = document.bare[span[0] : span[1]]
    return msgspec.structs.replace(document, bare=word, words=[word], head=0)
