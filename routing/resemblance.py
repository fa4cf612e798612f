"""Why two cases look alike, in words people read, each with a stable code and its figure."""

from collections.abc import Iterator
from typing import Final

import msgspec

from models.case import STATE_NAMES, State
from models.db.sameness import Matter
from models.taxonomy import ISSUE_TYPES
from routing.alike import Signals, content, hours_apart

#: Within so many metres two points are one.
_ONE_POINT_M: Final = 200
_NEAR_M: Final = 1000
_DAY_H: Final = 24
_TWO_DAYS_H: Final = 48
#: Texts less alike than this are not said to be.
_ALIKE: Final = 0.3
_OVER: Final = frozenset({State.CLOSED, State.ARCHIVED})
_PLATFORM_NAMES: Final = {
    "12345": "12345",
    "12369": "12369",
    "portal": "本站网页",
    "desk": "坐席登记",
    "wechat": "微信",
}


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why two cases look alike: a stable code, Chinese words, and the figure behind them."""

    code: str
    zh: str
    figure: float | None = None


def reasons(own: Matter, other: Matter, signals: Signals) -> tuple[Reason, ...]:
    """Give the reasons, the strongest kinds first; who the caller is is never said."""
    caller = [Reason(code="same_caller", zh="同一诉求人")] if signals.same_caller else []
    return (
        *caller,
        *_of_place(signals),
        *_of_type(own, other, signals),
        *_of_text(signals),
        *_of_time(own, other),
        *_of_state(own, other, signals),
    )


def _of_place(signals: Signals) -> Iterator[Reason]:
    apart = signals.metres
    if apart is not None and apart <= _NEAR_M:
        code = "same_point" if apart <= _ONE_POINT_M else "near_point"
        yield Reason(code=code, zh=f"相距约 {round(apart, -1):.0f} 米", figure=round(apart))
    businesses = [key[2:] for key in signals.named if key[0] == "s"]
    places = [key[2:] for key in signals.named if key[0] != "s"]
    if businesses:
        yield Reason(code="same_subject", zh=f"都说到{_quoted(businesses)}")
    if places:
        yield Reason(code="same_name", zh=f"都提到{_quoted(places)}")
    if signals.township:
        yield Reason(code="same_township", zh="同一街道(乡镇)")
    elif signals.county and not signals.named and apart is None:
        yield Reason(code="same_county", zh="同一区县")


def _of_type(own: Matter, other: Matter, signals: Signals) -> Iterator[Reason]:
    if own.types and other.types and own.types[0] == other.types[0]:
        zh = f"主类型相同:{_type(own.types[0])}"
        yield Reason(code="same_main_type", zh=zh, figure=signals.kinship)
    elif shared := [code for code in own.types if code in other.types]:
        zh = f"都涉及{'、'.join(map(_type, shared))}"
        yield Reason(code="shared_type", zh=zh, figure=signals.kinship)
    elif signals.kinship:
        yield Reason(code="related_type", zh="类型相近", figure=signals.kinship)


def _of_text(signals: Signals) -> Iterator[Reason]:
    like = signals.likeness
    if like is not None and like >= _ALIKE:
        figure = round(like, 2)
        yield Reason(code="similar_text", zh=f"文字相似度 {figure:.2f}", figure=figure)


def _of_time(own: Matter, other: Matter) -> Iterator[Reason]:
    hours = hours_apart(own, other)
    if hours < 1:
        zh = "一小时之内"
    elif hours <= _TWO_DAYS_H:
        zh = f"前后相隔 {hours:.0f} 小时"
    else:
        zh = f"前后相隔 {hours / _DAY_H:.0f} 天"
    yield Reason(code="hours_apart", zh=zh, figure=round(hours, 1))


def _of_state(own: Matter, other: Matter, signals: Signals) -> Iterator[Reason]:
    if own.source != other.source:
        names = (_PLATFORM_NAMES.get(matter.source, matter.source) for matter in (own, other))
        yield Reason(code="other_source", zh=f"来源不同:{'、'.join(names)}")
    if other.state in _OVER and other.closed_at:
        days = (own.received_at - other.closed_at).total_seconds() / 3600 / _DAY_H
        zh = f"该单已办结 {days:.0f} 天" if days >= 1 else "该单刚办结"
        yield Reason(code="closed", zh=zh, figure=round(days, 1))
    elif signals.same_caller:
        yield Reason(code="still_open", zh=f"该单{STATE_NAMES[other.state]},尚未办结")
    if signals.same_caller:
        figure = round(content(signals), 2)
        yield Reason(code="content", zh=f"内容吻合 {figure:.2f}", figure=figure)


def _quoted(names: list[str]) -> str:
    return "、".join(f"“{name}”" for name in names[:3])


def _type(code: str) -> str:
    known = ISSUE_TYPES.get(code)
    return known.zh if known else code
