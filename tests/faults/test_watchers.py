"""Two watchers in processes of their own, their clocks two days apart, one of them killed."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from models.city import City
from models.db.pool import Database
from routing.catalogue import catalogue
from tests.routing.kit import put_city
from tests.routing.test_escalating import clock, count
from tests.routing.test_supervision import with_line
from tests.routing.test_sweeper import put

_LATE: Final = 400
_AHEAD: Final = 50
#: One watcher: the two stages as the worker runs them, by a clock of its own.
_WATCH = """
import asyncio, sys, time_machine
from datetime import UTC, datetime, timedelta
from models.db.pool import Database
from routing.catalogue import catalogue
from routing.escalating import Escalator
from routing.tracking import Sweeper
from tests.routing.kit import CITY
from tests.routing.test_supervision import with_line

async def main():
    dsn, name, skew = sys.argv[1:]
    city = with_line()
    catalogue(city)
    db = await Database.connect(dsn, min_size=1, max_size=2)
    stages = [made(db, {CITY: city}, holder=name, batch=5) for made in (Sweeper, Escalator)]
    time_machine.travel(datetime.now(UTC) + timedelta(days=int(skew))).start()
    print("ready", flush=True)
    while True:
        for stage in stages:
            await stage.run_once(CITY)
        await asyncio.sleep(0.002)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def city() -> City:
    """Give the small city with a line above the east's branch, its files read."""
    made = with_line()
    catalogue(made)
    return made


async def watcher(db: Database, name: str, days: int) -> Process:
    """Start a watcher whose machine is so many days ahead."""
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _WATCH, db.dsn, name, str(days)),
        cwd=Path(__file__).parents[2],
        stdout=PIPE,
    )
    assert made.stdout is not None
    assert await made.stdout.readline() == b"ready\n"
    return made


async def until(condition: Any) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.01)


@pytest.mark.timeout(120)
async def test_each_alarm_reaches_people_once_whoever_dies_and_whatever_their_clocks_say(
    db: Database, city: City
) -> None:
    """Three alarms of each late clock, none of those that are due tomorrow, none twice."""
    await put_city(db, city)
    now = datetime.now(UTC)
    due, seen = now - timedelta(hours=1), (now - timedelta(hours=3), now - timedelta(hours=2))
    late = [clock(n, due_at=due, warn_at=seen) for n in range(1, _LATE + 1)]
    soon = now + timedelta(hours=20)
    ahead = [clock(_LATE + n, due_at=soon, warn_at=(soon,)) for n in range(1, _AHEAD + 1)]
    await put(db, *late, *ahead)
    first, second = await asyncio.gather(watcher(db, "first", 1), watcher(db, "second", -1))
    try:
        await until(lambda: _some(db, "escalation"))
        async with db.system() as conn:
            holder = await conn.fetchval("SELECT holder FROM lease WHERE name = 'sweeper'")
        dying = first if holder == "first" else second
        dying.kill()
        await dying.wait()
        assert 0 < await count(db, "escalation") < 3 * _LATE
        async with db.system() as conn:  # the dead one's leases run out
            await conn.execute("UPDATE lease SET until = now() WHERE holder = $1", holder)
        await until(lambda: _all_told(db))
    finally:
        for one in (first, second):
            if one.returncode is None:
                one.kill()
                await one.wait()
    assert await count(db, "clock_alarm") == await count(db, "escalation") == 3 * _LATE
    async with db.system() as conn:
        early = "SELECT count(*) FROM clock_alarm WHERE case_no > $1"
        assert await conn.fetchval(early, _LATE) == 0
        told = "SELECT count(*) FROM notice WHERE kind IN ('warn', 'breach')"
        assert await conn.fetchval(told) == 3 * _LATE


async def _some(db: Database, table: str) -> bool:
    return await count(db, table) > 0


async def _all_told(db: Database) -> bool:
    return await count(db, "escalation") >= 3 * _LATE
