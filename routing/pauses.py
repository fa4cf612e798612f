"""The reasons for which clocks may stand still, and for how long at a time."""

from functools import cache
from pathlib import Path
from typing import Final

from models.city import City
from models.city_load import read_pauses
from models.clock import PauseReason

DATA: Final = Path(__file__).with_name("data") / "clocks.toml"
#: Waiting for what the citizen was asked to add.
SUPPLEMENT: Final = "supplement"


@cache
def national_pauses() -> tuple[PauseReason, ...]:
    """Read the national reasons."""
    return read_pauses(DATA)


def pauses_of(city: City) -> dict[str, PauseReason]:
    """Give the reasons that hold in a city by code: its own in place of the national ones."""
    return {reason.code: reason for reason in (*national_pauses(), *city.pauses)}
