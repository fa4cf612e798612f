"""Training as one act: build a challenger, measure it beside the champion, promote it or refuse.

Both are measured in the same run on the same frozen texts: the development set of the data folder,
and what is kept back of our own examples and of corrections. A challenger that falls behind too far
in any figure or main type (contest.py) is kept as a refused release and does not serve.
"""

import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import structlog

from classifier import readers
from classifier.card import model_card, take_stock
from classifier.contest import Check, compare, verdict
from classifier.corpus import CORRECTIONS, TRAIN, WRITTEN, Gold, read_all_gold, read_corrections
from classifier.corrections import version_of
from classifier.counts import one_z
from classifier.district import Districts
from classifier.engine import Tagger
from classifier.evaluate import DOUBT, Report, evaluate
from classifier.model import Model
from classifier.releases import CARD, Act, Manifest, Reference, Releases
from classifier.staging import frozen_sets, staged
from classifier.whole import digest_of
from models.city import City
from models.errors import JiesuError
from models.moment import now
from models.tags import Tags

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.train")
#: Corrections are chosen for what the champion got wrong: there it loses by construction.
_CONTESTED: Final = ("dev", "written")

Sets = Mapping[str, Sequence[Gold]]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a training: the new reader's figures, whether it serves now, and if not why.

    `report` is on the first of the frozen sets; `champion` served while this was found out.
    """

    kept: bool
    reason: str
    version: str
    champion: str
    report: Report
    figures: dict[str, dict[str, float]]
    checks: list[Check]
    bytes: int
    act: Act | None
    corrections: str = ""
    corrections_left_out: int = 0


class Measured(NamedTuple):
    """A reader's reports by set, and what it said of the first set."""

    reports: dict[str, Report]
    said: list[Tags]


def train(
    data: Path,
    cities: Sequence[City],
    releases: Releases,
    *,
    corrections: Path | None = None,
    built: Path | None = None,
    seed: int = 0,
    force: bool = False,
) -> Outcome:
    """Train on the folder `data`, or judge the reader `built` elsewhere on it, and promote it.

    Invalid where data are missing or malformed.
    """
    place = releases.workplace()
    try:
        with staged(data, corrections, place / "data") as (folder, left_out):
            reader = place / "reader"
            reader.mkdir()
            if built is None:
                readers.build(folder, reader, seed=seed)
            else:
                _copy(built, reader)
            outcome = _judge(folder, reader, cities, releases, force=force)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return msgspec.structs.replace(outcome, corrections_left_out=left_out)


def _judge(
    data: Path, reader: Path, cities: Sequence[City], releases: Releases, *, force: bool
) -> Outcome:
    """Measure champion and challenger, take the challenger in, promote or refuse it."""
    sets = frozen_sets(data)
    champion = releases.current().version
    model = readers.load(reader)
    new = _measure(model, sets, cities)
    old = _champion(releases, sets, cities)
    checks = compare(_contested(old), _contested(new.reports))
    worse = verdict(checks)
    (reader / CARD).write_text(model_card(reader, new.reports, take_stock(data)), encoding="utf-8")
    corrected = read_corrections(data)
    manifest = releases.add(
        reader,
        Manifest(
            version=model.ref.version,
            made_at=now(),
            files={},
            figures={name: report.figures() for name, report in new.reports.items()},
            sets={name: _digest(rows) for name, rows in sets.items()},
            data=_digests(data) | ({CORRECTIONS: version_of(corrected)} if corrected else {}),
            refused="" if force else worse,
            reference=_reference(data, sets, new),
        ),
    )
    act = _settle(releases, manifest, champion, force=force)
    return Outcome(
        kept=not manifest.refused,
        reason=worse,
        version=manifest.version,
        champion=champion,
        report=next(iter(new.reports.values())),
        figures=manifest.figures,
        checks=checks,
        bytes=sum(path.stat().st_size for path in releases.folder(manifest.version).iterdir()),
        act=act,
        corrections=manifest.data.get(CORRECTIONS, ""),
    )


def _settle(releases: Releases, manifest: Manifest, champion: str, *, force: bool) -> Act | None:
    """Promote or refuse, with a line in the log; None where the very same reader serves."""
    if manifest.refused:
        _log.warning("model_refused", version=manifest.version, reason=manifest.refused)
        return releases.refuse(manifest)
    if manifest.version == champion:
        _log.info("model_same", version=champion)
        return None
    reason = "强制启用" if force else "不低于现用模型"
    act = releases.promote(manifest.version, reason, force=force)
    gone = releases.prune()
    _log.info(
        "model_promoted",
        version=manifest.version,
        replaced=champion,
        reason=reason,
        figures=manifest.figures,
        pruned=gone,
    )
    return act


def _champion(releases: Releases, sets: Sets, cities: Sequence[City]) -> dict[str, Report]:
    """Measure the reader that serves; one that cannot be loaded has no figures."""
    try:
        model = readers.load(releases.serving())
    except JiesuError as error:
        _log.warning("champion_unusable", code=error.code)
        return {}
    return _measure(model, sets, cities).reports


def _measure(model: Model, sets: Sets, cities: Sequence[City]) -> Measured:
    tagger = Tagger(model, Districts(tuple(cities)))
    city = cities[0].adcode if cities else None
    measured = {name: evaluate(tagger, rows, city) for name, rows in sets.items()}
    first = next(iter(measured.values()))
    return Measured({name: report for name, (report, _) in measured.items()}, first[1])


def _contested(reports: Mapping[str, Report]) -> dict[str, Report]:
    return {name: report for name, report in reports.items() if name in _CONTESTED}


def _reference(data: Path, sets: Sets, measured: Measured) -> Reference:
    """Tell how texts looked that the reader was made for: types as labelled, doubt as measured."""
    gold = [*read_all_gold(data / TRAIN), *sets.get("dev", ())]
    counts = Counter(one_z(row.types[0]) for row in gold)
    said = measured.said
    return Reference(
        rows=len(gold),
        types={code: round(n / len(gold), 5) for code, n in sorted(counts.items())},
        doubt=round(sum(DOUBT in tags.review_reasons for tags in said) / len(said), 4),
        confidence=round(sum(tags.types[0].p for tags in said) / len(said), 4),
    )


def _copy(built: Path, reader: Path) -> None:
    for path in built.iterdir():
        if path.is_file():
            shutil.copy2(path, reader / path.name)


def _digests(data: Path) -> dict[str, str]:
    """Name the versions of the files that are learned from."""
    names = (TRAIN, "messages_train.jsonl.gz")
    found = {name: digest_of(data / name)[:12] for name in names if (data / name).is_file()}
    return found | {WRITTEN.name: digest_of(WRITTEN)[:12]}


def _digest(rows: Sequence[Gold]) -> str:
    total = hashlib.sha256()
    for row in rows:
        total.update(msgspec.json.encode(row))
    return total.hexdigest()[:12]
