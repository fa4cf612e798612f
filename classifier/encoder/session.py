"""The encoder at work: batches of texts through onnxruntime, without torch.

A batch is cut into pieces at once and read text by text, on as many threads as there are cores:
measured, that is faster than filling texts up to one length, and since numbers of one byte are
scaled by what stands beside them, it keeps what is said of a text from depending on its neighbours.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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
#: Memory is shared between cores: more threads than this hardly read faster.
_MOST_THREADS: Final = 4
#: Adding and norming as one step takes onnxruntime several times as long as one after the other.
_SLOWER_FUSED: Final = "SkipLayerNormFusion"


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
        threads = threads or min(_MOST_THREADS, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="encoder")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        path = folder / WEIGHTS
        try:
            self._session = onnxruntime.InferenceSession(
                str(path),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=[_SLOWER_FUSED],
            )
        except Exception as error:  # the library raises nothing more special
            detail = f"模型文件 {path.name} 缺失或损坏,请重新安装或训练。"
            raise Unavailable("model_unreadable", detail) from error

    def read(self, documents: Sequence[Document]) -> Said:
        """Read a batch of texts; the order of the answers is theirs."""
        pieces = self._reader.read(documents)
        read = list(self._pool.map(self._run, [one.ids for one in pieces]))
        return Said(np.stack([said for said, _ in read]), [shares for _, shares in read], pieces)

    def _run(self, ids: list[int]) -> tuple[Floats, Floats]:
        said, shares = self._session.run(None, {"pieces": np.array([ids], dtype=np.int64)})
        return said[0], shares[0]
