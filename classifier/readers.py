"""The two acts on a reader's folder: making one out of data, and loading one."""

from pathlib import Path

from classifier.linear import LinearModel
from classifier.model import Model


def load(folder: Path) -> Model:
    """Load the reader of a folder; Unavailable where a file is missing or damaged."""
    return LinearModel.load(folder / "linear.npz")


def build(data: Path, out: Path, *, seed: int) -> None:
    """Train a reader on the data folder and write its files into `out`, which exists."""
    from classifier.corpus import load_corpus  # noqa: PLC0415 - serving needs no trainer
    from classifier.learning import learn  # noqa: PLC0415
    from classifier.linear import write_weights  # noqa: PLC0415

    learned = learn(load_corpus(data), seed)
    write_weights(out / "linear.npz", learned.arrays, learned.card)
