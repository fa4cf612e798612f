"""From a text to the pieces that the encoder reads: the beginning and the end of a long one.

A message says its point in the title, the first or the last sentences; what lies between is left
out where it does not fit.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from tokenizers import Tokenizer

from classifier.document import Document
from models.errors import Unavailable
from models.tags import Span

_T = TypeVar("_T")
#: How many pieces are read, and how many of them from the beginning; one is about 1.4 characters.
LENGTH: Final = 176
_HEAD: Final = 112


class Pieces(NamedTuple):
    """The pieces of one text: their numbers, and the characters that each stands for."""

    ids: list[int]
    spans: list[Span]


class Reader:
    """Cuts texts into pieces; one for all threads."""

    def __init__(self, path: Path) -> None:
        """Read a tokenizer file; Unavailable when it is missing or damaged."""
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing more special
            detail = f"分词文件 {path.name} 缺失或损坏,请重新安装或训练。"
            raise Unavailable("model_unreadable", detail) from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    @property
    def size(self) -> int:
        """How many different pieces there are."""
        return int(self._tokenizer.get_vocab_size())

    def number(self, piece: str) -> int:
        """Give the number of a special piece; ValueError for one that there is not."""
        number = self._tokenizer.token_to_id(piece)
        if number is None:
            msg = f"no piece {piece}"
            raise ValueError(msg)
        return int(number)

    def read(self, documents: Sequence[Document]) -> list[Pieces]:
        """Give the pieces of each document, the middle of a long one left out."""
        found = self._tokenizer.encode_batch([document.raw for document in documents])
        return [Pieces(shortened(one.ids), shortened(one.offsets)) for one in found]

    def whole(self, documents: Sequence[Document]) -> list[list[int]]:
        """Give the numbers of all pieces of each document."""
        found = self._tokenizer.encode_batch([document.raw for document in documents])
        return [list(one.ids) for one in found]


def shortened(pieces: list[_T]) -> list[_T]:
    """Leave out the middle of what is longer than the encoder reads."""
    if len(pieces) <= LENGTH:
        return pieces
    return [*pieces[:_HEAD], *pieces[_HEAD - LENGTH :]]
