"""The duty catalogue's language: declarative rules from what a case is to who answers for it.

A rule names no unit: the city binds roles to units (models.city.Binding). Rules are evaluated
tier by tier, T0 to T7 (domain section 3.2), first match within a tier; every tier is logged.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

TIERS = ("T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7")
_ANY_END: Final = "*"


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a rule applies: every stated field must hold; an empty field does not restrict.

    `types` are issue types, matched against the main type; `any_types` against all of them.
    `flags` must all be present, `any_flag` at least one, `no_flags` none. `from_hour` and `to_hour`
    are hours of the day of the facts in China, `to_hour` exclusive, and may wrap midnight;
    `from_day` and `to_day` are days of any year as `MM-DD`, both inclusive, and may wrap the year's
    end. `periods` are kinds of periods (models.city.Period) of which one must hold at the place on
    that day. `delegated` asks whether the township or zone holds the power for the main type
    (models.city.Power) on the day of the dispatch.

    `categories` are what the platform that delivered the report calls it, a code or a name of its
    own; one that ends in `*` stands for all that begin alike. They hold in no emergency (P0): what
    the text says of a hazard comes first.
    """

    types: tuple[str, ...] = ()
    any_types: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    any_flag: tuple[str, ...] = ()
    no_flags: tuple[str, ...] = ()
    adcodes: tuple[str, ...] = ()
    townships: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    in_zone: bool | None = None
    zone_enforces: bool | None = None
    delegated: bool | None = None
    periods: tuple[str, ...] = ()
    from_hour: int | None = None
    to_hour: int | None = None
    from_day: str | None = None
    to_day: str | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. `lead` is a role of domain section 3.1, or None where the rule only adds.

    `cooperating` adds roles, `urgency` raises or sets it, `review` sends the case to the desk with
    that reason, `pool` says a human must choose the lead. `enforces` says whether the lead is to
    enforce; a township or zone leads only what it is delegated, unless `enforces` is false: it then
    persuades, clears up or organises (domain section 3.1). `pace` is the share of the closing time
    that the case is given, 0.5 for half. `tracing` says that whoever leads must find the source
    first (溯源). `laws` are codes of models/data/laws.csv.
    The rule holds for facts from `valid_from` to `valid_to`, both inclusive. `note` is a Chinese
    sentence a citizen can read; `source` says where the rule is from.
    """

    id: str
    tier: str
    when: Condition = Condition()
    lead: str | None = None
    cooperating: tuple[str, ...] = ()
    urgency: str | None = None
    review: str | None = None
    pool: bool = False
    enforces: bool | None = None
    pace: float | None = None
    tracing: bool = False
    laws: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    note: str
    source: str


def categories_met(asked: Iterable[str], stated: Iterable[str]) -> tuple[str, ...]:
    """Give those of the stated categories that one asked for names, whole or by its beginning."""
    wanted = tuple(asked)
    return tuple(one for one in stated if any(_names(pattern, one) for pattern in wanted))


def _names(pattern: str, category: str) -> bool:
    if pattern.endswith(_ANY_END):
        return category.startswith(pattern.removesuffix(_ANY_END))
    return category == pattern
