"""Clocks as configured data (domain section 4.5): what starts and stops one, how long it runs."""

import msgspec


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A length of time: `n` of `unit`, which is W (working days), N (natural days), H or MIN."""

    n: int
    unit: str


class ClockDef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One clock. `start` and `stop` are event verbs; `ordinary` the usual span.

    `by_urgency` replaces it for an urgency (P0 …); `kinds` and `channels` say to which request
    types and channel families it applies, empty for all, and `not_channels` takes channel families
    out again. `warn` are fractions of the span at which to warn. `cutoff_hour` makes a start at or
    after that hour count from the next day; `roll` moves a natural-day end that is a day of rest to
    the next working day. `scope` is `case`, `lead` or `task`. A `window` is a right that lapses,
    not a promise: passing its end is no breach.
    """

    code: str
    zh: str
    en: str
    scope: str
    start: str
    stop: str
    ordinary: Span
    by_urgency: dict[str, Span] = {}
    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    not_channels: tuple[str, ...] = ()
    warn: tuple[float, ...] = ()
    cutoff_hour: int | None = None
    roll: bool = True
    window: bool = False
    source: str


class CalendarDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day that the published calendar settles against the rule of the week: `working` or not."""

    day: str
    working: bool
    note: str
