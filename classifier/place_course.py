"""The course of learning a city's places: tickets in, calibrated model and honest figures out.

The figures come from k folds split by groups of like messages: no fold is judged by a model, a
steepness or a threshold that saw it. They are those of the whole reading, official names included.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from classifier.district import Districts
from classifier.place_figures import Figures, figures
from classifier.place_grams import Ints
from classifier.place_learning import (
    Learned,
    Ticket,
    learn,
    steepness,
    sums,
    threshold,
)
from classifier.place_list import read_list
from classifier.place_material import Material, abolished, prepare
from classifier.place_model import Floats, PlaceModel, Weights, softmax
from classifier.place_names import WRITTEN, PlaceNames, read_places
from classifier.place_store import write_learned
from models.city import City
from models.city_load import CITIES
from models.tags import PlaceTag, TagRequest

FOLDS: Final = 5
#: How many of the named counties shall be right; above the promise, for new texts are stranger.
PRECISION: Final = 0.95


def run(
    city: City,
    tickets: Sequence[Ticket],
    names: Path | None,
    target: Path | None,
    *,
    folds: int = FOLDS,
    seed: int = 0,
) -> Figures:
    """Learn a city's places and judge the learning; write them to `target` where one is given.

    `names` is a public list of communities. Invalid where there are too few tickets.
    """
    known = read_places(CITIES / city.adcode / WRITTEN)
    listed = read_list(names, city.adcode, abolished(city)) if names else ()
    material = prepare(city, tickets, known, listed)
    parts = split(material, folds, seed)
    report = measure(material, parts)
    if target is not None:
        learned = learn(material.sources, material.cases)
        weights = calibrated(learned.weights, parts, material.truth, learned.weights.head.digest)
        write_learned(target, learned._replace(weights=weights), report)
    return report


class Fold(NamedTuple):
    """What a model that did not see some cases says of them; `at` are their numbers.

    `away` are texts about other cities that it did not see either.
    """

    learned: Learned
    at: list[int]
    added: Floats
    away: tuple[str, ...]


def split(material: Material, count: int, seed: int) -> list[Fold]:
    """Learn from all but one part, for each part; a group of like messages is never parted."""
    groups = np.array([case.group for case in material.cases])
    kinds = np.unique(groups)
    numbers = np.random.default_rng(seed).permutation(len(kinds)) % count
    part = dict(zip(kinds.tolist(), numbers.tolist(), strict=True))
    parts = [part[group] for group in groups.tolist()]
    return [_fold(material, parts, one, count) for one in range(count)]


def _fold(material: Material, parts: Sequence[int], one: int, count: int) -> Fold:
    sources = material.sources
    away = sources.elsewhere[one::count]
    rest = tuple(text for at, text in enumerate(sources.elsewhere) if at % count != one)
    cases = list(zip(material.cases, parts, strict=True))
    learned = learn(sources._replace(elsewhere=rest), [c for c, part in cases if part != one])
    prior = np.array(learned.weights.head.prior)
    names = PlaceNames((*sources.known, *learned.places), sources.counties, prior)
    added = sums(learned.weights, names, [c for c, part in cases if part == one])
    return Fold(learned, [at for at, part in enumerate(parts) if part == one], added, away)


def calibrated(weights: Weights, parts: Sequence[Fold], truth: Ints, version: str) -> Weights:
    """Give the weights with the steepness and threshold that held-out parts ask for."""
    added = np.concatenate([part.added for part in parts])
    right = np.concatenate([truth[part.at] for part in parts])
    steep = steepness(added, right)
    shares = softmax(added * steep)
    least = threshold(shares.max(axis=1), shares.argmax(axis=1) == right, PRECISION)
    head = msgspec.structs.replace(weights.head, version=version, steepness=steep, threshold=least)
    return weights._replace(head=head)


def measure(material: Material, parts: Sequence[Fold]) -> Figures:
    """Judge each part by a model, a steepness and a threshold that did not see it."""
    said: dict[int, PlaceTag] = {}
    least: list[float] = []
    strangers = 0
    for part in parts:
        others = [other for other in parts if other is not part]
        weights = calibrated(part.learned.weights, others, material.truth, "fold")
        least.append(weights.head.threshold)
        model = PlaceModel(weights, (*material.sources.known, *part.learned.places))
        districts = Districts([material.city], {material.city.adcode: model})
        own = [material.cases[at] for at in part.at]
        tags = _place(districts, material, [(case.text, case.head) for case in own])
        said |= dict(zip(part.at, tags, strict=True))
        away = _place(districts, material, [(text, 0) for text in part.away])
        strangers += sum(tag.adcode is not None for tag in away)
    tags = [said[at] for at in range(len(material.cases))]
    share = strangers / max(1, len(material.sources.elsewhere))
    return figures(material, tags, len(parts), least, share)


def _place(
    districts: Districts, material: Material, texts: Sequence[tuple[str, int]]
) -> list[PlaceTag]:
    requests = [TagRequest(id="", text=text, city=material.city.adcode) for text, _ in texts]
    heads = [head for _, head in texts]
    return [
        placed.tag for placed in districts.place_all(requests, [text for text, _ in texts], heads)
    ]
