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
#: A character before an office is a surname, unless it belongs to the office (县委书记).
_OFFICE: Final = re.compile("书记|县长|区长|市长|省长|局长|主任|镇长")
_OF_THE_OFFICE: Final = frozenset("委支总副正市县区镇乡村局部院校组党厅省任长记")


class Runs(NamedTuple):
    """Runs in columns: key, first character, size. Those of one text stand together by start."""

    key: Keys
    start: Ints
    size: npt.NDArray[np.int8]

    def chosen(self, which: npt.NDArray[np.bool_] | Ints | slice) -> "Runs":
        """Give some of them."""
        return Runs(self.key[which], self.start[which], self.size[which])

    def moved(self, begin: int) -> "Runs":
        """Count their characters from another one on."""
        return self._replace(start=self.start - begin)


def without_officials(text: str) -> str:
    """Blank the surnames of officials in a folded text, keeping its length."""
    pieces: list[str] = []
    reached = 0
    for match in _OFFICE.finditer(text):
        at = match.start() - 1
        if at >= reached and text[at].isalpha() and text[at] not in _OF_THE_OFFICE:
            pieces += (text[reached:at], " ")
            reached = at + 1
    return "".join((*pieces, text[reached:])) if pieces else text


def runs(text: str) -> Runs:
    """Give the runs of a folded text, or of many with a mark between them, repeats included."""
    line = without_officials(text).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(line, dtype=np.uint32)
    plain = ((codes >= _HAN[0]) & (codes <= _HAN[1])) | ((codes >= ord("a")) & (codes <= ord("z")))
    wide = codes.astype(np.uint64)
    good, mixed = plain, wide * _MIX[0]
    found = [_NOTHING]
    for size in _SIZES:
        count = len(codes) - size + 1
        if count <= 0:
            break
        step = size - 1
        good = good[:count] & plain[step:]
        mixed = (mixed[:count] ^ (mixed[:count] >> _SHIFT)) * _MIX[step] + wide[step:]
        at = np.flatnonzero(good)
        found.append(Runs(_finish(mixed[at]), at, np.full(len(at), size, np.int8)))
    return Runs(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _finish(value: npt.NDArray[np.uint64]) -> Keys:
    value = (value ^ (value >> np.uint64(29))) * _MIX[3]
    return (value >> _SHIFT).astype(np.uint32)


_NOTHING: Final = Runs(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.int8))
