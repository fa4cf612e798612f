"""How a reader is made from a data folder: the linear model, the encoder, and how both are weighed.

The encoder is trained where torch is installed and the pretrained base lies beside the data folder;
otherwise the shipped one is taken as it is, and only how it is weighed is fitted anew.
"""

import importlib.util
import shutil
import zlib
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import structlog

from classifier.alarm import ALARM
from classifier.alarm_train import teach
from classifier.blend import BLEND, LINEAR
from classifier.blending import Seen, fit_blend
from classifier.combine import Combiner
from classifier.corpus import (
    CORRECTIONS,
    TRAIN,
    Corpus,
    Gold,
    held_out,
    load_corpus,
    read_all_gold,
    read_texts,
)
from classifier.document import Document
from classifier.encoder.session import TOKENIZER, WEIGHTS, Encoder
from classifier.encoder.text import Reader, shortened
from classifier.learning import KINDS, Learned, learn
from classifier.lexicon import lexicon
from classifier.linear import LinearModel, write_weights
from classifier.model import Probabilities
from classifier.releases import SHIPPED_FOLDER

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.train")

#: Where the pretrained encoder lies beside the data folder.
_BASE: Final = Path("models") / "base-encoder"
#: What a held-out text that was chosen for being hard counts beside one drawn at random.
_HARD: Final = 0.3
#: What a text of our own counts when the encoder learns.
_WRITTEN: Final = 0.5


def cook(data: Path, out: Path, seed: int) -> None:
    """Train on the data folder and write the reader's files into the folder `out`."""
    corpus = load_corpus(data)
    _log.info("corpus_read", real=corpus.real, all=len(corpus.gold), others=len(corpus.others))
    learned = learn(corpus, seed)
    write_weights(out / LINEAR, learned.arrays, learned.card)
    _log.info("linear_learned", version=learned.card.version)
    teach([data / TRAIN, *_corrected(data)], out / ALARM)
    base = data.parent / _BASE
    if base.is_dir() and importlib.util.find_spec("torch"):
        _train_encoder(corpus, base, out, seed)
    else:
        _log.info("encoder_taken_as_shipped")
        for name in (WEIGHTS, TOKENIZER):
            shutil.copyfile(SHIPPED_FOLDER / name, out / name)
    dev = read_all_gold(data / "complaints_dev.jsonl")
    weigh(corpus, learned, dev, out)


def _corrected(data: Path) -> list[Path]:
    """Give the file of corrections of a data folder, where it has one."""
    return [path for path in (data / CORRECTIONS,) if path.is_file()]


def _train_encoder(corpus: Corpus, base: Path, out: Path, seed: int) -> None:
    from classifier.encoder.adapt import adapt  # noqa: PLC0415 - torch is for training alone
    from classifier.encoder.export import export  # noqa: PLC0415
    from classifier.encoder.tune import tune  # noqa: PLC0415

    reader = Reader(base / TOKENIZER)
    mask = reader.number("<mask>")
    body = adapt(base, reader.whole([*corpus.others, *corpus.documents]), mask, seed)
    rows = [index for index, gold in enumerate(corpus.gold) if not held_out(gold)]
    texts = [shortened(ids) for ids in reader.whole([corpus.documents[index] for index in rows])]
    weights = [1.0 if index < corpus.real else _WRITTEN for index in rows]
    names = (lexicon().codes, KINDS)
    network = tune(body, texts, [corpus.gold[index] for index in rows], weights, names, mask, seed)
    export(network, base / TOKENIZER, out)


def weigh(corpus: Corpus, learned: Learned, dev: tuple[Gold, ...], out: Path) -> None:
    """Fit how the models of a folder are weighed, on held-out texts and the development set."""
    rows = [index for index in range(corpus.real) if held_out(corpus.gold[index])]
    linear = LinearModel(learned.arrays, learned.card)
    inside = Combiner(learned.arrays, linear.codes).probabilities(
        learned.held_out[rows], learned.cues[rows]
    )
    texts = read_texts(dev)
    documents: list[Document] = [*(corpus.documents[index] for index in rows), *texts]
    said = Encoder(out).read(documents)
    gold = [*(corpus.gold[index] for index in rows), *dev]
    typical = np.array([*(index < corpus.typical for index in rows), *[True] * len(dev)])
    seen = Seen(
        _joined(inside, linear.predict(texts)),
        said.outputs,
        gold,
        np.where(typical, 1.0, _HARD),
        (linear.codes, linear.kinds),
    )
    digest = zlib.crc32((out / WEIGHTS).read_bytes(), zlib.crc32((out / LINEAR).read_bytes()))
    card = fit_blend(seen, typical, linear.ref.version, f"2-{digest:08x}")
    (out / BLEND).write_bytes(msgspec.json.format(msgspec.json.encode(card)))
    _log.info("models_weighed", version=card.version, held_out=len(rows), certain=card.certain)


def _joined(first: Probabilities, second: Probabilities) -> Probabilities:
    return Probabilities(
        main=np.concatenate((first.main, second.main)),
        present=np.concatenate((first.present, second.present)),
        kind=np.concatenate((first.kind, second.kind)),
        urgency=np.concatenate((first.urgency, second.urgency)),
    )
