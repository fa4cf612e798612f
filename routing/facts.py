"""What routing knows of a case when it decides: no text, no identity, only what rules ask for."""

from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import msgspec

from models.case import Case
from models.city import Period
from models.moment import CHINA, aware

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Facts(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The facts of one case. `types` are issue types, the main one first; `flags` are the tagger's.

    `happened_at` is when the facts happened, as far as known (else when they were reported); it
    decides the law. Clocks start at `dispatched_at`. `source_due_at` is the closing time that the
    platform gave. An urgency that is `urgency_fixed`, by a person, is not changed by rules.
    `reported_at` is when the report came, where that is not when the facts happened. `categories`
    are what the platform that delivered it calls it.

    `decide` fills from the city: `zone_enforces`, None outside zones; `powers`, the issue types
    delegated to the township or zone on the day of the dispatch; `periods`, those that held there
    on the day of the facts.
    """

    types: tuple[str, ...]
    kind: str
    urgency: str = "P2"
    urgency_fixed: bool = False
    flags: tuple[str, ...] = ()
    adcode: str | None = None
    township: str | None = None
    zone: str | None = None
    zone_enforces: bool | None = None
    channel: str = ""
    categories: tuple[str, ...] = ()
    happened_at: datetime
    dispatched_at: datetime
    source_due_at: datetime | None = None
    reported_at: datetime | None = None
    powers: frozenset[str] = frozenset()
    periods: tuple[Period, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a case without a type or a moment without a zone (ValueError)."""
        if not self.types:
            msg = "facts need at least one issue type"
            raise ValueError(msg)
        aware(self.happened_at)
        aware(self.dispatched_at)

    @property
    def main(self) -> str:
        """The main issue type."""
        return self.types[0]

    @cached_property
    def type_set(self) -> frozenset[str]:
        """All issue types."""
        return frozenset(self.types)

    @cached_property
    def flag_set(self) -> frozenset[str]:
        """All flags."""
        return frozenset(self.flags)

    @cached_property
    def channel_names(self) -> frozenset[str]:
        """The channel and its family: `12369_WECHAT` is also `12369`."""
        return frozenset((self.channel, family(self.channel)))

    @cached_property
    def day(self) -> date:
        """The day of the facts in China, by which law and rules are chosen."""
        return aware(self.happened_at).date()

    @cached_property
    def report_day(self) -> date:
        """The day of the report in China, that of the facts where nothing else is known."""
        return self.day if self.reported_at is None else aware(self.reported_at).date()

    @cached_property
    def dispatch_day(self) -> date:
        """The day of the dispatch in China: units must serve, and hold their powers, on it."""
        return aware(self.dispatched_at).date()

    @cached_property
    def hour(self) -> int:
        """The hour of the facts in China."""
        return aware(self.happened_at).hour


def family(channel: str) -> str:
    """Give the family of a channel: what stands before the underscore."""
    return channel.partition("_")[0]


def facts_of(case: Case, dispatched_at: datetime, changed: Mapping[str, Any] = _NOTHING) -> Facts:
    """Take the facts of a stored case, with what a person changed of them, by field."""
    known: dict[str, Any] = {
        "types": case.types,
        "kind": case.kind or "TS",
        "urgency": case.urgency or "P2",
        "flags": case.tags.flags if case.tags else (),
        "adcode": case.adcode,
        "township": case.township,
        "zone": case.zone,
        "channel": case.channel,
        "categories": categories_of(case),
        "happened_at": happened_at(case),
        "reported_at": case.received_at,
        "dispatched_at": dispatched_at,
        "source_due_at": case.source_due_at,
    }
    return Facts(**(known | dict(changed)))


def categories_of(case: Case) -> tuple[str, ...]:
    """Give the platform's categories of a case; none once a person has found another main type.

    Nor has a part that was split off for another type: the platform's word was for the main matter.
    """
    read = case.tags.types[0].code if case.tags and case.tags.types else None
    return case.source_category if read is None or case.types[:1] == (read,) else ()


def happened_at(case: Case) -> datetime:
    """Give when the facts of a case happened: the day that is known of them, else the report's."""
    return known_moment(case.received_at, case.happened_on)


def known_moment(received_at: datetime, happened_on: date | None) -> datetime:
    """Give the moment that stands for the facts, that of the report where no day is known.

    A day alone is taken at its noon, so that no rule for the night holds by accident.
    """
    if happened_on is None:
        return received_at
    return datetime.combine(happened_on, time(12), CHINA)
