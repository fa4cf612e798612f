"""The model card: what the weights learned from, how good they are, and where they are weak."""

import csv
import gzip
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from classifier.corpus import READ, WRITTEN, Message, read_all_gold, read_corrections
from classifier.evaluate import Report
from classifier.frozen import is_frozen
from classifier.linear import read_weights

_TEMPLATE: Final = Path(__file__).with_name("data") / "card.md"
_ENCODER_TEMPLATE: Final = _TEMPLATE.with_name("card_encoder.md")
_SETS: Final = {
    "dev": "the frozen development set: real messages that no weight was learned from",
    "written": "what is kept back of our own examples: rare types, operators' and chat styles",
    "corrections": "what is kept back of a city's corrections: texts that a reader got wrong",
}


class Stock(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader learned from: main types of the real texts and of our own, counts of others.

    `twice` of the real texts were read by two.
    """

    real: Counter[str]
    read: int
    twice: int
    corrected: int
    own: Counter[str]
    others: int


def take_stock(data: Path) -> Stock:
    """Count what the data folder and our own examples hold for learning."""
    path = data / "messages_train.jsonl.gz"
    ids: list[str] = []
    if path.is_file():
        with gzip.open(path) as stream:
            ids = [msgspec.json.decode(line, type=Message).id for line in stream]
    with READ.open(encoding="utf-8", newline="") as stream:
        labels = {row["id"]: row["types"].partition("|")[0] for row in csv.DictReader(stream)}
    real = read_all_gold(data / "complaints_train.jsonl")
    dev = data / "complaints_dev.jsonl"
    taken = {row.id for row in (*real, *(read_all_gold(dev) if dev.is_file() else ()))}
    free = [name for name in ids if name not in taken]
    read = [labels[name] for name in free if name in labels]
    corrected = [row for row in read_corrections(data) if not is_frozen(row.text)]
    own = [row for row in read_all_gold(WRITTEN) if not is_frozen(row.text)]
    return Stock(
        real=Counter([*(row.types[0] for row in (*real, *corrected)), *read]),
        read=len(read),
        corrected=len(corrected),
        own=Counter(row.types[0] for row in own),
        twice=sum(row.id in labels for row in real),
        others=len(free) - len(read),
    )


def model_card(folder: Path, reports: Mapping[str, Report], stock: Stock) -> str:
    """Write the card of the reader in a folder, in Markdown."""
    card = read_weights(folder / "linear.npz")[1]
    encoder = folder / "encoder.onnx"
    return _TEMPLATE.read_text(encoding="utf-8").format(
        version=next(iter(reports.values())).model,
        features=card.features,
        outputs=card.outputs,
        encoder=_encoder(encoder) if encoder.is_file() else "",
        real=stock.real.total() - stock.read - stock.corrected,
        read=stock.read,
        twice=stock.twice,
        corrected=stock.corrected,
        others=stock.others,
        written=stock.own.total(),
        weight=card.written_weight,
        figures="\n\n".join(_set(name, report) for name, report in reports.items()),
        classes="\n".join(_classes(next(iter(reports.values())), stock)),
    )


def _encoder(path: Path) -> str:
    text = _ENCODER_TEMPLATE.read_text(encoding="utf-8").strip()
    return f"\n{text.format(megabytes=path.stat().st_size / 1e6)}\n"


def _set(name: str, report: Report) -> str:
    head = f"On {_SETS.get(name, name)} ({report.rows} texts):"
    return "\n".join(
        [head, "", "| figure | value | 95 % of draws |", "|---|---|---|", *_rows(report)]
    )


def _rows(report: Report) -> list[str]:
    rows = {
        "main type, Z as one": ("main", report.main),
        "main type, of the texts about pollution": ("main_pollution", report.main_pollution),
        "main type, each code": ("main_exact", report.main_exact),
        "macro-F1 of main types with at least 5 texts": ("macro_f1", report.macro_f1),
        "all types of a text, F1": ("types_f1", report.types_f1),
        "first level": ("first_level", report.first_level),
        "pollution or not": ("pollution", report.pollution),
        "request type": ("kind", report.kind),
        "urgency (with the rules)": ("urgency", report.urgency),
        "calibration error of the main type": ("ece", report.ece),
        "share that needs no person for its type": ("coverage", report.coverage),
        "of these right": ("precision", report.precision),
    }
    return [
        f"| {name} | {value:.3f} | {_bounds(report, key)} |" for name, (key, value) in rows.items()
    ]


def _bounds(report: Report, key: str) -> str:
    low, high = report.intervals.get(key, (None, None))
    return f"{low:.3f} to {high:.3f}" if low is not None and high is not None else ""


def _classes(report: Report, stock: Stock) -> list[str]:
    lines = [
        "| main type | real texts learned | own examples | in the set | precision | recall | F1 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in report.per_class.items():
        real, own = _counted(stock.real, name), _counted(stock.own, name)
        figures = " | ".join(f"{row[key]:.2f}" for key in ("precision", "recall", "f1"))
        lines.append(f"| {name} | {real} | {own} | {row['n']:.0f} | {figures} |")
    return lines


def _counted(texts: Counter[str], name: str) -> int:
    """Count the texts of a type; Z stands for all that start with it."""
    return sum(n for code, n in texts.items() if code.startswith(name))
