"""`jiesu clocks`: the clocks that hold in a city, and counting the running ones again."""

from collections.abc import Mapping
from typing import Final

import msgspec

from deploy.database import must_fit, open_database
from deploy.settings import Settings
from intake.pages.event_words import VERBS
from models.city_load import load_city
from models.clock import ClockDef
from models.db.pool import Database
from routing.catalogue import catalogue
from routing.clocks import show_span
from routing.live import LiveCities
from routing.pauses import pauses_of
from routing.recounting import recount

_BATCH: Final = 500
_SCOPES: Final = {"case": "全件", "lead": "主办", "helper": "协办", "task": "每个承办单位"}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """The clocks of a city, its own terms laid over the national ones."""

    city: str
    calendar: str
    clocks: tuple[ClockDef, ...]


class Recounted(msgspec.Struct, frozen=True, kw_only=True):
    """How many running clocks of a city were counted again on which calendar."""

    city: str
    calendar: str
    clocks: int


def listed(adcode: str) -> Listed:
    """List all clocks of a city by code, inactive ones too."""
    book = catalogue(load_city(adcode))
    clocks = tuple(book.clocks[code] for code in sorted(book.clocks))
    return Listed(city=adcode, calendar=book.calendar.version, clocks=clocks)


async def recompute(settings: Settings, adcodes: tuple[str, ...]) -> list[Recounted]:
    """Count the running clocks of cities again that another calendar has counted."""
    cities = LiveCities({code: load_city(code) for code in adcodes or settings.cities})
    async with open_database(settings) as dsn:
        await must_fit(dsn)
        db = await Database.connect(dsn, min_size=1, max_size=2, name="jiesu clocks")
        try:
            return [await _recount(db, cities, adcode) for adcode in cities]
        finally:
            await db.close()


async def _recount(db: Database, cities: LiveCities, adcode: str) -> Recounted:
    async with db.city(adcode) as conn:
        book = catalogue(await cities.follow(conn, adcode))
    done = 0
    while found := await recount(db, book, _BATCH):
        done += found
    return Recounted(city=adcode, calendar=book.calendar.version, clocks=done)


def show(found: Listed) -> str:
    """Write the clocks for people, one a line, with what may be different for urgent cases."""
    lines = [f"{found.city} 的时钟({len(found.clocks)} 个,日历 {found.calendar}):"]
    pauses = {one.code: one.zh for one in pauses_of(load_city(found.city)).values()}
    return "\n".join([*lines, *(_line(clock, pauses) for clock in found.clocks)])


def show_recounted(found: list[Recounted]) -> str:
    """Write what was counted again."""
    return "\n".join(
        f"{one.city}:按日历 {one.calendar} 重算 {one.clocks} 个计时中的时钟" for one in found
    )


def _line(clock: ClockDef, pauses: Mapping[str, str]) -> str:
    urgent = "、".join(f"{code} {show_span(span)}" for code, span in clock.by_urgency.items())
    marks = [
        "窗口期" if clock.window else "",
        "保存期" if clock.retention else "",
        "" if clock.active else "未启用",
        f"停表:{'、'.join(pauses.get(one, one) for one in clock.pause)}" if clock.pause else "",
        f"可延 {clock.extension.times} 次" if clock.extension else "",
    ]
    parts = [show_span(clock.ordinary), urgent, _SCOPES.get(clock.scope, clock.scope), *marks]
    said = ";".join(part for part in parts if part)
    start, *stops = (VERBS.get(verb, verb) for verb in (clock.start, *clock.stops))
    return f"  {clock.code:<5}{clock.zh}:{said}\n       {start} → {'、'.join(stops)}"
