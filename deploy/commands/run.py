"""`up` and its parts: serve, worker, migrate; and verify."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from deploy.settings import Settings

_T = TypeVar("_T")
Cities = Annotated[
    list[str] | None, typer.Option("--city", help="城市的六位区划代码,可重复。", metavar="ADCODE")
]
Data = Annotated[Path | None, typer.Option("--data", help="数据目录。", metavar="DIR")]
Dsn = Annotated[
    str | None,
    typer.Option("--database-url", help="已有的 PostgreSQL,不用内置数据库。", metavar="DSN"),
]
Host = Annotated[str | None, typer.Option(help="监听地址。")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="监听端口。")]
Supervised = Annotated[bool, typer.Option("--supervised", hidden=True)]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(help="一条命令启动全部:数据库、迁移、网页、处理进程;Ctrl-C 停止。")(up)
    app.command(hidden=True)(prepare)
    app.command(help="只启动网页与接口(多机部署)。")(serve)
    app.command(help="只启动处理进程(多机部署)。")(worker)
    app.command(help="把数据库升级到本程序的版本。")(migrate)
    app.command(help="核验历史链与数据约束;发现问题时以 1 退出。")(verify)


def up(
    context: typer.Context,
    *,
    city: Cities = None,
    port: Port = None,
    host: Host = None,
    data: Data = None,
    database_url: Dsn = None,
    workers: Annotated[int | None, typer.Option(min=1, help="处理进程数。")] = None,
    empty: Annotated[bool, typer.Option("--empty", help="不建演示账号与数据。")] = False,
) -> None:
    """Run everything until Ctrl-C."""
    from deploy.up import run_all

    settings = _settings(context, city, data, database_url, port=port, host=host, workers=workers)
    _run(run_all(settings, empty=empty))


def prepare(
    context: typer.Context,
    *,
    empty: Annotated[bool, typer.Option("--empty")] = False,
) -> None:
    """Fill a migrated database and print the first accounts; `up` runs this."""
    from deploy import fill

    for line in _run(fill.prepare(_settings(context, None, None, None), empty=empty)):
        typer.echo(line)


def serve(
    context: typer.Context,
    *,
    city: Cities = None,
    port: Port = None,
    host: Host = None,
    data: Data = None,
    database_url: Dsn = None,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
    supervised: Supervised = False,
) -> None:
    """Run the web alone."""
    from deploy import serve as part

    settings = _settings(context, city, data, database_url, port=port, host=host)
    _run(part.serve(settings, fd=fd, supervised=supervised))


def worker(
    context: typer.Context,
    *,
    city: Cities = None,
    data: Data = None,
    database_url: Dsn = None,
    number: Annotated[int, typer.Option(hidden=True)] = 0,
    supervised: Supervised = False,
) -> None:
    """Run a worker alone."""
    from deploy import serve as part

    settings = _settings(context, city, data, database_url)
    _run(part.work(settings, number=number, supervised=supervised))


def migrate(
    context: typer.Context,
    *,
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Bring the database to this code's schema and tell what was applied."""
    from deploy.fill import migrate_database

    applied = _run(migrate_database(_settings(context, None, data, database_url)))
    typer.echo(_json(applied) if as_json else "\n".join(applied) or "已是最新。")


def verify(
    context: typer.Context,
    *,
    data: Data = None,
    database_url: Dsn = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(help="先前记下的链头,须仍在链上。", metavar="ADCODE:SEQ:HASH"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the chain of events and the invariants."""
    from deploy.verify import show, verify_all

    report = _run(verify_all(_settings(context, None, data, database_url), expect or []))
    typer.echo(_json(report) if as_json else show(report))
    if not report.ok:
        raise typer.Exit(1)


def _settings(
    context: typer.Context,
    city: list[str] | None,
    data: Path | None,
    database_url: str | None,
    **more: object,
) -> "Settings":
    from deploy.cli import config_of
    from deploy.observe import configure_logging
    from deploy.settings import load_settings

    settings = load_settings(
        config_of(context), cities=city, data_dir=data, database_url=database_url, **more
    )
    configure_logging(settings.log_format, settings.log_level)
    return settings


def _run(main: Coroutine[Any, Any, _T]) -> _T:
    """Run on uvloop where there is one."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop

    return uvloop.run(main)


def _json(value: object) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()
