"""The figures, against counts made by hand."""

import numpy as np
import pytest

from classifier import metrics

GOLD = ["A03", "A03", "N02", "Z", "Z"]
SAID = ["A03", "N02", "N02", "Z", "A03"]


def test_accuracy_counts_what_is_right() -> None:
    """Three of five are right; nothing asked gives 0."""
    assert metrics.accuracy(GOLD, SAID) == 0.6
    assert metrics.accuracy([], []) == 0


def test_the_table_has_precision_recall_and_f1() -> None:
    """A03: one of two found, one of two named is right."""
    row = metrics.per_class(GOLD, SAID)["A03"]
    assert row == {"n": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5}


def test_macro_f1_weighs_classes_alike_and_leaves_rare_ones_out() -> None:
    """The mean of 0.5, 0.6667 and 0.6667; classes below the least count are left out."""
    assert metrics.macro_f1(GOLD, SAID) == pytest.approx(0.6111, abs=1e-3)
    assert metrics.macro_f1(GOLD, SAID, least=2) == pytest.approx(0.5833, abs=1e-3)


def test_calibration_error_is_the_gap_weighed() -> None:
    """Half sure and always right is 0.5 off; sure and right is 0."""
    assert metrics.calibration_error([0.5, 0.5], [True, True]) == 0.5
    assert metrics.calibration_error([1.0, 1.0], [True, True]) == 0
    assert metrics.calibration_error([], []) == 0


def test_all_z_codes_are_one_class() -> None:
    """Two halves of Z together outweigh a pollution type."""
    main = np.array([[0.4, 0.3, 0.3], [0.6, 0.2, 0.2]], dtype=np.float32)
    names, sure = metrics.main_confidence(main, ["A03", "Z05", "Z07"])
    assert names == ["Z", "A03"]
    assert sure.tolist() == pytest.approx([0.6, 0.6])
