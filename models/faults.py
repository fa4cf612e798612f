"""Telling where something unforeseen happened without telling what was in the data."""

import traceback
from pathlib import Path

_DEEPEST = 8


def trace(error: BaseException) -> str:
    """Name the error's type and the last places it passed, `file:line` from outside in.

    The message is left out: a database's own names the row that failed, with what a citizen wrote.
    Source lines are left out too, since reading them would block the event loop.
    """
    frames = [
        f"{Path(frame.f_code.co_filename).name}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return " > ".join([*frames[-_DEEPEST:], type(error).__name__])
