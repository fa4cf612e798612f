"""`jiesu route` and `jiesu due`: who answers for a text and why, and when a clock runs out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.route import Form

AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(help="研判文本并决定派单:主办、协办、时限、理由;有 types 的行不再研判。")(route)
    app.command(help="推算一个时限,逐日说明怎样数出来的。")(due)


def route(  # noqa: PLR0917  # typer passes options by name
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="JSON Lines 文件,- 为标准输入。")] = "-",
    city: Annotated[str | None, typer.Option(help="输入行没有 city 时的城市区划代码。")] = None,
    as_html: Annotated[bool, typer.Option("--html", help="输出一页 HTML。")] = False,
    case: Annotated[
        str | None, typer.Option(help="说明一件已受理工单的派单决定,按作出决定时的规则版本。")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="数据目录。", metavar="DIR")] = None,
    database_url: Annotated[
        str | None, typer.Option("--database-url", help="数据库地址。", metavar="DSN")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tag the lines that carry no tags, decide each, and print what was decided and why."""
    from deploy.route import Form, route_lines

    form: Form = "json" if as_json else "html" if as_html else "text"
    if case is not None:
        _explain(context, case, data, database_url, form)
        return
    try:
        stream = sys.stdin.buffer if file == "-" else Path(file).open("rb")  # noqa: SIM115
    except OSError as error:
        raise typer.BadParameter(f"无法读取 {file}:{error.strerror}") from error
    with stream:
        failed = route_lines(stream, sys.stdout, sys.stderr, city=city, form=form)
    if failed:
        raise typer.Exit(1)


def _explain(
    context: typer.Context, case: str, data: Path | None, dsn: str | None, form: "Form"
) -> None:
    """Explain the decision of a stored case by the release that made it."""
    import asyncio

    from deploy.cli import config_of
    from deploy.explain import explain
    from deploy.settings import load_settings

    settings = load_settings(config_of(context), data_dir=data, database_url=dsn)
    sys.stdout.write(asyncio.run(explain(settings, case, form)) + "\n")


def due(  # noqa: PLR0917  # typer passes options by name
    city: Annotated[str, typer.Option(help="城市区划代码。")],
    start: Annotated[str, typer.Option("--from", help="起算时刻(ISO 8601),无时区按北京时间。")],
    clock: Annotated[str | None, typer.Option(help="时钟代码,如 K12;也可直接写时限。")] = None,
    span: Annotated[str | None, typer.Option(help="时限,如 15W、30N、4H、30MIN。")] = None,
    urgency: Annotated[str | None, typer.Option(help="紧急程度 P0 至 P3。")] = None,
    roll: Annotated[bool, typer.Option(help="自然日末日逢休息日是否顺延。")] = True,
    as_json: AsJson = False,
) -> None:
    """Count one deadline and print it with its days."""
    from deploy.due import count, show
    from models.case import Urgency
    from models.moment import parse_local

    if (clock is None) == (span is None):
        raise typer.BadParameter("--clock 与 --span 须且只须给一个。")
    if urgency is not None and urgency not in set(Urgency):
        raise typer.BadParameter("应为 P0、P1、P2 或 P3。", param_hint="--urgency")
    try:
        moment = parse_local(start)
    except ValueError as error:
        raise typer.BadParameter("应为 ISO 8601 时刻。", param_hint="--from") from error
    counted = count(city, clock or span or "", moment, urgency, roll=roll)
    sys.stdout.write(show(counted, as_json=as_json) + "\n")
