"""Where a text speaks of several issues: its clauses, each with the type it speaks of."""

import re
from collections.abc import Collection
from typing import Final

from classifier.document import Document
from models.tags import Issue, Span

_CLAUSE: Final = re.compile(r"[^，,。！？!?；;、\n]+")


def find_issues(document: Document, types: Collection[str]) -> tuple[Issue, ...]:
    """Cut a text into stretches of one issue each, of the given types; none where it has one."""
    if len(types) < 2:  # noqa: PLR2004 - several
        return ()
    found: list[Issue] = []
    for clause in (match.span() for match in _CLAUSE.finditer(document.bare)):
        code = _speaks_of(document, clause, types)
        if code is None:
            continue
        if found and found[-1].type == code:
            found[-1] = Issue(span=(found[-1].span[0], clause[1]), type=code)
        else:
            found.append(Issue(span=clause, type=code))
    return tuple(found) if len({issue.type for issue in found}) > 1 else ()


def _speaks_of(document: Document, clause: Span, types: Collection[str]) -> str | None:
    """Give the type with most cues that begin in the clause; on a tie the earlier of the types."""
    start, end = clause
    counts = {
        code: sum(start <= cue.spans[0][0] < end for cue in document.reading.cues.get(code, ()))
        for code in types
    }
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] else None
