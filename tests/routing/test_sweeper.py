"""The sweeper: each warning and breach once, whoever sweeps, however often, and after kill -9."""

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from models.city import City
from models.db import clocks
from models.db.clocks import Clock
from models.db.pool import Database
from routing.catalogue import catalogue
from routing.stage import RouteStage
from routing.tracking import Sweeper, advance, sweep, watch_desk
from tests.routing.kit import CITY, EAST, FRIDAY, Desk, handler, put_case

DUE = FRIDAY + timedelta(days=10)
WARN = (FRIDAY + timedelta(days=6), FRIDAY + timedelta(days=8))


def clock(case_no: int, code: str = "K12", **changed: Any) -> Clock:
    """Make a clock that warns twice and ends on the tenth day."""
    made = Clock(
        case_no=case_no,
        task_no=0,
        code=code,
        unit=f"{EAST}-ECO",
        started_at=FRIDAY,
        due_at=DUE,
        calendar="W",
        warn_at=WARN,
    )
    return msgspec.structs.replace(made, **changed)


async def put(db: Database, *made: Clock) -> None:
    """Start clocks."""
    async with db.city(CITY) as conn:
        await clocks.start(conn, CITY, made)


async def alarms(db: Database) -> list[tuple[int, str]]:
    """Give the alarms noted, as (case, level)."""
    async with db.city(CITY) as conn:
        rows = await conn.fetch(
            "SELECT case_no, level FROM clock_alarm WHERE city = $1 ORDER BY case_no, level", CITY
        )
    return [(row["case_no"], row["level"]) for row in rows]


async def told(db: Database) -> list[tuple[int, str]]:
    """Give the events of alarms, as (case, level)."""
    async with db.city(CITY) as conn:
        rows = await conn.fetch(
            "SELECT case_no, data->>'level' AS level FROM event WHERE city = $1 AND verb LIKE"
            " 'clock:%' ORDER BY case_no, level",
            CITY,
        )
    return [(row["case_no"], row["level"]) for row in rows]


@pytest.mark.parametrize(
    ("at", "levels"),
    [
        (WARN[0] - timedelta(seconds=1), []),
        (WARN[0], ["warn1"]),
        (WARN[1], ["warn1", "warn2"]),
        (DUE, ["breach", "warn1", "warn2"]),
    ],
)
async def test_what_has_come_is_noted_and_nothing_before(
    town: Database, city: City, at: datetime, levels: list[str]
) -> None:
    """A warning is noted from its moment on, a breach from the end on, those missed too."""
    await put(town, clock(1))
    await sweep(town, catalogue(city), at, 100)
    assert await alarms(town) == [(1, level) for level in levels]
    assert await told(town) == await alarms(town)


async def test_sweeping_step_by_step_notes_each_level_once(town: Database, city: City) -> None:
    """A clock is looked at again when its next moment comes, after its end once a day."""
    await put(town, clock(1))
    book = catalogue(city)
    day = timedelta(days=1)
    moments = (WARN[0], WARN[0], WARN[1], DUE, DUE + day / 2, DUE + day, DUE + 4 * day)
    assert [await sweep(town, book, at, 100) for at in moments] == [1, 0, 1, 1, 0, 1, 1]
    late = [f"overdue{n}" for n in range(1, 5)]
    assert [level for _, level in await told(town)] == ["breach", *late, "warn1", "warn2"]
    async with town.city(CITY) as conn:
        (kept,) = await clocks.of_case(conn, CITY, 1)
    assert (kept.warned, kept.breached_at) == (2, DUE)


async def test_a_window_lapses_without_a_breach(town: Database, city: City) -> None:
    """The time to ask for a return ends quietly."""
    await put(town, clock(1, "K05", task_no=1))
    await sweep(town, catalogue(city), DUE, 100)
    assert await alarms(town) == []
    async with town.city(CITY) as conn:
        (kept,) = await clocks.of_case(conn, CITY, 1)
    assert (kept.stopped_at, kept.stop_reason, kept.breached_at) == (DUE, "lapsed", None)


async def test_a_stopped_clock_is_left_alone(desk: Desk, city: City) -> None:
    """What was done in time neither warns nor breaches."""
    await desk.act("accept")
    await desk.act("sign", handler(f"{EAST}-ECO"), handler="张工")
    await desk.act("sign", handler(f"{EAST}-UMA"), handler="李工")
    await sweep(desk.db, catalogue(city), datetime.now(FRIDAY.tzinfo) + timedelta(days=400), 100)
    async with desk.db.city(CITY) as conn:
        codes = await conn.fetch("SELECT DISTINCT code FROM clock_alarm WHERE city = $1", CITY)
    assert {row["code"] for row in codes} == {"K09", "K12", "K12A"}


