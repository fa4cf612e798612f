"""`jiesu tag`, `jiesu evaluate` and `jiesu train`: read texts, measure the reader, teach it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifier.asked import Alarm
    from classifier.corpus import Gold
    from classifier.evaluate import Report
    from classifier.peers import Peer
    from classifier.train import Outcome

AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]
ForCity = Annotated[str | None, typer.Option(help="输入行没有 city 时的城市区划代码。")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(help="研判文本:诉求类型、污染类型、紧急程度、地点、复核理由。")(tag)
    app.command(help="用带标准答案的文件检验研判,给出各项指标。")(evaluate)
    app.command(help="用数据目录重新训练模型,与在用的同场检验;变差则拒绝启用。")(train)


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
    *,
    city: ForCity = None,
    model: Annotated[str | None, typer.Option(help="模型版本或目录,默认为在用的。")] = None,
    out: Annotated[
        Path | None, typer.Option(help="把报告页、可靠性图、各表写到该目录。", metavar="DIR")
    ] = None,
    peers: Annotated[bool, typer.Option("--peers", help="与可替代的方法对照。")] = False,
    data: Annotated[
        Path | None, typer.Option(help="对照方法的训练数据目录;给出即对照。", metavar="DIR")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what is read with the gold answers of a file."""
    from classifier.asked import read_asked
    from classifier.report import human, write_report
    from deploy.tag import measure

    asked = read_asked(file)
    for line in asked.bad:
        sys.stderr.write(line + "\n")
    if asked.rows or asked.alarms:
        report, said = measure(asked.rows, city, model, asked.alarms)
        beside = _peers(asked.rows, data) if (peers or data) and asked.rows else []
        if out:
            asked_for: list[Gold | Alarm] = [*asked.rows, *asked.alarms]
            answers = list(zip(asked_for, said, strict=True))
            for path in write_report(out, report, answers, beside):
                sys.stderr.write(f"已写入 {path}\n")
        shown = _evaluation(report, beside) if as_json else human(report, beside)
        sys.stdout.write(shown + "\n")
    if asked.bad or not (asked.rows or asked.alarms):
        raise typer.Exit(1)


def train(
    context: typer.Context,
    *,
    data: Annotated[Path, typer.Option(help="训练数据目录。")] = Path("../shared/data"),
    corrections: Annotated[
        Path | None, typer.Option(help="坐席改正的集合(jiesu corrections export)。")
    ] = None,
    built: Annotated[
        Path | None,
        typer.Option(
            help="已在别处训练好的目录:只检验,不训练。",
            metavar="DIR",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="安装的数据目录,模型版本存于其中。", metavar="DIR")
    ] = None,
    seed: Annotated[int, typer.Option(help="随机种子。")] = 0,
    force: Annotated[bool, typer.Option(help="即使指标变差也启用。")] = False,
    ship: Annotated[bool, typer.Option(help="启用后替换随程序所带的模型。", hidden=True)] = False,
    as_json: AsJson = False,
) -> None:
    """Train, calibrate, measure beside the model in use, and replace that unless it got worse."""
    import asyncio

    import msgspec

    from deploy.cli import config_of
    from deploy.learning import log_act, releases_of
    from deploy.settings import load_settings
    from models.city_load import installed_cities, load_city

    settings = load_settings(config_of(context), data_dir=into)
    releases = releases_of(settings)
    cities = [load_city(city) for city in installed_cities()]
    try:
        from classifier.train import train as learn

        done = learn(
            data, cities, releases, corrections=corrections, built=built, seed=seed, force=force
        )
    except ImportError as error:
        raise typer.BadParameter("训练需要附加组件:pip install 'jiesu[train]'") from error
    if done.act is not None:
        asyncio.run(log_act(settings, done.act))
    if ship and done.kept:
        releases.ship(done.version)
    shown = msgspec.json.encode(done).decode() if as_json else _outcome(done)
    sys.stdout.write(shown + "\n")
    if not done.kept:
        raise typer.Exit(1)


def _peers(rows: "Sequence[Gold]", data: Path | None) -> "list[Peer]":
    from classifier.peers import peers

    return peers(rows, data)


def _evaluation(report: "Report", beside: "list[Peer]") -> str:
    import msgspec

    told = msgspec.to_builtins(report)
    return msgspec.json.encode(
        told | ({"peers": msgspec.to_builtins(beside)} if beside else {})
    ).decode()


def _outcome(done: "Outcome") -> str:
    from classifier.report import human

    lines = [human(done.report), ""]
    lines += ["检验集\t指标\t条数\t现用\t新\t允许降\t"]
    lines += [
        f"{one.figures_of}\t{one.name}\t{one.rows}\t{one.champion:.4f}\t{one.challenger:.4f}"
        f"\t{one.allowed:.4f}\t{'变差' if one.failed else ''}".rstrip()
        for one in done.checks
    ]
    verdict = "已启用" if done.kept else f"未启用,指标变差:{done.reason}"
    return "\n".join([*lines, "", f"模型 {done.version} {verdict}(此前 {done.champion})"])
