"""`jiesu grid`: take in the tree of a city's grid, and write it out."""

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
    made = typer.Typer(no_args_is_help=True, help="网格:导入、输出市—县—乡镇街道—村社区网格树。")
    made.command(
        "import", help="导入整棵网格树(CSV);有一行错误就全部不导入,文件中没有的网格停用。"
    )(take)
    made.command("list", help="输出在用的网格,格式与导入文件相同,或 JSON。")(show)
    app.add_typer(made, name="grid")


def take(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="网格文件。", metavar="FILE")],
    city: City,
    *,
    data: Data = None,
    database_url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Take a tree in; exit status 1 where a line is wrong, and then nothing was changed."""
    import msgspec

    from deploy.cli import config_of
    from deploy.grid import import_file
    from deploy.settings import load_settings

    settings = load_settings(config_of(context), data_dir=data, database_url=database_url)
    done = asyncio.run(import_file(settings, city, path))
    if as_json:
        sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
    elif done.wrong:
        lines = [f"第 {one.line} 行:{one.detail}[{one.code}]" for one in done.wrong]
        sys.stdout.write("\n".join([*lines, f"有误 {len(lines)} 处,没有导入。"]) + "\n")
    else:
        told = f"在用网格 {done.cells} 个,其中新增 {done.fresh} 个;停用 {done.closed} 个。"
        sys.stdout.write(told + "\n")
    if done.wrong:
        raise typer.Exit(1)


def show(
    context: typer.Context,
    city: City,
    *,
    data: Data = None,
    database_url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Write the tree out."""
    import msgspec

    from deploy.cli import config_of
    from deploy.grid import as_csv, tree
    from deploy.settings import load_settings

    settings = load_settings(config_of(context), data_dir=data, database_url=database_url)
    found = asyncio.run(tree(settings, city))
    text = msgspec.json.encode(found).decode() + "\n" if as_json else as_csv(found)
    sys.stdout.write(text)
