"""`jiesu doctor`: what is wrong and how to mend it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

Cities = Annotated[
    list[str] | None, typer.Option("--city", help="只检查这些城市,可重复。", metavar="ADCODE")
]
Data = Annotated[Path | None, typer.Option("--data", help="数据目录。", metavar="DIR")]
Dsn = Annotated[str | None, typer.Option("--database-url", help="数据库地址。", metavar="DSN")]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help="检查城市资料与运行状况,说明问题和处理办法;有错误时以 1 退出。")(doctor)


def doctor(
    context: typer.Context,
    *,
    city: Cities = None,
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Check, print, and exit 1 when something must be mended."""
    import msgspec

    from deploy.cli import config_of
    from deploy.doctor import examine, show
    from deploy.settings import load_settings

    settings = load_settings(config_of(context), data_dir=data, database_url=database_url)
    report = examine(settings, city or [])
    text = msgspec.json.encode(report).decode() if as_json else show(report)
    sys.stdout.write(text + "\n")
    if not report.ok:
        raise typer.Exit(1)
