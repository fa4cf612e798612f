"""How a case stands for its citizen when another answers for it, or several parts of it do.

Of the case that answers only its progress is told: never its number, its words or who reported it.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from intake.pages.city_words import CityWords
from intake.pages.history import PartProgress, Progress, Step, progress, status_of
from models.case import Case, Event, State
from models.db import events, links, views
from models.db.pool import Connection

#: What of the answering case is told to those whose reports were merged into it.
_SHARED: Final = frozenset(
    (
        "case:dispatched",
        "case:redispatched",
        "case:task:signed",
        "case:task:submitted",
        "case:task:reworked",
        "case:closed",
    )
)
_OVER: Final = (State.CLOSED, State.ARCHIVED)


async def told(conn: Connection, city: CityWords, case: Case) -> Progress:
    """Tell the citizen of a case how it stands, in what answers for it and in its parts."""
    own = await _progress(conn, city, case)
    if case.state is State.MERGED and case.merged_into is not None:
        main = await views.case(conn, case.city, case.merged_into)
        return own if main is None else await _with_main(conn, city, own, main)
    parts = await links.parts(conn, case.city, case.case_no)
    return msgspec.structs.replace(own, parts=tuple(_part(part, city) for part in parts))


async def _progress(conn: Connection, city: CityWords, case: Case, *only: str) -> Progress:
    known = (
        _chosen(await events.history(conn, case.city, case.case_no), only),
        await views.tasks(conn, case.city, case.case_no),
        await views.clocks(conn, case.city, case.case_no),
    )
    return progress(case, *known, city)


def _chosen(history: Sequence[Event], only: Sequence[str]) -> list[Event]:
    return [event for event in history if not only or event.verb in only]


async def _with_main(conn: Connection, city: CityWords, own: Progress, main: Case) -> Progress:
    """Lay over a merged case's own progress that of the case which answers for it."""
    theirs = await _progress(conn, city, main, *_SHARED)
    over = main.state in _OVER
    since = max((step.at for step in own.steps if step.at is not None), default=None)
    later = (s for s in theirs.steps if s.at is None or since is None or s.at > since)
    status, text = status_of(main.state) if over else (own.status, own.text)
    return msgspec.structs.replace(
        own,
        status=status,
        text=text,
        unit=theirs.unit,
        due_at=theirs.due_at,
        provisional=theirs.provisional,
        steps=(*_past(own.steps), *later),
        outcome=theirs.outcome,
        reply=theirs.reply,
    )


def _past(steps: Iterable[Step]) -> Iterable[Step]:
    return (step for step in steps if step.at is not None)


def _part(part: Case, city: CityWords) -> PartProgress:
    """Tell how a part stands; what it found is told with the one answer for all."""
    return PartProgress(
        about=part.title or "",
        unit=city.unit_in_full(part.lead_unit),
        status=status_of(part.state)[0],
    )
