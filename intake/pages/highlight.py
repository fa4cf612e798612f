"""The text of a report cut at the machine's evidence, so that each stretch can be marked."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from models.case import Case
from models.tags import Span, Tags

_NUMBERS: Final = "①②③④⑤⑥⑦⑧"
_PLACE: Final = "地"
_PLACE_STYLE: Final = "evp"
_MOST_STYLES: Final = 4


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of text; `marks` are the signs of what it speaks for, empty for plain text."""

    text: str
    style: str = ""
    marks: str = ""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign stands for: a type with its probability, or the place (`code` is empty)."""

    mark: str
    style: str
    code: str
    p: float


def full_text(case: Case) -> str:
    """Give the text that spans count in."""
    return f"{case.title}\n{case.text}" if case.title else case.text


def legend(tags: Tags | None) -> list[Key]:
    """List the signs of a text in the order of its types, the place last."""
    if tags is None:
        return []
    keys = [
        Key(mark=_NUMBERS[n], style=_style(n), code=tag.code, p=tag.p)
        for n, tag in enumerate(tags.types[: len(_NUMBERS)])
    ]
    if tags.place.evidence:
        keys.append(Key(mark=_PLACE, style=_PLACE_STYLE, code="", p=tags.place.p))
    return keys


def pieces(text: str, tags: Tags | None) -> list[Piece]:
    """Cut a text at the evidence; a stretch that speaks for several things carries all signs."""
    spans = _spans(tags, len(text))
    edges = sorted({0, len(text), *(edge for start, end, _ in spans for edge in (start, end))})
    found = []
    for start, end in pairwise(edges):
        over = [key for first, last, key in spans if first <= start and end <= last]
        found.append(_piece(text[start:end], over))
    return found


def _spans(tags: Tags | None, length: int) -> list[tuple[int, int, Key]]:
    if tags is None:
        return []
    evidence: list[Sequence[Span]] = [tag.evidence for tag in tags.types[: len(_NUMBERS)]]
    if tags.place.evidence:
        evidence.append(tags.place.evidence)
    return [
        (start, end, key)
        for key, spans in zip(legend(tags), evidence, strict=True)
        for start, end in spans
        if 0 <= start < end <= length
    ]


def _piece(text: str, over: list[Key]) -> Piece:
    if not over:
        return Piece(text=text)
    types = [key for key in over if key.code]
    mixed = bool(types) and len(types) < len(over)
    style = "evx" if mixed else over[0].style
    return Piece(text=text, style=style, marks="".join(key.mark for key in over))


def _style(n: int) -> str:
    return f"ev{min(n + 1, _MOST_STYLES)}"
