"""Emergencies found by rules that read their context (domain section 4.7): recall before precision.

A sentence that tells of a danger counts unless it denies it, only fears or supposes it, asks about
it, tells of the past, of a drill or of elsewhere, says that it is settled, or uses the word as a
figure of speech. What has gone on for long without anything sudden is urgent, not an emergency.
The rules are data/hazards.toml. What no rule names may still sound alarming as a whole (alarm.py).
"""

from typing import Final, NamedTuple

import msgspec

from classifier.alarm import Alarm, alarm
from classifier.document import Document
from classifier.hazard_book import Patterns, Rule, book
from classifier.hazard_context import Mention, told_of_now
from classifier.normalize import sentences
from classifier.numbers import many_people
from models.tags import Span

#: Marks that part clauses, made one; who writes on a telephone parts them by blanks.
_MARKS: Final = ((",", "，"), ("!", "！"), (";", "；"), ("?", "？"), (" ", "，"))
#: A school and a smell so far apart, in characters, belong to one thought.
_NEAR: Final = 60
#: How far around the event, in characters, what shows it to be something else may stand.
_BESIDE: Final = 25
#: How far around it what must also be said may stand.
_AROUND: Final = 70
#: A text so short has one topic; of a longer one its opening, after the heading, tells the topic.
_SHORT: Final = 200
_OPENING: Final = 60
#: A handful of characters has no sound of its own, and a long story has many.
_SAYS_ENOUGH: Final = 18
_TELLS_MUCH: Final = 400
#: How probable an emergency must be by the sound of a text alone, and where words calm.
_ALARMING: Final = 0.18
_ALARMING_THOUGH_CALM: Final = 0.45
_ALARMING_THOUGH_GRAVE: Final = 0.7
_CALMING: Final = (
    *("figure", "drill", "news", "supposed", "feared", "past", "chronic"),
    *("asking", "resolved", "thanked", "disputed"),
)


class Hazard(NamedTuple):
    """A danger found: its stable reason, whether an emergency (P0), and where it stands."""

    reason: str
    emergency: bool
    span: Span


def find_hazards(document: Document, ear: Alarm | None = None) -> list[Hazard]:
    """Find the dangers that a text tells of, emergencies first, each reason once.

    `ear` is the second ear, the shipped one where none is given.
    """
    ear = ear or alarm()
    text = document.bare
    for mark, one in _MARKS:
        text = text.replace(mark, one)
    document = msgspec.structs.replace(document, bare=text)
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
    known = any(one.emergency for one in found.values())
    if not known and _sounds_alarming(document, ear, grave=bool(found)):
        found["hazard:alarm"] = Hazard("hazard:alarm", True, ear.loudest(text))
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
    text, rule, context = document.bare, patterns.rule, book().context
    start, end = stretches[index]
    sentence = text[start:end]
    for match in patterns.event.finditer(sentence):
        span = (start + match.start(), start + match.end())
        around = text[max(0, span[0] - _AROUND) : span[1] + _AROUND]
        near = sentence[max(0, match.start() - _BESIDE) : match.end() + _BESIDE]
        if patterns.never.search(near) or not all(also.search(around) for also in patterns.also):
            continue
        if rule.acute and not _has_happened(text, around):
            continue
        mention = Mention(sentence, match, around, text[span[1] :])
        if told_of_now(mention, context, may_be_feared=not rule.feared):
            slow = rule.emergency and _is_slow(document, patterns.rule, span[0], around)
            reason = rule.reason.replace("hazard:", "serious:") if slow else rule.reason
            return Hazard(reason, rule.emergency and not slow, span)
    return None


def _has_happened(text: str, around: str) -> bool:
    """Tell whether it has just happened; a short text without a word of lasting tells of now."""
    context = book().context
    plain = len(text) <= _SHORT and not context["chronic"].search(text)
    return plain or context["sudden"].search(around) is not None


def _is_slow(document: Document, rule: Rule, at: int, around: str) -> bool:
    """Tell whether a danger has lasted, or is mentioned by the way."""
    context = book().context
    if rule.topic:
        short = len(document.bare) <= _SHORT or at < document.head + _OPENING
        return not short and context["sudden"].search(around) is None
    return bool(
        not rule.lasting
        and context["chronic"].search(around)
        and not context["now"].search(around)
        and not context["sudden"].search(around)
    )


def _sounds_alarming(document: Document, ear: Alarm, *, grave: bool) -> bool:
    """Tell whether a text as a whole speaks of an emergency.

    Words that calm ask for more; more still where the rules heard what is grave and no emergency.
    """
    text, context = document.bare, book().context
    if not _SAYS_ENOUGH <= len(text) <= _TELLS_MUCH:
        return False
    probability = ear.probability(document.text)
    if probability < (_ALARMING_THOUGH_GRAVE if grave else _ALARMING):
        return False
    calm = any(context[name].search(text) for name in _CALMING)
    return not calm or probability >= _ALARMING_THOUGH_CALM


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
