"""Clocks as configured data (domain section 4.5): what starts and stops one, how long it runs."""

from datetime import datetime

import msgspec


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A length of time: `n` of `unit`.

    W is working days, N natural days, H hours, MIN minutes, S seconds, Y years; no working day is
    the day itself (当日).
    """

    n: int
    unit: str


class Extension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a promise may be prolonged, each time with approval before it ends.

    `times` at most; each time by `each` at most, or by that `part` of the clock's own span;
    `total` at most in all; asked for at least `ahead` before the end.
    """

    times: int
    each: Span | None = None
    part: float | None = None
    total: Span | None = None
    ahead: Span = Span(n=1, unit="W")


class ClockDef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One clock. `start` and `stop` are event verbs, `or_stop` others that stop it as well.

    `ordinary` is the usual span and `by_urgency` replaces it for an urgency (P0 …); where the event
    or the source states a due time, a `stated` clock takes that. `kinds` and `channels` say to
    which request types and channel families it applies, empty for all, and `not_channels` takes
    channel families out again; a petition is of the family XF whatever its channel. `when` and
    `unless` ask for values of the starting event. `scope` is `case`, `lead`, `helper` or `task`.

    `warn` are fractions of the span at which to warn, `warn_left` what is left when warned once
    more. `cutoff_hour` makes a start at or after that hour count from the next day; `roll` moves a
    natural-day end that is a day of rest to the next working day. `pause` names the reasons for
    which it stands still, `extension` how it may be prolonged. A `window` is a right that lapses,
    not a promise: passing its end is no breach. A `desk` clock is the desk's own, whoever leads.
    One that `outlives` the case runs on when the case is closed. One that is not `active` is known
    but starts only where a city says so. A `retention` says how long to keep and never runs.
    """

    code: str
    zh: str
    en: str
    scope: str
    start: str
    stop: str
    or_stop: tuple[str, ...] = ()
    ordinary: Span
    by_urgency: dict[str, Span] = {}
    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    not_channels: tuple[str, ...] = ()
    when: dict[str, tuple[str, ...]] = {}
    unless: dict[str, tuple[str, ...]] = {}
    stated: bool = False
    warn: tuple[float, ...] = (0.6, 0.8, 0.95)
    warn_left: tuple[Span, ...] = (Span(n=1, unit="W"),)
    cutoff_hour: int | None = None
    roll: bool = True
    pause: tuple[str, ...] = ()
    extension: Extension | None = None
    window: bool = False
    desk: bool = False
    outlives: bool = False
    active: bool = True
    retention: bool = False
    source: str

    @property
    def stops(self) -> tuple[str, ...]:
        """All the verbs that stop it."""
        return (self.stop, *self.or_stop)


class ClockTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a city settles otherwise of one clock; whatever it leaves out stays as it is.

    A `cutoff_hour` of 24 is none, an extension of no `times` forbids extensions.
    """

    code: str
    source: str
    ordinary: Span | msgspec.UnsetType = msgspec.UNSET
    by_urgency: dict[str, Span] | msgspec.UnsetType = msgspec.UNSET
    kinds: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    channels: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    not_channels: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    warn: tuple[float, ...] | msgspec.UnsetType = msgspec.UNSET
    warn_left: tuple[Span, ...] | msgspec.UnsetType = msgspec.UNSET
    cutoff_hour: int | msgspec.UnsetType = msgspec.UNSET
    roll: bool | msgspec.UnsetType = msgspec.UNSET
    pause: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    extension: Extension | msgspec.UnsetType = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET

    def laid_over(self, clock: ClockDef) -> ClockDef:
        """Give the clock on these terms."""
        given = {
            name: value
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not msgspec.UNSET
        }
        return msgspec.structs.replace(clock, **given)


class PauseReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reason for which clocks may stand still: `limit` at a time, `times` in all (0: no limit).

    `asked` is true where a unit may ask for it; others come with an act of their own.
    """

    code: str
    zh: str
    en: str
    limit: Span
    times: int = 0
    asked: bool = True
    source: str


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """What moved a deadline from its first count; `kind` says which of the fields speak.

    `pause`: the clock stood still from `start` to `end`. `extension`: `span` was granted. `stated`:
    the source gave `end` as its due time. `children`: the latest promise of a part ends at `end`.
    `promised`: a case that this one answers for, or its parent, was promised `end`.
    """

    kind: str
    start: datetime | None = None
    end: datetime | None = None
    span: Span | None = None


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What a deadline was counted from: with a calendar it gives the same deadline again.

    `urgency` is how urgent the case was then, None where that is not known.
    """

    start: datetime
    span: Span
    cutoff_hour: int | None = None
    roll: bool = True
    urgency: str | None = None
    shifts: tuple[Shift, ...] = ()


class CalendarDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day that the published calendar settles against the rule of the week: `working` or not."""

    day: str
    working: bool
    note: str
