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

#: The family of events whose clocks run on in a case that was passed on.
_EMERGENCY: Final = "emergency"


async def nothing_goes_on(_conn: Connection, matter: Matter, _request: Any) -> None:  # noqa: ANN401
    """Refuse to end a case where nobody could end what goes on beside it: a transfer, a report."""
    _refuse(matter, matter.going_on())


async def only_emergencies_go_on(_conn: Connection, matter: Matter, _request: Any) -> None:  # noqa: ANN401
    """Refuse to pass on a case with anything beside it but an emergency, still acted on after."""
    _refuse(matter, matter.going_on(but=_EMERGENCY))


def _refuse(matter: Matter, names: list[str]) -> None:
    if names:
        detail = f"尚未了结,不能并案、不予受理或转出:{'、'.join(names)}。"
        raise matter.conflict("procedure_open", detail)


async def blocks(conn: Connection, matter: Matter, _request: Any) -> list[str]:  # noqa: ANN401
    """Say what is still open of a case, in Chinese; an empty list lets it close."""
    return [said for blocker in BLOCKERS for said in await blocker(conn, matter)]
