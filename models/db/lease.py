"""Leases and heartbeats: one holder at a time per city and name, by the database's clock."""

import os
import socket
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from models.db import queries
from models.db.pool import Connection

_SQL = queries.load("lease")
#: The leases of those who watch the clocks and bring alarms to people.
WATCHES: Final = ("sweeper", "escalation")


#: How long whoever holds a watch may be silent before another takes it over.
_WATCH_S: Final = 30.0


class Watch:
    """A lease that one stage of all workers holds at a time, city by city."""

    def __init__(self, name: str, holder: str | None = None) -> None:
        """Name the lease; `holder` names who asks for it, this very object unless given."""
        self._name = name
        self._holder = holder or f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"

    async def keep(self, conn: Connection, city: str) -> bool:
        """Take or renew it; False while another holds it."""
        return await take(conn, city, self._name, self._holder, _WATCH_S)


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


async def watch_ages(conn: Connection) -> dict[tuple[str, str], float]:
    """Give per city and watch the seconds since it was last kept; absent if never kept."""
    rows = await conn.fetch(_SQL["watch_ages"], list(WATCHES))
    return {(row["city"], row["name"]): row["age"] for row in rows}
