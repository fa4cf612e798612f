"""`jiesu learn-places`: what a city's own past tickets teach about its places."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from classifier.place_figures import Figures

ForCity = Annotated[str, typer.Option(help="城市区划代码。")]
Data = Annotated[Path, typer.Option(help="往来工单,.jsonl 或 .jsonl.gz,每行有 text 与 adcode。")]
Names = Annotated[
    Path | None, typer.Option(help="社区、村公开名录(CSV,列 code、name),可选。", metavar="FILE")
]
Out = Annotated[
    Path | None, typer.Option(help="写到哪个 .csv;默认写入该城市的资料目录。", metavar="FILE")
]
Measure = Annotated[bool, typer.Option("--measure", help="只作分组交叉检验,不写文件。")]
Folds = Annotated[int, typer.Option(min=3, max=20, help="交叉检验的折数。")]
Seed = Annotated[int, typer.Option(help="分折的随机种子。")]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "learn-places",
        help="从本市往来工单学习地名与区县的对应,写出可审阅的地名表;--measure 只检验。",
    )(learn_places)


def learn_places(
    city: ForCity,
    data: Data,
    *,
    names: Names = None,
    out: Out = None,
    measure: Measure = False,
    folds: Folds = 5,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Learn, calibrate and judge on held-out groups, write; exit 1 where lines were bad."""
    try:
        from classifier import place_course
    except ImportError as error:
        raise typer.BadParameter("学习需要附加组件:pip install 'jiesu[train]'") from error
    import msgspec

    from classifier.place_material import read_tickets
    from classifier.place_names import LEARNED
    from models.city_load import CITIES, load_city

    tickets, bad = read_tickets(data)
    for line in bad:
        sys.stderr.write(line + "\n")
    target = None if measure else out or CITIES / city / LEARNED
    figures = place_course.run(load_city(city), tickets, names, target, folds=folds, seed=seed)
    shown = msgspec.json.encode(figures).decode() if as_json else _page(figures)
    sys.stdout.write(shown + "\n")
    if target is not None:
        sys.stderr.write(f"已写入 {target} 与 {target.with_suffix('.npz').name}\n")
    if bad:
        raise typer.Exit(1)


def _page(figures: "Figures") -> str:
    """Write the figures for people."""
    curve = "  ".join(f"前{share} {value:.4f}" for share, value in figures.curve.items())
    named = f"给出区县的比例            {figures.coverage:.4f}"
    lines = [
        f"工单 {figures.tickets} 条,{figures.groups} 组,按组 {figures.folds} 折检验",
        f"最佳猜测正确(不得留空)  {figures.overall:.4f}",
        f"{named}    其中正确 {figures.precision:.4f}    阈值 {figures.threshold:.4f}",
        f"按把握从高到低            {curve}",
        f"校准误差(ECE)             {figures.calibration_error:.4f}",
        f"外地工单误判为本市        {figures.elsewhere_named:.4f}({figures.elsewhere_n} 条)",
        "",
        "区县\t条数\t召回率\t给出\t其中正确",
    ]
    rows = (
        f"{code}\t{row['n']:.0f}\t{row['recall']:.3f}\t{row['named']:.0f}\t{row['precision']:.3f}"
        for code, row in figures.per_county.items()
    )
    return "\n".join([*lines, *rows])
