"""The routing stage: batches out or to the desk, each once, whatever is wrong with one of them."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from models.case import Queue, State
from models.city import City
from models.db import cases
from models.db.events import history
from models.db.pool import Database
from routing import engine, stage
from routing.stage import RouteStage
from tests.routing.kit import CITY, EAST, Desk, put_case

ECO = f"{EAST}-ECO"
PHONE = "13900007777"


def stage_of(db: Database, city: City, batch: int = 200) -> RouteStage:
    """Make the stage of the small city."""
    return RouteStage(db, {CITY: city}, batch)


async def count(db: Database, table: str) -> int:
    """Count the rows of a table."""
    statements = {
        "task": "SELECT count(*) FROM task",
        "clock": "SELECT count(*) FROM clock",
        "cases": "SELECT count(*) FROM cases WHERE state = 'DISPATCHED'",
    }
    async with db.city(CITY) as conn:
        return int(await conn.fetchval(statements[table]))


async def test_a_decided_case_is_accepted_and_dispatched_at_once(
    town: Database, city: City
) -> None:
    """In one step the case has its lead, tasks, clocks, decision and both events."""
    number = await put_case(town, 1, queue="route")
    assert await stage_of(town, city).run_once(CITY) == 1
    desk = Desk(town, city, number)
    case = await desk.case()
    assert (case.state, case.queue, case.lead_unit) == (State.DISPATCHED, None, ECO)
    assert (case.revision, case.attempts) == (2, 0)
    assert case.accepted_at == case.dispatched_at is not None
    assert case.decision is not None
    assert case.decision.lead is not None
    assert [task.unit for task in await desk.tasks()] == [ECO, f"{EAST}-UMA"]
    assert (0, "K12", 1) in await desk.clocks()
    assert await desk.verbs() == ["case:accepted", "case:dispatched"]
    async with town.city(CITY) as conn:
        assert [e.actor.kind for e in await history(conn, CITY, number)] == ["system"] * 2


@pytest.mark.parametrize(
    ("types", "more", "reason"),
    [
        (("A01",), {"adcode": None}, "place_unknown"),
        (("Z05",), {}, "not_environment"),
        (("A01",), {"kind": "JC"}, "misconduct"),
        (("W01",), {"urgency": "P0"}, "hazard"),
    ],
)
async def test_what_a_person_must_decide_goes_to_the_desk_with_the_reason(
    town: Database, city: City, types: tuple[str, ...], more: dict[str, Any], reason: str
) -> None:
    """Unknown places, other people's matters, authorities and emergencies wait for people."""
    number = await put_case(town, 1, *types, queue="route", **more)
    await stage_of(town, city).run_once(CITY)
    desk = Desk(town, city, number)
    case = await desk.case()
    assert (case.state, case.queue) == (State.SCREEN, Queue.REVIEW)
    assert reason in case.review_reasons
    assert case.decision is not None
    assert await desk.tasks() == []
    assert await desk.verbs() == ["case:routing:pooled"]


async def test_a_batch_is_taken_whole_and_the_rest_next_time(town: Database, city: City) -> None:
    """A stage takes as many as its batch holds, and nothing when nothing waits."""
    for n in range(1, 6):
        await put_case(town, n, queue="route")
    small = stage_of(town, city, batch=3)
    assert [await small.run_once(CITY) for _ in range(3)] == [3, 2, 0]
    assert await count(town, "cases") == 5


async def test_stages_side_by_side_dispatch_each_case_once(town: Database, city: City) -> None:
    """Four stages over forty cases give each one lead and one set of events."""
    for n in range(1, 41):
        await put_case(town, n, queue="route")

    async def work() -> None:
        mine = stage_of(town, city, batch=7)
        while await mine.run_once(CITY):
            pass

    await asyncio.gather(*(work() for _ in range(4)))
    assert await count(town, "cases") == 40
    assert await count(town, "task") == 80


