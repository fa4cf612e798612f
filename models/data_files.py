"""Reading data files into structs: CSV with a header, TOML with arrays of tables; errors say where.

Every mistake is an Invalid whose Chinese detail names the file, the line and what is wrong with it,
so that whoever keeps a city's data can mend it without reading code.
"""

import csv
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

import msgspec

from models.errors import Invalid

_T = TypeVar("_T", bound=msgspec.Struct)


def read_csv(path: Path, kind: type[_T]) -> tuple[_T, ...]:
    """Read rows into structs: columns are fields, lists are parted by `|`, empty means default.

    Lines that start with `#` are remarks. Raises Invalid on an unknown or missing column or a bad
    value.
    """
    lines = list(_lines(path))
    if not lines:
        raise _bad(path, 1, "文件是空的,首行应为列名")
    head_no, head = lines[0]
    _check_columns(path, head_no, head, kind)
    return tuple(
        _row(path, no, dict(zip(head, cells, strict=False)), len(cells) - len(head), kind)
        for no, cells in lines[1:]
    )


def read_toml(path: Path) -> dict[str, Any]:
    """Read one TOML file; raises Invalid where it is not TOML."""
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise Invalid("data_file_malformed", f"{path.name} 不是合法的 TOML:{error}") from error


def convert_all(path: Path, key: str, values: object, kind: type[_T]) -> tuple[_T, ...]:
    """Convert an array of tables into structs; Invalid names the n-th table and its id or code."""
    if not isinstance(values, list):
        raise Invalid("data_file_malformed", f"{path.name} 的 {key} 应写成 [[{key}]] 表数组")
    return tuple(_table(path, key, n, value, kind) for n, value in enumerate(values, 1))


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_text(path).splitlines())
    for cells in reader:
        if cells and not cells[0].lstrip().startswith("#"):
            yield reader.line_num, cells


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Invalid(
            "data_file_missing", f"缺少数据文件 {path.parent.name}/{path.name}"
        ) from error
    except UnicodeDecodeError as error:
        detail = f"{path.parent.name}/{path.name} 不是 UTF-8 编码,请另存为 UTF-8"
        raise Invalid("data_file_malformed", detail) from error


def _check_columns(path: Path, line: int, head: list[str], kind: type[msgspec.Struct]) -> None:
    fields = {f.encode_name: f.required for f in msgspec.structs.fields(kind)}
    unknown = [name for name in head if name not in fields]
    if unknown or len(set(head)) != len(head):
        raise _bad(
            path, line, f"未知或重复的列 {'、'.join(unknown or head)};可用的列:{'、'.join(fields)}"
        )
    missing = [name for name, required in fields.items() if required and name not in head]
    if missing:
        raise _bad(path, line, f"缺少列 {'、'.join(missing)}")


def _row(path: Path, line: int, cells: dict[str, str], extra: int, kind: type[_T]) -> _T:
    if extra:
        raise _bad(
            path, line, f"单元格数与列名数不符({'多' if extra > 0 else '少'} {abs(extra)} 个)"
        )
    lists = _list_fields(kind)
    values: dict[str, Any] = {
        name: [part.strip() for part in cell.split("|")] if name in lists else cell.strip()
        for name, cell in cells.items()
        if cell.strip()
    }
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _bad(path, line, f"{error}(本行:{','.join(cells.values())})") from error


@cache
def _list_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    hints = get_type_hints(kind)
    return frozenset(name for name, hint in hints.items() if get_origin(hint) in (tuple, list))


def _table(path: Path, key: str, n: int, value: object, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        name = value.get("id") or value.get("code") or "" if isinstance(value, dict) else ""
        where = f"{path.parent.name}/{path.name} 第 {n} 个 [[{key}]] {name}".rstrip()
        raise Invalid("data_file_malformed", f"{where}:{error}", file=path.name, table=n) from error


def _bad(path: Path, line: int, reason: str) -> Invalid:
    detail = f"{path.parent.name}/{path.name} 第 {line} 行:{reason}"
    return Invalid("data_file_malformed", detail, file=path.name, line=line)
