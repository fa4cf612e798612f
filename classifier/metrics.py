"""How good answers are: accuracy, macro-F1, calibration, coverage; plain numpy, no model inside."""

from collections.abc import Hashable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
_BINS: Final = 10

#: Request types that are worked off alike, whichever of them it is.
HANDLED: Final = ("TS", "JB", "QZ")


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


def calibration_error(sure: Sequence[float], right: Sequence[bool]) -> float:
    """Give the expected calibration error over ten bins of equal width."""
    confidence, correct = np.asarray(sure, dtype=float), np.asarray(right, dtype=float)
    if not len(confidence):
        return 0.0
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(confidence[bins == each].mean() - correct[bins == each].mean()) * (bins == each).mean()
        for each in np.unique(bins)
    ]
    return float(np.round(sum(gaps), 4))


def share(part: float, whole: float) -> float:
    """Give part of whole, rounded; 0 for none."""
    return round(part / whole, 4) if whole else 0.0
