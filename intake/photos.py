"""What a file really is, and a photo without what it must not give away.

A photo says where and when it was taken, often the home of whoever reports: such hidden parts are
taken out before anything is stored. Only how a photo is turned is kept.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

from models.errors import Invalid

_JPEG, _PNG, _WEBP = "image/jpeg", "image/png", "image/webp"
PDF: Final = "application/pdf"
#: What uploads a browser may be shown as they are; anything else is only downloaded.
SHOWN: Final = (_JPEG, _PNG, _WEBP)
_PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n"
_PNG_HIDDEN: Final = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME")
_WEBP_HIDDEN: Final = (b"EXIF", b"XMP ")
_SCAN: Final = 0xDA
_APP0, _APP1, _APP15, _COMMENT = 0xE0, 0xE1, 0xEF, 0xFE
_ADOBE, _ICC = 0xEE, 0xE2
_ORIENTATION: Final = 0x0112


def sniff(content: bytes) -> str:
    """Tell from its first bytes what a file is, whatever it calls itself."""
    if content.startswith(b"\xff\xd8\xff"):
        return _JPEG
    if content.startswith(_PNG_HEAD):
        return _PNG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _WEBP
    return PDF if content.startswith(b"%PDF-") else "application/octet-stream"


def clean(content: bytes, media_type: str) -> bytes:
    """Take place, time, device and remarks out of a photo; Invalid when it is damaged."""
    cleaners = {_JPEG: _clean_jpeg, _PNG: _clean_png, _WEBP: _clean_webp}
    cleaner = cleaners.get(media_type)
    try:
        return b"".join(cleaner(content)) if cleaner else content
    except (struct.error, IndexError) as error:
        raise Invalid("upload_damaged", "照片文件已损坏,请换一张。") from error


def _clean_jpeg(content: bytes) -> Iterator[bytes]:
    yield content[:2]
    at = 2
    while content[at + 1] != _SCAN:
        marker = content[at + 1]
        (length,) = struct.unpack_from(">H", content, at + 2)
        segment = content[at : at + 2 + length]
        if marker == _APP1 and segment[4:10] == b"Exif\0\0":
            yield from _turned(segment[10:])
        elif not (_APP1 <= marker <= _APP15 or marker == _COMMENT) or marker in (_ADOBE, _ICC):
            yield segment
        at += 2 + length
    end = content.rfind(b"\xff\xd9")
    yield content[at : end + 2] if end > at else content[at:]


def _turned(tiff: bytes) -> Iterable[bytes]:
    """Give a minimal Exif segment with nothing in it but how the photo is turned."""
    order = "<" if tiff[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    for n in range(min(count, 64)):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * n)
        if tag == _ORIENTATION and 1 < value <= 8:  # noqa: PLR2004 - 1 is upright, 8 the last
            body = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _ORIENTATION, 3, 1, value, 0, 0)
            return (struct.pack(">HH6s", 0xFFE1, len(body) + 8, b"Exif\0\0"), body)
    return ()


def _clean_png(content: bytes) -> Iterator[bytes]:
    yield _PNG_HEAD
    at = len(_PNG_HEAD)
    while at < len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind not in _PNG_HIDDEN:
            yield content[at : at + 12 + length]
        at += 12 + length


def _clean_webp(content: bytes) -> Iterator[bytes]:
    parts, at = [], 12
    while at + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, at)
        whole = 8 + length + length % 2
        if kind == b"VP8X":
            flags = bytes([content[at + 8] & ~0b1100])
            parts.append(content[at : at + 8] + flags + content[at + 9 : at + whole])
        elif kind not in _WEBP_HIDDEN:
            parts.append(content[at : at + whole])
        at += whole
    body = b"".join(parts)
    yield b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
