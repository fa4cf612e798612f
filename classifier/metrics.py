"""How good answers are: accuracy, macro-F1, calibration, coverage; plain numpy, no model inside."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.counts import one_z, share

__all__ = (
    "HANDLED",
    "Bin",
    "Pair",
    "accuracy",
    "calibration_error",
    "confusions",
    "coverage_at",
    "intervals",
    "macro_f1",
    "macro_f1_interval",
    "main_confidence",
    "one_z",
    "per_class",
    "reliability",
    "share",
)

Floats = npt.NDArray[np.floating[Any]]
_BINS: Final = 10
#: How often the texts are drawn again for an interval, and what share of the draws it holds.
_DRAWS: Final = 1000
_HELD: Final = 0.95

#: Request types that are worked off alike, whichever of them it is.
HANDLED: Final = ("TS", "JB", "QZ")


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two classes that are taken for one another: so many of `gold` were said to be `said`."""

    gold: str
    said: str
    n: int


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """The answers whose confidence lies between `low` and `high`: mean confidence, share right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def main_confidence(main: Floats, codes: Sequence[str]) -> tuple[list[str], Floats]:
    """Give each row's main type, all Z codes being one (`Z`), and how probable it is."""
    other = np.array([code[0] == "Z" for code in codes])
    outside = main[:, other].sum(axis=1)
    inside = np.where(other, -1, main)
    best = inside.argmax(axis=1)
    sure = np.maximum(outside, inside.max(axis=1))
    names = [
        "Z" if share >= top else codes[index]
        for share, top, index in zip(outside, inside.max(axis=1), best, strict=True)
    ]
    return names, sure


def accuracy(gold: Sequence[Hashable], said: Sequence[Hashable]) -> float:
    """Give the share of right answers; 0 for none asked."""
    return share(sum(a == b for a, b in zip(gold, said, strict=True)), len(gold))


def per_class(gold: Sequence[str], said: Sequence[str]) -> dict[str, dict[str, float]]:
    """Give for each class how many there are, precision, recall and F1."""
    table: dict[str, dict[str, float]] = {}
    for name in sorted({*gold, *said}):
        both = sum(a == b == name for a, b in zip(gold, said, strict=True))
        there, named = gold.count(name), said.count(name)
        table[name] = {
            "n": there,
            "precision": share(both, named),
            "recall": share(both, there),
            "f1": share(2 * both, there + named),
        }
    return table


def macro_f1(gold: Sequence[str], said: Sequence[str], least: int = 1) -> float:
    """Give the mean F1 of the classes of which there are at least so many."""
    scores = [row["f1"] for row in per_class(gold, said).values() if row["n"] >= least]
    return share(sum(scores), len(scores))


def confusions(gold: Sequence[str], said: Sequence[str], most: int = 20) -> list[Pair]:
    """Give the pairs of classes that are confused most often, the most common first."""
    counts = Counter((a, b) for a, b in zip(gold, said, strict=True) if a != b)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Pair(gold=a, said=b, n=n) for (a, b), n in ordered[:most]]


def reliability(sure: Sequence[float], right: Sequence[bool]) -> list[Bin]:
    """Give how confident answers were and how often right, over ten bins of equal width."""
    confidence, correct = np.asarray(sure, dtype=float), np.asarray(right, dtype=float)
    place = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return [
        Bin(
            low=each / _BINS,
            high=(each + 1) / _BINS,
            n=int((place == each).sum()),
            confidence=round(float(confidence[place == each].mean()), 4),
            accuracy=round(float(correct[place == each].mean()), 4),
        )
        for each in np.unique(place).tolist()
    ]


def calibration_error(sure: Sequence[float], right: Sequence[bool]) -> float:
    """Give the expected calibration error over ten bins of equal width; 0 for none asked."""
    gaps = [abs(one.confidence - one.accuracy) * one.n for one in reliability(sure, right)]
    return round(sum(gaps) / len(sure), 4) if gaps else 0.0


def coverage_at(sure: Sequence[float], right: Sequence[bool], precision: float) -> float:
    """Give the largest share of the surest answers of which so many are right."""
    order = np.argsort(-np.asarray(sure, dtype=float), kind="stable")
    kept = np.cumsum(np.asarray(right, dtype=float)[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(kept >= precision)
    return share(int(good[-1]) + 1, len(order)) if len(good) else 0.0


def intervals(hits: Mapping[str, Sequence[bool]], seed: int = 0) -> dict[str, tuple[float, float]]:
    """Give for each figure the bounds that hold 95 % of draws with replacement; seeded."""
    rows = len(next(iter(hits.values()), ()))
    if not rows:
        return {}
    drawn = _draws(rows, seed)
    return {
        name: _bounds(drawn @ np.asarray(right, dtype=np.float32) / rows)
        for name, right in hits.items()
    }


def macro_f1_interval(
    gold: Sequence[str], said: Sequence[str], least: int = 1, seed: int = 0
) -> tuple[float, float]:
    """Give the bounds that hold 95 % of the macro-F1 of draws; the classes stay the same."""
    names = [name for name, row in per_class(gold, said).items() if row["n"] >= least]
    if not names:
        return 0.0, 0.0
    there = np.array([[one == name for name in names] for one in gold], dtype=np.float32)
    named = np.array([[one == name for name in names] for one in said], dtype=np.float32)
    drawn = _draws(len(gold), seed)
    both = drawn @ (there * named)
    total = drawn @ there + drawn @ named
    return _bounds((2 * both / np.maximum(total, 1)).mean(axis=1))


def _draws(rows: int, seed: int) -> Floats:
    """Give how often each text is in each draw."""
    random = np.random.default_rng(seed)
    return random.multinomial(rows, np.full(rows, 1 / rows), size=_DRAWS).astype(np.float32)


def _bounds(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, ((1 - _HELD) / 2, (1 + _HELD) / 2))
    return round(float(low), 4), round(float(high), 4)
