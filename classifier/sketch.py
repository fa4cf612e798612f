"""A text as 512 bits, such that texts which say the same differ in few of them.

The text's pairs of characters are weighed by how seldom they are, and each bit tells on which side
of a fixed random plane the weighed sum lies (SimHash): the share of bits that differ is the angle
between two texts over pi. Any vector can be kept so, an encoder's too; `MAKER` names whose it is,
and only bits of one maker may be compared.

data/rarity.bin holds `rarity` of the 15,159 messages that the linear model's weights come from: one
byte for each of 262,144 hashed pairs, from which no text can be read.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from classifier.normalize import fold

BITS: Final = 512
_BUCKETS: Final = 1 << 18
#: Buckets share their planes four at a time, which keeps the table of planes at 4 MB.
_ROWS: Final = 1 << 16
_WEIGHTS: Final = Path(__file__).with_name("data") / "rarity.bin"
MAKER: Final = "pairs/1"
#: A long text is known by its beginning; what follows repeats it.
_LONGEST: Final = 1_200
#: How many texts are worked on at a time: their bits are numbers for a moment.
_CHUNK: Final = 16
_HAN: Final = (0x3400, 0x9FFF)
_SALT: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_STEP: Final = 16.0

#: A pair that fewer than one text in two thousand holds; two on end are part of somebody's name.
_RARE: Final = 7.8
#: The letter of the keys of unusual strings, beside the letters of classifier.named.
UNUSUAL: Final = "x"
_MOST_UNUSUAL: Final = 10

Words64 = npt.NDArray[np.uint64]


def sketches(texts: Sequence[str]) -> list[bytes]:
    """Give each text's 64 bytes; those of a text without words are all zero."""
    found: list[bytes] = []
    for start in range(0, len(texts), _CHUNK):
        found += _some(texts[start : start + _CHUNK])
    return found


def pairs(text: str) -> npt.NDArray[np.int64]:
    """Give the buckets of a text's pairs of neighbouring characters, with repeats."""
    buckets = _buckets(fold(text[:_LONGEST]))
    return buckets[buckets >= 0]


def unusual(text: str) -> list[str]:
    """Give the keys of a text's rarest strings of three characters: names that end in nothing.

    What is seldom written at all and stands in two texts is as good as a name in common (平和堂).
    """
    folded = fold(text[:_LONGEST])
    buckets = _buckets(folded)
    weights = np.where(buckets >= 0, _RARITY[buckets], 0)
    both = np.minimum(weights[:-1], weights[1:])
    rarest = np.argsort(-both, kind="stable")[:_MOST_UNUSUAL]
    return [f"{UNUSUAL}:{folded[at : at + 3]}" for at in rarest if both[at] >= _RARE]


def _buckets(folded: str) -> npt.NDArray[np.int64]:
    """Give the bucket of each pair of neighbouring characters, -1 where they are no letters."""
    line = folded.encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(line, dtype=np.uint32).astype(np.uint64)
    good = ((codes >= _HAN[0]) & (codes <= _HAN[1])) | ((codes >= ord("a")) & (codes <= ord("z")))
    hashed = _mix(codes[:-1] << np.uint64(32) | codes[1:]) >> np.uint64(46)
    return np.where(good[:-1] & good[1:], hashed.astype(np.int64), -1)


def rarity(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Measure on a body of texts how seldom each bucket's pairs are: log inverse share, by 16."""
    seen = np.zeros(_BUCKETS)
    for text in texts:
        seen[np.unique(pairs(text))] += 1
    weights = np.log((1 + len(texts)) / (1 + seen)) * _STEP
    return np.clip(np.rint(weights), 1, 255).astype(np.uint8)


def _some(texts: Sequence[str]) -> list[bytes]:
    sides = np.zeros((len(texts), BITS), dtype=np.float32)
    for row, text in enumerate(texts):
        buckets, counts = np.unique(pairs(text), return_counts=True)
        weights = (_RARITY[buckets] * (1 + np.log(counts))).astype(np.float32)
        sides[row] = weights @ np.unpackbits(_PLANES[buckets % _ROWS], axis=1) * 2 - weights.sum()
    return [row.tobytes() for row in np.packbits(sides > 0, axis=1)]


def _mix(value: Words64) -> Words64:
    value = (value ^ (value >> np.uint64(30))) * _MIX[0]
    value = (value ^ (value >> np.uint64(27))) * _MIX[1]
    return value ^ (value >> np.uint64(31))


def _planes() -> npt.NDArray[np.uint8]:
    """Make each bucket's side of the planes, the same on every machine: 4 MB."""
    words = BITS // 64
    seeds = np.arange(1, _ROWS * words + 1, dtype=np.uint64) * _SALT
    return _mix(seeds).astype("<u8").view(np.uint8).reshape(_ROWS, BITS // 8)


def _read_rarity() -> npt.NDArray[np.float32]:
    weights = np.fromfile(_WEIGHTS, dtype=np.uint8)
    return weights.astype(np.float32) / np.float32(_STEP)


_PLANES: Final = _planes()
_RARITY: Final = _read_rarity()
