"""The facts in a tagged line of `jiesu tag`, or in one that somebody wrote by hand."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from models.case import Urgency
from models.errors import Invalid
from models.moment import now, parse_local
from models.taxonomy import ISSUE_TYPES, REQUEST_TYPES
from routing.facts import Facts


class Coded(msgspec.Struct, frozen=True, kw_only=True):
    """A code with what was said of it, which routing does not look at."""

    code: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is."""

    adcode: str | None = None
    township: str | None = None
    zone: str | None = None


class Tagged(Place, frozen=True, kw_only=True):
    """What routing reads of a line; codes may stand alone or as `{code, …}`, the place within."""

    types: list[str | Coded]
    kind: str | Coded | None = None
    urgency: str | Coded | None = None
    flags: list[str] | None = None
    place: Place | None = None
    channel: str | None = None
    source_category: str | list[str] | None = None
    received_at: str | None = None
    happened_at: str | None = None
    source_due_at: str | None = None


def facts_of_line(line: object) -> Facts:
    """Read the facts out of a tagged line; Invalid names what is wrong with it."""
    try:
        told = msgspec.convert(line, Tagged)
    except msgspec.ValidationError as error:
        raise Invalid("line_malformed", f"字段的形式不对:{error}。") from error
    place = told.place or Place()
    received = _moment(told.received_at, "received_at") or now()
    happened = _moment(told.happened_at, "happened_at") or received
    if happened > received:
        raise Invalid("line_malformed", "happened_at 晚于 received_at。")
    return Facts(
        types=tuple(dict.fromkeys(_known(one, ISSUE_TYPES, "污染类型") for one in told.types)),
        kind=_known(told.kind or "TS", REQUEST_TYPES, "诉求类型"),
        urgency=_known(told.urgency or "P2", set(Urgency), "紧急程度"),
        flags=tuple(told.flags or ()),
        adcode=place.adcode or told.adcode,
        township=place.township or told.township,
        zone=place.zone or told.zone,
        channel=told.channel or "",
        categories=_categories(told.source_category),
        happened_at=happened,
        reported_at=received,
        dispatched_at=received,
        source_due_at=_moment(told.source_due_at, "source_due_at"),
    )


def _known(value: str | Coded, codes: Collection[str], what: str) -> str:
    code = value.code if isinstance(value, Coded) else value
    if code not in codes:
        raise Invalid("code_unknown", f"没有{what}代码 {code}。")
    return code


def _categories(stated: str | list[str] | None) -> tuple[str, ...]:
    """Read what the platform calls a case: one category, or its code and name."""
    return (stated,) if isinstance(stated, str) else tuple(stated or ())


def _moment(text: str | None, field: str) -> datetime | None:
    try:
        return parse_local(text) if text else None
    except ValueError as error:
        raise Invalid("line_malformed", f"{field} 应为 ISO 8601 时刻,不是 {text}。") from error
