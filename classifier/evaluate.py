"""How good the tagger is on texts with gold answers: accuracy, calibration, coverage, place.

All Z codes count as one class unless a figure says otherwise; the first level is the letter of the
main type. County is judged where the gold names one of the channel's city, and apart from that
where it lies elsewhere and silence is right. Intervals are of the bootstrap with a fixed seed.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from classifier import metrics
from classifier.asked import Alarm, requests_of, told
from classifier.corpus import Gold
from classifier.engine import Tagger
from classifier.metrics import Bin, Pair, one_z
from classifier.slices import sliced
from models.city import city_of
from models.tags import TagRequest, Tags

_BATCH: Final = 64
#: Macro-F1 counts classes of which there are at least so many.
LEAST: Final = 5
#: The precision at which coverage is looked for.
_PRECISION: Final = 0.95
DOUBT: Final = "low_confidence_type"

Table = dict[str, dict[str, float]]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The figures, each between 0 and 1; `per_class` is over main types, Z as one.

    `main_pollution` is the main type of the texts that are about pollution. `coverage` is the share
    of texts whose main type needs no person and `precision` how many of these are right;
    `coverage_at_95` is what the best threshold would cover at 95 % right. `hazard` is there where
    the gold says of texts whether they tell of an emergency.
    """

    rows: int
    main: float
    main_pollution: float
    main_exact: float
    first_level: float
    pollution: float
    kind: float
    urgency: float
    macro_f1: float
    first_level_macro_f1: float
    kind_macro_f1: float
    types_f1: float
    ece: float
    coverage: float
    precision: float
    coverage_at_95: float
    place: dict[str, float]
    per_class: Table
    per_level: Table
    per_kind: Table
    per_urgency: Table
    intervals: dict[str, tuple[float, float]]
    confusions: list[Pair]
    reliability: list[Bin]
    slices: dict[str, Table]
    texts_per_s: float = 0.0
    model: str = ""
    hazard: dict[str, float] | None = None
    lead_role: float | None = None

    def figures(self) -> dict[str, float]:
        """Give the figures that a new model must not fall behind in."""
        return {
            "main": self.main,
            "first_level": self.first_level,
            "pollution": self.pollution,
            "kind": self.kind,
            "urgency": self.urgency,
            "macro_f1": self.macro_f1,
        }


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """Gold and said answers side by side, Z as one; `sure` is the main type's probability."""

    gold: list[str]
    main: list[str]
    sure: list[float]
    alone: list[bool]

    @property
    def right(self) -> list[bool]:
        """Whether each main type is right."""
        return [a == b for a, b in zip(self.gold, self.main, strict=True)]


def ask(rows: Sequence[Gold], city: str | None) -> list[TagRequest]:
    """Make requests of texts with gold answers, without the answers."""
    return [TagRequest(id=row.id, title=row.title, text=row.text, city=city) for row in rows]


def evaluate(
    tagger: Tagger, rows: Sequence[Gold], city: str | None, alarms: Sequence[Alarm] = ()
) -> tuple[Report, list[Tags]]:
    """Tag the texts as a city's channel would and compare; the tags come in the rows' order.

    Those of `alarms`, texts that are judged as emergencies alone, come after them.
    """
    asked = [*ask(rows, city), *requests_of(alarms, city)]
    started = time.perf_counter()
    said = [
        tags for at in range(0, len(asked), _BATCH) for tags in tagger.tag(asked[at : at + _BATCH])
    ]
    speed = round(len(asked) / (time.perf_counter() - started), 1) if asked else 0.0
    report = judge(rows, said[: len(rows)], city)
    judged = [
        *((row.hazard, tags) for row, tags in zip(rows, said[: len(rows)], strict=True)),
        *((one.hazard, tags) for one, tags in zip(alarms, said[len(rows) :], strict=True)),
    ]
    model = f"{said[0].model.name} {said[0].model.version}" if said else ""
    return msgspec.structs.replace(
        report, texts_per_s=speed, model=model, hazard=_hazard(judged)
    ), said


def judge(rows: Sequence[Gold], said: Sequence[Tags], city: str | None) -> Report:
    """Compare what was said with the gold answers."""
    answers = _answers(rows, said)
    gold, main, right = answers.gold, answers.main, answers.right
    kinds = ([row.kind for row in rows], [tags.kind.code for tags in said])
    urgencies = ([row.urgency for row in rows], [one.urgency.code for one in said])
    levels = ([code[0] for code in gold], [code[0] for code in main])
    inside = [code != "Z" for code in gold]
    return Report(
        rows=len(rows),
        main=metrics.accuracy(gold, main),
        main_pollution=metrics.share(_both(inside, right), sum(inside)),
        main_exact=metrics.accuracy([row.types[0] for row in rows], [one.main for one in said]),
        first_level=metrics.accuracy(*levels),
        pollution=metrics.accuracy(inside, [code != "Z" for code in main]),
        kind=metrics.accuracy(*kinds),
        urgency=metrics.accuracy(*urgencies),
        macro_f1=metrics.macro_f1(gold, main, LEAST),
        first_level_macro_f1=metrics.macro_f1(*levels),
        kind_macro_f1=metrics.macro_f1(*kinds),
        types_f1=_types_f1(rows, said),
        ece=metrics.calibration_error(answers.sure, right),
        coverage=metrics.share(sum(answers.alone), len(rows)),
        precision=metrics.share(_both(answers.alone, right), sum(answers.alone)),
        coverage_at_95=metrics.coverage_at(answers.sure, right, _PRECISION),
        place=_place(rows, said, city),
        per_class=metrics.per_class(gold, main),
        per_level=metrics.per_class(*levels),
        per_kind=metrics.per_class(*kinds),
        per_urgency=metrics.per_class(*urgencies),
        intervals=_intervals(rows, said, answers),
        confusions=metrics.confusions(gold, main),
        reliability=metrics.reliability(answers.sure, right),
        slices={
            name: {part: _slice(rows, said, members) for part, members in parts.items()}
            for name, parts in sliced(rows).items()
        },
    )


