"""`bench`: the budgets, measured."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help="按性能预算实测,附同一次运行的裸基线比值。")(bench)


def bench(
    parts: Annotated[
        list[str] | None,
        typer.Argument(help="accept、tag、dispatch、route、simulate、sweep,默认全部。"),
    ] = None,
    *,
    accept: Annotated[int, typer.Option(min=100, help="受理件数。")] = 10_000,
    dispatch: Annotated[int, typer.Option(min=100, help="派单件数。")] = 4_000,
    tag: Annotated[int, typer.Option(min=100, help="标注条数。")] = 2_000,
    route: Annotated[int, typer.Option(min=100, help="直接路由的件数。")] = 100_000,
    simulate: Annotated[int, typer.Option(min=100, help="规则试算的件数。")] = 100_000,
    clocks: Annotated[int, typer.Option(min=1000, help="计时中的时钟数。")] = 1_000_000,
    workers: Annotated[int, typer.Option(min=1, help="处理进程数。")] = 1,
    data: Annotated[
        Path, typer.Option(help="真实文本所在目录,没有则用自带例文。", metavar="DIR")
    ] = Path("../shared/data"),
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")] = False,
) -> None:
    """Measure."""
    import msgspec
    import uvloop

    from deploy.bench import PARTS, Plan, run, show

    chosen = parts or list(PARTS)
    if unknown := [part for part in chosen if part not in PARTS]:
        raise typer.BadParameter(f"没有 {unknown[0]},可选:{'、'.join(PARTS)}。")
    plan = Plan(
        accept=accept,
        dispatch=dispatch,
        tag=tag,
        route=route,
        simulate=simulate,
        clocks=clocks,
        workers=workers,
        data=data,
    )
    results = uvloop.run(run(chosen, plan))
    typer.echo(msgspec.json.encode(results).decode() if as_json else show(results))
