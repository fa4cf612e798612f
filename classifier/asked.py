"""A file of texts with gold answers, as `jiesu evaluate` takes it, whole or emergencies alone.

A line that names no types, request type and urgency but says whether its text tells of an emergency
(`hazard`) is judged for that alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from classifier.corpus import Gold
from models.errors import Invalid
from models.tags import TagRequest, Tags


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """A text of which is known only whether it tells of an emergency."""

    id: str
    text: str
    hazard: bool | int | str
    title: str | None = None
    style: str | None = None


class Asked(NamedTuple):
    """What a file holds: texts with all answers, those judged as emergencies, bad lines."""

    rows: tuple[Gold, ...]
    alarms: tuple[Alarm, ...]
    bad: list[str]


def read_asked(path: Path) -> Asked:
    """Read a file; Invalid where it is missing, bad lines by number and reason."""
    if not path.is_file():
        raise Invalid("data_file_missing", f"找不到 {path},请核对文件名。")
    rows: list[Gold] = []
    alarms: list[Alarm] = []
    bad: list[str] = []
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                found = _row(line)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                bad.append(f"{path.name} 第 {number} 行:{error}")
                continue
            if isinstance(found, Gold):
                rows.append(found)
            else:
                alarms.append(found)
    return Asked(tuple(rows), tuple(alarms), bad)


class _Known(msgspec.Struct, frozen=True):
    """Which answers a line has."""

    types: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    kind: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    urgency: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    hazard: bool | int | str | None = None


def _row(line: bytes) -> Gold | Alarm:
    known = msgspec.json.decode(line, type=_Known)
    answers = (known.types, known.kind, known.urgency)
    if known.hazard is not None and all(answer is msgspec.UNSET for answer in answers):
        return msgspec.json.decode(line, type=Alarm)
    return msgspec.json.decode(line, type=Gold)


def requests_of(alarms: Sequence[Alarm], city: str | None) -> list[TagRequest]:
    """Make requests of the texts, without the answers."""
    return [TagRequest(id=one.id, title=one.title, text=one.text, city=city) for one in alarms]


def told(tags: Tags) -> bool:
    """Tell whether a text was taken for an emergency: a person looks at it before all others."""
    return "hazard" in tags.review_reasons
