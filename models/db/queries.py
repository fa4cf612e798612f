"""SQL lives in `.sql` files beside this one: `-- name: x`, a line of purpose, the statement."""

import re
from functools import cache
from pathlib import Path

_HEAD = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def load(file: str) -> dict[str, str]:
    """Read `<file>.sql` into statements by name; a name used twice raises ValueError."""
    text = Path(__file__).with_name(f"{file}.sql").read_text(encoding="utf-8")
    parts = _HEAD.split(text)[1:]
    names = parts[::2]
    if len(set(names)) != len(names):
        msg = f"{file}.sql uses a name twice"
        raise ValueError(msg)
    return {name: body.strip().rstrip(";") for name, body in zip(names, parts[1::2], strict=True)}
