"""How work is measured: formulas, ceilings of exclusions and graded lists, as versioned data (F34).

A numerator is always among its denominator's cases: it asks for more of the same conditions.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Final, Literal

import msgspec

from models.data_files import read_toml
from models.db.marks import CONDITIONS, Counted, bits
from models.errors import Invalid
from models.taxonomy import ISSUE_TYPES
from routing.rules import DATA

#: Conditions that come from what citizens said: a figure of these must say who did not answer.
_ASKED: Final = frozenset({"to_call", "judged", "verified", "solved", "satisfied", "not_denied"})


class Formula(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of a figure: the share of cases `of`, none `without`, of which `counts` hold."""

    code: str
    zh: str
    en: str
    version: str
    of: tuple[str, ...]
    counts: tuple[str, ...]
    without: tuple[str, ...] = ()
    not_connected: Literal["", "counted", "left_out"] = ""
    better: Literal["high", "low"]
    valid_from: date | None = None
    valid_to: date | None = None
    source: str

    def __post_init__(self) -> None:
        """Refuse conditions that are none, and a figure that does not say who it leaves out."""
        named = {*self.of, *self.counts, *self.without}
        if not named <= set(CONDITIONS):
            detail = f"指标 {self.code} 用了未知的条件:{'、'.join(named - set(CONDITIONS))}。"
            raise Invalid("condition_unknown", detail)
        said = "left_out" if "judged" in self.of else "counted"
        if self.not_connected != (said if named & _ASKED else ""):
            detail = f"指标 {self.code} 须写明未接通的是否计入分母(not_connected),并与口径一致。"
            raise Invalid("not_connected_unclear", detail)

    @property
    def counted(self) -> Counted:
        """The formula as the store counts it."""
        base = bits(self.of)
        return Counted(self.code, self.version, base, base | bits(self.counts), bits(self.without))

    def holds(self, day: date) -> bool:
        """Tell whether this version holds on a day."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


class Ceiling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many of a unit's closed cases of a month may be left out."""

    part: float
    fewest: int
    source: str

    def of(self, closed: int) -> int:
        """Give the ceiling for so many closed cases."""
        return max(self.fewest, int(self.part * closed))


class Others(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Issue types that are no complaint about the environment; cities in `but` count them."""

    types: tuple[str, ...]
    but: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        """Refuse a type that there is not."""
        if unknown := [code for code in self.types if code not in ISSUE_TYPES]:
            raise Invalid("type_unknown", f"没有诉求类型 {'、'.join(unknown)}。")

    def of(self, city: str) -> tuple[str, ...]:
        """Give the types that a city does not count."""
        return () if city in self.but else self.types


class Grade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grade, and the least figure for it."""

    zh: str
    least: float


class Lists(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Graded lists: by which figure, in which bands of closed cases; off for cities named there."""

    active: bool
    off: tuple[str, ...]
    formula: str
    fewest: int
    bands: tuple[int, ...]
    grades: tuple[Grade, ...]
    source: str

    def wanted(self, city: str) -> bool:
        """Tell whether a city has lists."""
        return self.active and city not in self.off


class Measures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that says how work is measured."""

    formulas: tuple[Formula, ...] = msgspec.field(name="formula")
    others: Others
    ceiling: Ceiling = msgspec.field(name="exclusions")
    lists: Lists

    def on(self, day: date) -> tuple[Formula, ...]:
        """Give the formulas that hold on a day, one version of each; Invalid where two do."""
        found = tuple(one for one in self.formulas if one.holds(day))
        codes = [one.code for one in found]
        if len(set(codes)) < len(codes):
            raise Invalid("two_versions", f"{day} 有指标同时适用两个版本的口径。")
        return found

    def version(self, code: str, version: str) -> Formula:
        """Give one version of a formula; Invalid where there is none."""
        for one in self.formulas:
            if (one.code, one.version) == (code, version):
                return one
        raise Invalid("formula_unknown", f"没有指标 {code}(口径版本 {version})。")


@cache
def measures() -> Measures:
    """Read how work is measured, as shipped."""
    return read_measures(read_toml(DATA / "marks.toml"))


def read_measures(table: object) -> Measures:
    """Read how work is measured from data."""
    return msgspec.convert(table, Measures)


def counted(formulas: Sequence[Formula]) -> list[Counted]:
    """Give formulas as the store counts them."""
    return [one.counted for one in formulas]
