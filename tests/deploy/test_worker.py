"""The worker: woken at once, fair to all cities, unimpressed by faults and losses."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog.testing

from deploy.observe import Meter, Scraper
from deploy.sealer import Sealer
from deploy.worker import Step, Worker
from models.case import SYSTEM, CaseNo, Event
from models.db import events, lease
from models.db.pool import Database
from models.errors import Unavailable
from models.ids import uuid7
from models.moment import now
from tests.kit import Server

CITIES = ("430100", "530100")


class Counting:
    """A stage that notes for which city it was asked, and fails when told to."""

    def __init__(self, name: str = "count", fault: Exception | None = None) -> None:
        """Start without work."""
        self.name = name
        self.calls: Counter[str] = Counter()
        self.fault = fault
        self.waiting: Counter[str] = Counter()

    async def run_once(self, city: str) -> int:
        """Do up to five of what waits."""
        self.calls[city] += 1
        if self.fault and city == CITIES[0]:
            raise self.fault
        done = min(self.waiting[city], 5)
        self.waiting[city] -= done
        return done


@asynccontextmanager
async def working(db: Database, *steps: Step, meter: Meter | None = None) -> AsyncIterator[Worker]:
    """Run a worker for as long as the context lasts."""
    worker = Worker(db, CITIES, steps, meter or Meter())
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(running, 10)


async def eventually(holds: Callable[[], bool], seconds: float = 5) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        await asyncio.sleep(0.01)


async def test_a_notification_wakes_the_stage_of_that_queue_at_once(db: Database) -> None:
    """The other stages sleep on."""
    tag, route = Counting("tag"), Counting("route")
    async with working(db, Step(tag, "tag", 60), Step(route, "route", 60)):
        await eventually(lambda: min(tag.calls[CITIES[1]], route.calls[CITIES[1]]) == 1)
        await asyncio.sleep(0.2)
        async with db.system() as conn:
            await conn.execute("SELECT pg_notify('jiesu_work', 'tag')")
        await eventually(lambda: tag.calls[CITIES[0]] == 2, 1)
        assert route.calls[CITIES[0]] == 1


async def test_a_lost_notification_is_made_up_for_by_the_poll(db: Database) -> None:
    """Work that nobody announced is found soon."""
    stage = Counting()
    async with working(db, Step(stage, "tag", 0.05)):
        await eventually(lambda: stage.calls[CITIES[0]] > 3, 2)


async def test_a_stage_goes_on_without_rest_while_there_is_work(db: Database) -> None:
    """It rests only when no city had anything, and every city gets its turn."""
    stage = Counting()
    stage.waiting.update({CITIES[0]: 50, CITIES[1]: 10})
    async with working(db, Step(stage, "tag", 60)):
        await eventually(lambda: not stage.waiting.total(), 2)
        assert stage.calls[CITIES[0]] in {11, 12}
        assert stage.calls[CITIES[0]] == stage.calls[CITIES[1]]


async def test_a_fault_in_one_city_stops_neither_the_other_nor_other_stages(db: Database) -> None:
    """It is logged with its stage and city, counted, and tried again later."""
    broken, sound, meter = Counting("broken", ValueError("boom")), Counting("sound"), Meter()
    with structlog.testing.capture_logs() as lines:
        async with working(db, Step(broken, "", 0.01), Step(sound, "", 0.01), meter=meter):
            await eventually(lambda: broken.calls[CITIES[0]] >= 2)
            assert broken.calls[CITIES[1]] >= 1
            assert sound.calls[CITIES[0]] > broken.calls[CITIES[0]]
    failed = [line for line in lines if line["event"] == "stage_failed"]
    assert {(line["stage"], line["city"]) for line in failed} == {("broken", CITIES[0])}
    text = await Scraper(db, meter).text()
    assert 'jiesu_stage_failures_total{city="430100",stage="broken"}' in text


async def test_an_unreachable_database_is_waited_for_with_growing_patience(db: Database) -> None:
    """A loss is no fault: no traceback, fewer and fewer tries, then on as before."""
    stage = Counting("tag", Unavailable("database_unavailable", "数据库暂时无法连接"))
    async with working(db, Step(stage, "", 0.01)):
        await asyncio.sleep(1)
        assert 1 <= stage.calls[CITIES[0]] <= 3
        stage.fault = None
        await eventually(lambda: stage.calls[CITIES[1]] > 3)


async def test_it_survives_the_loss_of_all_its_connections(db: Database, server: Server) -> None:
    """Cut off in the middle, it hears notifications again soon after."""
    stage = Counting("tag")
    async with working(db, Step(stage, "tag", 60)):
        await eventually(lambda: stage.calls[CITIES[1]] == 1)
        async with db.system() as conn:
            name = await conn.fetchval("SELECT current_database()")
        await server.run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        await eventually(lambda: stage.calls[CITIES[1]] == 2)


async def test_it_gives_signs_of_life_for_every_city(db: Database) -> None:
    """The heartbeat is there at once, and its age is a metric."""
    async with working(db, Step(Counting(), "", 60)):
        async with db.system() as conn:
            ages = await lease.heartbeat_ages(conn)
        assert set(ages) <= set(CITIES)

        async def beaten() -> bool:
            async with db.system() as conn:
                return set(await lease.heartbeat_ages(conn)) == set(CITIES)

        until = time.monotonic() + 5
        while not await beaten():
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
    text = await Scraper(db, Meter()).text()
    assert 'jiesu_worker_heartbeat_age_seconds{city="530100"}' in text


async def test_the_batch_under_way_is_finished_before_it_stops(db: Database) -> None:
    """Stopping waits for the work in hand."""
    started, finished = asyncio.Event(), []

    class Slow:
        name = "slow"

        async def run_once(self, city: str) -> int:
            started.set()
            await asyncio.sleep(0.3)
            finished.append(city)
            return 1

    async with working(db, Step(Slow())):
        await started.wait()
    assert finished


async def test_the_sealer_chains_what_was_appended(db: Database) -> None:
    """As a stage it does a batch and says how many."""
    made = [
        Event(
            city=CITIES[0],
            event_id=uuid7(),
            case_no=CaseNo(number),
            at=now(),
            verb="case:received",
            actor=SYSTEM,
            data={},
        )
        for number in range(3)
    ]
    async with db.city(CITIES[0]) as conn:
        await events.append(conn, made)
    sealer = Sealer(db)
    assert [await sealer.run_once(CITIES[0]), await sealer.run_once(CITIES[0])] == [3, 0]


async def test_a_runner_runs_beside_the_stages_and_comes_back_after_a_fault(db: Database) -> None:
    """It is started again when it fails, and asked to stop with the others."""

    class Courier:
        def __init__(self) -> None:
            self.starts = 0
            self.stopped = asyncio.Event()

        async def run(self) -> None:
            self.starts += 1
            if self.starts == 1:
                raise ValueError
            await self.stopped.wait()

        def stop(self) -> None:
            self.stopped.set()

    courier = Courier()
    worker = Worker(db, CITIES, [], Meter(), [courier])
    running = asyncio.create_task(worker.run())
    await eventually(lambda: courier.starts == 2)
    worker.stop()
    await asyncio.wait_for(running, 5)


async def test_it_stops_while_the_database_is_gone_from_the_start(server: Server) -> None:
    """A worker that never reached its database does not hang when it is told to go."""
    name = await server.copy_template()
    db = await Database.connect(server.database(name), min_size=1, max_size=2)
    await server.drop(name)
    worker = Worker(db, CITIES, [Step(Counting())], Meter())
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.3)
    worker.stop()
    await asyncio.wait_for(running, 5)
    await db.close()
