"""`jiesu marks`: the figures of a month, its report upward, and the cases behind a figure."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]
OfCity = Annotated[str, typer.Option("--city", help="城市区划代码。", metavar="ADCODE")]
DataDir = Annotated[Path | None, typer.Option("--data", help="数据目录。", metavar="DIR")]
Url = Annotated[str | None, typer.Option("--database-url", help="数据库地址。", metavar="DSN")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    marks = typer.Typer(no_args_is_help=True, help="考核:统计一月指标,出月报,列出指标所据工单。")
    marks.command(help="统计一市一月的指标并出月报;统计结果及所据工单留存。")(report)
    marks.command(help="列出一次统计中一个指标所据的工单。")(cases)
    app.add_typer(marks, name="marks")


def report(
    context: typer.Context,
    *,
    city: OfCity,
    month: Annotated[str, typer.Option("--month", help="月份,如 2026-11。", metavar="YYYY-MM")],
    data: DataDir = None,
    database_url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Count and report."""
    import msgspec

    from deploy.cli import config_of
    from deploy.marks import report as reported
    from deploy.settings import load_settings
    from routing.mark_report import markdown

    settings = load_settings(config_of(context), data_dir=data, database_url=database_url)
    found = asyncio.run(reported(settings, city, month))
    sys.stdout.write((msgspec.json.encode(found).decode() if as_json else markdown(found)) + "\n")


def cases(
    context: typer.Context,
    *,
    city: OfCity,
    run: Annotated[str, typer.Option("--run", help="统计编号,见月报。")],
    figure: Annotated[str, typer.Option("--figure", help="指标代码,如 solved。")],
    of: Annotated[str | None, typer.Option("--of", help="区县代码或单位代码;不写为全市。")] = None,
    data: DataDir = None,
    database_url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the cases behind a figure."""
    from uuid import UUID

    import msgspec

    from deploy.cli import config_of
    from deploy.marks import cases as listed
    from deploy.marks import show_cases
    from deploy.settings import load_settings

    settings = load_settings(config_of(context), data_dir=data, database_url=database_url)
    try:
        number = UUID(run)
    except ValueError as error:
        raise typer.BadParameter("统计编号格式不对。") from error
    found = asyncio.run(listed(settings, city, number, figure, of or city))
    sys.stdout.write((msgspec.json.encode(found).decode() if as_json else show_cases(found)) + "\n")
