"""What single clauses say plainly: of which type, or that a matter is settled or never was."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from classifier.document import Document
from classifier.finder import Finder
from models.tags import Span

_WORDS: Final = Path(__file__).with_name("data") / "clause_cues.toml"
CLAUSE: Final = re.compile(r"[^，,。！？!?；;、\n]+")
#: Loudness without a source; the source stands elsewhere in the text.
_LOUD: Final = re.compile(
    r"(?:噪声|噪音|声音|响声|动静)[^，。]{0,3}(?:大|吵|刺耳|扰民|不断|震天)|吵得(?:睡|不)"
)
#: Whose noise it is, by the first of these concepts that the text has.
_SOURCES: Final = (
    ("site", "N02"),
    ("mining", "N01"),
    ("stockpile", "N01"),
    ("factory", "N01"),
    ("leisure", "N03"),
    ("night_market", "N03"),
    ("bbq", "N03"),
    ("dirt_truck", "N09"),
    ("road_vehicle", "N09"),
)
#: Thanks, and what is settled or said to be no trouble: such a clause complains of nothing.
_CALM: Final = re.compile(
    r"^(?:[^说称]{0,12})(?:已经?[^说]{0,4}(?:清走|清理|清运|解决|处理好|治好|整改|修好|搬走|消失)"
    r"|倒(?:是|也)?(?:没有?|还好|不大|不吵|不臭)|(?:没有了|没了|消失了|好多了)$)"
    r"|^(?:非常|十分|真心)?(?:感谢|谢谢|点赞|表扬)"
)
_CALM_SIGNS: Final = "已倒没消好感谢点表"


def plain_clauses(document: Document) -> Mapping[str, list[Span]]:
    """Give the places that say plainly of a type that it is there, by the code of the type."""
    found = {code: list(spans) for code, spans in _finder().find(document.bare).items()}
    for match in _LOUD.finditer(document.bare):
        source = next((code for name, code in _SOURCES if name in document.reading.concepts), None)
        if source:
            found.setdefault(source, []).append(match.span())
    return found


def complains(clause: str) -> bool:
    """Tell whether a clause may complain: thanks and what is settled do not."""
    return not any(sign in clause for sign in _CALM_SIGNS) or _CALM.search(clause) is None


@cache
def _finder() -> Finder:
    words: Mapping[str, str] = tomllib.loads(_WORDS.read_text(encoding="utf-8"))
    return Finder({code: text.split() for code, text in words.items()})
