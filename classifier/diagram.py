"""The reliability diagram: how sure the reader was against how often it was right."""

from collections.abc import Sequence
from typing import Final

from classifier.canvas import Canvas, Colour, text_width
from classifier.metrics import Bin

_SIDE: Final = 400
_LEFT, _TOP = 80, 48
_COUNTS: Final = 70
_GAP: Final = 46
_WIDTH: Final = _LEFT + _SIDE + 30
_HEIGHT: Final = _TOP + _SIDE + _GAP + _COUNTS + 46
_INK: Final[Colour] = (60, 66, 72)
_GRID: Final[Colour] = (226, 230, 234)
_DIAGONAL: Final[Colour] = (150, 156, 162)
_RIGHT: Final[Colour] = (36, 113, 163)
_SHORT: Final[Colour] = (214, 96, 77)
_MORE: Final[Colour] = (118, 183, 178)
_TEXTS: Final[Colour] = (160, 174, 186)


def reliability_png(bins: Sequence[Bin], error: float) -> bytes:
    """Draw a bar a bin, as high as the share right; red or green to the mean confidence.

    Below stands how many texts are in each bin; `error` is the calibration error in the heading.
    """
    canvas = Canvas(_WIDTH, _HEIGHT)
    rows = sum(one.n for one in bins)
    canvas.text((_LEFT, 16), f"ECE {error:.4f}   N {rows}")
    _frame(canvas)
    for one in bins:
        _bar(canvas, one)
        _count(canvas, one, max(each.n for each in bins))
    canvas.line(_at(0, 0), _at(1, 1), _DIAGONAL, 2)
    for label, top in (("CONFIDENCE", _HEIGHT - 20),):
        canvas.text((_LEFT + (_SIDE - text_width(label)) / 2, top), label)
    canvas.text((6, _TOP - 30), "RIGHT")
    canvas.text((6, _TOP + _SIDE + _GAP + _COUNTS - 14), "N")
    return canvas.png()


def _at(across: float, up: float) -> tuple[float, float]:
    return _LEFT + across * _SIDE, _TOP + (1 - up) * _SIDE


def _frame(canvas: Canvas) -> None:
    for step in range(0, 11, 2):
        part = step / 10
        canvas.line(_at(0, part), _at(1, part), _GRID)
        label = f"{part:.1f}"
        x, y = _at(0, part)
        canvas.text((x - text_width(label) - 6, y - 7), label, _INK)
        x, y = _at(part, 0)
        canvas.text((x - text_width(label) / 2, y + 8), label, _INK)
    canvas.line(_at(0, 0), _at(1, 0), _INK, 2)
    canvas.line(_at(0, 0), _at(0, 1), _INK, 2)


def _bar(canvas: Canvas, one: Bin) -> None:
    left, right = _at(one.low, 0)[0] + 4, _at(one.high, 0)[0] - 3
    low, high = sorted((one.accuracy, one.confidence))
    canvas.fill(left, _at(0, low)[1], right, _at(0, 0)[1], _RIGHT)
    gap = _SHORT if one.confidence > one.accuracy else _MORE
    canvas.fill(left, _at(0, high)[1], right, _at(0, low)[1], gap)


def _count(canvas: Canvas, one: Bin, most: int) -> None:
    bottom = _TOP + _SIDE + _GAP + _COUNTS
    left, right = _at(one.low, 0)[0] + 4, _at(one.high, 0)[0] - 3
    canvas.fill(left, bottom - one.n / most * (_COUNTS - 16), right, bottom, _TEXTS)
    label = str(one.n)
    middle = (left + right - text_width(label, 1)) / 2
    canvas.text((middle, bottom - one.n / most * (_COUNTS - 16) - 10), label, _INK, 1)
