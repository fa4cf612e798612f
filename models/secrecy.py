"""Which cases only persons admitted by name may see (保密件), as rules of data.

A report of falsified monitoring data or by someone from within is betrayed by whoever knows of it:
it is restricted from the moment it is read (domain F64, section 4.8, golden scenario 26).
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from models.case import Case
from models.data_files import convert_all, read_toml
from models.errors import Invalid

_FILE: Final = Path(__file__).with_name("data") / "secrecy.toml"
#: The sides that persons are admitted on: who takes reports, and the unit that leads.
DESK, UNIT = "desk", "unit"


class SecrecyRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a case is restricted: all that is stated must hold, what is empty asks for nothing."""

    id: str
    kinds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    any_flag: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    reason: str
    source: str

    def fits(self, case: Case) -> bool:
        """Tell whether the rule holds for a case as it was read."""
        flags = case.tags.flags if case.tags else ()
        text = f"{case.title or ''}\n{case.text}"
        return (
            (not self.kinds or case.kind in self.kinds)
            and (not self.types or not set(self.types).isdisjoint(case.types))
            and (not self.any_flag or not set(self.any_flag).isdisjoint(flags))
            and (not self.words or any(word in text for word in self.words))
        )


class Secrecy(msgspec.Struct, frozen=True, kw_only=True):
    """The rules, and how many persons may be admitted on each side."""

    seats: dict[str, int]
    rules: tuple[SecrecyRule, ...]

    def rule_for(self, case: Case) -> SecrecyRule | None:
        """Give the first rule that restricts a case; None for an open one."""
        return next((rule for rule in self.rules if rule.fits(case)), None)


@cache
def secrecy() -> Secrecy:
    """Read the rules; Invalid where the file is wrong."""
    table: dict[str, Any] = read_toml(_FILE)
    rules = convert_all(_FILE, "rule", table.get("rule"), SecrecyRule)
    seats = table.get("seats", {})
    if set(seats) != {DESK, UNIT} or any(type(n) is not int or n < 1 for n in seats.values()):
        code = "data_file_malformed"
        raise Invalid(code, f"{_FILE.name} 的 [seats] 须写明 desk 和 unit 各几人(至少一人)。")
    return Secrecy(seats=seats, rules=rules)
