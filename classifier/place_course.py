"""The whole course of learning a city's places: tickets in, calibrated model and honest figures out.

The figures come from k folds split by groups of like messages: no fold is judged by a model, a
steepness or a threshold that saw it. They are those of the whole reading, official names included.
"""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from classifier.district import Districts
from classifier.place_learning import (
    Case,
    Floats,
    Learned,
    Ticket,
    grouped,
    learn,
    steepness,
    sums,
    threshold,
    tidy,
)
from classifier.place_model import PlaceModel, Weights, softmax
from classifier.place_names import Place, PlaceNames
from models.city import City
from models.errors import Invalid
from models.tags import PlaceTag, TagRequest

FOLDS: Final = 5
#: How many of the named counties shall be right; above the promise, for new texts are stranger.
PRECISION: Final = 0.95
_LEAST_TICKETS: Final = 50
_EVERY: Final = 100


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A past ticket in a file; `*_no_district` are without the county's name, where given."""

    title: str | None = None
    text: str | None = None
    title_no_district: str | None = None
    text_no_district: str | None = None
    adcode: str | None = None

    def ticket(self) -> Ticket:
        """Give it as learned from."""
        title, text = self.title_no_district, self.text_no_district
        return Ticket(
            (self.title if title is None else title) or "",
            (self.text if text is None else text) or "",
            self.adcode,
        )


class Material(NamedTuple):
    """What a city's places are learned from."""

    city: City
    counties: tuple[str, ...]
    cases: list[Case]
    elsewhere: list[str]
    known: tuple[Place, ...]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How good it is on texts it did not learn from.

    `overall` is the share of right best guesses, forced where it would have said nothing.
    `coverage` is the share of texts for which a county is named, `precision` how many of those are
    right, `sure_coverage` and `sure_precision` the same for the best guess at each share of texts.
    """

    tickets: int
    groups: int
    folds: int
    overall: float
    precision: float
    coverage: float
    curve: dict[str, float]
    calibration_error: float
    per_county: dict[str, dict[str, float]]
    threshold: float


def read_tickets(path: Path) -> tuple[list[Ticket], list[str]]:
    """Read past tickets, plain or gzipped, and for each bad line its number and the reason."""
    if not path.is_file():
        raise Invalid("data_file_missing", f"找不到 {path},请核对 --data 文件名。")
    tickets: list[Ticket] = []
    bad: list[str] = []
    for number, line in enumerate(_lines(path), 1):
        try:
            tickets += [msgspec.json.decode(line, type=Line).ticket()] if line.strip() else []
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            bad.append(f"{path.name} 第 {number} 行:{error}")
    return tickets, bad


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        yield from stream


def prepare(city: City, tickets: Sequence[Ticket], known: Sequence[Place]) -> Material:
    """Make the tickets ready: those of the city's counties, and the texts of others."""
    successors = {d.code: d.successor for d in city.divisions if d.level == "county"}
    counties = tuple(sorted(code for code, successor in successors.items() if not successor))
    own, away = [], []
    for ticket in tickets:
        code = successors.get(ticket.adcode or "") or ticket.adcode
        if code in counties:
            own.append(ticket._replace(adcode=code))
        elif code and code[:4] != city.adcode[:4]:
            away.append(tidy(ticket))
    if len(own) < _LEAST_TICKETS:
        detail = f"已知区县的本市工单只有 {len(own)} 条,至少要 {_LEAST_TICKETS} 条。"
        raise Invalid("too_few_tickets", detail)
    districts = Districts([city], {})
    groups = grouped(own)
    cases = [
        _case(city, districts, ticket, group, counties)
        for ticket, group in zip(own, groups, strict=True)
    ]
    return Material(city, counties, cases, away, tuple(known))


def _case(
    city: City, districts: Districts, ticket: Ticket, group: int, counties: tuple[str, ...]
) -> Case:
    text = districts.without_counties(tidy(ticket))
    heard = districts.official(city.adcode, text, len(ticket.title))
    official = np.array([heard.get(code, 0.0) for code in counties])
    return Case(text, len(ticket.title), group, ticket.adcode or "", official)


def taught(material: Material, cases: Sequence[Case]) -> Learned:
    """Learn from some of the cases."""
    return learn(
        material.city.adcode,
        material.city.name,
        cases,
        material.elsewhere,
        material.known,
        material.counties,
    )


class Fold(NamedTuple):
    """What a model that did not see some cases says of them; `at` are their numbers."""

    learned: Learned
    names: PlaceNames
    at: list[int]
    added: Floats


def folds(material: Material, count: int, seed: int) -> list[Fold]:
    """Learn from all but one part, for each part; a group of like messages is never parted."""
    groups = np.array([case.group for case in material.cases])
    kinds = np.unique(groups)
    part = dict(zip(kinds, np.random.default_rng(seed).permutation(len(kinds)) % count, strict=True))
    parts = np.array([part[group] for group in groups])
    return [_fold(material, np.flatnonzero(parts == one)) for one in range(count)]