async def test_two_sweepers_at_once_note_each_alarm_once(town: Database, city: City) -> None:
    """Sweepers side by side share the work and double nothing."""
    await put(town, *(clock(n) for n in range(1, 301)))
    book = catalogue(city)

    async def work() -> int:
        seen = 0
        while found := await sweep(town, book, DUE, 20):
            seen += found
        return seen

    seen = await asyncio.gather(*(work() for _ in range(4)))
    assert sum(seen) == 300
    assert len(await told(town)) == len(await alarms(town)) == 900


async def test_the_lease_lets_one_sweeper_work_at_a_time(town: Database, city: City) -> None:
    """While one holds the lease another does nothing."""
    past = datetime.now(FRIDAY.tzinfo) - timedelta(days=1)
    await put(town, clock(1, due_at=past, warn_at=()))
    first = Sweeper(town, {CITY: city}, holder="first")
    second = Sweeper(town, {CITY: city}, holder="second")
    assert await first.run_once(CITY) == 1
    await put(town, clock(2, due_at=past, warn_at=()))
    assert await second.run_once(CITY) == 0
    assert await first.run_once(CITY) == 1


async def test_what_waits_at_the_desk_is_watched_from_receipt(town: Database, city: City) -> None:
    """A case that nobody accepts warns and breaches like any other promise."""
    late = datetime.now(FRIDAY.tzinfo) - timedelta(hours=5)
    number = await put_case(town, 1, received_at=late)
    await put_case(town, 2, queue="route")
    book = catalogue(city)
    assert [await watch_desk(town, book, 100) for _ in range(2)] == [1, 0]
    await sweep(town, book, datetime.now(FRIDAY.tzinfo), 100)
    assert await alarms(town) == [(number, "breach"), (number, "warn1")]
    desk = Desk(town, city, number)
    await desk.act("accept")
    assert (await desk.clocks())[0, "K02", 1].stop_reason == "case:accepted"


async def test_an_emergency_at_the_desk_must_be_seen_within_half_an_hour(
    town: Database, city: City
) -> None:
    """The desk's clock of a P0 case is the short one, on either platform."""
    book = catalogue(city)
    for n, channel in enumerate(("12345_TEL", "12369_WEB"), 1):
        number = await put_case(town, n, urgency="P0", channel=channel)
        await watch_desk(town, book, 100)
        (clock,) = (await Desk(town, city, number).clocks()).values()
        assert clock.due_at - clock.started_at <= timedelta(minutes=30)


async def test_a_case_that_waited_and_then_goes_out_is_watched_no_longer(
    town: Database, city: City
) -> None:
    """When the machine sends out what once waited at the desk, the desk's clock stops."""
    number = await put_case(town, 1)
    await watch_desk(town, catalogue(city), 100)
    async with town.city(CITY) as conn:
        await conn.execute("UPDATE cases SET queue = 'route' WHERE case_no = $1", number)
    await RouteStage(town, {CITY: city}).run_once(CITY)
    found = await Desk(town, city, number).clocks()
    assert found[0, "K02", 1].stop_reason == "case:accepted"
    assert found[0, "K12", 1].stopped_at is None


_SWEEP = """
import asyncio, sys
from models.db.pool import Database
from routing.catalogue import catalogue
from routing.tracking import sweep
from tests.routing.kit import small_city
from tests.routing.test_sweeper import DUE

async def main():
    db = await Database.connect(sys.argv[1], min_size=1, max_size=2)
    book = catalogue(small_city())
    print("ready", flush=True)
    while await sweep(db, book, DUE, 5):
        pass

asyncio.run(main())
"""


async def test_kill_9_in_the_middle_loses_and_doubles_nothing(town: Database, city: City) -> None:
    """A sweeper killed at work leaves every alarm noted once after another has gone on."""
    await put(town, *(clock(n) for n in range(1, 401)))
    root = Path(__file__).parents[2]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SWEEP, town.dsn, cwd=root, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"ready\n"
    while not await alarms(town):
        await asyncio.sleep(0.005)
    child.kill()
    await child.wait()
    before = len(await alarms(town))
    assert 0 < before < 1200
    book = catalogue(city)
    while await sweep(town, book, DUE, 100):
        pass
    assert len(await alarms(town)) == len(await told(town)) == 1200


def test_a_late_look_names_all_levels_missed(city: City) -> None:
    """A clock first looked at after its end has warned and breached."""
    found = clocks.Ripe(
        case_no=1,
        task_no=0,
        code="K12",
        attempt=1,
        unit=None,
        due_at=DUE,
        warn_at=WARN,
        warned=1,
        breached_at=None,
    )
    step = advance(catalogue(city), found, DUE)
    assert step.levels == ("warn2", "breach")
    assert step.next_at == DUE + timedelta(days=1)
