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
    """What a model that did not see some cases says of them; `at` are their numbers."""

    learned: Learned
    names: PlaceNames
    at: list[int]
    added: Floats


def split(material: Material, count: int, seed: int) -> list[Fold]:
    """Learn from all but one part, for each part; a group of like messages is never parted."""
    groups = np.array([case.group for case in material.cases])
    kinds = np.unique(groups)
    part = dict(
        zip(kinds, np.random.default_rng(seed).permutation(len(kinds)) % count, strict=True)
    )
    parts = np.array([part[group] for group in groups])
    return [_fold(material, np.flatnonzero(parts == one)) for one in range(count)]


def _fold(material: Material, held: Ints) -> Fold:
    out = set(held.tolist())
    learned = learn(material.sources, [c for at, c in enumerate(material.cases) if at not in out])
    prior = np.array(learned.weights.head.prior)
    names = PlaceNames((*material.sources.known, *learned.places), material.sources.counties, prior)
    cases = [material.cases[at] for at in held]
    return Fold(learned, names, held.tolist(), sums(learned.weights, names, cases))


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
    for part in parts:
        others = [other for other in parts if other is not part]
        weights = calibrated(part.learned.weights, others, material.truth, "fold")
        least.append(weights.head.threshold)
        model = PlaceModel(weights, (*material.sources.known, *part.learned.places))
        districts = Districts([material.city], {material.city.adcode: model})
        said |= {at: _place(districts, material, at) for at in part.at}
    return figures(material, [said[at] for at in range(len(material.cases))], len(parts), least)


def _place(districts: Districts, material: Material, at: int) -> PlaceTag:
    case = material.cases[at]
    request = TagRequest(id="", text=case.text, city=material.city.adcode)
    return districts.place(request, case.text, case.head).tag
