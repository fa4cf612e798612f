"""Hiding in a text what tells who wrote it: numbers, names, home addresses, words about oneself.

What the handling needs stays: case numbers, dates and times, roads with their numbers, communities,
distances and sums of money (domain section 4.8: only the least that is needed is shown). A mark is
not as long as what it hides: spans of tags count in the citizen's text, never in the redacted one.
`hidden_spans` says what was hidden where, for those who must carry spans over.
"""

from collections.abc import Iterator
from typing import Final

from classifier import private, private_home, private_person
from classifier.normalize import fold
from classifier.private import LONG_NUMBER
from classifier.private_rule import Rule

#: Of two rules that want the same characters the earlier one takes them.
RULES: Final = (
    *private_person.SELF_RULES,
    *private.RULES,
    *private_home.RULES,
    *private_person.NAME_RULES,
)


def redact(text: str) -> str:
    """Give the text with what identifies its writer replaced by marks such as 【电话】.

    Numbers that are masked already stay. Takes time in proportion to the length of the text.
    """
    pieces: list[str] = []
    reached = 0
    for start, end, mark in hidden_spans(text):
        pieces += (text[reached:start], mark)
        reached = end
    return "".join((*pieces, text[reached:])) if pieces else text


def hidden_spans(text: str) -> list[tuple[int, int, str]]:
    """Give what `redact` hides as (start, end, mark), in the order of the text."""
    return sorted(_hidden(fold(text)))


def _hidden(folded: str) -> Iterator[tuple[int, int, str]]:
    """Give what is hidden, no two overlapping; of two rules the earlier counts."""
    numbered = LONG_NUMBER.search(folded) is not None
    taken = bytearray(len(folded))
    for rule in RULES:
        if not _may_occur(rule, folded, numbered=numbered):
            continue
        for match in rule.pattern.finditer(folded):
            span = rule.span(match)
            if span and not any(taken[slice(*span)]):
                taken[slice(*span)] = b"\1" * (span[1] - span[0])
                yield *span, rule.mark


def _may_occur(rule: Rule, folded: str, *, numbered: bool) -> bool:
    return any(sign in folded for sign in rule.signs) if rule.signs else numbered
