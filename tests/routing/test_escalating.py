"""Alarms reach people once, breaches bring orders, and key complaints are found."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from models.city import City
from models.db import clocks, escalations, supervision
from models.db.clocks import Clock
from models.db.escalations import Escalation
from models.db.pool import Database
from models.moment import CHINA
from routing.catalogue import catalogue
from routing.escalating import Escalator, escalate, follow, watch
from routing.tracking import sweep
from tests.routing.kit import CITY, EAST, FRIDAY, Desk, put_case
from tests.routing.moments import ECO, UNIT, Time
from tests.routing.test_supervision import BOSS, TOP, some_file, with_line

DUE = FRIDAY + timedelta(days=10)
DAY = timedelta(days=1)
UMA = f"{EAST}-UMA"


@pytest.fixture(scope="module")
def city() -> City:
    """Give the small city with a line above the east's branch."""
    made = with_line()
    catalogue(made)
    return made


def clock(case_no: int, code: str = "K12", **changed: Any) -> Clock:
    """Make a clock that warns twice and ends on the tenth day."""
    made = Clock(
        case_no=case_no,
        task_no=0,
        code=code,
        unit=ECO,
        started_at=FRIDAY,
        due_at=DUE,
        calendar="W",
        warn_at=(FRIDAY + 6 * DAY, FRIDAY + 8 * DAY),
    )
    return msgspec.structs.replace(made, **changed)


async def alarm(db: Database, city: City, *made: Clock, at: Any = DUE) -> None:
    """Start clocks and note what has come of them."""
    async with db.city(CITY) as conn:
        await clocks.start(conn, CITY, made)
    while await sweep(db, catalogue(city), at, 100):
        pass


async def told(db: Database, case_no: int) -> list[Escalation]:
    """Give who was told of a case's alarms, lowest rung first."""
    async with db.city(CITY) as conn:
        found = await escalations.of_case(conn, CITY, case_no)
    return sorted(found, key=lambda one: (one.code, one.rung, one.level))


async def count(db: Database, table: str) -> int:
    """Count the rows of a table."""
    async with db.city(CITY) as conn:
        return int(await conn.fetchval(f"SELECT count(*) FROM {table}"))


async def follow_all(desk: Desk) -> None:
    """Follow all breaches and look at all that may be key complaints."""
    book = catalogue(desk.city)
    for step in (follow, watch):
        while await step(desk.db, book):
            pass


async def late(desk: Desk, at: Any) -> None:
    """Let it be that late for the case's clocks, and follow."""
    await sweep(desk.db, catalogue(desk.city), at, 100)
    await follow_all(desk)


async def reported(town: Database, city: City, n: int, **fields: Any) -> Desk:
    """Give the n-th report, dispatched."""
    desk = Desk(town, city, await put_case(town, n, **fields))
    await desk.act("accept")
    return desk


def past(time: Time, due: datetime) -> datetime:
    """Let it be a second after that moment."""
    return time.at(f"{due.astimezone(CHINA) + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}")


async def grades(desk: Desk) -> list[str]:
    """Give the grades of the case's orders."""
    async with desk.db.city(CITY) as conn:
        return [one.grade for one in await supervision.orders(conn, CITY, desk.number)]


async def test_f17_each_level_reaches_the_next_post(town: Database, city: City) -> None:
    """From the liaison to the unit above, a rung for each day overdue (global rule 5)."""
    await alarm(town, city, clock(1), at=DUE + 4 * DAY)
    assert await escalate(town, catalogue(city), 100) == 7
    found = {one.level: (one.to_unit, one.to_post) for one in await told(town, 1)}
    assert found == {
        "warn1": (ECO, "liaison"),
        "warn2": (ECO, "deputy"),
        "breach": (ECO, "head"),
        "overdue1": (TOP, "deputy"),
        "overdue2": (TOP, "head"),
        "overdue3": (f"{CITY}-COORD", "head"),
        "overdue4": (f"{CITY}-HOT", "head"),
    }
    rungs = [one.rung for one in await told(town, 1)]
    assert all(lower < higher for lower, higher in pairwise(rungs))


async def test_what_no_unit_has_comes_first(town: Database, city: City) -> None:
    """The desk's own alarms are told before those of units, however many those are."""
    await alarm(town, city, *(clock(n) for n in range(1, 6)))
    await alarm(town, city, clock(6, "K02", unit=None), at=DUE + DAY / 2)
    await escalate(town, catalogue(city), 3)
    assert [one.to_unit for one in await told(town, 6)] == [f"{CITY}-HOT"] * 3
    assert await count(town, "escalation") == 3


async def test_a_notice_tells_nothing_of_the_report(town: Database, city: City) -> None:
    """Number, clock, unit, issue and due time; read once, by those it is for."""
    number = await put_case(town, 1)
    await alarm(town, city, clock(number))
    await escalate(town, catalogue(city), 100)
    async with town.city(CITY, ECO) as conn:
        found = await escalations.notices(conn, CITY, ECO, (), 9)
    assert sorted(notice.kind for notice in found) == ["breach", "warn", "warn"]
    assert all("夜里有声音" not in notice.title + notice.body for notice in found)
    async with town.city(CITY, UMA) as conn:
        assert await conn.fetchval("SELECT count(*) FROM notice") == 0
    first = found[0].notice_id
    async with town.city(CITY) as conn:
        assert not await escalations.read_notice(conn, CITY, first, UMA, (), "x")
        assert await escalations.read_notice(conn, CITY, first, ECO, (), "x")
        assert not await escalations.read_notice(conn, CITY, first, ECO, (), "x")
        assert len(await escalations.notices(conn, CITY, ECO, (), 9)) == 2


