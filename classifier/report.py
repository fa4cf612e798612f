"""A report for people: as text on a terminal, and as a page with its tables and diagram in files.

The files name texts by their ids only: no text of a citizen leaves the evaluated file.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

import msgspec

from classifier.asked import Alarm, told
from classifier.corpus import Gold
from classifier.counts import one_z
from classifier.diagram import reliability_png
from classifier.evaluate import LEAST, Report
from classifier.peers import Peer
from models.tags import Tags
from models.taxonomy import ISSUE_TYPES, REQUEST_TYPES

_PAGE: Final = Path(__file__).with_name("data") / "report.html"

#: What each figure is called, in the order in which people look for them.
FIGURES: Final = {
    "main": "主类型(Z 类合一)",
    "main_pollution": "主类型(仅污染件)",
    "main_exact": "主类型(逐码)",
    "first_level": "一级类型",
    "pollution": "是否环境问题",
    "macro_f1": f"主类型宏平均F1(≥{LEAST}条)",
    "types_f1": "多类型F1",
    "kind": "诉求类型",
    "urgency": "紧急程度",
    "ece": "校准误差(ECE)",
    "coverage": "无须复核的比例",
    "precision": "其中正确",
    "coverage_at_95": "精确率达0.95时可达比例",
}
SLICES: Final = {
    "style": "文体",
    "length": "字数",
    "source": "来源",
    "sure": "标注把握",
    "several": "多问题",
}
_PARTS: Final = {"hotline": "热线摘要", "web": "网络留言", "wechat": "微信短消息"}
PEERS: Final = {
    "keywords": "关键词规则",
    "tfidf_svm": "TF-IDF + 线性SVM",
    "bert_base": "BERT-base(transformers)",
}
_PEER_FIGURES: Final = ("main", "main_pollution", "first_level", "pollution", "macro_f1", "kind")

_SLICE_FIGURES: Final = (
    "main",
    "main_pollution",
    "kind",
    "urgency",
    "ece",
    "coverage",
    "precision",
)

Rows = Sequence[Sequence[str]]


def human(report: Report, peers: Sequence[Peer] = ()) -> str:
    """Write a report for a terminal."""
    lines = [f"共 {report.rows} 条,模型 {report.model},每秒 {report.texts_per_s} 条", ""]
    if report.rows:
        lines += [
            f"{name}\t{getattr(report, key):.4f}\t{_bounds(report, key)}".rstrip()
            for key, name in FIGURES.items()
        ]
        lines.append(_place_line(report.place))
    if report.hazard:
        found = report.hazard
        lines.append(
            f"突发事件({found['n']:.0f} 条中 {found['hazards']:.0f} 条)"
            f"\t召回 {found['recall']:.4f}\t精确 {found['precision']:.4f}"
        )
    if report.lead_role is not None:
        lines.append(f"主办角色\t{report.lead_role:.4f}")
    for head, rows in tables(report, peers):
        lines += ["", "\t".join(head), *("\t".join(row) for row in rows)]
    return "\n".join(lines)


def tables(report: Report, peers: Sequence[Peer] = ()) -> list[tuple[Sequence[str], Rows]]:
    """Give the tables of a report, heads and rows."""
    found: list[tuple[Sequence[str], Rows]] = [
        (
            ("对照", *(FIGURES[key] for key in _PEER_FIGURES), "每秒条数", "说明"),
            _peers(report, peers),
        )
    ]
    found = found if peers else []
    found += [
        _classes("主类型", report.per_class, _type_name),
        _classes("一级类型", report.per_level, str),
        _classes("诉求类型", report.per_kind, _kind_name),
        _classes("紧急程度", report.per_urgency, str),
        (
            ("易混类型(应为)", "判为", "条数"),
            [
                (_type_name(pair.gold), _type_name(pair.said), str(pair.n))
                for pair in report.confusions
            ],
        ),
    ]
    head = ("条数", *(FIGURES[key] for key in _SLICE_FIGURES))
    for name, parts in report.slices.items():
        rows = [
            (_PARTS.get(part, part), f"{row['n']:.0f}", *(f"{row[k]:.3f}" for k in _SLICE_FIGURES))
            for part, row in parts.items()
        ]
        found.append(((SLICES[name], *head), rows))
    return [(titles, rows) for titles, rows in found if rows]


def write_report(
    folder: Path,
    report: Report,
    answers: Sequence[tuple[Gold | Alarm, Tags]],
    peers: Sequence[Peer] = (),
) -> list[Path]:
    """Write page, diagram, tables and JSON into a folder and name the files."""
    folder.mkdir(parents=True, exist_ok=True)
    png = reliability_png(report.reliability, report.ece)
    files = {
        "report.html": page(report, png, peers).encode(),
        "reliability.png": png,
        "report.json": msgspec.json.format(
            msgspec.json.encode(msgspec.to_builtins(report) | {"peers": msgspec.to_builtins(peers)})
        ),
        "per_class.tsv": _tsv(*_classes("main_type", report.per_class, str)),
        "confusions.tsv": _tsv(
            ("gold", "said", "n"), [(one.gold, one.said, str(one.n)) for one in report.confusions]
        ),
        "errors.tsv": _tsv(("id", "gold", "said", "p"), _errors(answers)),
        "hazard_errors.tsv": _tsv(("id", "gold", "said"), _missed(answers)),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def page(report: Report, png: bytes, peers: Sequence[Peer] = ()) -> str:
    """Write the report as one page that needs no other file."""
    figures = [
        (name, f"{getattr(report, key):.4f}", _bounds(report, key)) for key, name in FIGURES.items()
    ]
    if report.hazard:
        figures += [
            (
                "突发事件召回",
                f"{report.hazard['recall']:.4f}",
                f"{report.hazard['hazards']:.0f} 条",
            ),
            ("突发事件精确", f"{report.hazard['precision']:.4f}", ""),
        ]
    figures.append(("区县", f"{report.place['accuracy']:.4f}", f"{report.place['n']:.0f} 条"))
    return _PAGE.read_text(encoding="utf-8").format(
        model=escape(report.model),
        rows=report.rows,
        speed=report.texts_per_s,
        figures=_html(("指标", "数值", "95% 区间"), figures),
        diagram=base64.b64encode(png).decode(),
        tables="\n".join(_html(head, rows) for head, rows in tables(report, peers)),
    )


def _peers(report: Report, peers: Sequence[Peer]) -> list[Sequence[str]]:
    ours = [f"{getattr(report, key):.4f}" for key in _PEER_FIGURES]
    rows: list[Sequence[str]] = [("本模型", *ours, f"{report.texts_per_s}", report.model)]
    for peer in peers:
        figures = [
            f"{peer.figures[key]:.4f}" if key in peer.figures else "—" for key in _PEER_FIGURES
        ]
        speed = "—" if peer.texts_per_s is None else f"{peer.texts_per_s}"
        rows.append((PEERS[peer.name], *figures, speed, peer.note))
    return rows


def _classes(
    title: str, table: Mapping[str, Mapping[str, float]], name: Callable[[str], str]
) -> tuple[Sequence[str], Rows]:
    rows = [
        (
            name(code),
            f"{row['n']:.0f}",
            *(f"{row[key]:.3f}" for key in ("precision", "recall", "f1")),
        )
        for code, row in table.items()
    ]
    return (title, "条数", "精确率", "召回率", "F1"), rows


def _missed(answers: Sequence[tuple[Gold | Alarm, Tags]]) -> list[Sequence[str]]:
    """Give the texts of which was said otherwise whether they tell of an emergency."""
    return [
        (row.id, str(int(bool(row.hazard))), str(int(told(tags))))
        for row, tags in answers
        if row.hazard is not None and bool(row.hazard) != told(tags)
    ]


def _errors(answers: Sequence[tuple[Gold | Alarm, Tags]]) -> list[Sequence[str]]:
    return [
        (gold.id, gold.types[0], tags.main, f"{tags.types[0].p:.4f}")
        for gold, tags in answers
        if isinstance(gold, Gold) and one_z(gold.types[0]) != one_z(tags.main)
    ]


def _type_name(code: str) -> str:
    found = ISSUE_TYPES.get(code)
    return f"{code} {found.zh}" if found else f"{code} 非环境事项" if code == "Z" else code


def _kind_name(code: str) -> str:
    found = REQUEST_TYPES.get(code)
    return f"{code} {found.zh}" if found else code


def _bounds(report: Report, key: str) -> str:
    low, high = report.intervals.get(key, (None, None))
    return "" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"


def _place_line(place: Mapping[str, float]) -> str:
    return (
        f"区县(本市 {place['n']:.0f} 条)\t{place['accuracy']:.4f}"
        f"\t给出时正确 {place['precision']:.4f}(给出 {place['coverage']:.4f})"
        f"\t外地 {place['elsewhere_n']:.0f} 条中留空 {place['elsewhere_left_open']:.4f}"
    )


def _html(head: Sequence[str], rows: Rows) -> str:
    titles = "".join(f"<th>{escape(one)}</th>" for one in head)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<h2>{escape(head[0])}</h2>\n<table><tr>{titles}</tr>\n{body}</table>"


def _tsv(head: Sequence[str], rows: Rows) -> bytes:
    return ("\n".join("\t".join(row) for row in (head, *rows)) + "\n").encode()
