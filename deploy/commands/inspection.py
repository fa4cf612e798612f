"""`jiesu inspection`: take in the list of an inspection, and give its public table."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]
City = Annotated[str, typer.Option("--city", help="城市区划代码。", metavar="ADCODE")]
Data = Annotated[Path | None, typer.Option("--data", help="数据目录。", metavar="DIR")]
Url = Annotated[str | None, typer.Option("--database-url", help="数据库地址。", metavar="DSN")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    made = typer.Typer(no_args_is_help=True, help="督察交办件:批量导入清单,输出公示表。")
    made.command("import", help="导入督察交办清单(CSV),逐行建单、计时;错误逐行列出。")(take)
    made.command("table", help="输出公示表(已批准公示的件,不含个人信息),CSV 或 JSON。")(table)
    app.add_typer(made, name="inspection")


def take(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="清单文件。", metavar="FILE")],
    city: City,
    *,
    data: Data = None,
    database_url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Take a list in; exit status 1 where a line is wrong."""
    import msgspec

    from deploy.cli import config_of
    from deploy.inspection import import_file
    from deploy.settings import load_settings

    settings = load_settings(config_of(context), data_dir=data, database_url=database_url)
    done = asyncio.run(import_file(settings, city, path))
    if as_json:
        sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
    else:
        lines = [f"第 {one.line} 行:{one.detail}[{one.code}]" for one in done.wrong]
        told = f"新建 {done.listed} 件,已有 {done.known} 件,有误 {len(done.wrong)} 行。"
        sys.stdout.write("\n".join([*lines, told]) + "\n")
    if done.wrong:
        raise typer.Exit(1)


def table(
    context: typer.Context,
    city: City,
    *,
    data: Data = None,
    database_url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Give the public table."""
    import msgspec

    from deploy.cli import config_of
    from deploy.inspection import as_csv
    from deploy.inspection import table as published
    from deploy.settings import load_settings

    settings = load_settings(config_of(context), data_dir=data, database_url=database_url)
    found = asyncio.run(published(settings, city))
    text = msgspec.json.encode(found).decode() + "\n" if as_json else as_csv(found)
    sys.stdout.write(text)
