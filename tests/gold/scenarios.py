"""The golden scenarios as values."""

import tomllib
from pathlib import Path
from typing import Final

import msgspec

_FILE: Final = Path(__file__).with_name("scenarios.toml")


class Known(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a reader of the text must find; an empty county is an unknown one.

    `also_kinds` are request types that serve as well.
    """

    kind: str
    also_kinds: tuple[str, ...] = ()
    types: tuple[str, ...]
    adcode: str
    urgency: str
    flags: tuple[str, ...]
    township: str = ""
    zone: str | None = None


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the catalogue must make of it. `never` are roles that must have no part.

    `due` maps clocks to month, day and time, `split` are leads of other parts, None unasked.
    """

    lead: str | None = None
    unit: str | None = None
    pool: bool = False
    cooperating: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    urgency: str | None = None
    review: tuple[str, ...] = ()
    due: dict[str, str] = {}
    no_clock: tuple[str, ...] = ()
    split: tuple[str, ...] | None = None
    laws: tuple[str, ...] = ()


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scenario; `moved` says where it was told of first."""

    n: int
    title: str
    city: str
    moved: str = ""
    text: str
    facts: Known
    expect: Expected


def scenarios() -> list[Scenario]:
    """Read all thirty-two."""
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return msgspec.convert(table["scenario"], list[Scenario])
