"""What a city's past tickets teach about its places, at work: a text in, a share per county out.

The model adds up what official names, named places and short runs of characters speak for, and
turns the sums into calibrated probabilities. It is one .npz file beside the city's other data.
"""

from collections.abc import Mapping
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
_SIEVE_BITS: Final = 18
_MOST_SPANS: Final = 4
#: A run must speak so much for the county to be shown, beside the strongest.
_SHOWN: Final = 0.35


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
    names: tuple[Named, ...]

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
        """Read a folded text; `official` is what divisions' names speak for, by county."""
        heard = np.array([official.get(code, 0.0) for code in self.head.counties])
        read = self._reader.read(self._without_struck(text), heard)
        say = self._weights.say[read.columns] * self._weights.scale
        sums = read.values @ say + read.dense @ self._dense
        shares = softmax(sums * self.head.steepness)
        order = np.argsort(-shares, kind="stable")
        best = int(order[0])
        ranked = tuple((self.head.counties[at], round(float(shares[at]), 4)) for at in order)
        own = say[:, best] - say.mean(axis=1)
        return Guess(ranked, self._evidence(read, read.values * own, best), read.named)

    def _without_struck(self, text: str) -> str:
        for start, end in [named.span for named in self._struck.find(text)] if self._struck else []:
            text = text[:start] + " " * (end - start) + text[end:]
        return text

    def _evidence(self, read: Reading, said: Floats, best: int) -> tuple[Span, ...]:
        """Give the names and the runs that speak most for a county."""
        for_it = [
            named.span
            for named in read.named
            if int(self._names.votes([named.name]).argmax()) == best
        ]
        strong = np.argsort(-said, kind="stable")[:_MOST_SPANS]
        if len(strong) and said[strong[0]] > 0:
            least = _SHOWN * said[strong[0]]
            for column in read.columns[strong[said[strong] >= least]]:
                at = int(np.flatnonzero(read.hits.key == self._weights.keys[column])[0])
                start = int(read.hits.start[at])
                for_it.append((start, start + int(read.hits.size[at])))
        return _joined(for_it)


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

    def read(self, text: str, official: Floats, own: int | None = None) -> Reading:
        """Read a folded text; `own` is the county of a past ticket judged by the others."""
        hits = runs(text)
        maybe = self._sieve[hits.key >> np.uint32(32 - _SIEVE_BITS)]
        hits = Runs(hits.key[maybe], hits.start[maybe], hits.size[maybe])
        at = np.searchsorted(self._keys, hits.key)
        at[at == len(self._keys)] = 0
        known = self._keys[at] == hits.key if len(self._keys) else at < 0
        columns, counts = np.unique(at[known], return_counts=True)
        values = (1 + np.log(counts)) * self._weigh[columns]
        length = np.sqrt((values**2).sum())
        named = tuple(self._names.find(text))
        votes = self._names.votes({one.name for one in named}, own)
        dense = np.concatenate((OFFICIAL * _unit(official), NAMED * _unit(votes)))
        return Reading(columns, values / length if length else values, dense, hits, named)


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


def _unit(votes: Floats) -> Floats:
    length = float(np.sqrt((votes**2).sum()))
    return votes / length if length else votes


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    """Join spans that touch or overlap, in order."""
    joined: list[Span] = []
    for start, end in sorted(set(spans)):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
