"""Fitting the second ear for emergencies (alarm.py) from texts that were judged by reading.

It learns from data/hazard_examples.jsonl (`hazard`), from data/written_examples.jsonl and from what
the data folder holds (`urgency`, P0 being the emergency). The same texts give the same weights.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.alarm import BITS, grams
from classifier.corpus import CORRECTIONS, WRITTEN
from classifier.frozen import is_frozen
from classifier.normalize import fold

DATA: Final = Path(__file__).with_name("data")
_STRENGTH: Final = 3.0
#: An emergency counts for so many calm texts.
_EMERGENCY: Final = 3.0
#: A text on the edge counts for more than one taken as it came.
_WEIGHTS: Final = {"hazard_examples.jsonl": 3.0, WRITTEN.name: 1.0}
_OTHER: Final = 0.5
#: Of these files a share is kept back to compare readers on.
_COMPARED: Final = (WRITTEN.name, CORRECTIONS)
_OWN: Final = tuple(DATA / name for name in _WEIGHTS)

Floats = npt.NDArray[np.float64]


class _Line(msgspec.Struct):
    """What is read of a line."""

    text: str
    title: str | None = None
    hazard: bool | None = None
    urgency: str = ""


class Judged(NamedTuple):
    """A text, whether it tells of an emergency, and how much it counts."""

    text: str
    hazard: bool
    weight: float


def teach(more: Sequence[Path], path: Path) -> None:
    """Fit an ear on our own texts and on `more` files, and write its weights."""
    fit(judged([*_OWN, *more]), path)


def judged(paths: Iterable[Path]) -> list[Judged]:
    """Read files of judged texts, one JSON object a line, but for what readers are compared on."""
    found: list[Judged] = []
    for path in paths:
        weight = _WEIGHTS.get(path.name, _OTHER)
        for raw in path.read_text(encoding="utf-8").splitlines():
            line = msgspec.json.decode(raw, type=_Line)
            if path.name in _COMPARED and is_frozen(line.text):
                continue
            hazard = line.hazard if line.hazard is not None else line.urgency == "P0"
            text = f"{line.title}\n{line.text}" if line.title else line.text
            found.append(Judged(fold(text), hazard, weight * (_EMERGENCY if hazard else 1)))
    return found


def fit(texts: Sequence[Judged], path: Path) -> None:
    """Fit the ear and write its weights."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - only training needs it
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only training needs it

    counted = [np.unique(grams(one.text).keys, return_counts=True) for one in texts]
    seen = np.bincount(np.concatenate([keys for keys, _ in counted]), minlength=1 << BITS)
    idf: Floats = np.log((1 + len(texts)) / (1 + seen)) + 1
    rows = [_row(keys, counts, idf) for keys, counts in counted]
    ends = np.cumsum([0, *(len(keys) for keys, _ in counted)])
    columns = np.concatenate([keys for keys, _ in counted])
    table = csr_matrix((np.concatenate(rows), columns, ends), shape=(len(texts), 1 << BITS))
    model = LogisticRegression(C=_STRENGTH, max_iter=1000)
    model.fit(table, [one.hazard for one in texts], sample_weight=[one.weight for one in texts])
    np.savez_compressed(
        path,
        weights=model.coef_[0].astype(np.float16),
        idf=idf.astype(np.float16),
        bias=np.float32(model.intercept_[0]),
    )


def _row(keys: npt.NDArray[np.uint32], counts: npt.NDArray[np.int64], idf: Floats) -> Floats:
    values: Floats = (1 + np.log(counts)) * idf[keys]
    length: Floats = np.sqrt((values**2).sum())
    return values / (length or 1.0)
