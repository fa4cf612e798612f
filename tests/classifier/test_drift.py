"""Drift: what comes in beside what the reader was made for, from counts alone."""

from collections.abc import Mapping

import pytest

from classifier.drift import drift, psi
from classifier.releases import Reference
from models.db.learning import Reading

REFERENCE = Reference(rows=400, types={"A03": 0.5, "Z": 0.5}, doubt=0.3, confidence=0.8)


def readings(counts: Mapping[str, int], *, recent: bool = True) -> list[Reading]:
    """Make readings of these main types, a tenth of each at the desk, a fifth changed."""
    return [
        Reading(
            recent=recent,
            model="1",
            code=code,
            tenth=9,
            n=n,
            p=0.85 * n,
            review=n // 10,
            doubt=n // 20,
            corrected=n // 5,
        )
        for code, n in counts.items()
    ]


def test_the_index_is_nothing_for_the_same_and_grows_with_the_shift() -> None:
    """By hand: 0.5 and 0.5 against 0.8 and 0.2 is 0.3 ln 1.6 + 0.3 ln 2.5."""
    same = {"A": 0.5, "B": 0.5}
    assert psi(same, {"A": 10, "B": 10}) == 0
    assert psi(same, {"A": 80, "B": 20}) == pytest.approx(0.4159, abs=1e-3)


def test_rare_types_are_taken_together() -> None:
    """Which of many rare types it is does not count as a shift; a new common one does."""
    expected = {"A": 0.992, **{f"r{n}": 0.001 for n in range(8)}}
    assert psi(expected, {"A": 992, "r1": 8}) == pytest.approx(0, abs=1e-3)
    assert psi(expected, {"A": 500, "new": 500}) > 1


def test_a_city_is_judged_beside_reference_and_past() -> None:
    """Z codes are one; shares, confidence, corrections and both shifts are told."""
    found = drift(
        "430100",
        [*readings({"A03": 200, "Z05": 100, "Z07": 100}), *readings({"A03": 900}, recent=False)],
        REFERENCE,
    )
    assert (found.cases, found.review, found.confidence, found.corrected) == (400, 0.1, 0.85, 0.2)
    assert (found.doubt, found.reference_doubt) == (0.05, 0.3)
    assert found.psi == 0
    assert found.psi_past is not None
    assert found.psi_past > 1
    assert found.verdict == "shifted"
    assert [(one.code, one.n, one.reference) for one in found.types] == [
        ("A03", 200, 0.5),
        ("Z", 200, 0.5),
    ]
    assert found.tenths[8] == 1
    assert found.models == {"1": 400}


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({"A03": 50, "Z05": 50}, "too_few"),
        ({"A03": 200, "Z05": 200}, "steady"),
        ({"A03": 280, "Z05": 120}, "watch"),
        ({"A03": 360, "Z05": 40}, "shifted"),
        ({}, "too_few"),
    ],
)
def test_the_verdict_follows_the_usual_bounds(counts: dict[str, int], verdict: str) -> None:
    """Below 0.1 steady, above 0.25 shifted, and of few cases nothing is said."""
    assert drift("430100", readings(counts), REFERENCE).verdict == verdict


def test_without_a_reference_the_shares_are_told_nevertheless() -> None:
    """A reader that says nothing of its data is not judged beside it."""
    found = drift("430100", readings({"A03": 300}), None)
    assert (found.psi, found.psi_past, found.reference_doubt) == (None, None, None)
    assert found.review == 0.1
