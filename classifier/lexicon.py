"""The cue lexicon: words and combinations that speak for an issue type, and where they stand.

data/concepts.toml lists what complaints are made of, data/cues.toml what speaks for each code, and
data/kinds.toml for each request type. Of overlapping words the longer counts.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from classifier.finder import Finder
from models.tags import Span

DATA: Final = Path(__file__).with_name("data")
#: How far apart, in characters, the words of a combination may stand.
_REACH: Final = 36
#: Of a word that is written over and over, so many places are enough.
_ENOUGH: Final = 8


class Cue(NamedTuple):
    """One thing said for a code: its spans, whether in the heading, whether a combination."""

    spans: tuple[Span, ...]
    in_head: bool
    combined: bool


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the lexicon sees: concepts and their places, cues by code and by request type."""

    concepts: Mapping[str, list[Span]]
    cues: Mapping[str, list[Cue]]
    kinds: Mapping[str, list[Span]]


class _Entry(msgspec.Struct):
    """One code of data/cues.toml, as the file says it."""

    cues: str
    rules: list[str]


class Lexicon:
    """Finds cues in folded texts; make it once, it is read-only."""

    def __init__(
        self, concepts: Mapping[str, str], entries: Mapping[str, _Entry], kinds: Mapping[str, str]
    ) -> None:
        """Take the words of the three files."""
        self.codes: Final = tuple(entries)
        self.concepts: Final = tuple(concepts)
        self.kinds: Final = tuple(kinds)
        self.code_index: Final = {code: index for index, code in enumerate(self.codes)}
        self.concept_index: Final = {name: index for index, name in enumerate(self.concepts)}
        self.kind_index: Final = {kind: index for index, kind in enumerate(self.kinds)}
        self._concepts = Finder({name: words.split() for name, words in concepts.items()})
        plain = {kind: words.split() for kind, words in kinds.items() if "&" not in words}
        self._kinds = Finder(plain)
        self._kind_rules = [
            (words.split("&"), kind) for kind, words in kinds.items() if "&" in words
        ]
        self._cues = Finder({code: entry.cues.split() for code, entry in entries.items()})
        self._rules: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for code, entry in entries.items():
            for rule in entry.rules:
                first, *others = rule.split("&")
                self._rules.setdefault(first, []).append((tuple(others), code))

    def read(self, text: str, head: int = 0) -> Reading:
        """Read a folded text whose heading is its first `head` characters."""
        concepts = self._concepts.find(text)
        cues: dict[str, list[Cue]] = {}
        for code, spans in self._cues.find(text).items():
            cues[code] = [Cue((span,), span[0] < head, False) for span in spans]
        for first, places in concepts.items():
            for others, code in self._rules.get(first, ()):
                if all(name in concepts for name in others):
                    met = _meeting([places, *(concepts[name] for name in others)])
                    if met:
                        cue = Cue(met, met[-1][0] < head, True)
                        cues.setdefault(code, []).append(cue)
        kinds = self._kinds.find(text)
        for names, kind in self._kind_rules:
            if all(name in concepts for name in names):
                kinds[kind] = list(_meeting([concepts[name] for name in names]) or ())
        return Reading(concepts=concepts, cues=cues, kinds=kinds)


def _meeting(places: list[list[Span]]) -> tuple[Span, ...] | None:
    """Find one place of each list such that all stand within reach: the closest set, in order."""
    best: tuple[Span, ...] | None = None
    width = _REACH
    for spans in product(*(spans[:_ENOUGH] for spans in places)):
        start = min(span[0] for span in spans)
        reach = max(span[1] for span in spans) - start
        if reach <= width and len(set(spans)) == len(spans):
            best, width = tuple(sorted(spans)), reach - 1
    return best


@cache
def lexicon() -> Lexicon:
    """Load the shipped lexicon."""
    concepts = tomllib.loads((DATA / "concepts.toml").read_text(encoding="utf-8"))
    cues = tomllib.loads((DATA / "cues.toml").read_text(encoding="utf-8"))
    kinds = tomllib.loads((DATA / "kinds.toml").read_text(encoding="utf-8"))
    return Lexicon(concepts, msgspec.convert(cues, dict[str, _Entry]), kinds)
