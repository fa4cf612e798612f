"""`./jiesu test`: format, lint, types, import rules, tests; all of them run, whatever fails."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[1]
_BIN: Final = Path(sys.executable).parent
_STEPS: Final = (
    ("format", ("ruff", "format", "--check", ".", "jiesu")),
    ("lint", ("ruff", "check", ".", "jiesu")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports",)),
)
#: All tests at once: a process each core, up to four, each with a server of its own; a file stays
#: whole, for what its tests share, and those that wait longest stand first.
_SPREAD: Final = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")
_ALL: Final = ("pytest", *_SPREAD, "--no-loadscope-reorder")


def main(argv: list[str]) -> int:
    """Run every check, then all tests, or those that `argv` asks for; 0 when everything passed."""
    failed = [name for name, command in _STEPS if not _passes(name, command)]
    if failed:
        _say(f"未通过:{'、'.join(failed)};以下为测试")
    tests = _passes("tests", ("pytest", *argv) if argv else _ALL)
    return 1 if failed or not tests else 0


def _passes(name: str, command: tuple[str, ...]) -> bool:
    started = time.monotonic()
    program = str(_BIN / command[0])
    code = subprocess.run([program, *command[1:]], cwd=_ROOT, check=False).returncode  # noqa: S603
    if name != "tests":
        word = "通过" if code == 0 else "未通过"
        _say(f"{name} {word} {time.monotonic() - started:.1f}s")
    return code == 0


def _say(text: str) -> None:
    sys.stdout.write(f"== {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
