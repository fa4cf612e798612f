"""Emergencies found by rules that read their context (domain section 4.7): recall before precision.

A sentence that tells of a danger counts unless it denies it, only fears or supposes it, asks about
it, tells of the past, of a drill or of elsewhere, says that it is settled, or uses the word as a
figure of speech. What has gone on for long without anything sudden is urgent, not an emergency.
The rules are data/hazards.toml.
"""

import re
from typing import Final, NamedTuple

from classifier.document import Document
from classifier.hazard_book import Patterns, book
from classifier.hazard_context import Mention, told_of_now
from classifier.normalize import sentences
from classifier.numbers import many_people
from models.tags import Span

#: A school and a smell so far apart, in characters, belong to one thought.
_NEAR: Final = 60
#: How far around the event, in characters, what shows it to be something else may stand.
_BESIDE: Final = 25
#: A text so short has one topic; of a longer one its opening, after the heading, tells the topic.
_SHORT: Final = 200
_OPENING: Final = 60


class Hazard(NamedTuple):
    """A danger found: its stable reason, whether an emergency (P0), and where it stands."""

    reason: str
    emergency: bool
    span: Span


def find_hazards(document: Document) -> list[Hazard]:
    """Find the dangers that a text tells of, emergencies first, each reason once."""
    text = document.bare
    found: dict[str, Hazard] = {}
    signs = book().signs(text)
    if signs:
        stretches = sentences(text)
        for number, places in sorted(signs.items()):
            patterns = book().rules[number]
            for index in _holding(stretches, places):
                hazard = _look(document, patterns, stretches, index)
                if hazard:
                    found.setdefault(hazard.reason, hazard)
                    break
    everything = (*found.values(), *_circumstances(text))
    return sorted(everything, key=lambda one: not one.emergency)


def _holding(stretches: list[Span], places: list[int]) -> list[int]:
    """Give the numbers of the stretches in which one of the ascending places lies."""
    found: list[int] = []
    at = 0
    for index, (start, end) in enumerate(stretches):
        while at < len(places) and places[at] < start:
            at += 1
        if at < len(places) and places[at] < end:
            found.append(index)
    return found


def _look(
    document: Document, patterns: Patterns, stretches: list[Span], index: int
) -> Hazard | None:
    text = document.bare
    start, end = stretches[index]
    around = stretches[max(index - 1, 0)][0], stretches[min(index + 1, len(stretches) - 1)][1]
    sentence, beside = text[start:end], text[slice(*around)]
    if not all(also.search(beside) for also in patterns.also):
        return None
    rule = patterns.rule
    for match in patterns.event.finditer(sentence):
        near = sentence[max(0, match.start() - _BESIDE) : match.end() + _BESIDE]
        if patterns.never.search(near):
            continue
        mention = Mention(sentence, match, beside, text[start + match.end() :])
        if told_of_now(mention, book().context, may_be_feared=not rule.feared):
            aside = rule.topic and not _is_topic(document, start + match.start(), beside)
            slow = rule.emergency and (aside or (not rule.lasting and _has_lasted(beside)))
            reason = rule.reason.replace("hazard:", "serious:") if slow else rule.reason
            span = (start + match.start(), start + match.end())
            return Hazard(reason, rule.emergency and not slow, span)
    return None


def _is_topic(document: Document, at: int, beside: str) -> bool:
    """Tell whether a text is about what it says at a place, or it has just happened."""
    short = len(document.bare) <= _SHORT or at < document.head + _OPENING
    return short or book().context["sudden"].search(beside) is not None


def _has_lasted(beside: str) -> bool:
    context = book().context
    return bool(context["chronic"].search(beside) and not context["now"].search(beside))


def _circumstances(text: str) -> list[Hazard]:
    """Find what makes a matter urgent and is no danger: the young, the sick, exams, crowds."""
    patterns = book().circumstances
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
