"""One text made ready to be read: folded, denials blanked, cut into words, cues found."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from classifier.lexicon import Lexicon, Reading
from classifier.normalize import fold, sentences, without_denials
from classifier.tokens import Cutter
from models.tags import TagRequest

#: Halves of characters, which no other program takes.
_LONE: Final = re.compile(r"[\ud800-\udfff]")
#: A first sentence longer than this is a story, not a heading.
_HEAD_LIMIT: Final = 60


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A text as the engine's parts read it; positions in every field are those of the full text.

    `raw` is the full text, `text` is folded, `bare` is without what it denies. `head` is the end of
    the title, or of the first sentence where there is none: there stands the point of the message.
    """

    raw: str
    text: str
    bare: str
    head: int
    words: list[str]
    reading: Reading


def read_documents(
    requests: Sequence[TagRequest], cutter: Cutter, lexicon: Lexicon
) -> list[Document]:
    """Make the texts ready, in order."""
    return [_document(request, cutter, lexicon) for request in requests]


def _document(request: TagRequest, cutter: Cutter, lexicon: Lexicon) -> Document:
    raw = _LONE.sub("\ufffd", request.full_text)
    text = fold(raw)
    bare = without_denials(text)
    head = len(request.title) if request.title else _first_sentence(text)
    return Document(
        raw=raw,
        text=text,
        bare=bare,
        head=head,
        words=cutter.cut(bare),
        reading=lexicon.read(bare, head),
    )


def _first_sentence(text: str) -> int:
    first = next(iter(sentences(text)), (0, 0))
    return min(first[1], _HEAD_LIMIT)
