"""`jiesu clocks`: list the clocks of a city, and count the running ones again."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    clocks = typer.Typer(no_args_is_help=True, help="时限:列出一市的全部时钟;日历变化后重算。")
    clocks.command("list", help="列出一市的全部时钟:时长、起止、停表、延期。")(show)
    clocks.command(help="放假通知或本市日历变化后,重算计时中的时钟,逐件留痕。")(recompute)
    app.add_typer(clocks, name="clocks")


def show(
    city: Annotated[str, typer.Option("--city", help="城市区划代码。", metavar="ADCODE")],
    as_json: AsJson = False,
) -> None:
    """List the clocks."""
    import msgspec

    from deploy.clocks import listed
    from deploy.clocks import show as shown

    found = listed(city)
    sys.stdout.write((msgspec.json.encode(found).decode() if as_json else shown(found)) + "\n")


def recompute(
    context: typer.Context,
    *,
    city: Annotated[
        list[str] | None, typer.Option("--city", help="只算这些城市。", metavar="ADCODE")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="数据目录。", metavar="DIR")] = None,
    database_url: Annotated[
        str | None, typer.Option("--database-url", help="数据库地址。", metavar="DSN")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count again."""
    import msgspec

    from deploy.cli import config_of
    from deploy.clocks import recompute as counted
    from deploy.clocks import show_recounted
    from deploy.settings import load_settings

    settings = load_settings(config_of(context), data_dir=data, database_url=database_url)
    found = asyncio.run(counted(settings, tuple(city or ())))
    text = msgspec.json.encode(found).decode() if as_json else show_recounted(found)
    sys.stdout.write(text + "\n")
