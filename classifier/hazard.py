"""Emergencies found by rules that read their context (domain section 4.7): recall before precision.

A sentence that tells of a danger counts unless it denies it, only fears it, asks about it, tells of
the past or of a drill, or uses the word as a figure of speech. What has gone on for long without
anything sudden is urgent, not an emergency. The rules are data/hazards.toml.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from classifier.document import Document
from classifier.normalize import sentences
from classifier.numbers import many_people
from models.tags import Span

RULES: Final = Path(__file__).with_name("data") / "hazards.toml"
#: How far before a word, in characters, its denial or the fear of it may stand.
_DENIED_REACH: Final = 8
_FEARED_REACH: Final = 12
#: A school and a smell so far apart, in characters, belong to one thought.
_NEAR: Final = 60


class Hazard(NamedTuple):
    """A danger found: its stable reason, whether an emergency (P0), and where it stands."""

    reason: str
    emergency: bool
    span: Span


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    """One rule of the file; its patterns may name parts."""

    reason: str
    event: str
    also: str = ""
    never: str = "(?!)"
    feared: bool = True
    lasting: bool = False
    emergency: bool = False


class _Patterns(NamedTuple):
    """A rule made ready."""

    rule: _Rule
    event: re.Pattern[str]
    also: re.Pattern[str]
    never: re.Pattern[str]


class _Book(NamedTuple):
    """The whole file made ready."""

    rules: tuple[_Patterns, ...]
    context: Mapping[str, re.Pattern[str]]
    circumstances: Mapping[str, re.Pattern[str]]


def find_hazards(document: Document) -> list[Hazard]:
    """Find the dangers that a text tells of, emergencies first, each reason once."""
    book = _book()
    text = document.bare
    stretches = sentences(text)
    found: dict[str, Hazard] = {}
    for patterns in book.rules:
        if not patterns.event.search(text):
            continue
        for index in range(len(stretches)):
            hazard = _look(text, patterns, stretches, index)
            if hazard:
                found.setdefault(hazard.reason, hazard)
                break
    everything = (*found.values(), *_circumstances(text, book.circumstances))
    return sorted(everything, key=lambda one: not one.emergency)


def _look(text: str, patterns: _Patterns, stretches: list[Span], index: int) -> Hazard | None:
    start, end = stretches[index]
    sentence = text[start:end]
    around = stretches[max(index - 1, 0)][0], stretches[min(index + 1, len(stretches) - 1)][1]
    beside = text[slice(*around)]
    if not patterns.also.search(beside) or patterns.never.search(sentence):
        return None
    rule, context = patterns.rule, _book().context
    for match in patterns.event.finditer(sentence):
        if _told_of_now(sentence, match, context, may_be_feared=not rule.feared):
            slow = (
                rule.emergency
                and not rule.lasting
                and context["chronic"].search(beside) is not None
                and context["now"].search(beside) is None
            )
            reason = rule.reason.replace("hazard:", "serious:") if slow else rule.reason
            span = (start + match.start(), start + match.end())
            return Hazard(reason, rule.emergency and not slow, span)
    return None


def _told_of_now(
    sentence: str,
    match: re.Match[str],
    context: Mapping[str, re.Pattern[str]],
    *,
    may_be_feared: bool,
) -> bool:
    """Tell whether the sentence says that the danger is there."""
    before, after = sentence[: match.start()], sentence[match.end() :]
    figures = context["figure"].finditer(sentence)
    if any(other.start() < match.end() and match.start() < other.end() for other in figures):
        return False
    feared = context["feared"].search(before[-_FEARED_REACH:]) or context["feared_after"].match(
        after
    )
    if feared and not may_be_feared:
        return False
    settled = context["resolved"].search(sentence) and not context["again"].search(sentence)
    past = context["past"].search(sentence) and not context["now"].search(sentence)
    return not (
        context["unreal"].search(sentence)
        or context["denied"].search(before[-_DENIED_REACH:])
        or context["asking"].search(sentence)
        or settled
        or past
    )


def _circumstances(text: str, patterns: Mapping[str, re.Pattern[str]]) -> list[Hazard]:
    """Find what makes a matter urgent and is no danger: the young, the sick, exams, crowds."""
    found: list[Hazard] = []
    place, smell = patterns["sensitive"].search(text), patterns["chemical"].search(text)
    if place and smell and abs(place.start() - smell.start()) < _NEAR:
        found.append(Hazard("sensitive:school", False, place.span()))
    exam = patterns["exam"].search(text)
    if exam:
        found.append(Hazard("sensitive:exam", False, exam.span()))
    crowd = patterns["crowd"].search(text)
    if crowd and many_people(text):
        found.append(Hazard("group", False, crowd.span()))
    return found


@cache
def _book() -> _Book:
    """Read the file once."""
    data: dict[str, Any] = tomllib.loads(RULES.read_text(encoding="utf-8"))
    parts: dict[str, str] = data["parts"]
    emergencies = [rule | {"emergency": True} for rule in data["emergency"]]
    rules = msgspec.convert([*emergencies, *data["urgent"]], list[_Rule])
    return _Book(
        tuple(_ready(rule, parts) for rule in rules),
        {name: re.compile(pattern) for name, pattern in data["context"].items()},
        {name: re.compile(pattern) for name, pattern in data["circumstances"].items()},
    )


def _ready(rule: _Rule, parts: Mapping[str, str]) -> _Patterns:
    event, also, never = (_with_parts(text, parts) for text in (rule.event, rule.also, rule.never))
    return _Patterns(rule, event, also, never)


def _with_parts(pattern: str, parts: Mapping[str, str]) -> re.Pattern[str]:
    for name, part in parts.items():
        pattern = pattern.replace("{" + name + "}", part)
    return re.compile(pattern)
