"""The citizens' pages in English: a table from the Chinese sentence to the English one."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("zh", "en")
_TABLE: Final[dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("english.toml").read_text(encoding="utf-8")
)


def words(lang: str) -> Callable[[str], str]:
    """Give what turns a Chinese sentence into the reader's language; unknown ones stay Chinese."""
    return _english if lang == "en" else str


def _english(text: str) -> str:
    return _TABLE.get(text, text)
