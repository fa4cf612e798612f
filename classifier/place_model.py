"""What a city's past tickets teach about its places, at work: a text in, a share per county out.

The model adds up what official names, named places and short runs of characters speak for, and
turns the sums into calibrated probabilities. It is one .npz file beside the city's other data.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from zipfile import BadZipFile

import msgspec
import numpy as np
import numpy.typing as npt

from classifier.place_grams import Ints, Keys, Runs, runs
from classifier.place_names import LEARNED, WRITTEN, Named, Place, PlaceNames, read_places
from models.errors import Unavailable
from models.tags import Span

Floats = npt.NDArray[np.float64]

WEIGHTS: Final = "learned_places.npz"
#: What official names and named places weigh beside a text's runs, whose length is one.
OFFICIAL: Final = 0.6
NAMED: Final = 0.6
_SIEVE_BITS: Final = 21
#: What a run counts by how often it stands in a text: 1 + log.
_LOGS: Final = 1 + np.log(np.maximum(np.arange(200), 1))
_MOST_SPANS: Final = 4
#: A run must speak so much for the county to be shown, beside the strongest.
_SHOWN: Final = 0.35
#: What is less likely than this gets no evidence, and is no candidate.
_LEAST_SHOWN: Final = 0.25
#: A text whose runs weigh less than this in all says little, and counts for less.
_LITTLE: Final = 15.0
_LITTLE_NAMED: Final = 1.0
_LITTLE_OFFICIAL: Final = 1.5


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a weights file says of itself.

    `counties` are its columns, `prior` their shares among past tickets. `steepness` turns sums
    into probabilities; from `threshold` on a county is named. `names` are the learned places at the
    time of learning: one that is no longer listed was struck out, and is read over.
    """

    version: str
    city: str
    digest: str
    tickets: int
    groups: int
    counties: tuple[str, ...]
    prior: tuple[float, ...]
    steepness: float
    threshold: float
    dense: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]


class Weights(NamedTuple):
    """A model's arrays: sorted keys, what a run weighs in its text, and its say per county."""

    head: Head
    keys: Keys
    weigh: npt.NDArray[np.float32]
    say: npt.NDArray[np.int8]
    scale: npt.NDArray[np.float32]


class Guess(NamedTuple):
    """Probabilities by county, the likeliest first; `evidence` speaks for the first."""

    ranked: tuple[tuple[str, float], ...]
    evidence: tuple[Span, ...]

    @property
    def best(self) -> str:
        """The likeliest county."""
        return self.ranked[0][0]

    @property
    def p(self) -> float:
        """How likely it is."""
        return self.ranked[0][1]


class Reading(NamedTuple):
    """A text's features: known runs with their values and places, and two channels of votes."""

    columns: Ints
    values: Floats
    dense: Floats
    hits: Runs
    named: tuple[Named, ...]


class PlaceModel:
    """One city's learned places; read-only, one for all threads."""

    def __init__(self, weights: Weights, places: tuple[Place, ...]) -> None:
        """Take the weights and the places that are listed now."""
        self.head: Final = weights.head
        self._weights: Final = weights
        prior = np.array(weights.head.prior)
        self._names: Final = PlaceNames(places, weights.head.counties, prior)
        listed = {place.name for place in places}
        struck = [Place(name=name, kind="") for name in weights.head.names if name not in listed]
        self._struck: Final = PlaceNames(struck, weights.head.counties, prior)
        self._reader: Final = Reader(weights.keys, weights.weigh, self._names)
        self._dense: Final = np.array(weights.head.dense)

    @property
    def threshold(self) -> float:
        """From this probability on a county is named."""
        return self.head.threshold

    def guess(self, text: str, official: Mapping[str, float]) -> Guess:
        """Read one folded text; `official` is what divisions' names speak for, by county."""
        return self.guesses([text], [official])[0]

    def guesses(self, texts: Sequence[str], official: Sequence[Mapping[str, float]]) -> list[Guess]:
        """Read folded texts in one go."""
        counties = self.head.counties
        heard = [np.array([votes.get(code, 0.0) for code in counties]) for votes in official]
        read = self._reader.read([self._without_struck(text) for text in texts], heard)
        if not read:
            return []
        shares = softmax(np.stack([self._sums(one) for one in read]) * self.head.steepness)
        order = np.argsort(-shares, axis=1, kind="stable").tolist()
        rows = np.round(shares, 4).tolist()
        return [self._guess(*row) for row in zip(read, rows, order, strict=True)]

    def _sums(self, read: Reading) -> Floats:
        said = read.values @ self._weights.say[read.columns] * self._weights.scale
        sums: Floats = said + read.dense @ self._dense
        return sums

    def _guess(self, read: Reading, shares: list[float], order: list[int]) -> Guess:
        ranked = tuple((self.head.counties[at], shares[at]) for at in order)
        best = order[0]
        sure = shares[best] >= _LEAST_SHOWN
        return Guess(ranked, self._evidence(read, best) if sure else ())

    def _without_struck(self, text: str) -> str:
        for start, end in [named.span for named in self._struck.find(text)] if self._struck else []:
            text = text[:start] + " " * (end - start) + text[end:]
        return text

    def _evidence(self, read: Reading, best: int) -> tuple[Span, ...]:
        """Give the names and the runs that speak most for a county."""
        for_it = [
            named.span
            for named in read.named
            if int(self._names.votes([named.name]).argmax()) == best
        ]
        say = self._weights.say[read.columns] * self._weights.scale
        said = read.values * (say[:, best] - say.mean(axis=1))
        strong = np.argsort(-said, kind="stable")[:_MOST_SPANS]
        if len(strong) and said[strong[0]] > 0:
            strong = strong[said[strong] >= _SHOWN * said[strong[0]]]
            for_it += self._spans(read, read.columns[strong])
        return _joined(for_it)

    def _spans(self, read: Reading, columns: Ints) -> list[Span]:
        """Give where runs stand first."""
        first = [
            int(np.flatnonzero(read.hits.key == key)[0]) for key in self._weights.keys[columns]
        ]
        starts = [int(read.hits.start[at]) for at in first]
        return [
            (start, start + int(read.hits.size[at]))
            for at, start in zip(first, starts, strict=True)
        ]


