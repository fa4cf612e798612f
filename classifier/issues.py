"""Where a text speaks of several issues: its clauses, each with the type it speaks of."""

from collections.abc import Collection, Mapping

from classifier.clause_cues import CLAUSE, complains, plain_clauses
from classifier.document import Document
from models.tags import Issue, Span


def find_issues(document: Document, types: Collection[str]) -> tuple[Issue, ...]:
    """Cut a text into stretches of one issue each, of the given types; none where it has one.

    Clauses that give thanks, or say that a matter is settled, belong to no issue.
    """
    if len(types) < 2:  # noqa: PLR2004 - several
        return ()
    starts = _starts(document, types)
    found: list[Issue] = []
    for match in CLAUSE.finditer(document.bare):
        clause = match.span()
        code = _speaks_of(clause, starts) if complains(match.group()) else None
        if code is None:
            continue
        if found and found[-1].type == code:
            found[-1] = Issue(span=(found[-1].span[0], clause[1]), type=code)
        else:
            found.append(Issue(span=clause, type=code))
    return tuple(found) if len({issue.type for issue in found}) > 1 else ()


def _starts(document: Document, types: Collection[str]) -> Mapping[str, list[int]]:
    """Give where what speaks for each of the types begins, in the order of the types."""
    plain = plain_clauses(document)
    return {
        code: [cue.spans[0][0] for cue in document.reading.cues.get(code, ())]
        + [start for start, _ in plain.get(code, ())]
        for code in types
    }


def _speaks_of(clause: Span, starts: Mapping[str, list[int]]) -> str | None:
    """Give the type for which most speaks in the clause; on a tie the earlier of the types."""
    first, last = clause
    counts = {code: sum(first <= at < last for at in places) for code, places in starts.items()}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] else None
