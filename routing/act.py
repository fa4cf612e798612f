"""What an act on a case is: its move, the function that builds its change, what it must see."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeAlias

from models.db.pool import Connection
from routing.lifecycle import Move
from routing.matter import Change, Matter

Do: TypeAlias = Callable[[Matter, Any, Change], None]
#: Reads what the act depends on beyond the case, its tasks, clocks and history; kept as `seen`.
Look: TypeAlias = Callable[[Connection, Matter, Any], Awaitable[Any]]


class Act(NamedTuple):
    """One act: `do` builds the change from what is held and what `look` has read."""

    move: Move
    do: Do
    look: Look | None = None
