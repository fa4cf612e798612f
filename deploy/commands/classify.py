"""`jiesu tag`, `jiesu evaluate` and `jiesu train`: read texts, measure the reader, teach it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]
ForCity = Annotated[str | None, typer.Option(help="输入行没有 city 时的城市区划代码。")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(help="研判文本:诉求类型、污染类型、紧急程度、地点、复核理由。")(tag)
    app.command(help="用带标准答案的文件检验研判,给出各项指标。")(evaluate)
    app.command(help="用数据目录重新训练线性模型;比现有模型差则拒绝替换。")(train)


def tag(
    file: Annotated[str, typer.Argument(help="JSON Lines 文件,- 为标准输入。")] = "-",
    city: ForCity = None,
    as_json: AsJson = False,
) -> None:
    """Tag each line; JSON unless a terminal reads along."""
    from deploy.tag import tag_lines

    try:
        stream = sys.stdin.buffer if file == "-" else Path(file).open("rb")  # noqa: SIM115
    except OSError as error:
        raise typer.BadParameter(f"无法读取 {file}:{error.strerror}") from error
    with stream:
        shown = as_json or not sys.stdout.isatty()
        failed = tag_lines(stream, sys.stdout, sys.stderr, city=city, as_json=shown)
    if failed:
        raise typer.Exit(1)


def evaluate(
    file: Annotated[Path, typer.Argument(help="带标准答案的 JSON Lines 文件。")],
    city: ForCity = None,
    as_json: AsJson = False,
) -> None:
    """Compare what is read with the gold answers of a file."""
    import msgspec

    from classifier.corpus import read_gold
    from classifier.evaluate import human
    from deploy.tag import measure

    rows, bad = read_gold(file)
    for line in bad:
        sys.stderr.write(line + "\n")
    if rows:
        report = measure(rows, city)
        shown = msgspec.json.encode(report).decode() if as_json else human(report)
        sys.stdout.write(shown + "\n")
    if bad or not rows:
        raise typer.Exit(1)


def train(
    data: Annotated[Path, typer.Option(help="数据目录。")] = Path("../shared/data"),
    seed: Annotated[int, typer.Option(help="随机种子。")] = 0,
    force: Annotated[bool, typer.Option(help="即使指标变差也替换。")] = False,
    as_json: AsJson = False,
) -> None:
    """Train, calibrate, measure on the frozen set, and replace the model unless it got worse."""
    import msgspec

    from classifier.evaluate import human
    from models.city_load import installed_cities, load_city

    try:
        from classifier.train import train as learn
    except ImportError as error:
        raise typer.BadParameter("训练需要附加组件:pip install 'jiesu[train]'") from error
    done = learn(data, [load_city(city) for city in installed_cities()], seed=seed, force=force)
    if as_json:
        sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
    else:
        verdict = "已替换" if done.kept else f"未替换,指标变差:{done.reason}"
        sys.stdout.write(f"{human(done.report)}\n\n模型 {done.version} {verdict}\n")
    if not done.kept:
        raise typer.Exit(1)
