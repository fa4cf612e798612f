"""Writing what was learned of a city's places: a list that people can read and strike, and weights.

The list names each place with its kind and counts; the weights hold hashes and small numbers, no
text. Both carry the same version, a digest of what they were learned from.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from classifier.place_figures import Figures
from classifier.place_learning import Learned
from classifier.place_model import write_weights
from classifier.place_names import Place

_COLUMNS: Final = ("name", "kind", "adcodes", "messages", "counts", "source")


def write_learned(path: Path, learned: Learned, figures: Figures) -> tuple[Path, Path]:
    """Write list and weights, the weights beside the list; gives both paths."""
    weights = path.with_suffix(".npz")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        _remarks(learned, figures) + _table(learned.places), encoding="utf-8", newline=""
    )
    write_weights(weights, learned.weights)
    return path, weights


def _remarks(learned: Learned, figures: Figures) -> str:
    head = learned.weights.head
    learned_from = f"{head.tickets} 条已知区县的往来工单({head.groups} 组)"
    judged = f"给出区县的占 {figures.coverage:.4f},其中正确 {figures.precision:.4f}"
    lines = (
        f"由 jiesu learn-places 从 {learned_from}学得,版本 {head.version}。",
        "counts 是各区县提到该地名的工单组数;少于三组的不计数,只凭工单的地名至少三组。",
        "可删去任何一行:删去的地名不再作为依据,也不再参与文字判断。不要改列名。",
        f"{figures.folds} 折检验(去掉区县名):最佳猜测 {figures.overall:.4f};{judged}。",
    )
    return "".join(f"# {line}\n" for line in lines)


def _table(places: Iterable[Place]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for place in places:
        row = msgspec.to_builtins(place)
        writer.writerow(
            "|".join(cell) if isinstance(cell, (list, tuple)) else cell or ""
            for cell in (row[column] for column in _COLUMNS)
        )
    return out.getvalue()
