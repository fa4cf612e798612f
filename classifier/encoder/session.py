"""The encoder at work: batches of texts through onnxruntime, without torch."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime

from classifier.document import Document
from classifier.encoder.text import Pieces, Reader
from models.errors import Unavailable

Floats = npt.NDArray[np.floating[Any]]

WEIGHTS: Final = "encoder.onnx"
TOKENIZER: Final = "tokenizer.json"
#: Texts in one run; more only wait for the longest of them.
_BATCH: Final = 8
_PAD: Final = 1
#: More threads than this only take turns on texts of this length.
_MOST_THREADS: Final = 2


class Said(NamedTuple):
    """What the encoder says of a batch of texts.

    `outputs` has a row a text, columns as Heads. `shares` says of each piece of each text how much
    it adds to each main type's output: they sum to it, but for a constant.
    """

    outputs: Floats
    shares: list[Floats]
    pieces: list[Pieces]


class Encoder:
    """A trained encoder; read-only, one for all threads."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        """Read the weights and the tokenizer of a folder; Unavailable when one cannot be read."""
        self._reader = Reader(folder / TOKENIZER)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or min(_MOST_THREADS, os.cpu_count() or 1)
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        path = folder / WEIGHTS
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the library raises nothing more special
            detail = f"模型文件 {path.name} 缺失或损坏,请重新安装或训练。"
            raise Unavailable("model_unreadable", detail) from error

    def read(self, documents: Sequence[Document]) -> Said:
        """Read a batch of texts; the order of the answers is theirs."""
        pieces = self._reader.read(documents)
        outputs: list[Floats] = [np.empty(0)] * len(pieces)
        shares: list[Floats] = [np.empty(0)] * len(pieces)
        for batch in _batches(pieces):
            said, shared = self._run([pieces[index].ids for index in batch])
            for row, index in enumerate(batch):
                outputs[index] = said[row]
                shares[index] = shared[row, : len(pieces[index].ids)]
        return Said(np.stack(outputs), shares, pieces)

    def _run(self, texts: Sequence[list[int]]) -> tuple[Floats, Floats]:
        width = max(len(ids) for ids in texts)
        filled = np.full((len(texts), width), _PAD, dtype=np.int64)
        for row, ids in enumerate(texts):
            filled[row, : len(ids)] = ids
        said, shared = self._session.run(None, {"pieces": filled})
        return said, shared


def _batches(pieces: Sequence[Pieces]) -> Iterator[list[int]]:
    """Put texts of like length together, so that little is read that only fills up."""
    order = sorted(range(len(pieces)), key=lambda index: len(pieces[index].ids))
    for at in range(0, len(order), _BATCH):
        yield order[at : at + _BATCH]
