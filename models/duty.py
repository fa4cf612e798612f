"""The duty catalogue's language: declarative rules from what a case is to who answers for it.

A rule names no unit: the city binds roles to units (models.city.Binding). Rules are evaluated
tier by tier, T0 to T7 (domain section 3.2), first match within a tier; every tier is logged.
"""

from datetime import date

import msgspec

TIERS = ("T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7")


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a rule applies: every stated field must hold; an empty field does not restrict.

    `types` are issue types, matched against the main type; `any_types` against all of them.
    `flags` must all be present, `any_flag` at least one, `no_flags` none. `from_hour` and `to_hour`
    are hours of the day of the facts in China, `to_hour` exclusive, and may wrap midnight.
    """

    types: tuple[str, ...] = ()
    any_types: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    any_flag: tuple[str, ...] = ()
    no_flags: tuple[str, ...] = ()
    adcodes: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    in_zone: bool | None = None
    zone_enforces: bool | None = None
    from_hour: int | None = None
    to_hour: int | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. `lead` is a role of domain section 3.1, or None where the rule only adds.

    `cooperating` adds roles, `urgency` raises or sets it, `review` sends the case to the desk with
    that reason, `pool` says a human must choose the lead. `laws` are codes of models/data/laws.csv.
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
    laws: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    note: str
    source: str
