"""What the acts of verification and exclusion must be told."""

from typing import Annotated, Literal

import msgspec

Satisfaction = Annotated[int, msgspec.Meta(ge=1, le=5)]


class CallBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One attempt to ask: whether someone answered, was contacted by the unit, is satisfied.

    `satisfaction` is 1 to 5, 3 by and large. Of someone dissatisfied `redo` says whether the case
    is done again (the grounds hold) or not; `reason` why.
    """

    connected: bool
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: Satisfaction | None = None
    opinion: str = ""
    redo: bool | None = None
    reason: str = ""


class Judge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a citizen says of the result of their own case, by its tracking code."""

    solved: bool
    satisfaction: Satisfaction
    contacted: bool | None = None
    opinion: str = ""


class Settle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a dissatisfied citizen's grounds hold, so that the case is done again, and why."""

    redo: bool
    reason: str


class Archive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing need be said to archive a case that nobody is to be asked about."""


class SpotCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a closed case stood a look at it, and what was seen."""

    passed: bool
    note: str


class AskExclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a case shall not count in its unit's marks."""

    cause: Literal["unreasonable", "force_majeure", "explained"]
    reason: str


class DecideExclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said to a wish for exclusion."""

    note: str = ""
