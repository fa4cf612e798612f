"""A second ear for emergencies: how alarming a text sounds as a whole, where no rule fits.

The rules of hazard.py hear what they know by name and can say why. This ear is a logistic
regression over single characters and pairs, hashed; alarm_train.py fits it. Each reader has
its own, in alarm.npz.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from models.errors import Unavailable
from models.tags import Span

ALARM: Final = "alarm.npz"
_SHIPPED: Final = Path(__file__).with_name("data")
BITS: Final = 15
_ONE: Final = np.uint32(2654435761)
_NEXT: Final = np.uint32(2246822519)
_SALT: Final = np.uint32(0x9E3779B9)
_PAIR: Final = np.uint32(3266489917)
_DIGIT_BOUNDS: Final = (ord("0"), ord("9"))
#: What an operator writes around every matter says nothing of it.
_STOCK: Final = re.compile(
    r"(?:市民|群众|村民|网民|来电人|居民|举报人)(?:来电|致电)?(?:反映|称|举报|表示|咨询|建议)?"
    r"|来电(?:反映|称|举报)?|诉求|[请要]求|请(?:核实|查处|处理|求|立即)?|某"
)
_CLAUSE: Final = re.compile(r"[^，,。！？!?；;、\n ]+")

Keys = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float32]


class Grams(NamedTuple):
    """The characters and pairs of a text as buckets, with the place where each begins."""

    keys: Keys
    places: npt.NDArray[np.int64]


class Alarm:
    """Weighs texts; make it once, it is read-only."""

    def __init__(self, weights: Floats, idf: Floats, bias: float) -> None:
        """Take a weight and an idf for each bucket."""
        self._weights: Final = weights
        self._idf: Final = idf
        self._bias: Final = bias

    @classmethod
    def load(cls, folder: Path) -> "Alarm":
        """Read the weights of a reader's folder; Unavailable when they are missing or damaged."""
        try:
            with np.load(folder / ALARM) as arrays:
                weights, idf = (arrays[name].astype(np.float32) for name in ("weights", "idf"))
                return cls(weights, idf, float(arrays["bias"]))
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            detail = f"模型文件 {ALARM} 缺失或损坏,请重新安装或训练。"
            raise Unavailable("model_unreadable", detail) from error

    def probability(self, text: str) -> float:
        """Say how likely a folded text tells of an emergency."""
        keys, counts = np.unique(grams(text).keys, return_counts=True)
        values = (1 + np.log(counts)) * self._idf[keys]
        norm = float(np.sqrt((values**2).sum())) or 1.0
        score = float((values * self._weights[keys]).sum()) / norm + self._bias
        return float(1 / (1 + np.exp(-score)))

    def loudest(self, text: str) -> Span:
        """Give the clause that speaks most for an emergency; the text must have a clause."""
        found = grams(text)
        at = np.zeros(len(text) + 1)
        np.add.at(at, found.places, self._weights[found.keys] * self._idf[found.keys])
        total = np.concatenate(((0.0,), np.cumsum(at)))
        spans = [match.span() for match in _CLAUSE.finditer(text)] or [(0, len(text))]
        return max(spans, key=lambda span: total[span[1]] - total[span[0]])


def grams(text: str) -> Grams:
    """Give the single letters, signs of words and pairs of a folded text; all digits are one."""
    text = _STOCK.sub(lambda stock: " " * len(stock.group()), text)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    wordlike = np.fromiter(map(str.isalnum, text), dtype=np.bool_, count=len(text))
    digit = (codes >= _DIGIT_BOUNDS[0]) & (codes <= _DIGIT_BOUNDS[1])
    places = np.flatnonzero(wordlike)
    line = np.where(digit, np.uint32(_DIGIT_BOUNDS[0]), codes)[places].astype(np.uint32)
    single = line * _ONE
    pair = ((line[:-1] * _ONE) ^ (line[1:] * _NEXT + _SALT)) * _PAIR
    keys = np.concatenate((single, pair)) >> np.uint32(32 - BITS)
    return Grams(keys, np.concatenate((places, places[:-1])))


@cache
def alarm() -> Alarm:
    """Load the shipped weights."""
    return Alarm.load(_SHIPPED)
