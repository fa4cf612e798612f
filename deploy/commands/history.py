"""`jiesu learn-duties`: rules of duty proposed from a city's own past tickets."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from routing.hindsight import Hindsight, Point
    from routing.proposing import Draft

ForCity = Annotated[str, typer.Option(help="城市区划代码,须有资料目录和 categories.csv。")]
History = Annotated[Path, typer.Option(help="往来工单(CSV),列名见 routing/data/history.toml。")]
Out = Annotated[
    Path | None, typer.Option(help="把提议的城市资料写到哪个目录。", metavar="DIR", file_okay=False)
]
Precision = Annotated[
    float | None,
    typer.Option(min=0.5, max=0.99, help="要求的精确率,如 0.9:把握不足的留给人工。"),
]
Measure = Annotated[bool, typer.Option("--measure", help="按时间先后切分检验,不写文件。")]
Months = Annotated[
    int | None,
    typer.Option(min=1, help="检验最后几个月,每月只用此前各月学习;默认检验后一半。"),
]
WithCurve = Annotated[bool, typer.Option("--curve", help="检验时列出把握要求逐步提高的结果。")]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "learn-duties",
        help="从本市往来工单提议责任规则、单位与绑定,供人工核定;--measure 只检验。",
    )(learn_duties)


def learn_duties(
    city: ForCity,
    history: History,
    *,
    out: Out = None,
    precision: Precision = None,
    measure: Measure = False,
    months: Months = None,
    with_curve: WithCurve = False,
    as_json: AsJson = False,
) -> None:
    """Propose, print and write; or judge on what came later."""
    import msgspec

    from deploy.duty_files import write
    from models.city_load import load_city
    from routing import hindsight
    from routing.history import read_history
    from routing.proposing import LEAST, propose

    base = load_city(city)
    rows = read_history(history, base)
    if measure:
        days = hindsight.months(rows, months) if months else []
        found = hindsight.look_back(base, rows, days=days, precision=precision)
        points = hindsight.curve(base, rows, days=days) if with_curve else []
        page = "\n".join((*_judged(found), *_drawn(points)))
        told = msgspec.to_builtins(found) | {"curve": msgspec.to_builtins(points)}
        sys.stdout.write((msgspec.json.encode(told).decode() if as_json else page) + "\n")
        return
    draft = propose(base, rows, hindsight.least_for(rows, precision) if precision else LEAST)
    text = msgspec.json.encode(draft.proposals).decode() if as_json else "\n".join(_page(draft))
    sys.stdout.write(text + "\n")
    if out is not None:
        write(draft, out)
        sys.stderr.write(f"已写入 {out};核定后用 jiesu rules draft --from {out} 收为草案\n")


def _page(draft: "Draft") -> "Iterator[str]":
    """Write the proposals for people."""
    yield f"由 {draft.tickets} 件往来工单提议 {len(draft.proposals)} 条规则(特殊在前)"
    yield "编号\t主办\t类型\t类别\t街道\t渠道\t件数\t一致\t比例\t把握\t自\t至\t不一致的单位"
    for one in draft.proposals:
        told = (one.lead or "人工", one.type, one.category, one.street, one.channel)
        counts = (one.n, one.right, f"{one.share:.2f}", f"{one.confidence:.2f}")
        days = (one.since or "", one.last or "")
        yield "\t".join(map(str, (one.id, *told, *counts, *days, "、".join(one.others))))


def _judged(found: "Hindsight") -> "Iterator[str]":
    """Write what hindsight says for people."""
    whole = found.whole
    yield f"共 {whole.n} 件,逐段用此前的工单学得规则来派(待裁量计为错)"
    names = {"派对": found.accuracy, "给出单位的精确率": found.precision, "查表对照": found.lookup}
    for name, (share, low, high) in names.items():
        yield f"{name}\t{share:.3f}(95% 区间 {low:.3f}–{high:.3f})"
    yield f"给出单位\t{whole.named / whole.n if whole.n else 0:.3f}"
    yield "自\t件数\t规则\t派对\t精确率\t查表"
    for split in found.splits:
        one = split.score
        lookup = one.lookup / one.n if one.n else 0
        shares = f"{one.accuracy:.3f}\t{one.precision:.3f}\t{lookup:.3f}"
        yield f"{split.cut}\t{one.n}\t{split.rules}\t{shares}"


def _drawn(points: "Sequence[Point]") -> "Iterator[str]":
    """Write the curve: what naming less often gains."""
    if points:
        yield "把握要求\t给出单位\t派对\t精确率"
    for point in points:
        one = point.score
        named = one.named / one.n if one.n else 0
        yield f"{point.least:.2f}\t{named:.3f}\t{one.accuracy:.3f}\t{one.precision:.3f}"
