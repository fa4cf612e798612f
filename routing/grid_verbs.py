"""What the acts of the grid must be told: a question to its worker, the answer, taking it back."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from models.grid import Verified

#: SHA-256 of a photo, in hex.
Photo = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_MOST_PHOTOS = 9


class AskGrid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question to the grid worker of a place: where to go and what to look at.

    Both are all that the worker is told of the report. `grid` is the place's own unless named.
    """

    grid: str | None = None
    place: Annotated[str, Meta(max_length=200)]
    what: Annotated[str, Meta(max_length=500)]


class GridReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the worker found, when (China's time where no zone is said), where, with photos."""

    n: int
    result: Verified
    finding: Annotated[str, Meta(max_length=1000)]
    found_at: datetime
    lon: float | None = None
    lat: float | None = None
    datum: Literal["WGS-84", "GCJ-02", "BD-09"] | None = None
    photos: Annotated[tuple[Photo, ...], Meta(max_length=_MOST_PHOTOS)] = ()


class WithdrawGrid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question taken back, with why."""

    n: int
    reason: Annotated[str, Meta(max_length=200)]
