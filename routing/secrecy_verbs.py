"""What the acts on restricted cases must be told."""

import msgspec


class Restrict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case closed to all but who is named, with why."""

    reason: str


class Admit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody named who may see a restricted case, with why; who sat there before leaves."""

    username: str
    reason: str


class LiftRestriction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case that need not be kept from anybody any more, with why."""

    reason: str
