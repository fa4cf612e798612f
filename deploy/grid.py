"""`jiesu grid`: the tree of a city's grid goes in whole, and comes out.

A file is taken whole or not at all: a tree with holes would send questions to the wrong place.
What it leaves out is closed; what was asked of a closed cell, and who works there, stays known.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from deploy.database import must_fit, open_database
from deploy.settings import Settings
from models.city import City
from models.city_load import load_city
from models.db import grids
from models.db.pool import Database
from models.errors import Invalid, NotFound
from models.grid import GRADE_NAMES, LEVEL_NAMES, Grade, Grid
from models.grid_tree import Fault, Placed, faults
from models.moment import now

#: Columns of the file; the grade may be left empty and is then the ordinary one.
_NEEDED: Final = ("网格编码", "网格名称", "级别", "上级编码")
_MAY: Final = ("责任等级",)
_GRADES: Final = {name: grade for grade, name in GRADE_NAMES.items()}


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file: cells in use, new ones, closed ones; with faults nothing was done."""

    cells: int = 0
    fresh: int = 0
    closed: int = 0
    wrong: tuple[Fault, ...] = ()


async def import_file(settings: Settings, adcode: str, path: Path) -> Imported:
    """Read a file into the database that the settings name."""
    if adcode not in settings.cities:
        raise NotFound("city_unknown", f"本系统未开通 {adcode}。")
    text = _text(path)
    async with open_database(settings) as dsn:
        await must_fit(dsn)
        db = await Database.connect(dsn, min_size=1, max_size=1, name="jiesu grid")
        try:
            return await import_text(db, load_city(adcode), text)
        finally:
            await db.close()


async def import_text(db: Database, city: City, text: str) -> Imported:
    """Put the tree of a file in place of the one before, unless a line of it is wrong."""
    cells, unread = read_cells(text)
    # A line that cannot be read would be missed above others: those are told first, alone.
    wrong = unread or faults(city, cells)
    if wrong:
        return Imported(wrong=tuple(wrong))
    tree = [cell.grid for cell in cells]
    async with db.city(city.adcode) as conn:
        fresh, closed = await grids.replace_tree(conn, city.adcode, tree, now())
    return Imported(cells=len(tree), fresh=fresh, closed=closed)


async def tree(settings: Settings, adcode: str) -> list[Grid]:
    """Give the cells of a city that are in use."""
    async with open_database(settings) as dsn:
        await must_fit(dsn)
        db = await Database.connect(dsn, min_size=1, max_size=1, name="jiesu grid")
        try:
            async with db.city(adcode) as conn:
                return await grids.tree(conn, adcode)
        finally:
            await db.close()


def as_csv(cells: list[Grid]) -> str:
    """Write a tree as a file that can be taken in again."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*_NEEDED, *_MAY))
    writer.writerows(
        (one.code, one.name, one.level, one.parent or "", GRADE_NAMES[one.grade]) for one in cells
    )
    return out.getvalue()


def read_cells(text: str) -> tuple[list[Placed], list[Fault]]:
    """Read the lines of a file: cells, and what cannot be read of it."""
    cells: list[Placed] = []
    wrong: list[Fault] = []
    for line, cell in _lines(text):
        made = _cell(line, cell)
        if isinstance(made, Fault):
            wrong.append(made)
        else:
            cells.append(made)
    return cells, wrong


def _cell(line: int, cell: Mapping[str, str]) -> Placed | Fault:
    lacking = [name for name in ("网格编码", "网格名称", "级别") if not cell.get(name)]
    if lacking:
        return Fault(line, "field_missing", f"缺少 {'、'.join(lacking)}。")
    level, grade = cell["级别"], cell.get("责任等级") or GRADE_NAMES[Grade.GENERAL]
    if level not in {str(known) for known in LEVEL_NAMES}:
        return Fault(line, "level_unknown", "级别应为 1(市)、2(县区)、3(乡镇街道)、4(村社区)。")
    if grade not in _GRADES:
        return Fault(line, "grade_unknown", f"责任等级应为:{'、'.join(_GRADES)}。")
    made = Grid(
        code=cell["网格编码"],
        name=cell["网格名称"],
        level=int(level),
        parent=cell.get("上级编码") or None,
        grade=_GRADES[grade],
    )
    return Placed(line, made)


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text), restval="")
    head = [name.strip() for name in reader.fieldnames or []]
    lacking = [name for name in _NEEDED if name not in head]
    if lacking:
        known = "、".join((*_NEEDED, *_MAY))
        raise Invalid("columns_missing", f"缺少列 {'、'.join(lacking)};可用的列:{known}。")
    reader.fieldnames = head
    for row in reader:
        cell = {name: value.strip() for name, value in row.items() if isinstance(value, str)}
        if any(cell.values()):
            yield reader.line_num, cell


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("file_unreadable", f"读不了 {path}(须为 UTF-8 的 CSV)。") from error
