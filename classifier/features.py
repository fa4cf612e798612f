"""From documents to weighted n-grams, in whole batches of numpy operations.

A feature is a 32-bit key: a hash of its group and characters, the same on every machine and run.
Groups: words, runs of two to four characters, and for the heading alone words, pairs and runs.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from classifier.document import Document

Keys = npt.NDArray[np.uint32]
Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

WORD, RUN, HEAD = range(3)
GROUPS: Final = 3
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_INVERSE: Final = np.uint64(pow(int(_BASE), -1, 1 << 64))
_RUNS: Final = (2, 3, 4)
_HEAD_RUNS: Final = (1, 2, 3)
_HAN: Final = (0x3400, 0x9FFF)


class Grams(NamedTuple):
    """All n-grams of a batch, with repeats: the document's number, the group, the key."""

    document: Ids
    group: npt.NDArray[np.uint8]
    key: Keys


_NOTHING: Final = Grams(np.empty(0, np.int32), np.empty(0, np.uint8), np.empty(0, np.uint32))


class _Batch(NamedTuple):
    """A batch's characters in one line: codes, owner, whether of a word, whether in the heading.

    `prefix` and `powers` give the hash of any stretch in two look-ups.
    """

    codes: npt.NDArray[np.uint64]
    owner: Ids
    wordlike: npt.NDArray[np.bool_]
    in_head: npt.NDArray[np.bool_]
    prefix: npt.NDArray[np.uint64]
    powers: npt.NDArray[np.uint64]


def grams(documents: Sequence[Document]) -> Grams:
    """Give the n-grams of the documents."""
    batch = _line_up(documents)
    parts = [_NOTHING, *_word_grams(batch, documents), *_run_grams(batch)]
    return Grams(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _line_up(documents: Sequence[Document]) -> _Batch:
    line = "".join(document.bare for document in documents)
    codes = np.frombuffer(line.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.array([len(document.bare) for document in documents], dtype=np.int64)
    heads = np.array([document.head for document in documents], dtype=np.int64)
    owner = np.repeat(np.arange(len(documents), dtype=np.int32), lengths)
    place = np.arange(len(codes)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    digit = (codes >= ord("0")) & (codes <= ord("9"))
    letter = (codes >= ord("a")) & (codes <= ord("z"))
    han = (codes >= _HAN[0]) & (codes <= _HAN[1])
    plain = np.where(digit, ord("0"), codes).astype(np.uint64)
    powers = _powers(_BASE, len(codes) + 1)
    steps = plain * _powers(_INVERSE, len(codes))
    prefix = np.concatenate((np.zeros(1, np.uint64), np.cumsum(steps, dtype=np.uint64)))
    return _Batch(
        plain, owner, digit | letter | han, place < np.repeat(heads, lengths), prefix, powers
    )


def _powers(base: np.uint64, count: int) -> npt.NDArray[np.uint64]:
    factors = np.full(count, base, dtype=np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _mix(value: npt.NDArray[np.uint64], salt: int) -> Keys:
    value = value ^ np.uint64(salt * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (value >> np.uint64(32)).astype(np.uint32)


def _word_grams(batch: _Batch, documents: Sequence[Document]) -> list[Grams]:
    lengths = np.fromiter(
        chain.from_iterable(map(len, document.words) for document in documents), dtype=np.int64
    )
    ends = np.cumsum(lengths)
    starts = ends - lengths
    if not len(lengths):
        return []
    good = batch.wordlike[starts] & batch.wordlike[ends - 1]
    hashed = (batch.prefix[ends] - batch.prefix[starts]) * batch.powers[starts]
    owner = batch.owner[starts]
    joined = good[:-1] & good[1:] & (owner[:-1] == owner[1:])
    pair = hashed[:-1] * np.uint64(31) + hashed[1:]
    return [
        _tell(owner, WORD, _mix(hashed, 1), good),
        _tell(owner, HEAD, _mix(hashed, 3), good & batch.in_head[starts]),
        _tell(owner[:-1], HEAD, _mix(pair, 4), joined & batch.in_head[starts[1:]]),
    ]


def _run_grams(batch: _Batch) -> list[Grams]:
    found: list[Grams] = []
    for size in sorted({*_RUNS, *_HEAD_RUNS}):
        count = len(batch.codes) - size + 1
        if count <= 0:
            break
        good = batch.owner[:count] == batch.owner[size - 1 :]
        for step in range(size):
            good &= batch.wordlike[step : step + count]
        hashed = (batch.prefix[size:] - batch.prefix[:count]) * batch.powers[:count]
        if size in _RUNS:
            found.append(_tell(batch.owner[:count], RUN, _mix(hashed, 10 + size), good))
        if size in _HEAD_RUNS:
            inside = good & batch.in_head[size - 1 :]
            found.append(_tell(batch.owner[:count], HEAD, _mix(hashed, 20 + size), inside))
    return found


def _tell(owner: Ids, group: int, keys: Keys, chosen: npt.NDArray[np.bool_]) -> Grams:
    picked = keys[chosen]
    return Grams(owner[chosen], np.full(len(picked), group, np.uint8), picked)