async def test_a_case_that_cannot_be_decided_harms_no_other(
    town: Database, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One case fails, its batch goes on, and after three attempts it is at the desk."""
    bad = await put_case(town, 1, "A02", queue="route")
    good = [await put_case(town, n, queue="route") for n in range(2, 5)]

    def decide(where: City, facts: Any) -> Any:
        if facts.main == "A02":
            raise ZeroDivisionError(PHONE)
        return engine.decide(where, facts)

    monkeypatch.setattr(stage, "decide", decide)
    mine = stage_of(town, city)
    assert await mine.run_once(CITY) == 4
    for number in good:
        assert (await Desk(town, city, number).case()).state is State.DISPATCHED
    for _ in range(2):
        await _forget_leases(town)
        await mine.run_once(CITY)
    case = await Desk(town, city, bad).case()
    assert case.queue is Queue.REVIEW
    assert case.review_reasons == ("processing_failed",)
    assert "ZeroDivisionError" in (case.error or "")
    async with town.city(CITY) as conn:
        told = await conn.fetch("SELECT data::text AS told FROM event")
    assert PHONE not in f"{case.error} {[row['told'] for row in told]}"


async def test_a_case_that_cannot_be_written_is_found_out_alone(town: Database, city: City) -> None:
    """A unit that the store does not know fails its case only: the others of the batch go out."""
    async with town.city(CITY) as conn:
        await conn.execute("DELETE FROM unit WHERE city = $1 AND code = $2", CITY, f"{EAST}-HUD")
    bad = await put_case(town, 1, "A04", queue="route")
    good = [await put_case(town, n, queue="route") for n in range(2, 5)]
    mine = stage_of(town, city)
    await mine.run_once(CITY)
    for _ in range(12):
        await _forget_leases(town)
        await mine.run_once(CITY)
    for number in good:
        assert (await Desk(town, city, number).case()).state is State.DISPATCHED
    case = await Desk(town, city, bad).case()
    assert (case.queue, case.state) == (Queue.REVIEW, State.SCREEN)
    assert "processing_failed" in case.review_reasons


async def _forget_leases(db: Database) -> None:
    async with db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET claimed_until = NULL WHERE queue = 'route'")


_ROUTE = """
import asyncio, sys
from models.db.pool import Database
from routing.stage import RouteStage
from tests.routing.kit import CITY, small_city

async def main():
    db = await Database.connect(sys.argv[1], min_size=1, max_size=2)
    stage = RouteStage(db, {CITY: small_city()}, batch=3)
    print("ready", flush=True)
    while await stage.run_once(CITY):
        pass

asyncio.run(main())
"""


async def test_kill_9_in_the_middle_loses_and_doubles_nothing(town: Database, city: City) -> None:
    """A worker killed while it routes leaves every case to be dispatched once by another."""
    for n in range(1, 151):
        await put_case(town, n, "A04", queue="route")
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", _ROUTE, town.dsn),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"ready\n"
    while not await count(town, "cases"):
        await asyncio.sleep(0.002)
    child.kill()
    await child.wait()
    assert 0 < await count(town, "cases") < 150
    await _forget_leases(town)
    mine = stage_of(town, city)
    while await mine.run_once(CITY):
        pass
    assert await count(town, "cases") == 150
    async with town.city(CITY) as conn:
        leads = await conn.fetchval("SELECT count(*) FROM task WHERE is_lead")
        sent = await conn.fetchval("SELECT count(*) FROM event WHERE verb = 'case:dispatched'")
    assert (leads, sent) == (150, 150)


async def test_a_case_changed_meanwhile_is_left_alone(
    town: Database, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an operator does while the stage thinks is not overwritten."""
    number = await put_case(town, 1, queue="route")
    desk = Desk(town, city, number)
    mine = stage_of(town, city)
    write = mine._write  # noqa: SLF001  # the moment between deciding and writing has no other name

    async def late(*args: Any) -> None:
        await desk.act("reject", code="NA4", notice="已依法处理")
        await write(*args)

    monkeypatch.setattr(mine, "_write", late)
    await mine.run_once(CITY)
    async with town.city(CITY) as conn:
        case = await cases.get(conn, CITY, number)
    assert case is not None
    assert case.state is State.REJECTED
    assert await desk.tasks() == []
    assert await desk.verbs() == ["case:rejected"]


async def test_the_stored_clock_keeps_the_count(town: Database, city: City) -> None:
    """The day-by-day count is kept with the clock, and the decision keeps the deadlines."""
    number = await put_case(town, 1, queue="route")
    await stage_of(town, city).run_once(CITY)
    desk = Desk(town, city, number)
    clock = (await desk.clocks())[0, "K12", 1]
    assert clock.trace[0].note == "当日不计入,次日起算"
    assert list(clock.warn_at) == sorted(clock.warn_at)
    decision = (await desk.case()).decision
    assert decision is not None
    assert {plan.code: plan.due_at for plan in decision.clocks}["K12"] == clock.due_at
