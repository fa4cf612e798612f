"""What the acts on clocks must be told: extensions, suspensions, supplements, petitions."""

import msgspec

from routing.verbs import ReplyMethod


class RequestExtension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish to have `n` more days, in the days of the clock; the citizen was `told` before."""

    task_no: int | None = None
    n: int
    reason: str
    told: ReplyMethod
    told_note: str = ""


class GrantExtension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An extension granted, by `n` days where other than asked for."""

    n: int | None = None
    note: str = ""


class DenyExtension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An extension denied, with why."""

    note: str


class ExtendOwn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A clock of the desk's own prolonged by whoever may approve it, with why."""

    code: str
    n: int
    reason: str


class PauseClock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A clock of the desk's own let stand for a `reason` of its pauses, until `ends_when`.

    `days` are of the kind that the reason's limit is counted in, all of it where not given.
    """

    code: str
    reason: str
    ends_when: str
    days: int | None = None


class ResumeClock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A clock of the desk's own that runs on before its pause was over, with why."""

    code: str
    reason: str


class Suspend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish that the clocks stand still: a reason of the pauses and the condition that ends it.

    `days` are natural days, as many as the reason allows where not given.
    """

    task_no: int | None = None
    reason: str
    ends_when: str
    days: int | None = None


class GrantSuspension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A suspension granted, for fewer `days` where given."""

    days: int | None = None
    note: str = ""


class DenySuspension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A suspension denied, with why."""

    note: str


class Resume(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a suspension, with why."""

    reason: str


class AskSupplement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question to the citizen without which one cannot go on; it can be asked once."""

    question: str


class NoteSupplement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the citizen added."""

    text: str


class PetitionStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of a petition: `text` is what is asked for or decided, `organ` who decides."""

    text: str
    organ: str = ""
