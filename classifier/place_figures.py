"""How good the reading of places is, in figures."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.place_material import Material
from classifier.place_model import Floats
from models.tags import PlaceTag

_EVERY: Final = 100
_BINS: Final = 10
_SHARES: Final = (20, 30, 40, 50, 60, 70)
Hits = npt.NDArray[np.bool_]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How good it is on texts it did not learn from.

    `overall` is the share of right best guesses, forced where it would have said nothing.
    `coverage` is the share of texts for which a county is named, `precision` how many of those are
    right; `curve` is the precision of the surest texts, by their share of all.
    `elsewhere_named` is the share of texts about other cities that got a county here.
    """

    tickets: int
    groups: int
    folds: int
    overall: float
    precision: float
    coverage: float
    curve: dict[str, float]
    calibration_error: float
    per_county: dict[str, dict[str, float]]
    threshold: float
    elsewhere_n: int
    elsewhere_named: float


def figures(
    material: Material,
    said: Sequence[PlaceTag],
    folds: int,
    least: Sequence[float],
    strangers: float,
) -> Figures:
    """Compare what was said of each case with its county; `least` are the folds' thresholds."""
    gold = [case.county for case in material.cases]
    usual = max(material.sources.counties, key=gold.count)
    forced = [_best_guess(tag, material.sources.counties) or usual for tag in said]
    hits = np.array([a == b for a, b in zip(forced, gold, strict=True)])
    told = np.array([tag.adcode is not None for tag in said])
    p = np.array([tag.p for tag in said])
    return Figures(
        tickets=len(gold),
        groups=len({case.group for case in material.cases}),
        folds=folds,
        overall=round(float(hits.mean()), 4),
        precision=round(float(hits[told].mean()), 4) if told.any() else 0.0,
        coverage=round(float(told.mean()), 4),
        curve=_curve(p, hits),
        calibration_error=_calibration(p[told], hits[told]),
        per_county=_per_county(gold, forced, said),
        threshold=round(float(np.mean(least)), 4),
        elsewhere_n=len(material.sources.elsewhere),
        elsewhere_named=round(strangers, 4),
    )


def _best_guess(tag: PlaceTag, counties: Sequence[str]) -> str | None:
    own = (code for code in tag.candidates if code in counties)
    return tag.adcode or next(own, None)


def _curve(p: Floats, hits: Hits) -> dict[str, float]:
    """Give the precision of the surest texts, by their share of all."""
    order = np.argsort(-p, kind="stable")
    ends = {share: max(1, len(order) * share // _EVERY) for share in _SHARES}
    return {
        f"{share}%": round(float(hits[order[:end]].mean()), 4)
        for share, end in ends.items()
        if p[order[end - 1]] > 0
    }


def _calibration(p: Floats, hits: Hits) -> float:
    """Give the mean gap between probability and outcome, in ten equal bins."""
    if not len(p):
        return 0.0
    bins = np.minimum((p * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(p[bins == one].mean() - hits[bins == one].mean()) * (bins == one).sum()
        for one in np.unique(bins)
    ]
    return round(float(sum(gaps) / len(p)), 4)


def _per_county(
    gold: Sequence[str], forced: Sequence[str], said: Sequence[PlaceTag]
) -> dict[str, dict[str, float]]:
    table = {}
    for code in sorted(set(gold)):
        own = [at for at, county in enumerate(gold) if county == code]
        told = [at for at, tag in enumerate(said) if tag.adcode == code]
        table[code] = {
            "n": len(own),
            "recall": round(sum(forced[at] == code for at in own) / len(own), 4),
            "named": len(told),
            "precision": round(sum(gold[at] == code for at in told) / max(1, len(told)), 4),
        }
    return table
