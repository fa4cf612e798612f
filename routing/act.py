"""What an act is: its move, the function that builds its change, and what it must read or hold."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeAlias

from models.db.pool import Connection
from routing.lifecycle import Move
from routing.matter import Change, Matter

Do: TypeAlias = Callable[[Matter, Any, Change], None]
#: Reads what the act depends on beyond the case, its tasks, clocks and history; kept as `seen`.
Look: TypeAlias = Callable[[Connection, Matter, Any], Awaitable[Any]]
#: Holds other cases that the act touches, before its own (city, case number, request).
First: TypeAlias = Callable[[Connection, str, int, Any], Awaitable[None]]
#: Refuses an act of another part: raises what is wrong.
Check: TypeAlias = Callable[[Connection, Matter, Any], Awaitable[None]]


class Act(NamedTuple):
    """One act: `do` builds the change from what is held and what `look` has read.

    `first` holds the other cases that it writes, all of them in the order of their numbers, so that
    two acts on several cases never wait for each other.
    """

    move: Move
    do: Do
    look: Look | None = None
    first: First | None = None
