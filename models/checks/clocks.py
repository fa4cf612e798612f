"""Clocks and calendar: that every promise is configured and each can be counted."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from models.checks.finding import Finding, error, warning
from models.city import City
from models.clock import CalendarDay, ClockDef
from models.taxonomy import REQUEST_TYPES

#: The clocks of the 12345 main road; without one of them a promise would not be watched.
REQUIRED: Final = ("K03", "K04", "K05", "K09", "K10", "K11", "K12")
_UNITS: Final = ("W", "N", "H", "MIN")
_SCOPES: Final = ("case", "lead", "task")
_URGENCIES: Final = ("P0", "P1", "P2", "P3")
_CLOSED: Final = "case:closed"
_HOURLESS: Final = ("WX",)


def check_clocks(city: City, national: Sequence[ClockDef]) -> Iterator[Finding]:
    """Check the clocks that hold in a city and the days it settles itself."""
    clocks = {clock.code: clock for clock in (*national, *city.clocks)}
    for code in REQUIRED:
        if code not in clocks:
            text = f"缺少时钟 {code}"
            yield error("clock_missing", code, text, "在 clocks.toml 或本市 city.toml 补上")
    for clock in clocks.values():
        yield from _clock(clock)
    yield from _promises(list(clocks.values()))
    for day in city.calendar:
        yield from _day(day)


def _clock(clock: ClockDef) -> Iterator[Finding]:
    spans = [clock.ordinary, *clock.by_urgency.values()]
    if any(span.unit not in _UNITS or span.n < 1 for span in spans):
        text = f"时钟 {clock.code} 的时长应为正数,单位为 {'、'.join(_UNITS)}"
        yield error("span_malformed", clock.code, text, "改正 n 与 unit")
    if clock.scope not in _SCOPES:
        text = f"时钟 {clock.code} 的 scope 是 {clock.scope}"
        yield error("scope_unknown", clock.code, text, f"改为 {'、'.join(_SCOPES)} 之一")
    unknown = [urgency for urgency in clock.by_urgency if urgency not in _URGENCIES]
    unknown += [kind for kind in clock.kinds if kind not in REQUEST_TYPES]
    if unknown:
        text = f"时钟 {clock.code} 用了不存在的代码 {'、'.join(unknown)}"
        yield error("clock_code_unknown", clock.code, text, "改正紧急程度或诉求类型")
    if any(not 0 < part <= 1 for part in clock.warn) or list(clock.warn) != sorted(clock.warn):
        text = f"时钟 {clock.code} 的预警点应在 0 与 1 之间由小到大"
        yield error("warn_malformed", clock.code, text, "改正 warn")


def _promises(clocks: Sequence[ClockDef]) -> Iterator[Finding]:
    """Find request types whose closing nobody watches, or two clocks at once, on the hotline."""
    for kind, known in REQUEST_TYPES.items():
        closing = [
            clock.code
            for clock in clocks
            if clock.stop == _CLOSED and not clock.channels and kind in (clock.kinds or (kind,))
        ]
        if not closing and kind not in _HOURLESS:
            text = f"诉求类型 {kind} {known.zh} 没有办结时钟"
            yield warning("closing_unwatched", kind, text, "在某个办结时钟的 kinds 加上它")
        if len(closing) > 1:
            text = f"诉求类型 {kind} {known.zh} 同时有办结时钟 {'、'.join(closing)}"
            yield warning("closing_doubled", kind, text, "只留一个办结时钟")


def _day(day: CalendarDay) -> Iterator[Finding]:
    try:
        date.fromisoformat(day.day)
    except ValueError:
        text = f"日历中的 {day.day} 不是日期"
        yield error("day_malformed", day.day, text, "写成 2026-10-10 的样子")
