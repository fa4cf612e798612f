"""Leases and heartbeats: one holder at a time per city and name, by the database's clock."""

from collections.abc import Sequence
from datetime import timedelta

from models.db import queries
from models.db.pool import Connection

_SQL = queries.load("lease")


async def take(conn: Connection, city: str, name: str, holder: str, seconds: float) -> bool:
    """Take or renew a lease; False while another holder's has not run out."""
    until = timedelta(seconds=seconds)
    return bool(await conn.fetchval(_SQL["take"], city, name, holder, until))


async def release(conn: Connection, city: str, name: str, holder: str) -> None:
    """Give a lease back before it runs out; another holder's is left alone."""
    await conn.execute(_SQL["release"], city, name, holder)


async def beat(conn: Connection, cities: Sequence[str], holder: str, seconds: float) -> None:
    """Say that a worker serves these cities and is alive, for the next `seconds`."""
    await conn.execute(_SQL["beat"], list(cities), holder, timedelta(seconds=seconds))
    await conn.execute(_SQL["forget_dead"])


async def heartbeat_ages(conn: Connection) -> dict[str, float]:
    """Give per city the seconds since any worker's last heartbeat; absent if never served."""
    return {row["city"]: row["age"] for row in await conn.fetch(_SQL["ages"])}
