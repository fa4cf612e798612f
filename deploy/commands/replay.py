"""`jiesu replay`: send a file through the real webhook and see what becomes of it."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.replay import Summary

Files = Annotated[
    list[Path],
    typer.Argument(help="JSON Lines({id,title,text,time?})或 12369 的 XML 文件。", exists=True),
]
Data = Annotated[Path | None, typer.Option("--data", help="对方系统的数据目录(取密钥)。")]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help="把文件经真实的签名接口送进运行中的系统,等到逐件派单或进入复核。")(replay)


def replay(
    context: typer.Context,
    files: Files,
    *,
    to: Annotated[str, typer.Option(help="系统地址,如 http://127.0.0.1:8080。")],
    channel: Annotated[str, typer.Option(help="以哪个平台的身份发送:12345 或 12369。")] = "12345",
    city: Annotated[str | None, typer.Option(help="发往的城市,默认第一个。")] = None,
    rate: Annotated[float | None, typer.Option(min=0.01, help="每秒最多发送件数。")] = None,
    patience: Annotated[float, typer.Option(min=0.0, help="多少秒毫无进展即停止等待。")] = 120.0,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Send the files and print one summary; bad lines are named and the others go on."""
    from deploy.cli import config_of
    from deploy.replay import Replay
    from deploy.replay_files import CHANNELS, read_files
    from deploy.settings import load_secrets, load_settings

    if channel not in CHANNELS:
        raise typer.BadParameter(f"应为 {'、'.join(CHANNELS)}。", param_hint="--channel")
    settings = load_settings(config_of(context), data_dir=data)
    target = city or settings.cities[0]
    hook = load_secrets(settings).hook(channel, target)
    if hook is None:
        raise typer.BadParameter(f"没有 {channel} 在 {target} 的密钥。", param_hint="--city")
    found = read_files(files, channel, target)
    for problem in found.problems:
        typer.echo(problem, err=True)
    sender = Replay(to, hook, rate=rate, patience_s=patience, tell=_tell)
    summary = asyncio.run(sender.run(found.tickets))
    typer.echo(_show(summary, as_json=as_json or not sys.stdout.isatty()))
    if summary.failed or found.problems:
        raise typer.Exit(1)


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _show(summary: "Summary", *, as_json: bool) -> str:
    import msgspec

    if as_json:
        return msgspec.json.encode(summary).decode()
    s = summary
    return (
        f"发送 {s.sent} 件,接收 {s.accepted} 件(其中重复 {s.duplicates} 件),"
        f"派单 {s.dispatched} 件,待复核 {s.review} 件,失败 {s.failed} 件;"
        f"用时 {s.seconds:.1f} 秒,接收耗时中位 {s.accept_ms.p50:.0f} 毫秒、"
        f"99% 在 {s.accept_ms.p99:.0f} 毫秒内。"
    )
