"""The history of cases: appended, never edited, and sealed into one hash chain per city."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.case import Actor, CaseNo, Event
from models.db import queries
from models.db.pool import Connection

_SQL = queries.load("events")


async def append(conn: Connection, events: Sequence[Event]) -> None:
    """Append events in one statement, within the caller's transaction."""
    if not events:
        return
    actors = [event.actor for event in events]
    await conn.execute(
        _SQL["append"],
        [event.city for event in events],
        [event.event_id for event in events],
        [event.case_no for event in events],
        [event.at for event in events],
        [event.verb for event in events],
        [actor.kind for actor in actors],
        [actor.name for actor in actors],
        [actor.unit for actor in actors],
        [event.data for event in events],
    )


async def history(conn: Connection, city: str, case_no: int) -> list[Event]:
    """Give all that happened to a case, oldest first."""
    return [to_event(row) for row in await conn.fetch(_SQL["history"], city, case_no)]


def to_event(row: Mapping[str, Any]) -> Event:
    """Build an Event from a row of `event`."""
    actor = Actor(kind=row["actor_kind"], name=row["actor_name"], unit=row["actor_unit"])
    return Event(
        city=row["city"],
        event_id=row["event_id"],
        case_no=CaseNo(row["case_no"]),
        at=row["at"],
        verb=row["verb"],
        actor=actor,
        data=row["data"],
    )