def _answers(rows: Sequence[Gold], said: Sequence[Tags]) -> Answers:
    return Answers(
        gold=[one_z(row.types[0]) for row in rows],
        main=[one_z(tags.main) for tags in said],
        sure=[tags.types[0].p for tags in said],
        alone=[DOUBT not in tags.review_reasons for tags in said],
    )


def _both(these: Sequence[bool], those: Sequence[bool]) -> int:
    return sum(a and b for a, b in zip(these, those, strict=True))


def _intervals(
    rows: Sequence[Gold], said: Sequence[Tags], answers: Answers
) -> dict[str, tuple[float, float]]:
    """Give the bounds of the chief figures."""
    pairs = list(zip(answers.gold, answers.main, strict=True))
    both = list(zip(rows, said, strict=True))
    hits = {
        "main": answers.right,
        "first_level": [a[0] == b[0] for a, b in pairs],
        "pollution": [(a == "Z") == (b == "Z") for a, b in pairs],
        "kind": [row.kind == tags.kind.code for row, tags in both],
        "urgency": [row.urgency == tags.urgency.code for row, tags in both],
        "coverage": answers.alone,
    }
    inside = [a == b for a, b in pairs if a != "Z"]
    certain = [hit for hit, alone in zip(answers.right, answers.alone, strict=True) if alone]
    return {
        **metrics.intervals(hits),
        **metrics.intervals({"main_pollution": inside}),
        **metrics.intervals({"precision": certain}),
        "macro_f1": metrics.macro_f1_interval(answers.gold, answers.main, LEAST),
    }


def _slice(
    all_rows: Sequence[Gold], all_said: Sequence[Tags], members: Sequence[int]
) -> dict[str, float]:
    """Give the chief figures of a part of the texts."""
    rows, said = [all_rows[i] for i in members], [all_said[i] for i in members]
    answers = _answers(rows, said)
    inside = [code != "Z" for code in answers.gold]
    return {
        "n": len(rows),
        "main": metrics.accuracy(answers.gold, answers.main),
        "main_pollution": metrics.share(_both(inside, answers.right), sum(inside)),
        "kind": metrics.accuracy([row.kind for row in rows], [one.kind.code for one in said]),
        "urgency": metrics.accuracy(
            [row.urgency for row in rows], [one.urgency.code for one in said]
        ),
        "ece": metrics.calibration_error(answers.sure, answers.right),
        "coverage": metrics.share(sum(answers.alone), len(rows)),
        "precision": metrics.share(_both(answers.alone, answers.right), sum(answers.alone)),
    }


def _hazard(said: Iterable[tuple[bool | int | str | None, Tags]]) -> dict[str, float] | None:
    """Judge emergencies where the gold tells of them; None where it does not."""
    judged = [(bool(gold), told(tags)) for gold, tags in said if gold is not None]
    if not judged:
        return None
    there, named = sum(gold for gold, _ in judged), sum(found for _, found in judged)
    hits = sum(gold and found for gold, found in judged)
    return {
        "n": len(judged),
        "hazards": there,
        "recall": metrics.share(hits, there),
        "precision": metrics.share(hits, named),
    }


def _types_f1(rows: Sequence[Gold], said: Sequence[Tags]) -> float:
    """Give the F1 over all types of all texts, each text's as a set."""
    pairs = [
        ({one_z(code) for code in row.types}, {one_z(tag.code) for tag in tags.types})
        for row, tags in zip(rows, said, strict=True)
    ]
    hits = sum(len(gold & named) for gold, named in pairs)
    return metrics.share(2 * hits, sum(len(gold) + len(named) for gold, named in pairs))


def _place(rows: Sequence[Gold], said: Sequence[Tags], city: str | None) -> dict[str, float]:
    known = [(row.adcode, tags) for row, tags in zip(rows, said, strict=True) if row.adcode]
    home = [city is None or city_of(code) == city_of(city) for code, _ in known]
    pairs = [(code, tags.place.adcode) for code, tags in known]
    here = [pair for pair, own in zip(pairs, home, strict=True) if own]
    away = [named for (_, named), own in zip(pairs, home, strict=True) if not own]
    told = [(code, named) for code, named in here if named]
    return {
        "n": len(here),
        "accuracy": metrics.share(sum(code == named for code, named in here), len(here)),
        "precision": metrics.share(sum(code == named for code, named in told), len(told)),
        "coverage": metrics.share(len(told), len(here)),
        "elsewhere_n": len(away),
        "elsewhere_left_open": metrics.share(sum(named is None for named in away), len(away)),
    }
