"""Photos made by hand: the smallest files that carry hidden parts."""

import struct
import zlib


def jpeg(hidden: bytes = b"", turned: int = 1) -> bytes:
    """Make a JPEG with Exif (how it is turned, and `hidden`), a remark and a scan."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, turned, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0) + hidden
    exif = b"Exif\0\0" + tiff
    parts = [
        b"\xff\xd8",
        _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        _segment(0xE1, exif),
        _segment(0xFE, b"remark " + hidden),
        _segment(0xDB, b"\0" + b"\1" * 64),
        _segment(0xDA, b"\1\1\0\0\x3f\0") + b"scan",
        b"\xff\xd9",
    ]
    return b"".join(parts)


def png(hidden: bytes = b"") -> bytes:
    """Make a PNG of one pixel with a text chunk."""
    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", head),
            _chunk(b"tEXt", b"Comment\0" + hidden),
            _chunk(b"IDAT", zlib.compress(b"\0\0")),
            _chunk(b"IEND", b""),
        )
    )


def webp(hidden: bytes = b"") -> bytes:
    """Make a WebP with an Exif chunk of its own."""
    body = b"".join(
        (
            b"VP8X" + struct.pack("<I", 10) + bytes([0b1000]) + b"\0" * 9,
            b"VP8L" + struct.pack("<I", 4) + b"\x2f\0\0\0",
            b"EXIF" + struct.pack("<I", len(hidden)) + hidden + b"\0" * (len(hidden) % 2),
        )
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def picture(width: int, height: int) -> bytes:
    """Make a PNG that looks like something: a yellow pool on grey ground."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            near = ((x - width * 0.5) / width) ** 2 + ((y - height * 0.62) / height) ** 2 * 2
            shade = 120 + (x * 7 + y * 13) % 23
            rows += bytes((214, 178, 60) if near < 0.09 else (shade, shade, shade - 8))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(rows), 6)
    start = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head)
    return start + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
