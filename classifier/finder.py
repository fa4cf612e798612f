"""Finding the words of named lists in a folded text, in one pass whatever their number."""

from collections.abc import Iterable, Mapping
from typing import Final

import ahocorasick_rs

from models.tags import Span

Places = dict[str, list[Span]]


class Finder:
    """Finds words by the name of their list; of two finds the one that holds the other counts.

    So a list of decoys (`炸街`, `火灾隐患`) keeps the shorter words within them from being found.
    """

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        """Take the words by list; a word may stand in several lists."""
        names: dict[str, list[str]] = {}
        for name, words in lists.items():
            for word in words:
                names.setdefault(word.lower(), []).append(name)
        self._names: Final = list(names.values())
        self._automaton: Final = ahocorasick_rs.AhoCorasick(list(names))

    def find(self, text: str) -> Places:
        """Give the places of each list that occurs, in the order of the text."""
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        found.sort(key=lambda match: (match[1], -match[2]))
        places: Places = {}
        reached = 0
        for index, start, end in found:
            if end <= reached:
                continue
            reached = end
            for name in self._names[index]:
                places.setdefault(name, []).append((start, end))
        return places
