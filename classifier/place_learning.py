"""Learning a city's places from its own past tickets whose county is known.

Named places are mined with counts; runs of characters get weights by ridge regression. A run counts
by how much it tells of the county, by how rare it is, and by how seldom other cities say it; what
fewer than two independent messages share is never kept. Messages that are nearly the same make one
group, and a measure never learns from the group that it judges.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from scipy import sparse

from classifier.normalize import fold
from classifier.place_grams import runs
from classifier.place_mining import ONE_COUNTY, TICKETS, Heard, mine
from classifier.place_model import Floats, Head, Reader, Weights, softmax
from classifier.place_names import Place, PlaceNames, spread, tallied
from classifier.redact import redact

#: What is kept at most, and how many independent messages it takes.
MOST_RUNS: Final = 120_000
LEAST_GROUPS: Final = 2
LEAST_NAMED: Final = 3
_SMOOTH: Final = 2.0
_TELLING: Final = 1.25
_RIDGE: Final = 0.3
_STEPS: Final = 60
_BYTE: Final = 127
_HAN: Final = re.compile(r"[^一-龥]+")
_TITLE_LEAST: Final = 6
_LONG: Final = 120


class Ticket(NamedTuple):
    """A past ticket: heading and text as they came, and its county; elsewhere None."""

    title: str
    text: str
    adcode: str | None


class Case(NamedTuple):
    """A ticket made ready: folded text without identity, its group, what official names say."""

    text: str
    head: int
    group: int
    county: str
    official: Floats


class Sources(NamedTuple):
    """What stands beside a city's tickets.

    `name` is the city's, `counties` its codes; `elsewhere` are texts about other cities; `known`
    places were written by people, `listed` ones come from a public list.
    """

    city: str
    name: str
    counties: tuple[str, ...]
    elsewhere: tuple[str, ...]
    known: tuple[Place, ...]
    listed: tuple[Place, ...]


class Learned(NamedTuple):
    """What was learned: weights, not yet calibrated, and the places mined."""

    weights: Weights
    places: tuple[Place, ...]


def tidy(ticket: Ticket) -> str:
    """Give a ticket's folded text with what tells of persons hidden."""
    whole = f"{ticket.title}\n{ticket.text}" if ticket.title else ticket.text
    return fold(redact(whole))


def grouped(tickets: Sequence[Ticket]) -> list[int]:
    """Give each ticket its group of nearly equal ones.

    Two are of one group when they share the heading (six characters or more), the first forty
    characters, or in long ones the last forty or those from the sixtieth to the hundredth: the same
    message again, the same author's form letter, the same matter sent by neighbours.
    """
    parent = list(range(len(tickets)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[tuple[str, str], int] = {}
    for at, ticket in enumerate(tickets):
        for key in _likeness(ticket):
            parent[root(at)] = root(first.setdefault(key, at))
    return [root(at) for at in range(len(tickets))]


def _likeness(ticket: Ticket) -> list[tuple[str, str]]:
    title, text = _HAN.sub("", ticket.title), _HAN.sub("", ticket.text)
    keys = [("start", text[:40])]
    if len(title) >= _TITLE_LEAST:
        keys.append(("title", title))
    if len(text) > _LONG:
        keys += [("middle", text[60:100]), ("end", text[-40:])]
    return keys


def learn(sources: Sources, cases: Sequence[Case]) -> Learned:
    """Learn from cases of one city."""
    known, counties = sources.known, sources.counties
    heard = [Heard(case.text, case.group, case.county) for case in cases]
    heard += [Heard(text, -1, None) for text in sources.elsewhere]
    mined = mine(heard, LEAST_NAMED, sources.name)
    places = tuple(
        counted((*known, *sources.listed, *mined), cases, {place.name for place in known})
    )
    prior = spread((case.county for case in cases), counties)
    truth = np.array([counties.index(case.county) for case in cases])
    keys, weigh = _choose(cases, sources.elsewhere, truth, prior)
    names = PlaceNames((*known, *places), counties, prior)
    say, dense = _fit(cases, sources.elsewhere, Reader(keys, weigh, names), truth, prior)
    scale = np.maximum(np.abs(say).max(axis=0), 1e-9) / _BYTE
    head = Head(
        version="",
        city=sources.city,
        digest=_digest(cases),
        tickets=len(cases),
        groups=len({case.group for case in cases}),
        counties=counties,
        prior=tuple(round(float(share), 5) for share in prior),
        steepness=1.0,
        threshold=1.0,
        dense=tuple(tuple(round(float(cell), 5) for cell in row) for row in dense),
        names=tuple(place.name for place in places),
    )
    whole = np.rint(say / scale).astype(np.int8)
    weights = Weights(head, keys, weigh.astype(np.float32), whole, scale.astype(np.float32))
    return Learned(weights, places)


def counted(places: Sequence[Place], cases: Sequence[Case], known: set[str]) -> Iterator[Place]:
    """Give the places with how many groups of tickets of each county name them.

    Too few to be sure of are not counted. Left out is what tickets say of several counties though
    a list gives it one, and what people wrote and no ticket adds to.
    """
    counties = sorted({case.county for case in cases})
    finder = PlaceNames(places, counties, np.ones(len(counties)))
    seen: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for case in cases:
        for named in finder.find(case.text):
            seen[named.name].add((case.group, case.county))
    for name, place in sorted({fold(place.name): place for place in reversed(places)}.items()):
        counts = Counter(county for _, county in seen[name])
        total = sum(counts.values())
        if total < LEAST_NAMED:
            if place.adcodes and place.name not in known:
                yield place
        elif max(counts.values()) >= ONE_COUNTY * total:
            kept = () if place.name in known else place.adcodes
            yield msgspec.structs.replace(
                place, adcodes=kept, messages=total, counts=tallied(counts), source=_source(place)
            )


def _source(place: Place) -> str:
    return place.source if place.source == TICKETS else f"{place.source}、{TICKETS}"


def _choose(
    cases: Sequence[Case], elsewhere: Sequence[str], truth: npt.NDArray[np.int64], prior: Floats
) -> tuple[npt.NDArray[np.uint32], Floats]:
    """Choose the runs that tell most, with what each weighs in a text."""
    found = [np.unique(runs(case.text).key) for case in cases]
    keys, column = np.unique(np.concatenate(found), return_inverse=True)
    row = np.repeat(np.arange(len(cases)), [len(one) for one in found])
    said = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(len(cases), len(keys)))
    _, group = np.unique([case.group for case in cases], return_inverse=True)
    by_group = sparse.csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))))
    independent = np.asarray(((by_group @ said) > 0).sum(axis=0)).ravel()
    counts = np.asarray(said.T @ np.eye(len(prior))[truth])
    often = counts.sum(axis=1)
    away = _elsewhere(keys, elsewhere)
    share = (counts + _SMOOTH * prior) / (often[:, None] + _SMOOTH)
    telling = np.maximum((share * np.log(share / prior)).sum(axis=1), 0.0) ** _TELLING
    rare = np.log((1 + len(cases) + len(elsewhere)) / (1 + often + away))
    weigh = rare * telling * (often + 1) / (often + away + 1) * (independent >= LEAST_GROUPS)
    worth = weigh * np.sqrt(often)
    kept = np.sort(np.argsort(-worth, kind="stable")[:MOST_RUNS])
    kept = kept[weigh[kept] > 0]
    exact = weigh[kept].astype(np.float16).astype(np.float64)
    return keys[kept], exact


