"""How the linear model learns: kernel ridge regression of all heads, weighed on held-out folds.

The kernel adds up n-grams, a latent space learned from unlabelled texts too, and the lexicon's
signals; all are linear in the features, so the result folds into one weight per feature and output.
Needs scikit-learn and scipy (the `train` extra).
"""

import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from classifier.calibration import fit_heads, fit_thresholds
from classifier.combine import Columns, Combiner
from classifier.corpus import WRITTEN_WEIGHT, Corpus, fold
from classifier.document import Document
from classifier.features import GROUPS, HEAD, RUN, WORD, grams
from classifier.lexicon import Lexicon, lexicon
from classifier.linear import Card, lexicon_digest
from classifier.model import URGENCIES, Thresholds
from classifier.signals import SLOTS, signals
from classifier.space import Space, Vectors

Floats = npt.NDArray[np.float32]
Arrays = dict[str, npt.NDArray[Any]]

KINDS: Final = ("TS", "JB", "QZ", "ZX", "JY", "BY", "JC", "XF", "WX")
FOLDS: Final = 5
#: In how many labelled texts an n-gram of each group must stand.
_COMMON: Final = {WORD: 4, RUN: 10, HEAD: 4}
_LATENT: Final = 300
_LATENT_WEIGHT: Final = 2.0
#: What cues, concepts and other signals count beside n-grams: for types, and for the other heads.
_SIGNALS_TYPES: Final = (0.3, 0.6, 0.1)
_SIGNALS_OTHERS: Final = (0.3, 0.3, 1.0)
#: What a type counts as where it is a further one of the text, not the main one.
_FURTHER: Final = 0.5
_PENALTY_TYPES: Final = 0.4
_PENALTY_OTHERS: Final = 4.0
_STEPS: Final = 127
#: What a text counts for a head that is not to be learned from it.
_HARDLY: Final = 1e-3


class Views(NamedTuple):
    """The labelled texts as the kernel sees them."""

    space: Space
    grams: sparse.csr_matrix
    latent: Floats
    projection: Floats
    dense: Floats
    blocks: tuple[slice, ...]
    cues: Floats


class Learned(NamedTuple):
    """A trained model: the arrays of its file, its card, and its outputs on held-out folds."""

    arrays: Arrays
    card: Card
    held_out: Floats
    cues: Floats


def learn(corpus: Corpus, seed: int) -> Learned:
    """Train on the corpus; the same corpus and seed give the same model."""
    words = lexicon()
    columns = Columns(words.codes, KINDS)
    seen = _see(corpus, words, seed)
    targets = _targets(corpus, words, columns)
    weights = _weights(corpus)
    kernels = _kernels(seen)
    folds = np.array([fold(gold, FOLDS) for gold in corpus.gold])
    held_out = np.zeros_like(targets)
    parts = _parts(columns)
    for number in range(FOLDS):
        inside, outside = np.flatnonzero(folds != number), np.flatnonzero(folds == number)
        known = [kernel[np.ix_(inside, inside)] for kernel in kernels]
        dual, mean = _solve(known, targets[inside], weights[:, inside], parts)
        for part, kernel in zip(parts, (*kernels, kernels[-1]), strict=True):
            held_out[outside, part] = kernel[np.ix_(outside, inside)] @ dual[:, part] + mean[part]
    arrays = fit_heads(held_out, seen.cues, targets, weights, columns)
    dual, mean = _solve(kernels, targets, weights, parts)
    arrays |= _folded(seen, dual, mean, columns)
    arrays = {name: arrays[name] for name in sorted(arrays)}
    predicted = Combiner(arrays, words.codes).probabilities(
        held_out[: corpus.typical], seen.cues[: corpus.typical]
    )
    thresholds = fit_thresholds(predicted, corpus.gold[: corpus.typical], words.codes, KINDS)
    return Learned(arrays, _card(arrays, words, thresholds), held_out, seen.cues)


def _see(corpus: Corpus, words: Lexicon, seed: int) -> Views:
    space = _space(corpus)
    matrix = _matrix(space.vectors(corpus.documents), len(space.keys))
    others = [
        _matrix(space.vectors(corpus.others[at : at + 512]), len(space.keys))
        for at in range(0, len(corpus.others), 512)
    ]
    is_word = space.groups == WORD
    _, _, projection = randomized_svd(
        sparse.vstack([matrix, *others])[:, is_word], _LATENT, n_iter=4, random_state=seed
    )
    latent = matrix[:, is_word] @ projection.T
    size = np.sqrt((latent**2).sum(axis=1).mean()) / np.sqrt(_LATENT_WEIGHT)
    found = signals(corpus.documents, words)
    bounds = np.cumsum([0, len(words.codes) * SLOTS, len(words.concepts) * 2])
    return Views(
        space,
        matrix,
        (latent / size).astype(np.float32),
        (projection / size).astype(np.float32),
        found.dense,
        (*(slice(*pair) for pair in pairwise(bounds)), slice(bounds[-1], None)),
        found.cues,
    )


def _space(corpus: Corpus) -> Space:
    """Choose the n-grams that are common enough; the unlabelled texts count for how rare one is."""
    keys, groups, common = _document_counts(corpus.documents)
    enough = common >= np.array([_COMMON[group] for group in range(GROUPS)])[groups]
    keys, groups, common = keys[enough], groups[enough], common[enough]
    for at in range(0, len(corpus.others), 1024):
        more, _, counts = _document_counts(corpus.others[at : at + 1024])
        place = np.minimum(np.searchsorted(keys, more), len(keys) - 1)
        hit = keys[place] == more
        common[place[hit]] += counts[hit]
    total = len(corpus.documents) + len(corpus.others)
    idf = np.log((1 + total) / (1 + common)) + 1
    return Space(keys, groups, idf.astype(np.float32))


