"""Business gauges out of SQL, taken when somebody asks."""

import msgspec

from models.db import lease, queries
from models.db.pool import Connection

_SQL = queries.load("gauges")
#: (city, what is counted) to its value.
ByCity = dict[tuple[str, str], float]


class Gauges(msgspec.Struct, frozen=True, kw_only=True):
    """What is open, per city; ages and `oldest` are in seconds.

    `watch_age` tells by city and lease how long ago clocks were swept and alarms brought to people.
    """

    queued: ByCity
    oldest: ByCity
    clocks: ByCity
    outbox: ByCity
    unsealed: dict[str, float]
    heartbeat_age: dict[str, float]
    watch_age: ByCity = {}


async def read_gauges(conn: Connection) -> Gauges:
    """Read all gauges of the cities this transaction may see."""
    queues = await conn.fetch(_SQL["queues"])
    clocks = await conn.fetch(_SQL["clocks"])
    outbox = await conn.fetch(_SQL["outbox"])
    return Gauges(
        queued={(row["city"], row["queue"]): row["n"] for row in queues},
        oldest={(row["city"], row["queue"]): row["oldest"] for row in queues},
        clocks={(row["city"], kind): row[kind] for row in clocks for kind in ("open", "breached")},
        outbox={(row["city"], row["state"]): row["n"] for row in outbox},
        unsealed={row["city"]: row["n"] for row in await conn.fetch(_SQL["unsealed"])},
        heartbeat_age=await lease.heartbeat_ages(conn),
        watch_age=await lease.watch_ages(conn),
    )
