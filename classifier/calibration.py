"""Fitting on held-out folds the numbers that turn outputs into probabilities, and thresholds."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from classifier.combine import Columns, scaled, sigmoid, softmax, views
from classifier.corpus import Gold
from classifier.metrics import HANDLED, main_confidence
from classifier.model import Probabilities, Thresholds

Floats = npt.NDArray[np.floating[Any]]
Weights = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]

#: What share of the answers that need no person must be right.
_PRECISION: Final = 0.955
_HALF: Final = 0.5
_START: Final = (9.0, 4.0, 0.0, 0.5, 0.2, 1.5, 1.0)


def fit_heads(
    outputs: Floats, cues: Floats, targets: Floats, weights: Weights, columns: Columns
) -> Arrays:
    """Fit the numbers of Combiner on held-out outputs.

    `weights` are what each text counts: for the types, for the request type, and for urgency.
    """
    types, kind, urgency = weights
    seen = views(outputs, cues, columns)
    gold = targets[:, columns.types]
    main = _fit_main(seen, gold.argmax(axis=1), types)
    guess = softmax(np.tensordot(main, seen, 1))
    evidence = np.concatenate((seen, np.log(guess + 1e-6)[None]))
    return {
        "main": main,
        "present": _fit_present(evidence, gold > 0, types),
        "kind": _fit_scaled(outputs[:, columns.kind], targets[:, columns.kind], kind),
        "urgency": _fit_scaled(outputs[:, columns.urgency], targets[:, columns.urgency], urgency),
    }


def _fit_main(seen: Floats, gold: npt.NDArray[np.int64], weights: Weights) -> Floats:
    rows = np.arange(len(gold))

    def loss(numbers: Weights) -> tuple[float, Weights]:
        guess = softmax(np.tensordot(numbers, seen, 1))
        wrong = guess.copy()
        wrong[rows, gold] -= 1
        wrong *= weights[:, None]
        slope = np.array([(wrong * view).sum() for view in seen])
        return -(weights * np.log(guess[rows, gold] + 1e-12)).sum(), slope

    return _minimum(loss, np.array(_START))


def _fit_present(evidence: Floats, gold: npt.NDArray[np.bool_], weights: Weights) -> Floats:
    def loss(numbers: Weights) -> tuple[float, Weights]:
        guess = sigmoid(np.tensordot(numbers[:-1], evidence, 1) + numbers[-1])
        right = np.where(gold, guess, 1 - guess)
        wrong = (guess - gold) * weights[:, None]
        slope = np.array([*((wrong * view).sum() for view in evidence), wrong.sum()])
        return -(weights[:, None] * np.log(right + 1e-12)).sum(), slope

    return _minimum(loss, np.array([4.0, 1.0, *[0.0] * (len(evidence) - 3), 0.5, -3.0]))


def _fit_scaled(outputs: Floats, gold: Floats, weights: Weights) -> Floats:
    def loss(numbers: Weights) -> tuple[float, Weights]:
        guess = softmax(scaled(outputs, numbers.astype(np.float32)))
        wrong = (guess - gold) * weights[:, None]
        slope = np.array([(wrong * outputs).sum(), *wrong.sum(axis=0)])
        return -(weights[:, None] * gold * np.log(guess + 1e-12)).sum(), slope

    return _minimum(loss, np.array([6.0, *[0.0] * outputs.shape[1]]))


def _minimum(loss: Callable[[Weights], tuple[float, Weights]], start: Weights) -> Floats:
    found: Floats = minimize(loss, start, jac=True, method="L-BFGS-B").x.astype(np.float32)
    return found


def fit_thresholds(
    guess: Probabilities, gold: Sequence[Gold], codes: Sequence[str], kinds: Sequence[str]
) -> Thresholds:
    """Choose from held-out probabilities where a person must be asked."""
    named, sure = main_confidence(guess.main, codes)
    right = np.array([_one_z(row.types[0]) == name for row, name in zip(gold, named, strict=True)])
    handled = np.array([kind in HANDLED for kind in kinds])
    asked = np.array([row.kind in HANDLED for row in gold])
    share = guess.kind[:, handled].sum(axis=1)
    known = np.array([kinds.index(row.kind) for row in gold])
    kind_right = np.where(
        share > _HALF,
        asked,
        guess.kind.argmax(axis=1) == known,
    )
    kind_sure = np.maximum(share, guess.kind[:, ~handled].max(axis=1))
    slope, offset = _fit_sureness(sure, right)
    honest = Thresholds(main=0, kind=0, present=0, slope=slope, offset=offset)
    return Thresholds(
        main=_least(np.array([honest.sure(float(p)) for p in sure], dtype=np.float32), right),
        kind=_least(kind_sure, kind_right),
        present=_best_present(guess.present, gold, codes),
        slope=slope,
        offset=offset,
    )


def _fit_sureness(sure: Floats, right: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Fit how often the main type is right to its probability, on the logistic scale."""
    inner = np.clip(sure.astype(np.float64), 1e-6, 1 - 1e-6)
    scores = np.log(inner / (1 - inner))

    def loss(numbers: Weights) -> tuple[float, Weights]:
        guess = 1 / (1 + np.exp(-numbers[0] * scores - numbers[1]))
        wrong = guess - right
        chosen = np.where(right, guess, 1 - guess)
        return -np.log(chosen + 1e-12).sum(), np.array([(wrong * scores).sum(), wrong.sum()])

    slope, offset = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B").x
    return round(float(slope), 4), round(float(offset), 4)


def _one_z(code: str) -> str:
    return "Z" if code[0] == "Z" else code


def _least(sure: Floats, right: npt.NDArray[np.bool_]) -> float:
    """Find the least confidence from which on answers are right often enough."""
    order = np.argsort(-sure)
    precision = np.cumsum(right[order]) / np.arange(1, len(right) + 1)
    good = np.flatnonzero(precision >= _PRECISION)
    return round(float(sure[order][good[-1]]), 4) if len(good) else 1.0


def _best_present(present: Floats, gold: Sequence[Gold], codes: Sequence[str]) -> float:
    """Find the threshold above which a further type is named, by the F1 over further types."""
    truth = np.zeros(present.shape, dtype=np.bool_)
    first = np.zeros(present.shape, dtype=np.bool_)
    for row, one in enumerate(gold):
        truth[row, [codes.index(code) for code in one.types]] = True
    first[np.arange(len(gold)), present.argmax(axis=1)] = True

    def score(limit: float) -> float:
        said = (present >= limit) | first
        hits = (said & truth).sum()
        return float(2 * hits / (said.sum() + truth.sum()))

    return max((step / 100 for step in range(15, 70, 5)), key=score)
