"""What a city could install instead, measured on the same texts: words, a linear SVM, a BERT.

The keyword rules are the majority of our own lexicon's cues. The SVM reads TF-IDF of characters and
words and learns from the same training file; it needs scikit-learn. The BERT has the size of
bert-base-chinese and random weights: its speed alone is told, and only where torch is installed.
"""

import importlib
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from classifier import metrics
from classifier.corpus import Gold, read_all_gold, read_texts
from classifier.counts import one_z
from classifier.document import Document
from classifier.evaluate import LEAST
from classifier.tokens import cutter
from models.errors import Invalid

_CHARACTERS: Final = (1, 3)
#: The peer is given its best: short inputs and batches of one length.
_TOKENS: Final = 128
_BERT_TEXTS: Final = 32
_BERT_BATCH: Final = 8
_VOCABULARY: Final = 21_128


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """One peer's figures where it has any, its speed, and what must be said of it."""

    name: str
    figures: dict[str, float] = {}
    texts_per_s: float | None = None
    note: str = ""


def peers(rows: Sequence[Gold], data: Path | None) -> list[Peer]:
    """Measure all peers that this installation can run; the others say what they lack."""
    return [_keywords(rows), _svm(rows, data), bert([_full(row) for row in rows])]


def _keywords(rows: Sequence[Gold]) -> Peer:
    started = time.perf_counter()
    said = [_majority(document) for document in read_texts(rows)]
    seconds = time.perf_counter() - started
    return Peer(
        name="keywords",
        figures=_judged(rows, said) | {"kind": _commonest_kind(rows)},
        texts_per_s=round(len(rows) / seconds, 1),
        note="词库线索的多数;诉求类型取最常见者",
    )


def _majority(document: Document) -> str:
    """Give the type with the most cues, in the heading twice; Z where there is none."""
    counts = {
        code: sum(2 if cue.in_head else 1 for cue in cues)
        for code, cues in document.reading.cues.items()
    }
    return max(counts, key=lambda code: counts[code]) if counts else "Z"


def _commonest_kind(rows: Sequence[Gold]) -> float:
    kinds = [row.kind for row in rows]
    return metrics.share(max(kinds.count(kind) for kind in set(kinds)), len(kinds))


def _svm(rows: Sequence[Gold], data: Path | None) -> Peer:
    name = "tfidf_svm"
    if data is None:
        return Peer(name=name, note="用 --data 指定数据目录后才有训练数据")
    try:
        learn = _learner()
    except ImportError:
        return Peer(name=name, note="需要附加组件:pip install 'jiesu[train]'")
    known = read_all_gold(data / "complaints_train.jsonl")
    texts = [_full(row) for row in known]
    main = learn(texts, [one_z(row.types[0]) for row in known])
    kind = learn(texts, [row.kind for row in known])
    asked = [_full(row) for row in rows]
    started = time.perf_counter()
    said = main(asked)
    seconds = time.perf_counter() - started
    kinds = metrics.accuracy([row.kind for row in rows], kind(asked))
    return Peer(
        name=name,
        figures=_judged(rows, said) | {"kind": kinds},
        texts_per_s=round(len(rows) / seconds, 1),
        note=f"同一训练文件 {len(known)} 条",
    )


Learned = Callable[[Sequence[str]], list[str]]


def _learner() -> Callable[[Sequence[str], Sequence[str]], Learned]:
    """Give what learns a classifier of texts; ImportError without scikit-learn."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - an extra
    from sklearn.pipeline import make_pipeline, make_union  # noqa: PLC0415
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    def learn(texts: Sequence[str], labels: Sequence[str]) -> Learned:
        characters = TfidfVectorizer(
            analyzer="char", ngram_range=_CHARACTERS, min_df=2, sublinear_tf=True
        )
        words = TfidfVectorizer(analyzer=cutter().cut, min_df=2, sublinear_tf=True)
        pipeline: Any = make_pipeline(
            make_union(characters, words), LinearSVC(C=0.5, random_state=0)
        )
        pipeline.fit(texts, labels)
        return lambda asked: [str(label) for label in pipeline.predict(asked)]

    return learn


def bert(texts: Sequence[str]) -> Peer:
    """Measure how many texts a second a model of BERT's base size reads through transformers."""
    name = "bert_base"
    try:
        torch: Any = importlib.import_module("torch")  # what serving does without
        transformers: Any = importlib.import_module("transformers")
    except ImportError:
        return Peer(name=name, note="未安装 torch,不测")
    if not texts:
        raise Invalid("texts_missing", "没有文本可测。")
    model = transformers.BertModel(transformers.BertConfig(vocab_size=_VOCABULARY)).eval()
    asked = [texts[index % len(texts)] for index in range(_BERT_TEXTS)]
    # One token a character, as the Chinese BERT cuts; sorted, so that padding costs little.
    lengths = sorted(min(len(text) + 2, _TOKENS) for text in asked)
    groups = iter(lengths)
    batches = []
    while group := list(islice(groups, _BERT_BATCH)):
        batches.append(torch.ones((len(group), max(group)), dtype=torch.long))
    with torch.inference_mode():
        model(batches[0])
        started = time.perf_counter()
        for batch in batches:
            model(batch)
        seconds = time.perf_counter() - started
    note = f"随机权重,只测速度;PyTorch fp32,{torch.get_num_threads()} 线程,截至 {_TOKENS} 字"
    return Peer(name=name, texts_per_s=round(len(asked) / seconds, 2), note=note)


def _judged(rows: Sequence[Gold], said: Sequence[str]) -> dict[str, float]:
    gold = [one_z(row.types[0]) for row in rows]
    main = [one_z(code) for code in said]
    inside = [pair for pair in zip(gold, main, strict=True) if pair[0] != "Z"]
    return {
        "main": metrics.accuracy(gold, main),
        "main_pollution": metrics.share(sum(a == b for a, b in inside), len(inside)),
        "first_level": metrics.accuracy([a[0] for a in gold], [a[0] for a in main]),
        "pollution": metrics.accuracy([a == "Z" for a in gold], [a == "Z" for a in main]),
        "macro_f1": metrics.macro_f1(gold, main, LEAST),
    }


def _full(row: Gold) -> str:
    return f"{row.title}\n{row.text}" if row.title else row.text
