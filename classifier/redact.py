"""Hiding in a text what tells who wrote it: numbers, names, home addresses, words about oneself.

What the handling needs stays: case numbers, dates and times, roads with their numbers, communities,
distances and sums of money (domain section 4.8: only the least that is needed is shown).
"""

from collections.abc import Iterator

from classifier.normalize import fold
from classifier.private import LONG_NUMBER, RULES, Rule


def redact(text: str) -> str:
    """Give the text with what identifies its writer replaced by marks such as 【电话】.

    Numbers that are masked already stay. Takes time in proportion to the length of the text.
    """
    pieces: list[str] = []
    reached = 0
    for start, end, mark in sorted(_hidden(fold(text))):
        pieces += (text[reached:start], mark)
        reached = end
    return "".join((*pieces, text[reached:])) if pieces else text


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
