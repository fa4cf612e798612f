"""How good the tagger is on texts with gold answers: accuracy, calibration, coverage, place.

All Z codes count as one class unless a figure says otherwise; the first level is the letter of the
main type. County is judged where the gold names one of the channel's city, and apart from that
where it lies elsewhere and silence is right.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from classifier import metrics
from classifier.corpus import Gold
from classifier.engine import Tagger
from models.tags import TagRequest, Tags

_BATCH: Final = 64
#: Macro-F1 counts classes of which there are at least so many.
_LEAST: Final = 5
_DOUBT: Final = "low_confidence_type"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The figures, each between 0 and 1; `per_class` is over main types, Z as one."""

    rows: int
    main: float
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
    place: dict[str, float]
    per_class: dict[str, dict[str, float]]
    per_kind: dict[str, dict[str, float]]
    texts_per_s: float
    model: str
    lead_role: float | None = None

    def figures(self) -> dict[str, float]:
        """Give the figures that a new model must not fall behind in."""
        return {
            "main": self.main,
            "first_level": self.first_level,
            "pollution": self.pollution,
            "kind": self.kind,
            "urgency": self.urgency,
        }


def ask(rows: Sequence[Gold], city: str | None) -> list[TagRequest]:
    """Make requests of texts with gold answers, without the answers."""
    return [TagRequest(id=row.id, title=row.title, text=row.text, city=city) for row in rows]


def evaluate(tagger: Tagger, rows: Sequence[Gold], city: str | None) -> tuple[Report, list[Tags]]:
    """Tag the texts as a city's channel would and compare; the tags come in the rows' order."""
    asked = ask(rows, city)
    started = time.perf_counter()
    said = [
        tags for at in range(0, len(asked), _BATCH) for tags in tagger.tag(asked[at : at + _BATCH])
    ]
    seconds = time.perf_counter() - started
    return _report(rows, said, city, seconds), said


def _report(rows: Sequence[Gold], said: Sequence[Tags], city: str | None, seconds: float) -> Report:
    gold = [one_z(row.types[0]) for row in rows]
    main = [one_z(tags.main) for tags in said]
    right = [a == b for a, b in zip(gold, main, strict=True)]
    sure = [i for i, tags in enumerate(said) if _DOUBT not in tags.review_reasons]
    kinds = ([row.kind for row in rows], [tags.kind.code for tags in said])
    levels = ([code[0] for code in gold], [code[0] for code in main])
    return Report(
        rows=len(rows),
        main=metrics.accuracy(gold, main),
        main_exact=metrics.accuracy([row.types[0] for row in rows], [one.main for one in said]),
        first_level=metrics.accuracy(*levels),
        pollution=metrics.accuracy([code == "Z" for code in gold], [code == "Z" for code in main]),
        kind=metrics.accuracy(*kinds),
        urgency=metrics.accuracy([row.urgency for row in rows], [one.urgency.code for one in said]),
        macro_f1=metrics.macro_f1(gold, main, _LEAST),
        first_level_macro_f1=metrics.macro_f1(*levels),
        kind_macro_f1=metrics.macro_f1(*kinds),
        types_f1=_types_f1(rows, said),
        ece=metrics.calibration_error([one.types[0].p for one in said], right),
        coverage=metrics.share(len(sure), len(rows)),
        precision=metrics.share(sum(right[i] for i in sure), len(sure)),
        place=_place(rows, said, city),
        per_class=metrics.per_class(gold, main),
        per_kind=metrics.per_class(*kinds),
        texts_per_s=round(len(rows) / seconds, 1) if seconds else 0.0,
        model=f"{said[0].model.name} {said[0].model.version}" if said else "",
    )


def one_z(code: str) -> str:
    """Give the code as a class of its own, or Z for what is no environmental matter."""
    return "Z" if code[0] == "Z" else code


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
    prefix = (city or "")[:4]
    here = [(code, tags.place.adcode) for code, tags in known if code.startswith(prefix)]
    away = [tags.place.adcode for code, tags in known if not code.startswith(prefix)]
    told = [(code, named) for code, named in here if named]
    return {
        "n": len(here),
        "accuracy": metrics.share(sum(code == named for code, named in here), len(here)),
        "precision": metrics.share(sum(code == named for code, named in told), len(told)),
        "elsewhere_n": len(away),
        "elsewhere_left_open": metrics.share(sum(named is None for named in away), len(away)),
    }


def human(report: Report) -> str:
    """Write a report for people."""
    level_f1 = report.first_level_macro_f1
    lines = [
        f"共 {report.rows} 条,模型 {report.model},每秒 {report.texts_per_s} 条",
        "",
        f"主类型(Z 类合一)      {report.main:.4f}    宏平均F1(≥{_LEAST}条) {report.macro_f1:.4f}",
        f"主类型(逐码)          {report.main_exact:.4f}    多类型F1 {report.types_f1:.4f}",
        f"一级类型              {report.first_level:.4f}    宏平均F1 {level_f1:.4f}",
        f"是否环境问题          {report.pollution:.4f}",
        f"诉求类型              {report.kind:.4f}    宏平均F1 {report.kind_macro_f1:.4f}",
        f"紧急程度              {report.urgency:.4f}",
        f"校准误差(ECE)         {report.ece:.4f}",
        f"无须复核的比例        {report.coverage:.4f}    其中正确 {report.precision:.4f}",
        _place_line(report.place),
    ]
    if report.lead_role is not None:
        lines.append(f"主办角色              {report.lead_role:.4f}")
    return "\n".join(
        [*lines, "", *_table("主类型", report.per_class), "", *_table("诉求", report.per_kind)]
    )


def _place_line(place: Mapping[str, Any]) -> str:
    return (
        f"区县(本市 {place['n']} 条)   {place['accuracy']:.4f}"
        f"    给出时正确 {place['precision']:.4f}"
        f"    外地 {place['elsewhere_n']} 条中留空 {place['elsewhere_left_open']:.4f}"
    )


def _table(title: str, rows: Mapping[str, Mapping[str, float]]) -> list[str]:
    head = f"{title}\t条数\t精确率\t召回率\tF1"
    return [
        head,
        *(
            f"{name}\t{row['n']:.0f}\t{row['precision']:.3f}\t{row['recall']:.3f}\t{row['f1']:.3f}"
            for name, row in rows.items()
        ),
    ]
