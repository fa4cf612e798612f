"""What the acts about rewards must be told."""

from typing import Annotated

import msgspec

#: Yuan, with two decimals at most.
Yuan = Annotated[str, msgspec.Meta(pattern=r"^\d{1,11}(\.\d{1,2})?$")]
#: The digest of a claim code.
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class ProposeReward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fine as confirmed, in yuan, and the decision's number; `bounty` for a great case."""

    fine: Yuan
    document: str
    bounty: Yuan | None = None


class ApproveReward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A second person's word on a reward as computed."""

    note: str = ""


class TellReward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How whoever reported was told that a claim code is to be had by the tracking code."""

    how: str


class ClaimReward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The digest of the claim code that the citizen was given."""

    digest: Digest


class PayReward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The claim code, as its holder says it."""

    code: str
