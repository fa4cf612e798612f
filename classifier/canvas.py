"""A small picture written as PNG with nothing but zlib: rectangles, lines, and short labels."""

import struct
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

Colour = tuple[int, int, int]
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_RGB: Final = 2
_WIDE, _HIGH = 5, 7
#: Each character as seven rows of five points, a hexadecimal pair a row.
_FONT: Final = {
    "0": "0e11131519110e",
    "1": "040c040404040e",
    "2": "0e11010204081f",
    "3": "1f02040201110e",
    "4": "02060a121f0202",
    "5": "1f101e0101110e",
    "6": "0608101e11110e",
    "7": "1f010204080808",
    "8": "0e11110e11110e",
    "9": "0e11110f01020c",
    ".": "00000000000c0c",
    "%": "18190204081303",
    "-": "0000001f000000",
    "=": "00001f001f0000",
    "A": "0e11111f111111",
    "B": "1e11111e11111e",
    "C": "0e11101010110e",
    "D": "1c12111111121c",
    "E": "1f10101e10101f",
    "F": "1f10101e101010",
    "G": "0e11101711110f",
    "H": "1111111f111111",
    "I": "0e04040404040e",
    "L": "1010101010101f",
    "N": "11111915131111",
    "O": "0e11111111110e",
    "R": "1e11111e141211",
    "S": "0f10100e01011e",
    "T": "1f040404040404",
    "U": "1111111111110e",
    "Y": "1111110a040404",
}


class Canvas:
    """A white picture; positions count points from the top left."""

    def __init__(self, width: int, height: int) -> None:
        """Make it."""
        self.pixels: npt.NDArray[np.uint8] = np.full((height, width, 3), 255, dtype=np.uint8)

    def fill(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle; what lies outside the picture is left out."""
        rows = slice(max(round(top), 0), max(round(bottom), 0))
        self.pixels[rows, max(round(left), 0) : max(round(right), 0)] = colour

    def line(
        self, start: tuple[float, float], end: tuple[float, float], colour: Colour, width: int = 1
    ) -> None:
        """Draw a straight line."""
        steps = int(max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)) + 1
        across = np.rint(np.linspace(start[0], end[0], steps)).astype(int)
        down = np.rint(np.linspace(start[1], end[1], steps)).astype(int)
        for x, y in zip(across.tolist(), down.tolist(), strict=True):
            self.fill(x, y, x + width, y + width, colour)

    def text(
        self, place: tuple[float, float], text: str, colour: Colour = (40, 40, 40), size: int = 2
    ) -> None:
        """Write digits and capitals; a character that the small font lacks stays blank."""
        left, top = round(place[0]), round(place[1])
        for number, character in enumerate(text.upper()):
            for down, row in enumerate(bytes.fromhex(_FONT.get(character, "00" * _HIGH))):
                for across in range(_WIDE):
                    if row >> (_WIDE - 1 - across) & 1:
                        x = left + (number * (_WIDE + 1) + across) * size
                        y = top + down * size
                        self.fill(x, y, x + size, y + size, colour)

    def png(self) -> bytes:
        """Give the picture as a PNG file."""
        height, width, _ = self.pixels.shape
        lines = np.zeros((height, width * 3 + 1), dtype=np.uint8)
        lines[:, 1:] = self.pixels.reshape(height, width * 3)
        head = struct.pack(">IIBBBBB", width, height, 8, _RGB, 0, 0, 0)
        body = zlib.compress(lines.tobytes(), 9)
        return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def text_width(text: str, size: int = 2) -> int:
    """Give how many points wide a label is."""
    return len(text) * (_WIDE + 1) * size


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