class Reader:
    """Turns texts into features over known runs."""

    def __init__(
        self, keys: Keys, weigh: npt.NDArray[np.float32] | Floats, names: PlaceNames
    ) -> None:
        """Take the sorted keys with what each weighs, and the named places."""
        self._keys: Final = keys
        self._weigh: Final = weigh
        self._names: Final = names
        self._sieve: Final = np.zeros(1 << _SIEVE_BITS, dtype=np.bool_)
        self._sieve[keys >> np.uint32(32 - _SIEVE_BITS)] = True

    @property
    def width(self) -> int:
        """How many runs are known."""
        return len(self._keys)

    def read(
        self, texts: Sequence[str], official: Sequence[Floats], own: Sequence[int] | None = None
    ) -> list[Reading]:
        """Read folded texts; `own` are the counties of past tickets, each judged by the others."""
        hits, at = self._known(runs("\n".join(texts)))
        begins = np.cumsum([0, *(len(text) + 1 for text in texts)])
        order = np.argsort(hits.start, kind="stable")
        hits, at = hits.chosen(order), at[order]
        bounds = np.searchsorted(hits.start, begins).tolist()
        return [
            self._reading(
                text,
                hits.chosen(slice(low, high)).moved(int(begin)),
                at[low:high],
                votes,
                None if own is None else own[number],
            )
            for number, (text, votes, low, high, begin) in enumerate(
                zip(texts, official, bounds[:-1], bounds[1:], begins[:-1], strict=True)
            )
        ]

    def _known(self, hits: Runs) -> tuple[Runs, Ints]:
        hits = hits.chosen(self._sieve[hits.key >> np.uint32(32 - _SIEVE_BITS)])
        at = np.searchsorted(self._keys, hits.key)
        at[at == len(self._keys)] = 0
        known = self._keys[at] == hits.key if len(self._keys) else at < 0
        return hits.chosen(known), at[known]

    def _reading(
        self, text: str, hits: Runs, at: Ints, official: Floats, own: int | None
    ) -> Reading:
        columns, counts = np.unique(at, return_counts=True)
        values = _LOGS[np.minimum(counts, len(_LOGS) - 1)] * self._weigh[columns]
        named = tuple(self._names.find(text))
        votes = self._names.votes({one.name for one in named}, own)
        heard = OFFICIAL * _unit(official, _LITTLE_OFFICIAL)
        dense = np.concatenate((heard, NAMED * _unit(votes, _LITTLE_NAMED)))
        return Reading(columns, _unit(values, _LITTLE), dense, hits, named)


def load_model(folder: Path) -> PlaceModel | None:
    """Load a city's learned places; None where it has none, Unavailable where they are damaged."""
    path = folder / WEIGHTS
    if not path.is_file():
        return None
    return PlaceModel(read_weights(path), all_places(folder))


def all_places(folder: Path) -> tuple[Place, ...]:
    """Read the places that people wrote and those that were learned."""
    return (*read_places(folder / WRITTEN), *read_places(folder / LEARNED))


def read_weights(path: Path) -> Weights:
    """Read a weights file; Unavailable when it is damaged."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays: dict[str, Any] = {name: archive[name] for name in archive.files}
        head = msgspec.json.decode(arrays["head"].tobytes(), type=Head)
        keys, weigh = arrays["keys"], arrays["weigh"].astype(np.float32)
        return Weights(head, keys, weigh, arrays["say"], arrays["scale"])
    except (OSError, ValueError, KeyError, BadZipFile, msgspec.DecodeError) as error:
        raise Unavailable(
            "place_model_unreadable", f"{path.name} 缺失或损坏,请重新运行 jiesu learn-places。"
        ) from error


def write_weights(path: Path, weights: Weights) -> None:
    """Write a weights file."""
    head = np.frombuffer(msgspec.json.encode(weights.head), dtype=np.uint8)
    with path.open("wb") as stream:
        np.savez_compressed(
            stream,
            head=head,
            keys=weights.keys,
            weigh=weights.weigh.astype(np.float16),
            say=weights.say,
            scale=weights.scale,
        )


def softmax(sums: Floats) -> Floats:
    """Turn sums into shares along the last axis."""
    raised = np.exp(sums - sums.max(axis=-1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def _unit(values: Floats, little: float) -> Floats:
    """Give values the length one, or less where they come to little."""
    return values / max(float(np.sqrt(values @ values)), little)


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    """Join spans that touch or overlap, in order."""
    joined: list[Span] = []
    for start, end in sorted(set(spans)):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
