"""The labelled and unlabelled texts that a model learns from: a data folder, our labels, our texts.

The folder holds complaints_train.jsonl and complaints_dev.jsonl (labelled by reading) and
messages_train.jsonl.gz (without labels). data/read_labels.csv are labels that we gave to some of
those messages by reading them, by id and without the text, for some of the first a second reading;
data/written_examples.jsonl are texts of our own, for rare types and for the styles of hotline
operators and of WeChat. What the development set holds is learned from nowhere.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from classifier.document import Document, read_documents
from classifier.frozen import is_frozen
from classifier.lexicon import lexicon
from classifier.tokens import cutter
from models.errors import Invalid
from models.tags import TagRequest

WRITTEN: Final = Path(__file__).with_name("data") / "written_examples.jsonl"
#: The files of a data folder that hold labelled messages and corrections made at the desk.
TRAIN: Final = "complaints_train.jsonl"
CORRECTIONS: Final = "corrections.jsonl"
READ: Final = WRITTEN.with_name("read_labels.csv")
#: What one written example counts beside one real message.
WRITTEN_WEIGHT: Final = 0.8
_BATCH: Final = 256
#: How many characters tell one message from another.
_OPENING: Final = 40
_TENTHS: Final = 10


class Gold(msgspec.Struct, frozen=True, kw_only=True):
    """A text with what a careful reader said of it; `adcode` where the text names one county.

    Where `types_sure` or `urgency_sure` is 0 the types or the urgency are not learned from.
    `hazard` says whether it tells of an emergency; `style` and `source` are how and where it came.
    """

    id: str
    text: str
    title: str | None = None
    kind: str
    types: tuple[str, ...]
    urgency: str
    adcode: str | None = None
    lead_role: str | None = None
    sure: int = 1
    types_sure: int = 1
    urgency_sure: int = 1
    hazard: bool | int | str | None = None
    style: str | None = None
    source: str | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A text of the same kind without labels."""

    id: str
    text: str
    title: str | None = None


class Corpus(msgspec.Struct, frozen=True, kw_only=True):
    """What is learned from: labelled texts and others.

    Of the labelled texts the first `typical` were drawn as the development set was: what is said of
    probabilities is fitted on them. With those up to `real` they are real messages, of which the
    later ones were chosen because a model was unsure; the rest are written by us.
    """

    gold: tuple[Gold, ...]
    typical: int
    real: int
    documents: list[Document]
    others: list[Document]


def load_corpus(folder: Path) -> Corpus:
    """Read everything but the development set; Invalid where a file is missing or malformed."""
    labels = _read_labels()
    typical = tuple(
        _second_reading(gold, labels.get(gold.id)) for gold in read_all_gold(folder / TRAIN)
    )
    taken = [*typical, *read_all_gold(folder / "complaints_dev.jsonl")]
    messages = _apart(_read_messages(folder / "messages_train.jsonl.gz"), taken)
    read = [_labelled(labels[message.id], message) for message in messages if message.id in labels]
    others = [message for message in messages if message.id not in labels]
    corrected = [row for row in read_corrections(folder) if not is_frozen(row.text)]
    written = [row for row in read_all_gold(WRITTEN) if not is_frozen(row.text)]
    gold = (*typical, *read, *corrected, *written)
    return Corpus(
        gold=gold,
        typical=len(typical),
        real=len(gold) - len(written),
        documents=read_texts(gold),
        others=read_texts(others),
    )


def read_corrections(folder: Path) -> tuple[Gold, ...]:
    """Read what people corrected at the desk; nothing where the folder has no such file."""
    path = folder / CORRECTIONS
    return read_all_gold(path) if path.is_file() else ()


def held_out(gold: Gold) -> bool:
    """Tell whether a real text is kept from the encoder, to weigh it against the linear model."""
    return fold(gold, _TENTHS) == 0


def fold(row: Gold | Message, folds: int) -> int:
    """Give the fold of a text; those that begin alike are one message sent twice: one fold."""
    return zlib.crc32(_opening(row).encode()) % folds


def _opening(row: Gold | Message) -> str:
    return (row.text or row.title or "").strip()[:_OPENING]


def _apart(messages: Sequence[Message], taken: Sequence[Gold]) -> list[Message]:
    """Leave out the messages that stand in another set, under the same number or another."""
    numbers, openings = {row.id for row in taken}, {_opening(row) for row in taken}
    return [one for one in messages if one.id not in numbers and _opening(one) not in openings]


def _second_reading(gold: Gold, label: dict[str, str] | None) -> Gold:
    """Count a text as unsure where a second reader named another main type."""
    if label is None or label["types"].split("|")[0] == gold.types[0]:
        return gold
    return msgspec.structs.replace(gold, sure=0)


def _read_messages(path: Path) -> list[Message]:
    _must_exist(path)
    with gzip.open(path) as stream:
        return [msgspec.json.decode(line, type=Message) for line in stream]


def _read_labels() -> dict[str, dict[str, str]]:
    with READ.open(encoding="utf-8", newline="") as stream:
        return {row["id"]: row for row in csv.DictReader(stream)}


def _labelled(label: dict[str, str], message: Message) -> Gold:
    return Gold(
        id=message.id,
        text=message.text,
        title=message.title,
        kind=label["kind"],
        types=tuple(label["types"].split("|")),
        urgency=label["urgency"],
        sure=int(label["sure"]),
        types_sure=int(_in_field(label) or label["chosen_for"] == "type"),
        urgency_sure=int(_in_field(label)),
    )


def _in_field(label: dict[str, str]) -> bool:
    """Tell whether a message is about pollution: of others, our readers called fewer urgent.

    Of the messages outside the field they called 5 in 100 urgent, those who labelled the set that
    counts called 14 so: what we said of their urgency would teach another measure. Nor do those
    that were chosen for a doubtful request type teach types: there are many, and learned from they
    make the field look smaller than it is.
    """
    return label["types"][0] != "Z"


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
