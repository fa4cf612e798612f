"""Data of disputes, officials and emergencies, read once, before anything is served."""

from collections.abc import Mapping
from functools import cache
from typing import Final

import msgspec

from models.city_load import read_clocks
from models.clock import ClockDef
from models.data_files import read_csv, read_toml
from models.taxonomy import DATA as NATIONAL
from routing.rules import DATA

_KINDS: Final = ("特别行政区", "自治州", "地区", "市", "盟", "州")
_SHORTEST: Final = 2


class County(msgspec.Struct, frozen=True, kw_only=True):
    """A county of the country with the city that it belongs to."""

    code: str
    name: str
    city: str


class Trigger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What sets an emergency off, and which roles are told of it beside those of any."""

    code: str
    zh: str
    roles: tuple[str, ...]
    source: str


class Every(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told of any emergency: roles here, authorities above by name."""

    roles: tuple[str, ...]
    superiors: tuple[str, ...]
    source: str


@cache
def triggers() -> tuple[Every, Mapping[str, Trigger]]:
    """Read who is told of what."""
    table = read_toml(DATA / "emergencies.toml")
    found = msgspec.convert(table["trigger"], list[Trigger])
    return msgspec.convert(table["every"], Every), {one.code: one for one in found}


def load() -> None:
    """Read all of it, since reading opens files."""
    agreement()
    triggers()
    official_words()
    cities()


@cache
def agreement() -> Mapping[str, ClockDef]:
    """Read how long units may agree among themselves."""
    return {clock.code: clock for clock in read_clocks(DATA / "disputes.toml")}


@cache
def official_words() -> Mapping[str, tuple[str, ...]]:
    """Read by which words people name an authority, by its role."""
    table = read_toml(DATA / "officials.toml")["words"]
    return msgspec.convert(table, dict[str, tuple[str, ...]])


@cache
def cities() -> Mapping[str, str]:
    """Read the cities of the country: the name as people say it to the whole name."""
    rows = read_csv(NATIONAL / "counties.csv", County)
    named = {_short(row.city): row.city for row in rows}
    return {short: name for short, name in named.items() if len(short) >= _SHORTEST}


def _short(name: str) -> str:
    return next((name.removesuffix(kind) for kind in _KINDS if name.endswith(kind)), name)
