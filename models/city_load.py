"""Loading a city from its folder `models/cities/<adcode>/` into one City value.

The folder holds city.toml, divisions.csv, zones.csv, units.csv, bindings.csv, duties.toml and
protected_places.csv, and may hold powers.csv, periods.csv, chiefs.csv, posts.csv and
categories.csv; models/cities/README.md tells their columns. A City's version is the version that
city.toml declares and a digest of all the files, so an edited file is another release even
if nobody remembered to declare one.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from models.city import (
    Binding,
    Category,
    Chief,
    City,
    Division,
    Period,
    Post,
    Power,
    ProtectedPlace,
    Unit,
    Zone,
)
from models.clock import CalendarDay, ClockDef, ClockTerms, PauseReason
from models.data_files import convert_all, read_csv, read_toml
from models.duty import Rule
from models.errors import Invalid, NotFound

CITIES: Final = Path(__file__).with_name("cities")
_DIGEST_LENGTH: Final = 12
_T = TypeVar("_T", bound=msgspec.Struct)


class CityFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What city.toml says: names, the declared version, and what differs here of clocks and days.

    `clock` are clocks of the city's own, `terms` what it settles otherwise of national ones, and
    `pause` the reasons for which clocks stand still here.
    """

    adcode: str
    name: str
    short_names: tuple[str, ...]
    version: str
    clock: tuple[ClockDef, ...] = ()
    terms: tuple[ClockTerms, ...] = ()
    pause: tuple[PauseReason, ...] = ()
    day: tuple[CalendarDay, ...] = ()
    roll_weekend: bool = True


def installed_cities(root: Path = CITIES) -> list[str]:
    """Name the cities that have a folder with a city.toml, by adcode in order."""
    return sorted(path.parent.name for path in root.glob("[0-9]*/city.toml"))


@cache
def load_city(adcode: str, root: Path = CITIES) -> City:
    """Load a city; NotFound when it has no folder, Invalid with file, line and reason otherwise."""
    folder = root / adcode
    if not (folder / "city.toml").is_file():
        have = "、".join(installed_cities(root)) or "无"
        raise NotFound("city_not_installed", f"没有城市 {adcode} 的数据;已安装:{have}。")
    head = _head(folder)
    return City(
        adcode=head.adcode,
        name=head.name,
        short_names=head.short_names,
        version=f"{head.version}+{digest(folder)}",
        divisions=read_csv(folder / "divisions.csv", Division),
        zones=read_csv(folder / "zones.csv", Zone),
        units=read_csv(folder / "units.csv", Unit),
        bindings=read_csv(folder / "bindings.csv", Binding),
        duties=read_rules(folder / "duties.toml"),
        clocks=head.clock,
        clock_terms=head.terms,
        pauses=head.pause,
        calendar=head.day,
        roll_weekend=head.roll_weekend,
        protected_places=read_csv(folder / "protected_places.csv", ProtectedPlace),
        powers=_if_there(folder / "powers.csv", Power),
        periods=_if_there(folder / "periods.csv", Period),
        chiefs=_if_there(folder / "chiefs.csv", Chief),
        categories=_if_there(folder / "categories.csv", Category),
        posts=_if_there(folder / "posts.csv", Post),
    )


def _if_there(path: Path, kind: type[_T]) -> tuple[_T, ...]:
    return read_csv(path, kind) if path.is_file() else ()


def digest(folder: Path) -> str:
    """Digest the names and contents of a city's files to twelve hexadecimal digits."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.csv")) + sorted(folder.glob("*.toml")):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        total.update(f"{path.name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()[:_DIGEST_LENGTH]


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read the `[[rule]]` tables of a duty file, in order; Invalid on a bad or doubled rule."""
    rules = convert_all(path, "rule", read_toml(path).get("rule", []), Rule)
    _refuse_doubles(path, [rule.id for rule in rules])
    return rules


def read_clocks(path: Path) -> tuple[ClockDef, ...]:
    """Read the `[[clock]]` tables of a clock file, in order; Invalid on a bad or doubled clock."""
    clocks = convert_all(path, "clock", read_toml(path).get("clock", []), ClockDef)
    _refuse_doubles(path, [clock.code for clock in clocks])
    return clocks


def read_pauses(path: Path) -> tuple[PauseReason, ...]:
    """Read the `[[pause]]` tables of a clock file; Invalid on a bad or doubled reason."""
    reasons = convert_all(path, "pause", read_toml(path).get("pause", []), PauseReason)
    _refuse_doubles(path, [reason.code for reason in reasons])
    return reasons


def read_calendar(path: Path) -> tuple[CalendarDay, ...]:
    """Read the `[[day]]` tables of a calendar file; Invalid on a bad or doubled day."""
    days = convert_all(path, "day", read_toml(path).get("day", []), CalendarDay)
    _refuse_doubles(path, [day.day for day in days])
    return days


def _head(folder: Path) -> CityFile:
    path = folder / "city.toml"
    (head,) = convert_all(path, "city", [read_toml(path)], CityFile)
    if head.adcode != folder.name:
        detail = f"{folder.name}/city.toml 的 adcode 是 {head.adcode},应与目录名相同"
        raise Invalid("data_file_malformed", detail)
    return head


def _refuse_doubles(path: Path, ids: list[str]) -> None:
    doubled = sorted({name for name in ids if ids.count(name) > 1})
    if doubled:
        detail = f"{path.parent.name}/{path.name} 有重复编号:{'、'.join(doubled)}"
        raise Invalid("data_file_malformed", detail)
