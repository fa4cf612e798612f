"""Short texts read clause by clause: an operator's summary names several matters in one line.

A clause that by itself speaks plainly of a type adds that type to those of the whole text.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from classifier.clause_cues import CLAUSE, complains, plain_clauses
from classifier.document import Document, read_documents
from classifier.lexicon import Lexicon
from classifier.model import Floats, Model, Probabilities
from classifier.tokens import Cutter
from models.tags import TagRequest

#: Longer texts tell a story; their clauses do not stand for themselves.
_LONGEST: Final = 160
_SHORTEST: Final = 4
_PLAIN: Final = 0.5
#: What a type is worth that a clause names in plain words: as much as is asked of a further type.
_NAMED: Final = 0.5
#: What the whole text makes of a type must not rule it out.
_THINKABLE: Final = 0.03
_NOT_ABSURD: Final = 0.003


class Batch(NamedTuple):
    """Documents with the clauses of the short ones behind them; `owner` says whose each is."""

    documents: list[Document]
    own: int
    owner: list[int]


def with_clauses(documents: Sequence[Document], cutter: Cutter, lexicon: Lexicon) -> Batch:
    """Put the clauses of short texts behind the texts, so that all are made ready at once."""
    owner: list[int] = []
    texts: list[TagRequest] = []
    for index, document in enumerate(documents):
        clauses = _telling_clauses(document) if len(document.bare) <= _LONGEST else []
        if len(clauses) > 1:
            owner += [index] * len(clauses)
            texts += [TagRequest(id="", text=clause) for clause in clauses]
    clauses_read = read_documents(texts, cutter, lexicon)
    return Batch([*documents, *clauses_read], len(documents), owner)


def _telling_clauses(document: Document) -> list[str]:
    """Give the clauses in which a cue begins; the others speak of no type by themselves."""
    cues = [cue.spans[0][0] for found in document.reading.cues.values() for cue in found]
    return [
        match.group()
        for match in CLAUSE.finditer(document.bare)
        if len(match.group()) >= _SHORTEST
        and complains(match.group())
        and any(match.start() <= start < match.end() for start in cues)
    ]


def without_clauses(
    batch: Batch, guess: Probabilities, glances: Probabilities, model: Model
) -> Probabilities:
    """Give the texts' own probabilities, raised where a clause speaks plainly of a further type.

    `guess` is of the texts, `glances` of their clauses.
    """
    present: Floats = guess.present.copy()
    least = model.thresholds.present
    for row, index in enumerate(batch.owner):
        column = int(glances.main[row].argmax())
        code, p = model.codes[column], float(glances.main[row][column])
        cues = batch.documents[batch.own + row].reading.cues
        plain = p >= _PLAIN and code in cues and code[0] != "Z"
        if plain and guess.present[index][column] >= _THINKABLE:
            present[index][column] = np.maximum(present[index][column], max(p / 2, least))
    for index, document in enumerate(batch.documents[: batch.own]):
        main = model.codes[int(guess.main[index].argmax())]
        for code in _named(document, model, main):
            column = model.codes.index(code)
            if guess.present[index][column] >= _NOT_ABSURD:
                present[index][column] = np.maximum(present[index][column], _NAMED)
    return msgspec.structs.replace(guess, present=present)


def _named(document: Document, model: Model, main: str) -> list[str]:
    """Give the types that a complaining clause of a short text names in plain words.

    A clause that speaks of the main type is about no other type of its medium.
    """
    if len(document.bare) > _LONGEST:
        return []
    taken = [cue.spans[0][0] for cue in document.reading.cues.get(main, ())]
    clauses = [match for match in CLAUSE.finditer(document.bare) if complains(match.group())]
    others = [one for one in clauses if not any(one.start() <= at < one.end() for at in taken)]
    return [
        code
        for code, spans in plain_clauses(document).items()
        if code in model.codes
        and any(
            one.start() <= start < one.end()
            for one in (clauses if code[0] != main[0] else others)
            for start, _ in spans
        )
    ]
