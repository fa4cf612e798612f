"""Whether cells make one tree that fits the city: every mistake told by its line."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from models.city import City
from models.grid import COMMUNITY, COUNTY, LEVEL_NAMES, ROOT, TOWNSHIP, Grid

_LONGEST_NAME: Final = 60
_PART: Final = re.compile(r"\d{3}|-[0-9A-Za-z]{1,8}")


class Placed(NamedTuple):
    """A cell and the line of the file that it stands in."""

    line: int
    grid: Grid


class Fault(NamedTuple):
    """What is wrong in a line: a stable code, and in Chinese what to mend."""

    line: int
    code: str
    detail: str


def faults(city: City, cells: Sequence[Placed]) -> list[Fault]:
    """Find what is wrong with a whole tree, in the order of its lines; nothing where it is good."""
    known = {placed.grid.code: placed.grid for placed in cells}
    found = [fault for placed in cells for fault in _of_cell(city, placed, known)]
    found += _twice(cells)
    if not any(placed.grid.level == ROOT for placed in cells):
        found.append(Fault(1, "root_missing", f"缺少市级网格(编码 {city.adcode},级别 1)。"))
    return sorted(found)


def _twice(cells: Sequence[Placed]) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for line, grid in cells:
        first = seen.setdefault(grid.code, line)
        if first != line:
            yield Fault(line, "code_twice", f"网格编码 {grid.code} 与第 {first} 行重复。")


def _of_cell(city: City, placed: Placed, known: dict[str, Grid]) -> Iterator[Fault]:
    line, grid = placed
    if grid.level not in LEVEL_NAMES:
        yield Fault(line, "level_unknown", "级别应为 1(市)、2(县区)、3(乡镇街道)、4(村社区)。")
        return
    if not 0 < len(grid.name) <= _LONGEST_NAME:
        yield Fault(line, "name_missing", f"网格名称应为 1 至 {_LONGEST_NAME} 个字。")
    yield from _parent(line, grid, known)
    told = _place(city, grid, known)
    if told:
        yield Fault(line, *told)


def _parent(line: int, grid: Grid, known: dict[str, Grid]) -> Iterator[Fault]:
    if grid.level == ROOT:
        if grid.parent:
            yield Fault(line, "root_has_parent", "市级网格不填上级编码。")
        return
    above = known.get(grid.parent or "")
    if above is None:
        yield Fault(line, "parent_unknown", f"文件中没有上级网格 {grid.parent or '(空)'}。")
    elif above.level != grid.level - 1:
        wanted = LEVEL_NAMES[grid.level - 1]
        yield Fault(line, "parent_level", f"上级网格 {above.code} 应为{wanted}(高一级)。")


def _place(city: City, grid: Grid, known: dict[str, Grid]) -> tuple[str, str] | None:
    """Say why a code does not fit the city, or what lies above it; None where it does."""
    if grid.level == ROOT:
        wrong = grid.code != city.adcode
        return ("city_mismatch", f"市级网格的编码应为 {city.adcode}。") if wrong else None
    if grid.level == COUNTY:
        return None if grid.code in _counties(city) else _unknown(grid, "区县或功能区")
    if grid.level == TOWNSHIP:
        return _township(city, grid)
    return _community(grid, known)


def _township(city: City, grid: Grid) -> tuple[str, str] | None:
    if grid.code not in _townships(city):
        return _unknown(grid, "乡镇街道")
    zone = next((zone for zone in city.zones if zone.code == grid.parent), None)
    if zone is not None:
        inside = grid.code in zone.townships or grid.code[:6] in zone.adcodes
    else:
        inside = grid.code[:6] == grid.parent
    return None if inside else _outside(grid)


def _community(grid: Grid, known: dict[str, Grid]) -> tuple[str, str] | None:
    above = known.get(grid.parent or "")
    if above is None or above.level != COMMUNITY - 1:
        return None  # told already
    head, part = grid.code[: len(above.code)], grid.code[len(above.code) :]
    if head != above.code:
        return _outside(grid)
    if not _PART.fullmatch(part):
        detail = "村社区网格的编码应为 12 位数字,或上级 9 位编码加“-”和 1 至 8 位字母数字。"
        return "code_malformed", detail
    return None


def _counties(city: City) -> set[str]:
    counties = {one.code for one in city.divisions if one.level == "county" and not one.valid_to}
    return counties | {zone.code for zone in city.zones}


def _townships(city: City) -> set[str]:
    return {one.code for one in city.divisions if one.level == "township" and not one.valid_to}


def _unknown(grid: Grid, what: str) -> tuple[str, str]:
    return "division_unknown", f"本市现行{what}中没有编码 {grid.code}。"


def _outside(grid: Grid) -> tuple[str, str]:
    return "outside_parent", f"网格 {grid.code} 不在上级网格 {grid.parent} 之内。"
