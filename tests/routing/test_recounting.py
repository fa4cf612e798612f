"""Counting again: another calendar, another urgency; never without a recorded cause."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from models.case import Event
from models.city import City
from models.clock import Basis, CalendarDay, Shift, Span
from models.db import clocks, events
from models.db.clocks import Clock
from models.db.pool import Database
from routing import recounting
from routing.calendar import WorkCalendar
from routing.catalogue import Catalogue, catalogue
from routing.recounting import Cause, Recounter, recount
from routing.timing import timing
from tests.routing.kit import CITY, Desk, put_case, small_city
from tests.routing.moments import UNIT, Time, day

#: A day of rest that a notice might add, in the week after the golden Friday.
STORM = CalendarDay(day="2026-11-25", working=False, note="台风停工")
SETTLED = (2024, 2025, 2026, 2027)


def book_of(city: City, *days: CalendarDay, settled: tuple[int, ...] | None = None) -> Catalogue:
    """Give a catalogue of the city with another calendar."""
    book = Catalogue(city)
    book.calendar = WorkCalendar(days, settled=settled)
    return book


async def told(desk: Desk) -> list[Event]:
    """Give the events of counting again."""
    async with desk.db.city(CITY) as conn:
        found = await events.history(conn, CITY, desk.number)
    return [event for event in found if event.verb == recounting.RECOUNTED]


async def test_a_new_day_of_rest_moves_the_running_clocks_and_says_why(
    working: Desk, city: City
) -> None:
    """Every running clock whose days it touches ends a day later; those of hours stay."""
    before = await working.clocks()
    book = book_of(city, STORM)
    assert await recount(working.db, book, 100) > 0
    assert await recount(working.db, book, 100) == 0
    after = await working.clocks()
    assert day(after[0, "K12", 1].due_at) == "2026-12-14"
    assert after[1, "K04", 1].due_at == before[1, "K04", 1].due_at, "it had stopped"
    assert after[1, "K09", 1].due_at == before[1, "K09", 1].due_at, "it ends before that day"
    moved = {event.data["code"]: event.data for event in await told(working)}
    assert set(moved) == {"K12", "K12A"}
    assert moved["K12"]["cause"] == "calendar"
    assert moved["K12"]["was"].startswith("2026-12-11")
    assert moved["K12"]["due_at"].startswith("2026-12-14")


async def test_the_same_calendar_counts_nothing_again(working: Desk, city: City) -> None:
    """While nothing has changed the stage finds nothing to do."""
    assert await Recounter(working.db, {CITY: city}).run_once(CITY) == 0
    assert await told(working) == []


async def test_a_citys_own_day_is_followed_by_the_stage(working: Desk) -> None:
    """When the city publishes a day of its own, the stage counts all running clocks again."""
    recounter = Recounter(working.db, {CITY: small_city(calendar=(STORM,))})
    assert await recounter.run_once(CITY) > 0
    assert day((await working.clocks())[0, "K12", 1].due_at) == "2026-12-14"


async def test_pauses_and_extensions_are_kept_when_counted_again(
    working: Desk, time: Time, city: City
) -> None:
    """What moved a deadline before moves it again on the new calendar."""
    time.at("2026-11-23T10:00")
    wish: dict[str, Any] = {"reason": "appraisal", "ends_when": "鉴定报告出具"}
    await working.act("suspend", UNIT, **wish)
    await working.act("grant_suspension")
    time.at("2026-11-30T16:00")
    await working.act("resume", reason="鉴定报告已出具")
    await working.act("request_extension", UNIT, n=5, reason="须等设备", told="phone")
    await working.act("grant_extension")
    assert day((await working.clocks())[0, "K12", 3].due_at) == "2026-12-25"
    late = CalendarDay(day="2026-12-24", working=False, note="停工")
    await recount(working.db, book_of(city, late), 100)
    assert day((await working.clocks())[0, "K12", 3].due_at) == "2026-12-28"


async def test_2027_is_provisional_then_settled_and_never_silently(
    town: Database, city: City, time: Time
) -> None:
    """A deadline in a year without notice says so until the notice is in; an event tells it."""
    time.at("2026-12-20T10:00")
    desk = Desk(town, city, await put_case(town, 3))
    await desk.act("accept")
    assert (await desk.clocks())[0, "K12", 1].provisional
    bridge = CalendarDay(day="2027-01-04", working=False, note="元旦调休")
    moved = book_of(city, bridge, settled=SETTLED)
    await recount(town, moved, 100)
    settled = (await desk.clocks())[0, "K12", 1]
    assert not settled.provisional
    assert day(settled.due_at) == "2027-01-12"
    said = {event.data["code"]: event.data for event in await told(desk)}
    assert (said["K12"]["provisional"], said["K12"]["was"][:10]) == (False, "2027-01-11")


async def test_what_only_became_certain_is_told_too(town: Database, city: City, time: Time) -> None:
    """A deadline that stays where it is but is settled now has an event as well."""
    time.at("2026-12-20T10:00")
    desk = Desk(town, city, await put_case(town, 3))
    await desk.act("accept")
    was = (await desk.clocks())[0, "K12", 1].due_at
    await recount(town, book_of(city, settled=SETTLED), 100)
    assert (await desk.clocks())[0, "K12", 1].due_at == was
    assert "K12" in {event.data["code"] for event in await told(desk)}


async def test_a_breach_that_was_none_begins_anew(working: Desk, city: City, time: Time) -> None:
    """Where the new calendar moves the end past now, the clock runs on as a new attempt."""
    async with working.db.city(CITY) as conn:
        due = (await working.clocks())[0, "K12", 1].due_at
        await conn.execute("UPDATE clock SET breached_at = due_at WHERE code = 'K12'")
    time.at("2026-12-12T09:00")
    await recount(working.db, book_of(city, STORM), 100)
    found = await working.clocks()
    assert (found[0, "K12", 1].stop_reason, found[0, "K12", 1].due_at) == ("clock:recounted", due)
    again = found[0, "K12", 2]
    assert (day(again.due_at), again.breached_at, again.stopped_at) == ("2026-12-14", None, None)


async def test_more_urgent_is_shorter_from_then_on(working: Desk, time: Time) -> None:
    """A case that becomes urgent on Tuesday has three working days from Tuesday."""
    time.at("2026-11-24T10:00")
    await working.act("correct", urgency="P1", reason="居民不适")
    found = await working.clocks()
    assert day(found[0, "K12", 1].due_at) == "2026-11-27"
    assert {event.data["cause"] for event in await told(working)} == {"urgency"}
    assert found[0, "K12", 1].warn_at[-1] < found[0, "K12", 1].due_at


async def test_more_urgent_never_gives_more_time(working: Desk, time: Time) -> None:
    """Two days before its end a promise is not lengthened by being called urgent."""
    time.at("2026-12-10T10:00")
    await working.act("correct", urgency="P1", reason="居民不适")
    assert day((await working.clocks())[0, "K12", 1].due_at) == "2026-12-11"


async def test_less_urgent_has_the_whole_time_from_the_start(
    town: Database, city: City, time: Time
) -> None:
    """An urgency that is lifted gives back the ordinary span, counted from the dispatch."""
    time.at("2026-11-20T14:30")
    desk = Desk(town, city, await put_case(town, 4, urgency="P1"))
    await desk.act("accept")
    time.at("2026-11-23T10:00")
    await desk.act("correct", urgency="P2", reason="已排除危险")
    assert day((await desk.clocks())[0, "K12", 1].due_at) == "2026-12-11"


async def test_the_store_refuses_to_move_a_deadline_without_a_cause(working: Desk) -> None:
    """Whoever moves an end must have written why, of this case, as a recount."""
    move = "UPDATE clock SET due_at = due_at + interval '1 day' WHERE code = 'K12'"
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with working.db.city(CITY) as conn:
            await conn.execute(move)


async def test_parts_promised_later_move_the_whole(town: Database, city: City, time: Time) -> None:
    """The parent's promise follows the latest of its parts, and not back."""
    time.at("2026-11-20T14:30")
    parent, part = [Desk(town, city, await put_case(town, n)) for n in (5, 6)]
    await parent.act("accept")
    moment = time.at("2026-11-24T09:00")
    await part.act("accept")
    book, cause = catalogue(city), Cause(kind="children", at=moment)
    parts = list((await part.clocks()).values())
    async with town.city(CITY) as conn:
        held = list((await parent.clocks()).values())
        await recounting.follow_parts(conn, book, held, parts, cause)
    whole = (await parent.clocks())[0, "K12", 1].due_at
    assert whole == (await part.clocks())[0, "K12", 1].due_at
    assert [event.data["cause"] for event in await told(parent)] == ["children"]
    async with town.city(CITY) as conn:
        held = list((await parent.clocks()).values())
        await recounting.follow_parts(conn, book, held, [], cause)
    assert (await parent.clocks())[0, "K12", 1].due_at == whole


def test_what_the_source_stated_is_not_moved_by_calendars(city: City) -> None:
    """A stated end stays on any calendar; only standing still moves it."""
    start = datetime(2026, 11, 20, 6, tzinfo=UTC)
    stated = Shift(kind="stated", end=start + timedelta(days=4))
    known = catalogue(city).clocks["K12"]
    basis = Basis(start=start, span=Span(n=15, unit="W"), shifts=(stated,))
    ends = {timing(known, basis, WorkCalendar(days)).due.due_at for days in ([], [STORM])}
    assert ends == {start + timedelta(days=4)}


async def test_a_clock_of_an_unknown_code_is_left_as_it_is(working: Desk, city: City) -> None:
    """A clock that the city no longer knows keeps its end and is not looked at for ever."""
    made: dict[str, Any] = {"case_no": working.number, "task_no": 0, "code": "K98"}
    now = datetime.now(UTC)
    async with working.db.city(CITY) as conn:
        await clocks.start(
            conn,
            CITY,
            [Clock(**made, started_at=now, due_at=now, calendar="W", counted_by="other")],
        )
    assert await recount(working.db, catalogue(city), 100) == 1
    assert await recount(working.db, catalogue(city), 100) == 0
