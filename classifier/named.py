"""What a text names: roads, estates, villages, waters and businesses, each by a key.

Two people name the same spot in the same words even where they say nothing else alike. A key is a
letter of its class and the name: `r:人民路`, `e:水岸花园`, `s:宏达` (of a business only what is its
own). A name without anything of its own (小区, 食品厂) gives none.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

_FILE: Final = tomllib.loads(
    (Path(__file__).with_name("data") / "naming.toml").read_text(encoding="utf-8")
)
BUSINESS: Final = "s"
#: How many names of one text are kept, and how long one may be, a road's in particular.
MOST: Final = 16
_LONGEST: Final = 12
_LONGEST_ROAD: Final = 6
_SHORTEST_STEM: Final = 2
_WORDS: Final = _FILE["words"]
_STOPS: Final = frozenset(_WORDS["stops"].split())
_KINDS: Final = frozenset(_WORDS["kinds"].split())
_NONE: Final = frozenset(_WORDS["none"].split())
_HEADS: Final = re.compile("^(?:" + "|".join(sorted(_WORDS["heads"].split(), key=len)[::-1]) + ")")
_DIVISIONS: Final = tuple(_WORDS["divisions"].split())
_LETTERS: Final = {end: letter for letter, ends in _FILE["ends"].items() for end in ends.split()}
_LONGEST_END: Final = max(map(len, _LETTERS))
_INNER: Final = re.compile(r"(.*[路街河江湖村])([上边口里旁段]|侧|[一二三四五六七八九十\d].*)$")
#: A town, or a road, that was cut together with what lies in it.
_TOWN: Final = re.compile(r"^.*?(?:镇|乡|街道)(?=..)")
_ROAD: Final = re.compile(r"^(.{2,4}?(?:大道|路|大街))(?=..)")
_LAST: Final = frozenset(end[-1] for end in _LETTERS)
_LONGEST_KIND: Final = max(map(len, _KINDS))


def names(words: Iterable[str]) -> list[str]:
    """Give the keys of what a text names, from its words in order; each once, in order."""
    parted = [part for word in words for part in _parted(word)]
    return list(dict.fromkeys(_names(parted)))[:MOST]


def _parted(word: str) -> list[str]:
    """Part a road or village from what was cut together with it: 路上, 村七组."""
    found = _INNER.match(word) if len(word) > 1 else None
    return [found[1], found[2]] if found else [word]


def _names(words: Sequence[str]) -> Iterator[str]:
    since = 0
    for index, word in enumerate(words):
        if word[-1] not in _LAST:
            continue
        end, letter = _end_of(word)
        following = words[index + 1] if index + 1 < len(words) else ""
        if not end or following in _DIVISIONS or _goes_on(letter, following):
            continue
        stem = _before(words, since, index) + word.removesuffix(end)
        if road := _ROAD.match(stem):
            yield f"r:{road[1]}"
        if key := _key(letter, _bare(stem), end):
            since = index + 1
            yield f"{letter}:{key}"


def _goes_on(letter: str, following: str) -> bool:
    """Tell whether the next word ends the name in truth: 梅溪湖|路, 水岸|花园|小区."""
    following_letter = _LETTERS.get(following)
    return following_letter == letter or (letter == "w" and following_letter is not None)


def _end_of(word: str) -> tuple[str, str]:
    for size in range(min(len(word), _LONGEST_END), 0, -1):
        if letter := _LETTERS.get(word[-size:]):
            return word[-size:], letter
    return "", ""


def _before(words: Sequence[str], since: int, index: int) -> str:
    """Join the words before one that belong to its name, as far back as the last name."""
    start, length = index, 0
    while start > since and _belongs(words[start - 1]):
        length += len(words[start - 1])
        if length > _LONGEST:
            break
        start -= 1
    return "".join(words[start:index])


def _belongs(word: str) -> bool:
    plain = word.isalpha() and word not in _STOPS
    return plain and not (len(word) > 1 and word.endswith(_DIVISIONS))


def _bare(stem: str) -> str:
    """Take off a name what stands in front: the town, the road, the floor, words for beside."""
    stem = _ROAD.sub("", _TOWN.sub("", stem))
    while (head := _HEADS.match(stem)) and len(stem) - head.end() >= _SHORTEST_STEM:
        stem = stem[head.end() :]
    return stem


def _key(letter: str, stem: str, end: str) -> str:
    if letter == BUSINESS:
        own = _own(stem)
        return own if len(own) >= _SHORTEST_STEM else ""
    name = stem + end
    if letter == "e" and end in {"小区", "宿舍"}:
        name = stem if len(stem) > _SHORTEST_STEM else name
    if letter == "r" and not _SHORTEST_STEM <= len(stem) <= _LONGEST_ROAD:
        return ""
    short = len(stem) < _SHORTEST_STEM and letter == "e"
    return "" if short or not stem or name in _NONE or stem in _KINDS else name


def _own(stem: str) -> str:
    """Take off a business's name what only says its kind, from behind; empty where all of it."""
    while stem:
        for size in range(min(len(stem), _LONGEST_KIND), 0, -1):
            if stem[-size:] in _KINDS and (size > 1 or len(stem) != _SHORTEST_STEM):
                stem = stem[:-size]
                break
        else:
            return stem
    return stem
