"""What routing decides of one case: the `decision` of `jiesu route`, kept with the case."""

from datetime import datetime

import msgspec


class Assignee(msgspec.Struct, frozen=True, kw_only=True):
    """A role of the duty catalogue and the unit bound to it here, None when unbound."""

    role: str
    unit: str | None = None


class TraceStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a decision: the tier and rule, what matched, what it did, and on what basis.

    `effect` is a Chinese sentence a citizen can read; `laws` are codes of the law table.
    """

    tier: str
    rule: str
    matched: bool
    effect: str
    conditions: dict[str, str | list[str]] = {}
    laws: tuple[str, ...] = ()
    version: str = ""


class DayStep(msgspec.Struct, frozen=True, kw_only=True):
    """One day (or instant) of a deadline's count: `n` is the count after it, `note` is Chinese."""

    day: str
    n: int
    note: str


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """A deadline and its count; `calendar` is W, N or H (working days, natural days, hours)."""

    due_at: datetime
    calendar: str
    provisional: bool
    trace: tuple[DayStep, ...]


class ClockPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One clock of a decision (domain section 4.5), as it starts at dispatch."""

    code: str
    due_at: datetime
    calendar: str
    provisional: bool
    trace: tuple[DayStep, ...] = ()


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a mixed report with a lead of its own."""

    types: tuple[str, ...]
    lead: Assignee
    cooperating: tuple[Assignee, ...] = ()


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told of a case without a part in it: the chief of the water or forest it is about."""

    unit: str
    title: str
    place: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Who leads, who cooperates, until when, and why.

    Exactly one lead, or `pool` is true and `lead` is None: a human must decide. `urgency` is
    that of the tags after tier T3. `laws` are the law codes in force at the time of the facts;
    `laws_since` those that took their place before the report, where the law changed in between.
    `copies` go to chiefs, `campaigns` are those that the case counts for, `pace` is the share of
    the closing time that it gets. While `tracing`, the lead's first task is to find the source.
    """

    lead: Assignee | None
    cooperating: tuple[Assignee, ...] = ()
    split: tuple[Split, ...] = ()
    clocks: tuple[ClockPlan, ...] = ()
    trace: tuple[TraceStep, ...] = ()
    pool: bool = False
    reasons: tuple[str, ...] = ()
    urgency: str = "P2"
    laws: tuple[str, ...] = ()
    laws_since: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    campaigns: tuple[str, ...] = ()
    pace: float = 1.0
    tracing: bool = False
    version: str = ""
