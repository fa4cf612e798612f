"""`jiesu model` and `jiesu corrections`: which reader serves, how it does, what it can learn."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from classifier.releases import Act
    from deploy.settings import Settings

Data = Annotated[Path | None, typer.Option("--data", help="安装的数据目录。", metavar="DIR")]
Dsn = Annotated[str | None, typer.Option("--database-url", help="数据库地址。", metavar="DSN")]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]
Reason = Annotated[str, typer.Option(help="原因,记入台账。")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    model = typer.Typer(help="模型版本:查看、启用、回退、漂移。", no_args_is_help=True)
    model.command("list", help="有哪些版本,哪个在用,做过什么。")(list_releases)
    model.command(help="启用一个版本;运行中的处理进程几秒内换用。")(promote)
    model.command(help="回到此前使用的版本。")(rollback)
    model.command(help="来件与训练时、与此前相比有无变化,人工改动多少。")(drift)
    app.add_typer(model, name="model")
    corrections = typer.Typer(help="坐席改正的标注。", no_args_is_help=True)
    corrections.command(help="导出为训练用的集合(已隐去身份信息,只留本机)。")(export)
    corrections.callback()(_group)
    app.add_typer(corrections, name="corrections")


def list_releases(context: typer.Context, *, data: Data = None, as_json: AsJson = False) -> None:
    """List the releases."""
    import msgspec

    from deploy.learning import listing, show_listing

    found = listing(_settings(context, data, None))
    _print(msgspec.json.encode(found).decode() if as_json else show_listing(found))


def promote(
    context: typer.Context,
    version: Annotated[str, typer.Argument(help="版本;shipped 为随程序所带。")],
    *,
    reason: Reason = "人工启用",
    force: Annotated[bool, typer.Option(help="即使曾因指标变差被拒绝也启用。")] = False,
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Make a release serve."""
    from deploy.learning import releases_of

    settings = _settings(context, data, database_url)
    _done(settings, releases_of(settings).promote(version, reason, force=force), as_json=as_json)


def rollback(
    context: typer.Context,
    *,
    reason: Reason = "人工回退",
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Make the release serve that served before."""
    from deploy.learning import releases_of

    settings = _settings(context, data, database_url)
    _done(settings, releases_of(settings).rollback(reason), as_json=as_json)


def drift(
    context: typer.Context,
    *,
    city: Annotated[
        list[str] | None, typer.Option("--city", help="只看这些城市,可重复。", metavar="ADCODE")
    ] = None,
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Tell how the latest cases were read."""
    import asyncio

    import msgspec

    from deploy.learning import drifts, show_drift

    settings = _settings(context, data, database_url)
    found = asyncio.run(drifts(settings, city or settings.cities))
    shown = "\n\n".join(map(show_drift, found))
    _print(msgspec.json.encode(found).decode() if as_json else shown)


def export(
    context: typer.Context,
    *,
    city: Annotated[str, typer.Option(help="城市的六位区划代码。", metavar="ADCODE")],
    out: Annotated[Path | None, typer.Option(help="写到哪里,默认在数据目录内。")] = None,
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Write a city's corrections as a versioned set."""
    import asyncio

    import msgspec

    from deploy.learning import export as write

    made = asyncio.run(write(_settings(context, data, database_url), city, out))
    text = f"{made.cases} 件,版本 {made.version},已写入 {made.file}"
    _print(msgspec.json.encode(made).decode() if as_json else text)


def _group() -> None:
    """Keep `export` a command of its own while it is the only one."""


def _done(settings: "Settings", act: "Act", *, as_json: bool) -> None:
    import asyncio

    import msgspec

    from deploy.learning import log_act

    asyncio.run(log_act(settings, act))
    text = f"现用模型 {act.version}(原 {act.replaced}),运行中的处理进程几秒内换用。"
    _print(msgspec.json.encode(act).decode() if as_json else text)


def _settings(context: typer.Context, data_dir: Path | None, dsn: str | None) -> "Settings":
    from deploy.cli import config_of
    from deploy.settings import load_settings

    return load_settings(config_of(context), data_dir=data_dir, database_url=dsn)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
