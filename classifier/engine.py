"""The tagger: texts in, tags out; one model call for a whole batch.

It reads nothing but the texts and the cities it was loaded with, and keeps no state between calls:
one instance serves all threads.
"""

from collections.abc import Iterable, Sequence

from classifier import readers
from classifier.clauses import with_clauses, without_clauses
from classifier.decide import Evidence, decide
from classifier.district import Districts, Placed
from classifier.document import Document, read_documents
from classifier.flags import find_flags
from classifier.hazard import find_hazards
from classifier.issues import find_issues
from classifier.lexicon import Lexicon, lexicon
from classifier.model import Model, Probabilities
from classifier.redact import redact
from classifier.releases import SHIPPED_FOLDER
from classifier.tokens import Cutter, cutter
from models.city import City
from models.tags import TagRequest, Tags


class Tagger:
    """Everything that reading a text needs, loaded once."""

    def __init__(self, model: Model, districts: Districts, words: Cutter | None = None) -> None:
        """Put a model and the cities' places together; `words` replaces the shipped cutter."""
        self._model = model
        self._districts = districts
        self._cutter: Cutter = words or cutter()
        self._lexicon: Lexicon = lexicon()

    @classmethod
    def load(cls, cities: Iterable[City]) -> "Tagger":
        """Load the shipped model for these cities; Unavailable where a file is missing."""
        return cls(readers.load(SHIPPED_FOLDER), Districts(tuple(cities)))

    def tag(self, batch: Sequence[TagRequest]) -> list[Tags]:
        """Tag a batch, one answer for each request in its order."""
        if not batch:
            return []
        documents = read_documents(batch, self._cutter, self._lexicon)
        read = with_clauses(documents, self._cutter, self._lexicon)
        guesses = without_clauses(
            read,
            self._model.predict(documents),
            self._model.glance(read.documents[read.own :]),
            self._model,
        )
        places = self._districts.place_all(
            batch, [one.text for one in documents], [one.head for one in documents]
        )
        return [
            self._tags(request, document, guesses.row(index), places[index])
            for index, (request, document) in enumerate(zip(batch, documents, strict=True))
        ]

    def _tags(
        self, request: TagRequest, document: Document, guess: Probabilities, place: Placed
    ) -> Tags:
        hazards = find_hazards(document, self._model.ear)
        verdict = decide(self._model, Evidence(document, guess, hazards, place.flags))
        codes = [tag.code for tag in verdict.types]
        flags = find_flags(document, codes, verdict.kind.code)
        reasons = (*verdict.reasons, *place.reasons)
        return Tags(
            id=request.id,
            kind=verdict.kind,
            types=verdict.types,
            urgency=verdict.urgency,
            place=place.tag,
            issues=find_issues(document, codes),
            flags=tuple(sorted({*flags, *place.flags})),
            review=bool(reasons),
            review_reasons=reasons,
            redacted=redact(document.raw),
            model=self._model.ref,
        )
