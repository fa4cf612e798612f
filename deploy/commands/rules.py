"""`jiesu rules`: check a city's rules; draft, simulate, publish and roll back its releases."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    import msgspec

    from deploy.settings import Settings

_T = TypeVar("_T")
CityCode = Annotated[str, typer.Option("--city", help="城市区划代码。", metavar="ADCODE")]
DraftNo = Annotated[int, typer.Option("--draft", help="草案号。", min=1)]
By = Annotated[str, typer.Option(help="由谁。")]
Why = Annotated[str, typer.Option(help="为什么。")]
Data = Annotated[Path | None, typer.Option("--data", help="数据目录。", metavar="DIR")]
Dsn = Annotated[str | None, typer.Option("--database-url", help="数据库地址。", metavar="DSN")]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    rules = typer.Typer(no_args_is_help=True, help="责任规则:检查、起草、试算、发布、回退。")
    rules.command(help="不会成立的规则、由次序决定的交叉、进入待裁量池的情形。")(check)
    rules.command("list", help="现行版本、发布记录和草案。")(show)
    rules.command(help="把城市资料目录收为草案。")(draft)
    rules.command(help="在历史件上试算草案:谁会得到什么、什么会超期。")(simulate)
    rules.command(help="发布试算过的草案。")(publish)
    rules.command(help="回退到先前的版本。")(rollback)
    rules.command(help="开关一个时期(考试、重污染预警、重大活动),立即生效。")(switch)
    app.add_typer(rules, name="rules")


def check(city: CityCode, as_json: AsJson = False) -> None:
    """Report on the installed rules of a city."""
    from deploy.rules_page import show_report
    from models.city_load import load_city
    from routing.report import report

    _print(found := report(load_city(city)), "" if as_json else show_report(found))


def show(
    context: typer.Context,
    city: CityCode,
    *,
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """List releases and drafts."""
    from deploy import rules
    from deploy.rules_page import show_listing

    found = _run(rules.listing(_settings(context, data, database_url), city))
    _print(found, "" if as_json else show_listing(found))


def draft(
    context: typer.Context,
    city: CityCode,
    by: By,
    why: Why,
    *,
    folder: Annotated[
        Path | None, typer.Option("--from", help="城市资料目录,默认为已安装的。", metavar="DIR")
    ] = None,
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Take a draft in."""
    from deploy import rules
    from deploy.rules_page import show_draft

    settings = _settings(context, data, database_url)
    made = _run(rules.draft(settings, city, folder, (by, why)))
    _print(made, "" if as_json else show_draft(made, city))


def simulate(
    context: typer.Context,
    city: CityCode,
    number: DraftNo,
    *,
    limit: Annotated[int, typer.Option(min=1, help="最多试算多少件。")] = 100_000,
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Try a draft on past cases."""
    from deploy import rules
    from deploy.rules_page import show_simulation

    settings = _settings(context, data, database_url)
    found = _run(rules.simulate(settings, city, number, limit))
    _print(found, "" if as_json else show_simulation(found))


def publish(
    context: typer.Context,
    city: CityCode,
    number: DraftNo,
    by: By,
    why: Why,
    *,
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Put a draft in force."""
    from deploy import rules
    from deploy.rules_page import show_publication

    settings = _settings(context, data, database_url)
    made = _run(rules.publish(settings, city, number, (by, why)))
    _print(made, "" if as_json else show_publication(made))


def rollback(
    context: typer.Context,
    city: CityCode,
    by: By,
    why: Why,
    *,
    to: Annotated[str | None, typer.Option(help="版本,默认为前一个。")] = None,
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Put an earlier release in force again."""
    from deploy import rules
    from deploy.rules_page import show_publication

    settings = _settings(context, data, database_url)
    made = _run(rules.roll_back(settings, city, to, (by, why)))
    _print(made, "" if as_json else show_publication(made))


def switch(
    context: typer.Context,
    city: CityCode,
    period: Annotated[str, typer.Option(help="时期代码。")],
    by: By,
    why: Why,
    *,
    on: Annotated[bool, typer.Option("--on/--off", help="开或关。")] = True,
    kind: Annotated[str | None, typer.Option(help="exam、heavy_pollution、event。")] = None,
    name: Annotated[str | None, typer.Option(help="名称。")] = None,
    first: Annotated[str | None, typer.Option("--from", help="首日。")] = None,
    last: Annotated[str | None, typer.Option("--to", help="末日。")] = None,
    data: Data = None,
    database_url: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Switch a period on or off."""
    from deploy import rules
    from deploy.rules_page import show_publication, show_simulation

    settings = _settings(context, data, database_url)
    given = {"kind": kind, "name": name, "valid_from": first, "valid_to": last}
    known = _run(rules.find_period(settings, city, period))
    changed = rules.changed_period(known, period, on=on, given=given)
    made = _run(rules.switch(settings, city, changed, (by, why)))
    shown = f"{show_simulation(made.simulation)}\n{show_publication(made.publication)}"
    _print(made, "" if as_json else shown)


def _settings(context: typer.Context, data: Path | None, dsn: str | None) -> "Settings":
    from deploy.cli import config_of
    from deploy.settings import load_settings

    return load_settings(config_of(context), data_dir=data, database_url=dsn)


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    return asyncio.run(work)


def _print(found: "msgspec.Struct", text: str) -> None:
    """Print the text, or the result as JSON where there is none."""
    import msgspec

    sys.stdout.write((text or msgspec.json.encode(found).decode()) + "\n")
