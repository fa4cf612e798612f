"""From database rows to the domain's structs."""

from collections.abc import Mapping
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
