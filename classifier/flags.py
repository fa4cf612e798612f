"""Circumstances that the rules of duty ask for, as flags: when, what plant, whose smell, how many.

Words are data/flags.toml; what needs more than a word (the hour, a crowd, a smell's source) here.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import ahocorasick_rs
import msgspec

from classifier.document import Document
from classifier.hazard_book import book
from classifier.numbers import hours, many_people

WORDS: Final = Path(__file__).with_name("data") / "flags.toml"
_NIGHT: Final = re.compile(
    r"凌晨|半夜|深夜|通宵|整夜|彻夜|后半夜|午夜|零点|夜间(?!1?\d点前)|夜里|夜半|大半夜|三更|日夜|昼夜|白天黑夜|24小时"
)
_EVENING: Final = re.compile(r"晚上|每晚|夜晚|晚间|到了晚")
_SLEEP: Final = re.compile(r"睡|休息|入眠|失眠")
_NOON: Final = re.compile(r"午休|中午|午间|12[点:：时].{0,3}14|十二点到两点|十二点到十四")
_UNKNOWN: Final = re.compile(
    r"(?:不知|不清楚|不晓得|说不清|搞不清|查不到|查不出|找不到|找不着|没找到)"
    r"[^，。]{0,12}(?:哪|源|来源|谁|什么|原因|出处|何处|何人)"
    r"|来源不明|源头不明|不明来源|来历不明|不明原因|不知何|不明异味|不明气味"
)
#: What makes the water of many taps a danger; low pressure or a stop is none.
_FOUL: Final = re.compile(
    r"味|臭|油|黄|浑|黑|红|绿|白色|乳白|脏|泥|虫|杂质|沉淀|漂浮|超标|污染|中毒|腹泻|拉肚子|水质"
)
_ECO: Final = re.compile(r"环保(?:局|厅|所|部门|分局|监察|大队)|生态环境|环境监察")
_STENCH: Final = ("A02",)
#: The list whose words keep the words within them from being found.
_DECOY: Final = "decoy"
_LATE, _EARLY = 22, 6
_PLANTS: Final = (
    "chemical",
    "pharma",
    "plastic",
    "food",
    "building_materials",
    "metal",
    "textile",
    "paper",
    "furniture",
    "electroplating",
)
#: Where a smell comes from, by the first of these flags or concepts that the text has.
_ODORS: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("wwtp", ("facility:wwtp",), ""),
    ("waste", ("facility:landfill", "facility:incinerator", "facility:transfer"), ""),
    ("livestock", ("industry:livestock",), "manure"),
    ("catering", ("industry:catering",), ""),
    ("industry", (*(f"industry:{plant}" for plant in _PLANTS), "place:park_zone"), "factory"),
    ("pipe", (), "sewer"),
    ("waste", (), "garbage"),
    ("water", (), "waterbody"),
)


class _Flag(msgspec.Struct, forbid_unknown_fields=True):
    """One flag of the file."""

    words: str


def find_flags(document: Document, types: Collection[str], kind: str) -> tuple[str, ...]:
    """Find the flags of a text whose types and request type are known."""
    found = _from_words(document.bare)
    found |= _time_flags(document.bare)
    if _UNKNOWN.search(document.bare):
        found.add("source:unknown")
    if many_people(document.bare):
        found.add("group")
    if "fish_kill" in found and not any(code[0] in "WCM" for code in types):
        found.discard("fish_kill")
    if "Z04" in types and not _FOUL.search(document.bare):
        found.discard("many_households")
    if (kind == "JC" or "P06" in types) and _ECO.search(document.bare):
        found.add("authority:eco")
    if any(code in _STENCH for code in types):
        found.add(f"odor:{_odor(document, found)}")
    return tuple(sorted(found))


def _from_words(text: str) -> set[str]:
    automaton, flags = _words()
    matches = automaton.find_matches_as_indexes(text, overlapping=True)
    decoys = [(start, end) for index, start, end in matches if flags[index] == _DECOY]
    return {
        flags[index]
        for index, start, end in matches
        if flags[index] != _DECOY
        and not any(a <= start and end <= b and (a, b) != (start, end) for a, b in decoys)
    }


def _time_flags(text: str) -> set[str]:
    found: set[str] = set()
    named = set(hours(text))
    late = any(hour >= _LATE or hour < _EARLY for hour in named)
    asleep = _EVENING.search(text) and _SLEEP.search(text) and not named
    if _NIGHT.search(text) or late or asleep:
        found.add("time:night")
    if _NOON.search(text):
        found.add("time:noon")
    if book().circumstances["exam"].search(text):
        found.add("time:exam")
    return found


def _odor(document: Document, found: Collection[str]) -> str:
    """Say where a smell comes from, as the text has it."""
    if "source:unknown" in found:
        return "unknown"
    concepts = document.reading.concepts
    for source, flags, concept in _ODORS:
        if concept in concepts or any(flag in found for flag in flags):
            return source
    return "unknown"


@cache
def _words() -> tuple[ahocorasick_rs.AhoCorasick, list[str]]:
    """Read the file once: an automaton over all words and the flag of each."""
    data: Mapping[str, _Flag] = msgspec.convert(
        tomllib.loads(WORDS.read_text(encoding="utf-8")), dict[str, _Flag]
    )
    pairs = [(word, flag) for flag, entry in data.items() for word in entry.words.split()]
    return ahocorasick_rs.AhoCorasick([word for word, _ in pairs]), [flag for _, flag in pairs]
