"""From database rows to the domain's structs."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import asyncpg
import msgspec

from models.case import Case, Task

_T = TypeVar("_T", bound=msgspec.Struct)
#: A row as the driver gives it, or columns by name.
Row: TypeAlias = Mapping[str, Any] | asyncpg.Record


def to_struct(row: Row, kind: type[_T]) -> _T:
    """Build a struct from the columns of the same names; other columns are left out."""
    return msgspec.convert(dict(row.items()), kind)


def to_case(row: Row) -> Case:
    """Build a Case from a row of `cases`."""
    return to_struct(row, Case)


def to_task(row: Row) -> Task:
    """Build a Task from a row of `task`."""
    return to_struct(row, Task)


def as_json(rows: Sequence[msgspec.Struct]) -> str:
    """Write rows as one JSON document for `json_to_recordset($n::text::json)`; bytes as base64.

    One parameter instead of an array per column is three times cheaper on both sides.
    """
    return msgspec.json.encode(rows).decode()
