"""Things that hold from a day to a day."""

from datetime import date
from typing import Protocol


class Dated(Protocol):
    """Anything that holds from a day to a day, both inclusive, None without end."""

    @property
    def valid_from(self) -> date | None:
        """The first day."""

    @property
    def valid_to(self) -> date | None:
        """The last day."""


def holds_on(thing: Dated, day: date) -> bool:
    """Tell whether the thing holds on that day."""
    return (thing.valid_from is None or thing.valid_from <= day) and (
        thing.valid_to is None or day <= thing.valid_to
    )
