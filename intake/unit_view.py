"""What a unit reads of a report: its words without what tells who wrote them.

Desk and supervisors read the report as it came; identity is never needed to do a unit's work.
"""

import re
from typing import Final, TypeVar

import msgspec

from classifier.redact import redact
from models.case import Case
from models.db.intake_rows import Brief
from models.db.lines import InboxLine
from models.tags import Tags

_Line = TypeVar("_Line", Brief, InboxLine)
#: A number at the end of a gist may be the first half of a longer one.
_CUT_NUMBER: Final = re.compile(r"[\d\s-]+$")


def case_for_unit(case: Case) -> Case:
    """Hide in title and text what tells who wrote them.

    Where something is hidden the evidence is left out too: its spans count in the words as written.
    """
    title, text = _hide(case.title), redact(case.text)
    if (title, text) == (case.title, case.text):
        return case
    tags = _without_evidence(case.tags) if case.tags else None
    return msgspec.structs.replace(case, title=title, text=text, tags=tags)


def line_for_unit(line: _Line) -> _Line:
    """Hide in a list's title and gist what tells who wrote them."""
    gist = _CUT_NUMBER.sub("", redact(line.gist))
    return msgspec.structs.replace(line, title=_hide(line.title), gist=gist)


def _hide(text: str | None) -> str | None:
    return redact(text) if text else text


def _without_evidence(tags: Tags) -> Tags:
    return msgspec.structs.replace(
        tags,
        types=tuple(msgspec.structs.replace(tag, evidence=()) for tag in tags.types),
        place=msgspec.structs.replace(tags.place, evidence=()),
        issues=(),
    )
