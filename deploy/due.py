"""Counting one deadline for `jiesu due`."""

import re
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from models.city_load import load_city
from models.clock import ClockDef
from models.decision import Deadline
from models.errors import Invalid, NotFound
from routing.catalogue import Catalogue, catalogue
from routing.clocks import deadline, parse_span, show_span, span_clock, span_of

_CODE: Final = re.compile(r"[A-Za-z]\d{2}[A-Za-z]?")
_WIDTH: Final = 12


class Counted(NamedTuple):
    """A deadline with the clock and the urgency that it was counted for."""

    clock: ClockDef
    urgency: str | None
    deadline: Deadline


def count(
    city: str, clock: str, start: datetime, urgency: str | None, *, roll: bool = True
) -> Counted:
    """Count a clock of the city by its code, or a bare span; NotFound for an unknown code."""
    book = catalogue(load_city(city))
    definition = _definition(book, clock, roll=roll)
    try:
        return Counted(definition, urgency, deadline(definition, start, urgency, book.calendar))
    except (OverflowError, ValueError) as error:
        raise Invalid("date_out_of_range", "推算到了公历 1 年至 9999 年以外。") from error


def show(counted: Counted, *, as_json: bool) -> str:
    """Write a deadline as JSON, or for people with one line a day."""
    found = counted.deadline
    if as_json:
        return msgspec.json.encode(found).decode()
    span = show_span(span_of(counted.clock, counted.urgency))
    head = f"{counted.clock.code} {counted.clock.zh}({span})"
    head += "(本市未启用)" if not counted.clock.active else ""
    doubt = "\n注意:所涉年份的放假安排尚未公布,此为估算。" if found.provisional else ""
    lines = [f"  {step.day:<{_WIDTH}} 第 {step.n:>2}  {step.note}" for step in found.trace]
    return "\n".join([f"{head}\n到期:{found.due_at:%Y-%m-%d %H:%M:%S}{doubt}", *lines])


def _definition(book: Catalogue, clock: str, *, roll: bool) -> ClockDef:
    if not _CODE.fullmatch(clock.strip()):
        return span_clock(parse_span(clock), roll=roll)
    found = book.clocks.get(clock.strip().upper())
    if found is None:
        known = "、".join(sorted(book.clocks))
        raise NotFound("clock_unknown", f"没有时钟 {clock},可用:{known}。")
    return found if roll else msgspec.structs.replace(found, roll=False)