def _elsewhere(keys: npt.NDArray[np.uint32], texts: Sequence[str]) -> Floats:
    """Count in how many texts about other cities each run stands."""
    counts = np.zeros(len(keys))
    for text in texts:
        there = np.unique(runs(text).key)
        at = np.minimum(np.searchsorted(keys, there), len(keys) - 1)
        counts[at[keys[at] == there]] += 1
    return counts


def _fit(
    cases: Sequence[Case],
    elsewhere: Sequence[str],
    reader: Reader,
    truth: npt.NDArray[np.int64],
    prior: Floats,
) -> tuple[Floats, Floats]:
    """Fit what each run and each vote says, by ridge regression solved in its dual.

    Texts about other cities speak for no county.
    """
    own = [case.official for case in cases]
    nothing = np.zeros(len(prior))
    read = reader.read([case.text for case in cases], own, truth.tolist())
    read += reader.read(elsewhere, [nothing] * len(elsewhere))
    starts = np.concatenate(([0], np.cumsum([len(one.columns) for one in read])))
    cells = (np.concatenate([one.values for one in read]),)
    columns = np.concatenate([one.columns for one in read])
    said = sparse.csr_matrix((*cells, columns, starts), shape=(len(read), reader.width))
    votes = np.stack([one.dense for one in read])
    wanted = np.zeros((len(read), len(prior)))
    wanted[: len(cases)] = np.eye(len(prior))[truth] - 1 / len(prior)
    shares = _solve(said, votes, wanted)
    return np.asarray(said.T @ shares), votes.T @ shares


def _solve(said: sparse.csr_matrix, votes: Floats, wanted: Floats) -> Floats:
    """Solve (K + ridge) x = wanted by conjugate gradients, K being the likeness of the texts."""
    solution = np.zeros_like(wanted)
    rest = wanted.copy()
    step = rest.copy()
    size = (rest**2).sum(axis=0)
    for _ in range(_STEPS):
        seen = said @ np.asarray(said.T @ step) + votes @ (votes.T @ step) + _RIDGE * step
        pace = size / np.maximum((step * seen).sum(axis=0), 1e-12)
        solution += pace * step
        rest -= pace * seen
        now = (rest**2).sum(axis=0)
        step = rest + step * (now / np.maximum(size, 1e-12))
        size = now
    return solution


def sums(weights: Weights, names: PlaceNames, cases: Sequence[Case]) -> Floats:
    """Give each case's sums per county, as the model at work adds them up."""
    reader = Reader(weights.keys, weights.weigh, names)
    dense = np.array(weights.head.dense)
    read = reader.read([case.text for case in cases], [case.official for case in cases])
    return np.stack(
        [
            one.values @ (weights.say[one.columns] * weights.scale) + one.dense @ dense
            for one in read
        ]
    )


def steepness(added: Floats, truth: npt.NDArray[np.int64]) -> float:
    """Find how steeply sums turn into probabilities, by the likelihood of held-out cases."""
    choices = np.geomspace(1.0, 30.0, 60)
    rows = np.arange(len(truth))
    losses = [
        -np.log(np.maximum(softmax(added * steep)[rows, truth], 1e-9)).mean() for steep in choices
    ]
    return round(float(choices[int(np.argmin(losses))]), 3)


def threshold(p: Floats, right: npt.NDArray[np.bool_], precision: float) -> float:
    """Find the least probability from which on so many of the named counties are right."""
    order = np.argsort(-p, kind="stable")
    good = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero(good >= precision)
    return round(float(p[order[reached[-1]]]), 4) if len(reached) else 1.0


def _digest(cases: Sequence[Case]) -> str:
    total = hashlib.sha256()
    for case in cases:
        total.update(f"{case.county}\0{case.text}\0".encode())
    return total.hexdigest()[:12]
