"""What keeps a case from being closed: whatever is still open and belongs to it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from models.db.pool import Connection
from routing import (
    answering,
    crimes,
    disputes,
    emergencies,
    inspections,
    ledgering,
    proceeding,
    supervising,
)
from routing.matter import Matter

#: Says in Chinese what of one kind is still open; nothing where nothing is.
Blocker: TypeAlias = Callable[[Connection, Matter], Awaitable[list[str]]]

#: Every kind of thing that must be over before its case is: each part adds its own.
BLOCKERS: Final[tuple[Blocker, ...]] = (
    answering.open_parts,
    disputes.undecided,
    emergencies.undone,
    ledgering.ledgered,
    supervising.unanswered,
    crimes.undone,
    proceeding.undone,
    inspections.undone,
)


async def blocks(conn: Connection, matter: Matter, _request: Any) -> list[str]:  # noqa: ANN401
    """Say what is still open of a case, in Chinese; an empty list lets it close."""
    return [said for blocker in BLOCKERS for said in await blocker(conn, matter)]
