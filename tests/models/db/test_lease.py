"""Leases: one holder at a time, renewable, taken over when they run out."""

import asyncio

from models.db import lease
from models.db.pool import Database

CITY = "430100"


async def take(db: Database, holder: str, seconds: float = 30) -> bool:
    """Try to take the sweeper's lease."""
    async with db.city(CITY) as conn:
        return await lease.take(conn, CITY, "sweep", holder, seconds)


async def test_only_one_of_many_takes_a_lease(db: Database) -> None:
    """Ten holders ask at once and one gets it."""
    taken = await asyncio.gather(*(take(db, f"worker-{number}") for number in range(10)))
    assert sum(taken) == 1


async def test_the_holder_renews_and_others_wait(db: Database) -> None:
    """The same holder takes it again, another does not until it is released."""
    assert await take(db, "a")
    assert await take(db, "a")
    assert not await take(db, "b")
    async with db.city(CITY) as conn:
        await lease.release(conn, CITY, "sweep", "b")
    assert not await take(db, "b")
    async with db.city(CITY) as conn:
        await lease.release(conn, CITY, "sweep", "a")
    assert await take(db, "b")


async def test_a_lease_that_ran_out_is_taken_over(db: Database) -> None:
    """A holder that died loses its lease with time."""
    assert await take(db, "dead", seconds=0.05)
    await asyncio.sleep(0.1)
    assert await take(db, "next")


async def test_heartbeats_tell_the_age_of_the_liveliest_worker(db: Database) -> None:
    """Each served city has an age near zero, a city nobody serves has none."""
    async with db.system() as conn:
        await lease.beat(conn, ["430100", "530100"], "host:1", 10)
        await lease.beat(conn, ["430100"], "host:2", 10)
        ages = await lease.heartbeat_ages(conn)
    assert set(ages) == {"430100", "530100"}
    assert all(0 <= age < 5 for age in ages.values())
