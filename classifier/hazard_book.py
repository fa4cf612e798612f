"""The rules of danger of data/hazards.toml made ready: patterns, and signs that save the search."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import ahocorasick_rs
import msgspec

RULES: Final = Path(__file__).with_name("data") / "hazards.toml"


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """One rule of the file; its patterns may name parts."""

    reason: str
    signs: str
    event: str
    also: str | list[str] = ""
    never: str = "(?!)"
    feared: bool = True
    lasting: bool = False
    acute: bool = False
    topic: bool = False
    emergency: bool = False


class Patterns(NamedTuple):
    """A rule made ready; every one of `also` must stand beside the event."""

    rule: Rule
    event: re.Pattern[str]
    also: tuple[re.Pattern[str], ...]
    never: re.Pattern[str]


class Book:
    """The whole file made ready; it is read-only."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Take the file as it was read."""
        parts: dict[str, str] = {}
        for name, text in data["parts"].items():
            parts[name] = _filled(text, parts)
        emergencies = [rule | {"emergency": True} for rule in data["emergency"]]
        rules = msgspec.convert([*emergencies, *data["urgent"]], list[Rule])
        self.rules: Final = tuple(_ready(rule, parts) for rule in rules)
        self.context: Final = _compiled(data["context"], parts)
        self.circumstances: Final = _compiled(data["circumstances"], parts)
        signs: dict[str, list[int]] = {}
        for number, rule in enumerate(rules):
            for sign in rule.signs.split():
                signs.setdefault(sign, []).append(number)
        self._automaton: Final = ahocorasick_rs.AhoCorasick(list(signs))
        self._numbers: Final = list(signs.values())

    def signs(self, text: str) -> dict[int, list[int]]:
        """Give the places, ascending, where a sign stands, by the number of its rule."""
        found: dict[int, list[int]] = {}
        matches = self._automaton.find_matches_as_indexes(text, overlapping=True)
        for index, start, _ in sorted(matches, key=lambda match: match[1]):
            for number in self._numbers[index]:
                found.setdefault(number, []).append(start)
        return found


@cache
def book() -> Book:
    """Read the file once."""
    return Book(tomllib.loads(RULES.read_text(encoding="utf-8")))


def _compiled(texts: Mapping[str, str], parts: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(_filled(text, parts)) for name, text in texts.items()}


def _ready(rule: Rule, parts: Mapping[str, str]) -> Patterns:
    wanted: Sequence[str] = [rule.also] if isinstance(rule.also, str) else rule.also
    event, never, *also = (re.compile(_filled(t, parts)) for t in (rule.event, rule.never, *wanted))
    return Patterns(rule, event, tuple(also), never)


def _filled(pattern: str, parts: Mapping[str, str]) -> str:
    for name, part in parts.items():
        pattern = pattern.replace("{" + name + "}", f"(?:{part})")
    return pattern
