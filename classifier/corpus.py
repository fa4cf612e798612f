"""The labelled and unlabelled texts that a model learns from: a data folder and our own examples.

The folder holds complaints_train.jsonl and complaints_dev.jsonl (labelled by reading) and
messages_train.jsonl.gz (unlabelled); data/written_examples.jsonl are ours, for rare types and for
the styles of hotline operators and of WeChat.
"""

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from classifier.document import Document, read_documents
from classifier.lexicon import lexicon
from classifier.tokens import cutter
from models.errors import Invalid
from models.tags import TagRequest

WRITTEN: Final = Path(__file__).with_name("data") / "written_examples.jsonl"
#: What one written example counts beside one real message.
WRITTEN_WEIGHT: Final = 0.3
_BATCH: Final = 256


class Gold(msgspec.Struct, frozen=True, kw_only=True):
    """A text with what a careful reader said of it; `adcode` where the text names one county."""

    id: str
    text: str
    title: str | None = None
    kind: str
    types: tuple[str, ...]
    urgency: str
    adcode: str | None = None
    lead_role: str | None = None
    sure: int = 1


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A text of the same kind without labels."""

    id: str
    text: str
    title: str | None = None


class Corpus(msgspec.Struct, frozen=True, kw_only=True):
    """What is learned from: labelled texts, the first `real` of them real ones, and others."""

    gold: tuple[Gold, ...]
    real: int
    documents: list[Document]
    others: list[Document]


def load_corpus(folder: Path) -> Corpus:
    """Read everything but the development set; Invalid where a file is missing or malformed."""
    real = read_all_gold(folder / "complaints_train.jsonl")
    gold = (*real, *read_all_gold(WRITTEN))
    path = folder / "messages_train.jsonl.gz"
    _must_exist(path)
    with gzip.open(path) as stream:
        others = [msgspec.json.decode(line, type=Message) for line in stream]
    return Corpus(gold=gold, real=len(real), documents=read_texts(gold), others=read_texts(others))


def read_gold(path: Path) -> tuple[tuple[Gold, ...], list[str]]:
    """Read labelled texts, and for each bad line its number and what is wrong with it."""
    _must_exist(path)
    rows: list[Gold] = []
    bad: list[str] = []
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                rows += [msgspec.json.decode(line, type=Gold)] if line.strip() else []
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                bad.append(f"{path.name} 第 {number} 行:{error}")
    return tuple(rows), bad


def read_all_gold(path: Path) -> tuple[Gold, ...]:
    """Read labelled texts; Invalid with file, line and reason when one is bad."""
    rows, bad = read_gold(path)
    if bad:
        raise Invalid("data_file_malformed", bad[0])
    return rows


def read_texts(rows: Iterable[Gold | Message]) -> list[Document]:
    """Make texts ready as the engine does."""
    asked = [TagRequest(id=row.id, title=row.title, text=row.text) for row in rows]
    batches = (asked[at : at + _BATCH] for at in range(0, len(asked), _BATCH))
    return [
        document for batch in batches for document in read_documents(batch, cutter(), lexicon())
    ]


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise Invalid("data_file_missing", f"找不到 {path},请核对文件名或 --data 目录。")