async def test_two_at_once_tell_each_alarm_once(town: Database, city: City) -> None:
    """Side by side they share the work and double nothing."""
    await alarm(town, city, *(clock(n) for n in range(1, 101)))
    book = catalogue(city)

    async def work() -> int:
        seen = 0
        while found := await escalate(town, book, 7):
            seen += found
        return seen

    assert sum(await asyncio.gather(*(work() for _ in range(4)))) == 300
    assert await count(town, "escalation") == await count(town, "notice") == 300


async def test_the_lease_lets_one_work_at_a_time_whatever_the_hour(
    town: Database, city: City, time: Time
) -> None:
    """A worker whose clock is years off neither takes the lease nor tells anything twice."""
    await alarm(town, city, clock(1))
    first = Escalator(town, {CITY: city}, holder="first")
    second = Escalator(town, {CITY: city}, holder="second")
    assert await first.run_once(CITY) > 0
    time.at("2031-01-01 00:00")
    assert await second.run_once(CITY) == 0
    assert await first.run_once(CITY) == 0
    assert await count(town, "escalation") == 3


_WORK = """
import asyncio, sys
from models.db.pool import Database
from routing.catalogue import catalogue
from routing.escalating import escalate
from tests.routing.test_supervision import with_line

async def main():
    db = await Database.connect(sys.argv[1], min_size=1, max_size=2)
    book = catalogue(with_line())
    print("ready", flush=True)
    while await escalate(db, book, 3):
        pass

asyncio.run(main())
"""


async def test_kill_9_in_the_middle_loses_and_doubles_no_escalation(
    town: Database, city: City
) -> None:
    """Killed at work, it leaves each alarm told once after another has gone on."""
    await alarm(town, city, *(clock(n) for n in range(1, 201)))
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _WORK, town.dsn),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"ready\n"
    while not await count(town, "escalation"):
        await asyncio.sleep(0.005)
    child.kill()
    await child.wait()
    assert 0 < await count(town, "escalation") < 600
    while await escalate(town, catalogue(city), 100):
        pass
    assert await count(town, "escalation") == await count(town, "notice") == 600
    async with town.city(CITY) as conn:
        left = "SELECT count(*) FROM clock_alarm WHERE escalated_at IS NULL"
        assert await conn.fetchval(left) == 0


async def test_f29_overdue_brings_an_urge_and_overdue_again_supervision(
    working: Desk, time: Time
) -> None:
    """A broken promise is urged, an urge without answer supervised, then as a key matter."""
    codes = ("K12", "S01", "S02", "S03")
    expected = ["urge", "general", "key", "key"]
    for n, code in enumerate(codes):
        due = (await working.clocks())[0, code, 1].due_at
        moment = past(time, due)
        await late(working, moment)
        await follow_all(working)
        assert (await grades(working))[-1] == expected[n]
    assert await grades(working) == ["urge", "general", "key"]


async def test_f29_two_at_once_follow_each_breach_by_one_order(
    town: Database, city: City, time: Time
) -> None:
    """Side by side they urge each unit once."""
    desks = [await reported(town, city, n) for n in range(1, 9)]
    book = catalogue(city)
    end = max(clock.due_at for clock in (await desks[-1].clocks()).values())
    await sweep(town, book, past(time, end), 500)

    async def work() -> None:
        while await follow(town, book):
            pass

    await asyncio.gather(*(work() for _ in range(4)))
    assert [await grades(desk) for desk in desks] == [["urge"]] * 8
    assert await count(town, "supervision_order") == 8


async def test_f29_an_urge_answered_in_time_brings_nothing_more(working: Desk, time: Time) -> None:
    """Until another promise is broken."""
    due = (await working.clocks())[0, "K12", 1].due_at
    await late(working, past(time, due))
    await working.act("feedback", UNIT, answer="明日完成整改")
    await late(working, past(time, due + 20 * DAY))
    assert await grades(working) == ["urge"]


async def test_f32_who_does_not_report_is_listed(working: Desk, time: Time) -> None:
    """Until a 通报 names them; the list is of those late alone."""
    await working.act("ledger", BOSS, conditions="设备拆除并复测达标", keeper="王督办")
    due = (await working.clocks())[0, "S04", 1].due_at
    await late(working, due - timedelta(minutes=1))
    assert await names(working) == []
    past(time, due + DAY)
    for _ in range(2):
        await late(working, due + DAY)
    assert await names(working) == [(working.number, ECO)]
    await working.act("notice", BOSS, demand="请按期上报", skip_reason="逾期未报进展")
    assert await names(working) == []


async def names(desk: Desk) -> Sequence[tuple[int, str | None]]:
    """Give who is listed."""
    async with desk.db.city(CITY) as conn:
        return [
            (one.case_no, one.unit) for one in (await supervision.open_items(conn, CITY, 9)).names
        ]


async def test_f21_a_broken_promise_makes_a_key_complaint(working: Desk, time: Time) -> None:
    """Once its time to close is over."""
    due = (await working.clocks())[0, "K12", 1].due_at
    await late(working, past(time, due))
    assert (await working.case()).key_reasons == ("overdue",)


async def test_f30_a_ledgered_case_stays_listed_until_released(working: Desk) -> None:
    """And a case that is released leaves the ledger with its evidence on record."""
    await working.act("ledger", BOSS, conditions="设备拆除并复测达标", keeper="王督办")
    file = await some_file(working)
    await working.act("release", BOSS, note="已拆除达标", evidence=[str(file)])
    async with working.db.city(CITY) as conn:
        assert (await supervision.open_items(conn, CITY, 9)).ledger == ()
        (entry,) = await supervision.entries(conn, CITY, working.number)
    assert (entry.released_by, entry.evidence) == (BOSS.name, (file,))
