"""The named places of a city below its divisions: written ones, learned ones, official ones.

`places.csv` in a city's folder is written by people, `learned_places.csv` by `jiesu learn-places`.
Each line is public knowledge that a person can read and strike out; a learned line carries how
many past tickets of each county named the place.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import ahocorasick_rs
import msgspec
import numpy as np
import numpy.typing as npt

from classifier.normalize import fold
from models.data_files import read_csv
from models.tags import Span

Floats = npt.NDArray[np.float64]

WRITTEN: Final = "places.csv"
LEARNED: Final = "learned_places.csv"
#: How many tickets a place's county as people wrote it is worth, and the city's usual spread.
_WRITTEN_WORTH: Final = 4.0
_PRIOR_WORTH: Final = 1.0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place by name. `adcodes` are the counties it lies in, as people or a public list say.

    `counts` are `adcode:messages` of the past tickets that named it, `messages` their sum.
    """

    name: str
    kind: str
    adcodes: tuple[str, ...] = ()
    messages: int = 0
    counts: tuple[str, ...] = ()
    source: str = ""

    def tally(self) -> dict[str, int]:
        """Give the counts by county."""
        pairs = (count.split(":") for count in self.counts)
        return {code: int(number) for code, number in pairs}


class Named(NamedTuple):
    """A place's name as it stands in a text."""

    span: Span
    name: str


def read_places(path: Path) -> tuple[Place, ...]:
    """Read a file of places; none where there is no file, Invalid where a line is bad."""
    return read_csv(path, Place) if path.is_file() else ()


class PlaceNames:
    """Finds named places in texts and says for which counties they speak."""

    def __init__(self, places: Iterable[Place], counties: Sequence[str], prior: Floats) -> None:
        """Index the places; a name that stands in several lines means all of them together."""
        self._counties: Final = {code: at for at, code in enumerate(counties)}
        self._prior: Final = prior
        self._given: dict[str, Floats] = {}
        self._seen: dict[str, Floats] = {}
        for place in places:
            self._add(place)
        self._names: Final = list(self._given)
        self._said: Final = {name: self._vote(name, None) for name in self._names}
        self._find = ahocorasick_rs.AhoCorasick(
            self._names, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest
        )

    def __len__(self) -> int:
        """Count the names."""
        return len(self._names)

    def find(self, text: str) -> list[Named]:
        """Give the names in a folded text, the longest where several begin, in order."""
        return [
            Named((start, end), self._names[n])
            for n, start, end in self._find.find_matches_as_indexes(text)
        ]

    def votes(self, names: Iterable[str], own: int | None = None) -> Floats:
        """Add up what the names say of each county, 0 where nothing.

        `own` is the county of a past ticket that is judged by what the others say: it is taken out
        of the counts.
        """
        total = np.zeros(len(self._prior))
        for name in names:
            total += self._said[name] if own is None else self._vote(name, own)
        return total

    def _vote(self, name: str, own: int | None) -> Floats:
        seen = self._seen[name]
        if own is not None and seen[own] > 0:
            seen = seen.copy()
            seen[own] -= 1
        counts = seen + self._given[name] + _PRIOR_WORTH * self._prior
        share = counts / counts.sum()
        telling = float((share * np.log(share / self._prior)).sum())
        vote: Floats = share * telling
        return vote

    def _add(self, place: Place) -> None:
        name = fold(place.name)
        size = len(self._prior)
        given = self._given.setdefault(name, np.zeros(size))
        seen = self._seen.setdefault(name, np.zeros(size))
        known = [self._counties[code] for code in place.adcodes if code in self._counties]
        for at in known:
            given[at] += _WRITTEN_WORTH / len(known)
        for code, number in place.tally().items():
            if code in self._counties:
                seen[self._counties[code]] += number


def spread(codes: Iterable[str], counties: Sequence[str]) -> Floats:
    """Give the share of each county among past tickets, none quite zero."""
    at = {code: index for index, code in enumerate(counties)}
    counts = np.ones(len(counties))
    for code in codes:
        counts[at[code]] += 1
    share: Floats = counts / counts.sum()
    return share


def tallied(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Write counts by county, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(f"{code}:{number}" for code, number in ordered)
