"""A city's past tickets: what came, where, by which channel, and which unit handled it."""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from models.city import City
from models.data_files import convert_all, read_toml
from models.errors import Invalid

_READING: Final = Path(__file__).with_name("data") / "history.toml"
_DAY: Final = 10


class Columns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The names of the columns that are read; a history may lack that of the place."""

    time: str
    street: str
    category: str
    source: str
    unit: str
    place: str = ""


class NamePattern(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a unit's name tells: its role, and whether each street has a unit of its own for it."""

    role: str
    pattern: str
    local: bool = False


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a history is read; `same` names roles that are the unit of another role."""

    columns: Columns
    channels: dict[str, str]
    role: tuple[NamePattern, ...]
    same: dict[str, str]

    def pattern_of(self, unit: str) -> NamePattern | None:
        """Give the first pattern found in a unit's name."""
        return next((one for one in self.role if re.search(one.pattern, unit)), None)


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """One past ticket; `town` is a township's code or empty, `type` empty where none is known.

    `role` is empty for a unit whose name tells none; `local` as in NamePattern. `place` is where in
    the town it was, as far as known.
    """

    day: date
    town: str
    category: str
    type: str
    channel: str
    unit: str
    role: str
    local: bool
    place: str = ""


@cache
def reading() -> Reading:
    """Give the installed way to read a history."""
    (found,) = convert_all(_READING, "history", [read_toml(_READING)], Reading)
    return found


def read_history(path: Path, city: City) -> list[Handled]:
    """Read past tickets in order of time; Invalid names a missing column a bad line or none."""
    known = reading()
    towns = {d.name: d.code for d in city.divisions if d.level == "township"}
    types = {category.name: category.types[0] for category in city.categories}
    units = _Units(known)
    rows = [
        _handled(row, known, towns, types, units(row[known.columns.unit]))
        for row in _rows(path, known.columns)
    ]
    if not rows:
        raise Invalid("history_empty", f"{path.name} 没有一件工单。")
    return sorted(rows, key=lambda row: row.day)


class _Units:
    """The pattern of each unit's name, sought once."""

    def __init__(self, known: Reading) -> None:
        self._known = known
        self._found: dict[str, NamePattern | None] = {}

    def __call__(self, name: str) -> NamePattern | None:
        if name not in self._found:
            self._found[name] = self._known.pattern_of(name)
        return self._found[name]


def _handled(
    row: Mapping[str, str],
    known: Reading,
    towns: Mapping[str, str],
    types: Mapping[str, str],
    told: NamePattern | None,
) -> Handled:
    columns = known.columns
    source, category = row[columns.source], row[columns.category]
    return Handled(
        day=date.fromisoformat(row[columns.time][:_DAY]),
        town=towns.get(row[columns.street], ""),
        category=category,
        type=types.get(category, ""),
        channel=known.channels.get(source, source),
        unit=row[columns.unit],
        role=told.role if told else "",
        local=told is not None and told.local,
        place=row.get(columns.place, ""),
    )


def _rows(path: Path, columns: Columns) -> Iterator[dict[str, str]]:
    try:
        stream = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise Invalid("file_unreadable", f"无法读取 {path}:{error.strerror}。") from error
    with stream:
        reader = csv.DictReader(stream)
        wanted = [name for name in msgspec.structs.astuple(columns) if name != columns.place]
        missing = [name for name in wanted if name not in (reader.fieldnames or ())]
        if missing:
            detail = f"{path.name} 缺少列 {'、'.join(missing)};列名见 routing/data/history.toml。"
            raise Invalid("history_malformed", detail)
        for row in reader:
            _check_day(path, reader.line_num, row[columns.time])
            yield {name: (row.get(name) or "").strip() for name in (*wanted, columns.place)}


def _check_day(path: Path, line: int, text: str) -> None:
    try:
        date.fromisoformat((text or "").strip()[:_DAY])
    except ValueError as error:
        detail = f"{path.name} 第 {line} 行的时间应以 2018-09-01 这样的日期开头。"
        raise Invalid("history_malformed", detail) from error
