"""The grid of a city (网格): its tree, grades of responsibility, and what its workers find."""

import re
from enum import StrEnum
from typing import Final

import msgspec

#: What a cell is at each level of the tree (domain section 1.2, F23).
LEVEL_NAMES: Final = {1: "市级", 2: "县区级", 3: "乡镇街道级", 4: "村社区级"}
ROOT: Final = 1
COUNTY: Final = 2
TOWNSHIP: Final = 3
COMMUNITY: Final = 4
_SCOPE: Final = "grid:"
_IN_TOWNSHIP: Final = re.compile(r"\d{9}(?:\d{3}|-[0-9A-Za-z]{1,8})?")


class Grade(StrEnum):
    """How closely a cell is watched (责任等级); clocks may ask for it."""

    SPECIAL = "special"
    KEY = "key"
    GENERAL = "general"


GRADE_NAMES: Final[dict[Grade, str]] = {
    Grade.SPECIAL: "特殊",
    Grade.KEY: "重点",
    Grade.GENERAL: "一般",
}


class Verified(StrEnum):
    """What a grid worker found on the spot."""

    TRUE = "true"
    NOT_TRUE = "not_true"
    GONE = "gone"
    UNVERIFIABLE = "unverifiable"


VERIFIED_NAMES: Final[dict[Verified, str]] = {
    Verified.TRUE: "属实",
    Verified.NOT_TRUE: "不属实",
    Verified.GONE: "已消除",
    Verified.UNVERIFIABLE: "无法核实",
}


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the tree; the root is the city itself and has no parent.

    `code` is that of the city, the county or zone, the township (nine digits), or a community of
    one: its twelve digits, or the township's nine with a suffix such as `-G01`.
    """

    code: str
    name: str
    level: int
    parent: str | None
    grade: Grade
    active: bool = True

    @property
    def adcode(self) -> str | None:
        """The county that it lies in; None for the city and for a zone."""
        head = self.code[:6]
        return head if self.level > ROOT and (self.code == head or self.township) else None

    @property
    def township(self) -> str | None:
        """The township that it is or lies in, None above that."""
        return self.code[:9] if _IN_TOWNSHIP.fullmatch(self.code) else None


def scope_of(grid: str) -> str:
    """Name a grid where a unit is named: in a connection's scope, and as the unit of its workers.

    No unit is called so, hence whoever acts under it has a part in no case.
    """
    return f"{_SCOPE}{grid}"


def grid_of(unit: str | None) -> str | None:
    """Give the grid that `scope_of` has named; None for a unit, or for nobody's."""
    return unit.removeprefix(_SCOPE) if unit and unit.startswith(_SCOPE) else None
