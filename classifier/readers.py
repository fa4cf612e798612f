"""The two acts on a reader's folder: making one out of data, and loading one."""

from pathlib import Path

from classifier.blend import BLEND, LINEAR, BlendedModel
from classifier.linear import LinearModel
from classifier.model import Model


def load(folder: Path) -> Model:
    """Load the reader of a folder; Unavailable where a file is missing or damaged."""
    if (folder / BLEND).is_file():
        return BlendedModel.load(folder)
    return LinearModel.load(folder / LINEAR)


def build(data: Path, out: Path, *, seed: int) -> None:
    """Train a reader on the data folder and write its files into `out`, which exists."""
    from classifier.recipe import cook  # noqa: PLC0415 - serving needs no trainer

    cook(data, out, seed)
