"""Champion against challenger on texts that neither learned from: what fell, and whether too far.

A figure may fall by what three texts are worth, at least by a hundredth (macro-F1, and precision of
what goes without review: two; its share: five); the calibration error may grow by two hundredths;
the F1 of a main type with eight texts or more may fall by a tenth, and by two texts where that is
more.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from classifier.evaluate import Report

_TEXTS: Final = 3
_LEAST_FALL: Final = {"macro_f1": 0.02}
_FALL: Final = 0.01
_PRECISION_FALL: Final = 0.02
_COVERAGE_FALL: Final = 0.05
_ECE_GROWTH: Final = 0.02
#: From how many texts on a class is judged by itself, and how far its F1 may fall.
CLASS_TEXTS: Final = 8
_CLASS_FALL: Final = 0.1
_CLASS_TEXTS_LOST: Final = 2


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both readers on one set; `allowed` is how much worse the new one may be."""

    figures_of: str
    name: str
    rows: int
    champion: float
    challenger: float
    allowed: float
    failed: bool

    def __str__(self) -> str:
        """Write `dev main 0.8000 → 0.7500`."""
        return f"{self.figures_of} {self.name} {self.champion:.4f} → {self.challenger:.4f}"


def compare(champion: Mapping[str, Report], challenger: Mapping[str, Report]) -> list[Check]:
    """Give all checks over the sets that both were measured on."""
    return [
        check
        for name, old in champion.items()
        if name in challenger
        for check in (
            *_overall(name, old, challenger[name]),
            *_classes(name, old, challenger[name]),
        )
    ]


def verdict(checks: list[Check]) -> str:
    """Say in what the challenger falls behind; empty where it does not."""
    return "、".join(str(check) for check in checks if check.failed)


def _both(name: str, old: Report, new: Report) -> Iterator[Check]:
    yield from _overall(name, old, new)
    yield from _classes(name, old, new)


def _overall(name: str, old: Report, new: Report) -> Iterator[Check]:
    after = new.figures()
    for figure, before in old.figures().items():
        allowed = max(_LEAST_FALL.get(figure, _FALL), _TEXTS / old.rows)
        yield _check(name, figure, old.rows, (before, after[figure]), allowed)
    alone = max(round(old.coverage * old.rows), 1)
    if new.coverage:
        allowed = max(_PRECISION_FALL, _TEXTS / alone)
        yield _check(name, "precision", alone, (old.precision, new.precision), allowed)
    allowed = max(_COVERAGE_FALL, _TEXTS / old.rows)
    yield _check(name, "coverage", old.rows, (old.coverage, new.coverage), allowed)
    yield _check(name, "ece", old.rows, (old.ece, new.ece), _ECE_GROWTH)


def _classes(name: str, old: Report, new: Report) -> Iterator[Check]:
    for code, row in old.per_class.items():
        n = int(row["n"])
        if n >= CLASS_TEXTS:
            after = new.per_class.get(code, {"f1": 0.0})["f1"]
            allowed = max(_CLASS_FALL, _CLASS_TEXTS_LOST / n)
            yield _check(name, code, n, (row["f1"], after), allowed)


def _check(name: str, figure: str, rows: int, pair: tuple[float, float], allowed: float) -> Check:
    worse = pair[1] - pair[0] if figure == "ece" else pair[0] - pair[1]
    return Check(
        figures_of=name,
        name=figure,
        rows=rows,
        champion=pair[0],
        challenger=pair[1],
        allowed=round(allowed, 4),
        failed=worse > round(allowed, 4),
    )
