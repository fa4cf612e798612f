"""Cutting Chinese into words: rjieba where it can be imported, jieba with the same cuts else."""

import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final, Protocol

DATA: Final = Path(__file__).with_name("data")
#: How common a domain word is taken to be: enough to hold against its parts, as jieba counts.
_FREQUENCY: Final = 200


class Cutter(Protocol):
    """Cuts a text into words that joined give the text again."""

    def cut(self, text: str) -> list[str]:
        """Give the words in order, marks and spaces among them."""


def domain_words() -> list[str]:
    """Read the words of data/words.txt that a general dictionary does not hold, one a line."""
    lines = (DATA / "words.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@cache
def cutter() -> Cutter:
    """Give the quickest cutter that this machine has, with the domain's words."""
    try:
        return RustCutter(domain_words())
    except ImportError:
        return JiebaCutter(domain_words())


class RustCutter:
    """rjieba: quick, and ready at once."""

    def __init__(self, words: Iterable[str]) -> None:
        """Load the dictionary; ImportError where rjieba has no wheel."""
        import rjieba  # noqa: PLC0415 - not installed on every platform

        self._jieba = rjieba.Jieba()
        for word in words:
            self._jieba.add_word(word, _FREQUENCY, "n")

    def cut(self, text: str) -> list[str]:
        """Give the words in order."""
        words: list[str] = self._jieba.cut(text)
        return words


class JiebaCutter:
    """jieba: the same cuts, slower."""

    def __init__(self, words: Iterable[str]) -> None:
        """Load the dictionary; its cache lies in the user's own folder, not in a shared one."""
        import jieba  # noqa: PLC0415 - slow to import, and not needed where rjieba is

        self._jieba = jieba.Tokenizer()
        self._jieba.tmp_dir = _private_folder()
        self._jieba.cache_file = "jiesu-jieba.cache"
        for word in words:
            self._jieba.add_word(word, _FREQUENCY, "n")

    def cut(self, text: str) -> list[str]:
        """Give the words in order."""
        words: list[str] = self._jieba.lcut(text)
        return words


def _private_folder() -> str:
    folder = Path.home() / ".cache" / "jiesu"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return tempfile.mkdtemp(prefix="jiesu-")
    return str(folder)
