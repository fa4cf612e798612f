"""The command line: `jiesu <command>`; each module of deploy/commands adds its own.

Results go to stdout, everything else to stderr. Exit status: 0 done, 1 failed, 2 wrong use.
"""

import importlib
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from models.errors import JiesuError

_COMMANDS: Final = (
    "run",
    "classify",
    "learning",
    "duty",
    "clocks",
    "marks",
    "inspection",
    "grid",
    "replay",
    "rules",
    "doctor",
    "bench",
    "places",
    "history",
)
_HELP: Final = "接诉:生态环境投诉的受理、研判、派单与跟踪。\n\n首次使用:jiesu up"


def build_app() -> typer.Typer:
    """Put the commands together; none of them imports its part before it runs."""
    app = typer.Typer(
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    for name in _COMMANDS:
        importlib.import_module(f"deploy.commands.{name}").register(app)
    return app


def main(argv: list[str] | None = None) -> None:
    """Run one command and exit with its status; an error that has a name is told in one line."""
    try:
        build_app()(args=argv, prog_name="jiesu")
    except JiesuError as error:
        _tell(error)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)


def config_of(context: typer.Context) -> Path | None:
    """Give the file named with `--config`."""
    found: Path | None = context.find_root().params.get("config")
    return found


def _options(
    config: Annotated[
        Path | None, typer.Option(help="配置文件(TOML),只写与默认不同的项。", dir_okay=False)
    ] = None,
) -> None:
    """Take the options that every command understands."""


def _tell(error: JiesuError) -> None:
    text = f"错误[{error.code}]:{error.detail}\n"
    log = error.extra.get("log")
    sys.stderr.write(text + (f"{log}\n" if log else ""))


if __name__ == "__main__":
    main()
