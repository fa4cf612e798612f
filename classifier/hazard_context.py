"""Whether a sentence says that a danger is there now: the context in which its word stands."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

Context = Mapping[str, re.Pattern[str]]

#: How far before a word, in characters, its denial may stand.
_DENIED_REACH: Final = 8
#: How far around it what it is told by, supposed by or thanked for may stand.
_TOLD_REACH: Final = 40
#: How far after it may be said that it is settled.
_SETTLED_REACH: Final = 60
_CLAUSE_END: Final = re.compile(r"[，,、：:]")


class Mention(NamedTuple):
    """A word of danger in its sentence, with the sentences beside and all that follows it."""

    sentence: str
    match: re.Match[str]
    beside: str
    after: str

    @property
    def before(self) -> str:
        """What of the sentence stands before the word."""
        return self.sentence[: self.match.start()]

    @property
    def clause_before(self) -> str:
        """What of its clause stands before the word."""
        return _CLAUSE_END.split(self.before)[-1]

    @property
    def rest(self) -> str:
        """What of the sentence stands after the word."""
        return self.sentence[self.match.end() :]


def told_of_now(mention: Mention, context: Context, *, may_be_feared: bool) -> bool:
    """Tell whether the sentence says that the danger is there."""
    return not (
        _is_figure(mention, context)
        or _is_of_elsewhere(mention, context)
        or _is_supposed(mention, context)
        or (not may_be_feared and _is_feared(mention, context))
        or context["denied"].search(mention.before[-_DENIED_REACH:])
        or _is_asked(mention, context)
        or _is_past(mention, context)
        or _is_settled(mention, context)
    )


def _is_figure(mention: Mention, context: Context) -> bool:
    start, end = mention.match.span()
    figures = context["figure"].finditer(mention.sentence)
    return any(other.start() < end and start < other.end() for other in figures)


def _is_of_elsewhere(mention: Mention, context: Context) -> bool:
    """Tell whether it is a drill, or told by others of another place."""
    told = context["news"].search(mention.before[-_TOLD_REACH:])
    return bool(told or context["drill"].search(mention.beside))


def _is_supposed(mention: Mention, context: Context) -> bool:
    told = mention.before[-_TOLD_REACH:] + mention.match.group()
    if context["supposed_after"].match(mention.rest):
        return True
    said = _last(context["supposed"], told)
    return said is not None and not context["now"].search(told, said.end())


def _is_feared(mention: Mention, context: Context) -> bool:
    return bool(
        context["feared"].search(mention.clause_before)
        or context["feared_within"].search(mention.match.group())
        or context["feared_after"].match(mention.rest)
    )


def _is_asked(mention: Mention, context: Context) -> bool:
    """Tell whether the sentence asks for a rule or a way, and tells of nothing that happens now."""
    asks = context["asking"].search(mention.sentence) and context["norm"].search(mention.sentence)
    return bool(asks and not context["now"].search(mention.sentence))


def _is_past(mention: Mention, context: Context) -> bool:
    """Tell by the nearest word of time before the event, or by the aspect of its verb."""
    told = mention.sentence[: mention.match.end()]
    past, now = _last(context["past"], told), _last(context["now"], told)
    if past and (now is None or now.start() < past.start()):
        return True
    if now and (past is None or past.start() < now.start()):
        return False
    return bool(
        context["past_aspect"].match(mention.rest)
        or context["past_clause"].search(mention.match.group())
    )


def _is_settled(mention: Mention, context: Context) -> bool:
    if context["thanked"].search(mention.before[-_TOLD_REACH:]):
        return True
    clause = _CLAUSE_END.split(mention.rest)[0]
    follows = mention.after[: _SETTLED_REACH + len(clause)]
    settled = context["resolved"].search(follows)
    if settled and not context["again"].search(mention.beside):
        return True
    disputed = context["disputed"].search(mention.sentence)
    return bool(disputed and not context["now"].search(mention.sentence))


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found: Iterator[re.Match[str]] = pattern.finditer(text)
    last = None
    for last in found:  # noqa: B007 - the last one is wanted
        pass
    return last
