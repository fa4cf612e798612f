"""The model card: what the weights learned from, how good they are, and where they are weak."""

from collections import Counter
from pathlib import Path
from typing import Final

from classifier.corpus import Corpus
from classifier.evaluate import Report
from classifier.linear import Card

_TEMPLATE: Final = Path(__file__).with_name("data") / "card.md"


def model_card(card: Card, report: Report, corpus: Corpus) -> str:
    """Write the card in Markdown."""
    return _TEMPLATE.read_text(encoding="utf-8").format(
        version=card.version,
        features=card.features,
        outputs=card.outputs,
        real=corpus.real,
        others=len(corpus.others),
        written=len(corpus.gold) - corpus.real,
        weight=card.written_weight,
        rows=report.rows,
        figures="\n".join(_figures(report)),
        classes="\n".join(_classes(report, corpus)),
    )


def _figures(report: Report) -> list[str]:
    rows = {
        "main type, Z as one": report.main,
        "main type, each code": report.main_exact,
        "macro-F1 of main types with at least 5 texts": report.macro_f1,
        "all types of a text, F1": report.types_f1,
        "first level": report.first_level,
        "pollution or not": report.pollution,
        "request type": report.kind,
        "urgency (with the rules)": report.urgency,
        "calibration error of the main type": report.ece,
        "share that needs no person for its type": report.coverage,
        "of these right": report.precision,
    }
    return [f"| {name} | {value:.3f} |" for name, value in rows.items()]


def _classes(report: Report, corpus: Corpus) -> list[str]:
    real = Counter(gold.types[0] for gold in corpus.gold[: corpus.real])
    own = Counter(gold.types[0] for gold in corpus.gold[corpus.real :])
    lines = [
        "| main type | real texts learned | own examples | in the set | precision | recall | F1 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in report.per_class.items():
        known = [
            sum(n for code, n in some.items() if code.startswith(name)) for some in (real, own)
        ]
        figures = " | ".join(f"{row[key]:.2f}" for key in ("precision", "recall", "f1"))
        lines.append(f"| {name} | {known[0]} | {known[1]} | {row['n']:.0f} | {figures} |")
    return lines


def _counted(texts: Counter[str], name: str) -> int:
    """Count the texts of a type; Z stands for all that start with it."""
    return sum(n for code, n in texts.items() if code.startswith(name))