def _fold(material: Material, held: Any) -> Fold:  # noqa: ANN401 - numpy's own index type
    out = set(held.tolist())
    learned = taught(material, [c for at, c in enumerate(material.cases) if at not in out])
    prior = np.array(learned.weights.head.prior)
    names = PlaceNames((*material.known, *learned.places), material.counties, prior)
    cases = [material.cases[at] for at in held]
    return Fold(learned, names, held.tolist(), sums(learned.weights, names, cases))


def calibrated(
    weights: Weights, parts: Sequence[Fold], truth: Any, version: str  # noqa: ANN401
) -> Weights:
    """Give the weights with the steepness and threshold that held-out parts ask for."""
    added = np.concatenate([part.added for part in parts])
    right = np.concatenate([truth[part.at] for part in parts])
    steep = steepness(added, right)
    shares = softmax(added * steep)
    least = threshold(shares.max(axis=1), shares.argmax(axis=1) == right, PRECISION)
    head = msgspec.structs.replace(
        weights.head, version=version, steepness=steep, threshold=least
    )
    return weights._replace(head=head)


def measure(material: Material, parts: Sequence[Fold]) -> Figures:
    """Judge each part by a model, a steepness and a threshold that did not see it."""
    truth = np.array([material.counties.index(case.county) for case in material.cases])
    said: dict[int, PlaceTag] = {}
    least: list[float] = []
    for part in parts:
        others = [other for other in parts if other is not part]
        weights = calibrated(part.learned.weights, others, truth, "fold")
        least.append(weights.head.threshold)
        model = PlaceModel(weights, (*material.known, *part.learned.places))
        districts = Districts([material.city], {material.city.adcode: model})
        said |= {at: _place(districts, material, at) for at in part.at}
    return _figures(material, [said[at] for at in range(len(truth))], parts, least)


def _place(districts: Districts, material: Material, at: int) -> PlaceTag:
    case = material.cases[at]
    request = TagRequest(id="", text=case.text, city=material.city.adcode)
    return districts.place(request, case.text, case.head).tag


def _figures(
    material: Material, said: Sequence[PlaceTag], parts: Sequence[Fold], least: Sequence[float]
) -> Figures:
    gold = [case.county for case in material.cases]
    usual = max(material.counties, key=gold.count)
    forced = [tag.adcode or next(iter(tag.candidates), usual) for tag in said]
    hits = np.array([a == b for a, b in zip(forced, gold, strict=True)])
    told = np.array([tag.adcode is not None for tag in said])
    p = np.array([tag.p for tag in said])
    return Figures(
        tickets=len(gold),
        groups=len({case.group for case in material.cases}),
        folds=len(parts),
        overall=round(float(hits.mean()), 4),
        precision=round(float(hits[told].mean()), 4) if told.any() else 0.0,
        coverage=round(float(told.mean()), 4),
        curve=_curve(p, hits),
        calibration_error=_calibration(p[told], hits[told]),
        per_county=_per_county(gold, forced, said),
        threshold=round(float(np.mean(least)), 4),
    )


def _curve(p: Floats, hits: Any) -> dict[str, float]:  # noqa: ANN401
    """Give the precision of the surest texts, by their share of all."""
    order = np.argsort(-p, kind="stable")
    shares = (20, 30, 40, 50, 60, 70)
    ends = {share: max(1, len(order) * share // _EVERY) for share in shares}
    return {
        f"{share}%": round(float(hits[order[:end]].mean()), 4)
        for share, end in ends.items()
        if p[order[end - 1]] > 0
    }


def _calibration(p: Floats, hits: Any) -> float:  # noqa: ANN401
    """Give the mean gap between probability and outcome, in ten equal bins."""
    if not len(p):
        return 0.0
    bins = np.minimum((p * 10).astype(int), 9)
    gaps = [
        abs(p[bins == one].mean() - hits[bins == one].mean()) * (bins == one).sum()
        for one in np.unique(bins)
    ]
    return round(float(sum(gaps) / len(p)), 4)


def _per_county(
    gold: Sequence[str], forced: Sequence[str], said: Sequence[PlaceTag]
) -> dict[str, dict[str, float]]:
    table = {}
    for code in sorted(set(gold)):
        own = [at for at, county in enumerate(gold) if county == code]
        told = [at for at, tag in enumerate(said) if tag.adcode == code]
        table[code] = {
            "n": len(own),
            "recall": round(sum(forced[at] == code for at in own) / len(own), 4),
            "named": len(told),
            "precision": round(sum(gold[at] == code for at in told) / max(1, len(told)), 4),
        }
    return table


