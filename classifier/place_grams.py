"""A text as short runs of characters, hashed, for the model that learns a city's places.

Runs of two to four Chinese characters or letters; digits and marks part them, and so does the
surname before an office ("某书记"), so that no official's name is learned.
"""

import re
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]

_SIZES: Final = (2, 3, 4)
_HAN: Final = (0x4E00, 0x9FFF)
_MIX: Final = tuple(
    np.uint64(number)
    for number in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
)
_SHIFT: Final = np.uint64(32)
#: A surname before an office; what belongs to the office itself (县委书记) is no surname.
_OFFICIAL: Final = re.compile(
    r"[^\W\d_a-z委支总副正市县区镇乡村局部院校组党厅省任长记](?=书记|县长|区长|市长|省长|局长|主任|镇长)"
)
_SURNAME_GONE: Final = " "


class Runs(NamedTuple):
    """The runs of one text: key, first character and size, in columns."""

    key: Keys
    start: Ints
    size: npt.NDArray[np.int8]


def without_officials(text: str) -> str:
    """Blank the surnames of officials in a folded text, keeping its length."""
    return _OFFICIAL.sub(_SURNAME_GONE, text)


def runs(text: str) -> Runs:
    """Give the runs of a folded text, repeats included."""
    line = without_officials(text).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(line, dtype=np.uint32)
    good = ((codes >= _HAN[0]) & (codes <= _HAN[1])) | ((codes >= ord("a")) & (codes <= ord("z")))
    wide = codes.astype(np.uint64)
    mixed = wide * _MIX[0]
    keys, starts, sizes = [], [], []
    for size in _SIZES:
        count = len(codes) - size + 1
        if count <= 0:
            break
        step = size - 1
        good = good[:count] & _shifted(codes, step, count)
        mixed = (mixed[:count] ^ (mixed[:count] >> _SHIFT)) * _MIX[step] + wide[step:]
        at = np.flatnonzero(good)
        keys.append(_finish(mixed[at]))
        starts.append(at)
        sizes.append(np.full(len(at), size, np.int8))
    if not keys:
        return Runs(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.int8))
    return Runs(np.concatenate(keys), np.concatenate(starts), np.concatenate(sizes))


def _shifted(codes: npt.NDArray[np.uint32], step: int, count: int) -> npt.NDArray[np.bool_]:
    late = codes[step : step + count]
    return ((late >= _HAN[0]) & (late <= _HAN[1])) | ((late >= ord("a")) & (late <= ord("z")))


def _finish(value: npt.NDArray[np.uint64]) -> Keys:
    value = (value ^ (value >> np.uint64(29))) * _MIX[3]
    return (value >> _SHIFT).astype(np.uint32)
