"""What is written about a trained reader: what it is, which one serves, what was done."""

from datetime import datetime
from typing import Final, Literal

import msgspec

#: The name of the reader that comes with the program.
SHIPPED: Final = "shipped"
#: Figures by name, by set.
Figures = dict[str, dict[str, float]]
Deed = Literal["promoted", "refused", "rolled_back"]


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """How texts looked when the reader was made: shares of main types and of doubt, confidence.

    `doubt` is None for readers from before it was counted.
    """

    rows: int
    types: dict[str, float]
    confidence: float
    doubt: float | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a release says of itself: its files by digest, figures by set, the data by digest.

    `refused` tells in what it fell behind the reader then in service; empty where it did not.
    """

    version: str
    made_at: datetime
    files: dict[str, str]
    figures: Figures = {}
    sets: dict[str, str] = {}
    data: dict[str, str] = {}
    refused: str = ""
    reference: Reference | None = None


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """Which release serves since when and why; `earlier` served before, the latest last."""

    version: str = SHIPPED
    since: datetime | None = None
    reason: str = ""
    earlier: tuple[str, ...] = ()


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger; `replaced` is the release that served before."""

    at: datetime
    act: Deed
    version: str
    replaced: str
    reason: str
    figures: Figures = {}
