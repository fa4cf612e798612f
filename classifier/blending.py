"""Fitting how the linear model and the encoder are weighed, on texts that neither learned from."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from classifier.blend import (
    BlendCard,
    Numbers,
    blended,
    certainty,
    logs,
    main_views,
    present_views,
    weighed,
)
from classifier.calibration import fit_thresholds
from classifier.combine import softmax
from classifier.corpus import Gold
from classifier.encoder.heads import Heads
from classifier.model import URGENCIES, Probabilities

Floats = npt.NDArray[np.floating[Any]]
Weights = npt.NDArray[np.float64]

#: How strongly numbers are held at where they start, in texts.
_HELD: Final = 60.0
_MAIN_START: Final = (0.6, 0.6, 0.0, 0.0)
_PRESENT_START: Final = (0.3, 0.6, 0.3, 0.0)
_PLAIN_START: Final = (0.6, 0.6)
#: From which certainty of the linear model on the encoder may be left out, tried from the least.
_TRIED: Final = tuple(hundredths / 100 for hundredths in range(65, 100))
_NEVER: Final = 1.01
#: How much less often the linear model alone may be right there in urgency, which rules watch too.
_LESS: Final = 1 / 150


class Seen:
    """What both models said of held-out texts, and what is right."""

    def __init__(
        self,
        linear: Probabilities,
        outputs: Floats,
        gold: Sequence[Gold],
        weights: Weights,
        names: tuple[tuple[str, ...], tuple[str, ...]],
    ) -> None:
        """Line up the words of both with the labels; `names` are the types and request types."""
        codes, kinds = names
        self.linear, self.outputs, self.gold, self.weights = linear, outputs, gold, weights
        self.codes, self.kinds = names
        self.heads = Heads(codes, kinds)
        self.main = np.array([codes.index(row.types[0]) for row in gold])
        self.kind = np.array([kinds.index(row.kind) for row in gold])
        self.urgency = np.array([URGENCIES.index(row.urgency) for row in gold])
        self.types_weights = weights * np.array([row.types_sure for row in gold])
        self.urgency_weights = weights * np.array([row.urgency_sure for row in gold])
        self.present = np.zeros((len(gold), len(codes)))
        for index, row in enumerate(gold):
            self.present[index, [codes.index(code) for code in row.types]] = 1


def fit_blend(seen: Seen, typical: npt.NDArray[np.bool_], linear: str, version: str) -> BlendCard:
    """Fit the numbers on all held-out texts and the thresholds on the `typical` ones."""
    numbers = _fit_main(seen)
    numbers = _fit_present(seen, numbers)
    guess = blended(numbers, seen.linear, seen.outputs, seen.heads)
    rows = np.flatnonzero(typical)
    gold = [seen.gold[int(index)] for index in rows]
    return BlendCard(
        version=version,
        linear=linear,
        certain=_certain(seen, guess),
        numbers=numbers,
        thresholds=fit_thresholds(guess.rows(rows), gold, seen.codes, seen.kinds),
    )


def _fit_main(seen: Seen) -> Numbers:
    views = main_views(seen.linear, seen.outputs, seen.heads)
    inside = ~seen.heads.outside
    chosen = seen.main

    def loss(numbers: Weights) -> float:
        chances = softmax(np.tensordot(numbers, views, 1))
        right = chances[np.arange(len(chosen)), chosen]
        # Which of the types outside the field it is does not matter here.
        right = np.where(inside[chosen], right, chances[:, ~inside].sum(axis=1))
        return float(-(seen.types_weights * logs(right)).sum())

    main = _least(loss, np.array(_MAIN_START))
    kind = _fit_plain(seen.linear.kind, seen.outputs[:, seen.heads.kind], seen.kind, seen.weights)
    urgency = _fit_plain(
        seen.linear.urgency,
        seen.outputs[:, seen.heads.urgency],
        seen.urgency,
        seen.urgency_weights,
    )
    return Numbers(main=main, present=list(_PRESENT_START), kind=kind, urgency=urgency)


def _fit_plain(
    linear: Floats, outputs: Floats, chosen: npt.NDArray[np.integer[Any]], weights: Weights
) -> list[float]:
    def loss(numbers: Weights) -> float:
        chances = weighed(linear, outputs, numbers)
        return float(-(weights * logs(chances[np.arange(len(chosen)), chosen])).sum())

    return _least(loss, np.array([*_PLAIN_START, *[0.0] * linear.shape[1]]))


def _fit_present(seen: Seen, numbers: Numbers) -> Numbers:
    main = softmax(
        np.tensordot(np.array(numbers.main), main_views(seen.linear, seen.outputs, seen.heads), 1)
    )
    views = present_views(seen.linear, seen.outputs, seen.heads, main)

    def loss(weights: Weights) -> float:
        odds = np.tensordot(weights[:-1], views, 1) + weights[-1]
        off = np.logaddexp(0, np.where(seen.present > 0, -odds, odds))
        return float((seen.types_weights[:, None] * off).sum())

    present = _least(loss, np.array(_PRESENT_START))
    return Numbers(main=numbers.main, present=present, kind=numbers.kind, urgency=numbers.urgency)


def _least(loss: Callable[[Weights], float], start: Weights) -> list[float]:
    """Find the numbers of the least loss, held a little at where they start."""

    def held(numbers: Weights) -> float:
        return loss(numbers) + _HELD * float(((numbers - start) ** 2).sum())

    found = minimize(held, start, method="L-BFGS-B").x
    return [round(float(number), 5) for number in found]


def _certain(seen: Seen, guess: Probabilities) -> float:
    """Find from which certainty on the linear model alone is right as often, in every head."""
    sure = certainty(seen.linear, seen.heads.outside)
    lost = _right(seen, guess) - _right(seen, seen.linear)
    for limit in _TRIED:
        alone = sure >= limit
        if (lost[:, alone].sum(axis=1) <= np.array([0, 0, _LESS * alone.sum()])).all():
            return limit
    return _NEVER


def _right(seen: Seen, said: Probabilities) -> npt.NDArray[np.int64]:
    """Tell which texts are read rightly: a row for main type, request type and urgency."""
    told = seen.urgency_weights > 0
    rows = (
        _main_right(seen, said.main),
        said.kind.argmax(axis=1) == seen.kind,
        told & (said.urgency.argmax(axis=1) == seen.urgency),
    )
    return np.stack(rows).astype(np.int64)


def _main_right(seen: Seen, main: Floats) -> npt.NDArray[np.bool_]:
    beyond = seen.heads.outside
    inside = np.where(beyond, -1.0, main)
    out = main[:, beyond].sum(axis=1) > inside.max(axis=1)
    right: npt.NDArray[np.bool_] = np.where(
        beyond[seen.main], out, ~out & (inside.argmax(axis=1) == seen.main)
    )
    return right