def _document_counts(
    documents: Sequence[Document],
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    found = grams(documents)
    pairs = np.unique(
        found.key.astype(np.uint64) << np.uint64(32) | found.document.astype(np.uint64)
    )
    keys, counts = np.unique((pairs >> np.uint64(32)).astype(np.uint32), return_counts=True)
    _, first = np.unique(found.key, return_index=True)
    return keys, found.group[first], counts


def _matrix(rows: Vectors, width: int) -> sparse.csr_matrix:
    shape = (len(rows.starts) - 1, width)
    return sparse.csr_matrix((rows.values, rows.columns, rows.starts), shape=shape)


def _targets(corpus: Corpus, words: Lexicon, columns: Columns) -> Floats:
    targets = np.zeros((len(corpus.gold), columns.count), dtype=np.float32)
    kind, urgency = columns.kind.start, columns.urgency.start
    for row, gold in zip(targets, corpus.gold, strict=True):
        for code in gold.types[1:]:
            row[words.code_index[code]] = _FURTHER
        row[words.code_index[gold.types[0]]] = 1
        row[columns.level.start + columns.levels.index(gold.types[0][0])] = 1
        row[columns.pollution] = gold.types[0][0] != "Z"
        row[kind + KINDS.index(gold.kind)] = 1
        row[urgency + URGENCIES.index(gold.urgency)] = 1
    return targets


def _kernels(seen: Views) -> list[Floats]:
    """Give the kernel for the types and the one for the other heads."""
    shared: Floats = (seen.grams @ seen.grams.T).toarray().astype(np.float32)
    shared += seen.latent @ seen.latent.T
    kernels = []
    for counts in (_SIGNALS_TYPES, _SIGNALS_OTHERS):
        dense = seen.dense * _dense_scale(seen, counts)
        kernels.append(shared + dense @ dense.T)
    return kernels


def _dense_scale(seen: Views, counts: Sequence[float]) -> Floats:
    """Scale signals so that common ones count less and each block as much as is told."""
    scale: Floats = 1 / np.sqrt(1 + 20 * seen.dense.mean(axis=0))
    for block, count in zip(seen.blocks, counts, strict=True):
        size = ((seen.dense[:, block] * scale[block]) ** 2).sum(axis=1).mean()
        scale[block] *= np.sqrt(count / size)
    return scale


def _weights(corpus: Corpus) -> npt.NDArray[np.float64]:
    """Give what each text counts: for the types, for the request type, and for urgency."""
    own = np.where(np.arange(len(corpus.gold)) < corpus.real, 1.0, WRITTEN_WEIGHT)
    types = np.array([gold.types_sure for gold in corpus.gold])
    urgency = np.array([gold.urgency_sure for gold in corpus.gold])
    hardly = [np.where(sure, 1.0, _HARDLY) for sure in (types, np.ones_like(types), urgency)]
    found: npt.NDArray[np.float64] = own * np.stack(hardly)
    return found


def _parts(columns: Columns) -> tuple[slice, slice, slice]:
    """Give the columns of the types, of the request types and of urgency."""
    return slice(0, columns.kind.start), columns.kind, columns.urgency


def _solve(
    kernels: Sequence[Floats],
    targets: Floats,
    weights: npt.NDArray[np.float64],
    parts: tuple[slice, slice, slice],
) -> tuple[Floats, Floats]:
    types, others = kernels
    mean = np.empty(targets.shape[1], dtype=np.float32)
    dual = np.empty_like(targets)
    asked = (
        (types, _PENALTY_TYPES),
        (others, _PENALTY_OTHERS),
        (others, _PENALTY_OTHERS),
    )
    for part, (kernel, penalty), counts in zip(parts, asked, weights, strict=True):
        mean[part] = np.average(targets[:, part], axis=0, weights=counts)
        ridge = kernel + np.diag(penalty / counts).astype(np.float32)
        dual[:, part] = np.linalg.solve(ridge, targets[:, part] - mean[part])
    return dual, mean


def _folded(seen: Views, dual: Floats, mean: Floats, columns: Columns) -> Arrays:
    """Fold the kernel's three parts into weights per feature, of one byte each for the n-grams."""
    weights = np.asarray(seen.grams.T @ dual)
    weights[seen.space.groups == WORD] += seen.projection.T @ (seen.latent.T @ dual)
    dense = seen.dense.T @ dual
    shares = (_SIGNALS_TYPES, _SIGNALS_OTHERS, _SIGNALS_OTHERS)
    for part, counts in zip(_parts(columns), shares, strict=True):
        dense[:, part] *= _dense_scale(seen, counts)[:, None] ** 2
    scale = np.maximum(np.quantile(np.abs(weights), 0.9999, axis=0), 1e-6) / _STEPS
    return {
        "keys": seen.space.keys,
        "groups": seen.space.groups,
        "idf": seen.space.idf,
        "weights": np.clip(np.rint(weights / scale), -_STEPS, _STEPS).astype(np.int8),
        "scale": scale.astype(np.float32),
        "dense": dense.astype(np.float16),
        "bias": mean,
    }


def _card(arrays: Arrays, words: Lexicon, thresholds: Thresholds) -> Card:
    digest = zlib.crc32(b"".join(array.tobytes() for array in arrays.values()))
    return Card(
        version=f"1-{digest:08x}",
        codes=words.codes,
        kinds=KINDS,
        thresholds=thresholds,
        lexicon=lexicon_digest(),
        features=len(arrays["keys"]),
        outputs=arrays["weights"].shape[1],
        written_weight=WRITTEN_WEIGHT,
    )
