"""Training as one act: learn, measure on the frozen development set, replace the model or refuse.

A model that is clearly worse in any figure than the one it would replace is refused, with the
reason. The same data and seed give the same weights.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import structlog

from classifier.card import model_card
from classifier.corpus import load_corpus, read_all_gold
from classifier.district import Districts
from classifier.engine import Tagger
from classifier.evaluate import Report, evaluate
from classifier.learning import learn
from classifier.linear import WEIGHTS, Card, LinearModel, read_weights
from models.city import City
from models.errors import Unavailable

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.train")
#: A figure may fall by this much: on 300 texts, three texts.
_TOLERANCE: Final = 0.01


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a training: the new model's figures, whether it was kept, and if not why."""

    kept: bool
    reason: str
    version: str
    report: Report
    bytes: int


def train(
    data: Path, cities: Sequence[City], *, out: Path = WEIGHTS, seed: int = 0, force: bool = False
) -> Outcome:
    """Train on the folder `data`, write weights and model card unless the new model regresses."""
    corpus = load_corpus(data)
    _log.info("corpus_read", real=corpus.real, all=len(corpus.gold), others=len(corpus.others))
    learned = learn(corpus, seed)
    dev = data / "complaints_dev.jsonl"
    model = LinearModel(learned.arrays, learned.card)
    city = cities[0].adcode if cities else None
    report, _ = evaluate(Tagger(model, Districts(tuple(cities))), read_all_gold(dev), city)
    card = msgspec.structs.replace(
        learned.card, measured=report.figures(), measured_on=_digest(dev)
    )
    worse = "" if force else regression(_champion(out), card)
    if worse:
        _log.warning("model_refused", reason=worse, version=card.version)
    else:
        write_weights(out, learned.arrays, card)
        out.with_name("MODEL_CARD.md").write_text(
            model_card(card, report, corpus), encoding="utf-8"
        )
        _log.info("model_replaced", version=card.version, **report.figures())
    size = out.stat().st_size if out.is_file() else 0
    return Outcome(kept=not worse, reason=worse, version=card.version, report=report, bytes=size)


def regression(champion: Card | None, challenger: Card) -> str:
    """Say in which figures the new model falls behind the old; empty where it does not."""
    if champion is None or champion.measured_on != challenger.measured_on:
        return ""
    falls = [
        f"{name} {old:.4f} → {challenger.measured[name]:.4f}"
        for name, old in champion.measured.items()
        if challenger.measured[name] < old - _TOLERANCE
    ]
    return "、".join(falls)


def _champion(path: Path) -> Card | None:
    """Read the card of the model in place; None where there is none that can be read."""
    try:
        return read_weights(path)[1]
    except Unavailable:
        return None


def write_weights(path: Path, arrays: Mapping[str, npt.NDArray[Any]], card: Card) -> None:
    """Write the weights whole or not at all."""
    encoded = np.frombuffer(msgspec.json.encode(card, order="deterministic"), dtype=np.uint8)
    partial = path.with_suffix(".part.npz")
    np.savez_compressed(partial, allow_pickle=False, card=encoded, **arrays)
    partial.replace(path)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
