"""Clocks and calendar: that every promise is configured and each can be counted."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Final

from models.checks.finding import Finding, error, warning
from models.city import City
from models.clock import CalendarDay, ClockDef, PauseReason, Span
from models.taxonomy import REQUEST_TYPES

#: The clocks of the 12345 main road; without one of them a promise would not be watched.
REQUIRED: Final = ("K03", "K04", "K05", "K09", "K10", "K11", "K12")
_UNITS: Final = ("W", "N", "H", "MIN", "S", "Y")
_PAUSE_UNITS: Final = ("W", "N")
_SCOPES: Final = ("case", "lead", "helper", "task")
_URGENCIES: Final = ("P0", "P1", "P2", "P3")
_CLOSED: Final = "case:closed"
_FIRST: Final = ("case:accepted", "case:dispatched")
_PETITION: Final = "XF"
_HOURLESS: Final = ("WX",)
#: By this day of December the notice of the next year should be out (domain section 4.5, rule 6).
_NOTICE_BY: Final = (12, 15)


def check_clocks(city: City, national: Sequence[ClockDef]) -> Iterator[Finding]:
    """Check the clocks that hold in a city and the days it settles itself."""
    clocks = {clock.code: clock for clock in (*national, *city.clocks)}
    for terms in city.clock_terms:
        if terms.code in clocks:
            clocks[terms.code] = terms.laid_over(clocks[terms.code])
        else:
            text = f"本市对不存在的时钟 {terms.code} 作了规定"
            yield error("clock_unknown", terms.code, text, "改正 city.toml 的 [[terms]]")
    yield from _missing(clocks)
    for clock in clocks.values():
        yield from _clock(clock)
    yield from _promises(list(clocks.values()))
    for reason in city.pauses:
        yield from _pause(reason)
    for day in city.calendar:
        yield from _day(day)


def check_calendar(settled: Collection[int], today: date) -> Iterator[Finding]:
    """Say which year's holiday notice is missing, given the years whose notices are in."""
    if today.year not in settled:
        text = f"{today.year} 年放假安排未载入,工作日时限均为估算"
        yield error("calendar_missing", str(today.year), text, _LOAD)
    year = today.year + 1
    if year not in settled and (today.month, today.day) >= _NOTICE_BY:
        text = f"{year} 年放假安排未载入,到期落在该年的时限为估算"
        yield error("calendar_missing", str(year), text, _LOAD)
    elif year not in settled:
        text = f"{year} 年放假安排尚未公布,到期落在该年的时限先按法定节日估算并标明"
        yield warning("calendar_provisional", str(year), text, _LOAD)


_LOAD: Final = (
    "通知公布后更新 holidays 包,核对后写入 routing/data/calendar.toml,再运行 jiesu clocks recompute"
)


def _missing(clocks: Collection[str]) -> Iterator[Finding]:
    for code in REQUIRED:
        if code not in clocks:
            text = f"缺少时钟 {code}"
            yield error("clock_missing", code, text, "在 clocks.toml 或本市 city.toml 补上")


def _clock(clock: ClockDef) -> Iterator[Finding]:
    if _is_wrong(clock.ordinary) or any(_is_wrong(s, day=True) for s in clock.by_urgency.values()):
        text = f"时钟 {clock.code} 的时长应为正数(紧急件当日写 0W),单位为 {'、'.join(_UNITS)}"
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
    yield from _extension(clock)


def _is_wrong(span: Span, *, day: bool = False) -> bool:
    """Tell whether a span cannot be counted; `day` allows the day itself."""
    least = 0 if day and span.unit == "W" else 1
    return span.unit not in _UNITS or span.n < least


def _extension(clock: ClockDef) -> Iterator[Finding]:
    terms = clock.extension
    if terms is not None and terms.times and (terms.each is None) == (terms.part is None):
        text = f"时钟 {clock.code} 的延期应写明每次最长(each)或占时限的几分之几(part),只写一个"
        yield error("extension_malformed", clock.code, text, "改正 extension")
    if terms is not None and clock.window:
        text = f"时钟 {clock.code} 是权利期限,不得延长"
        yield error("extension_malformed", clock.code, text, "删去 extension")


def _promises(clocks: Sequence[ClockDef]) -> Iterator[Finding]:
    """Find request types whose closing nobody watches, or two clocks at once."""
    for kind, known in REQUEST_TYPES.items():
        closing = [clock.code for clock in clocks if _closes(clock, kind)]
        if not closing and kind not in _HOURLESS:
            text = f"诉求类型 {kind} {known.zh} 没有办结时钟"
            yield warning("closing_unwatched", kind, text, "在某个办结时钟的 kinds 加上它")
        if len(closing) > 1:
            text = f"诉求类型 {kind} {known.zh} 同时有办结时钟 {'、'.join(closing)}"
            yield warning("closing_doubled", kind, text, "只留一个办结时钟")


def _closes(clock: ClockDef, kind: str) -> bool:
    """Tell whether a clock promises on the hotline to close a case of the kind at its dispatch."""
    names = {_PETITION} if kind == _PETITION else set()
    return (
        clock.active
        and clock.stop == _CLOSED
        and clock.start in _FIRST
        and kind in (clock.kinds or (kind,))
        and (not clock.channels or not names.isdisjoint(clock.channels))
        and names.isdisjoint(clock.not_channels)
    )


def _pause(reason: PauseReason) -> Iterator[Finding]:
    if reason.limit.unit not in _PAUSE_UNITS or reason.limit.n < 1:
        text = f"停表理由 {reason.code} 的期限应为若干工作日(W)或自然日(N)"
        yield error("pause_malformed", reason.code, text, "改正 limit")


def _day(day: CalendarDay) -> Iterator[Finding]:
    try:
        date.fromisoformat(day.day)
    except ValueError:
        text = f"日历中的 {day.day} 不是日期"
        yield error("day_malformed", day.day, text, "写成 2026-10-10 的样子")
