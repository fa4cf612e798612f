"""Parts of a set of texts that are looked at apart: style, length, source, how clear."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from classifier.corpus import Gold

_LENGTHS: Final = ((60, "≤60"), (200, "61–200"), (500, "201–500"))
_LONGEST: Final = ">500"
#: How an operator of a hotline begins what a caller said.
_HOTLINE: Final = re.compile(
    r"^.{0,12}?(?:来电|致电|来话|(?:市民|群众|诉求人|反映人|投诉人|举报人|当事人)[^，。]{0,8}?(?:反映|称|表示|投诉|举报))"
)
#: How a letter to an office on the web begins or ends.
_LETTER: Final = re.compile(r"尊敬的|您好|你好|领导|此致|敬礼|厅长|局长|市长|书记")


def style_of(row: Gold) -> str:
    """Give the style a text is known to have, else the one its form suggests.

    An operator's summary begins with who called; a letter has a title, an address or is long; what
    is short and has none of these reads like a chat message.
    """
    if row.style:
        return row.style
    if _HOTLINE.search(row.text[:40]):
        return "hotline"
    if row.title or _LETTER.search(row.text) or len(row.text) > _LENGTHS[1][0]:
        return "web"
    return "wechat"


def length_of(row: Gold) -> str:
    """Give the bucket of a text's length in characters, the title included."""
    length = len(row.text) + len(row.title or "")
    return next((name for limit, name in _LENGTHS if length <= limit), _LONGEST)


SLICES: Final[Mapping[str, Callable[[Gold], str]]] = {
    "style": style_of,
    "length": length_of,
    "source": lambda row: row.source or "-",
    "sure": lambda row: str(row.sure),
    "several": lambda row: "1" if len(row.types) > 1 else "0",
}


def sliced(rows: Sequence[Gold]) -> dict[str, dict[str, list[int]]]:
    """Give for each way of slicing the numbers of the rows in each part; one part alone is none."""
    found: dict[str, dict[str, list[int]]] = {}
    for name, part_of in SLICES.items():
        parts: dict[str, list[int]] = {}
        for index, row in enumerate(rows):
            parts.setdefault(part_of(row), []).append(index)
        if len(parts) > 1:
            found[name] = dict(sorted(parts.items()))
    return found
