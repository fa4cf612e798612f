"""Measure the search for the same event on a city of a million cases; a script, not a test.

Run `python -m tests.load.sameness [--cases N]` from the root: it makes a server of its own with a
year of synthetic cases in nine counties, and prints the milliseconds as one JSON line.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from deploy.embedded import EmbeddedPostgres
from models.db.migrate import migrate
from models.db.pool import Database
from routing.sameness import find, for_batch

CITY: Final = "430100"
_YEAR_S: Final = 365 * 86_400
_SLAB: Final = 50_000
_ASKED: Final = 300
_BATCH: Final = 200
_ROUNDS: Final = 5
#: $2 is the first number of a slab, $3 how many cases there are, $4 the seconds between two.
_FILL: Final = (
    """
INSERT INTO cases (city, case_no, channel, source, title, text, received_at, track_hash, queue,
                   state, types, urgency, adcode, closed_at)
SELECT $1, n, '12345_TEL', '12345', '第' || n || '件',
       repeat('小区楼下的餐馆每天晚上油烟直接往居民楼排。', 8) || n,
       now() - n * $4::float8 * interval '1 second', sha256(n::text::bytea), NULL,
       CASE WHEN n > $3 / 12 THEN 'CLOSED' ELSE 'IN_PROGRESS' END,
       ARRAY[(ARRAY['A03','N02','A01','A02','W01','S01','N03','A04'])[1 + n % 8]], 'P2',
       '43010' || 1 + n % 9,
       CASE WHEN n > $3 / 12 THEN now() - n * $4 / 2 * interval '1 second' END
  FROM generate_series($2::bigint, $2 + 49999) n WHERE n <= $3
""",
    """
INSERT INTO sketch (city, case_no, maker, bits, names, levels, adcode, received_at, lon, lat, cell)
SELECT $1, n, 'pairs/1',
       (hashint8extended(n, 1)::bit(64) || hashint8extended(n, 2)::bit(64)
        || hashint8extended(n, 3)::bit(64) || hashint8extended(n, 4)::bit(64)
        || hashint8extended(n, 5)::bit(64) || hashint8extended(n, 6)::bit(64)
        || hashint8extended(n, 7)::bit(64) || hashint8extended(n, 8)::bit(64))::bit(512),
       ARRAY['s:店' || n % 5000, 'e:园' || n % 20000, 'r:路' || n % 900, 'x:字甲' || n % 70000,
             'x:字乙' || n % 80000, 'x:字丙' || n % 90000],
       1 << (ARRAY[0, 13, 0, 0, 22, 18, 13, 0])[1 + n % 8], '43010' || 1 + n % 9,
       now() - n * $4::float8 * interval '1 second', p.lon, p.lat,
       floor(p.lat / 0.0022) * 100000 + floor(p.lon / 0.0033)
  FROM generate_series($2::bigint, $2 + 49999) n
  LEFT JOIN LATERAL (SELECT 112.8 + n * 7919 % 4000 / 1e4 AS lon,
                            28 + n * 104729 % 4000 / 1e4 AS lat WHERE n % 3 = 0) p ON true
 WHERE n <= $3
""",
    """
INSERT INTO identity (city, case_no, reporter_no, key_version, phone_index, anonymous,
                      confidential, want_callback, created_at)
SELECT $1, n, 1, 1, sha256((hashint8(n) % greatest($3 * 2 / 3, 1))::text::bytea), false, true, true,
       now()
  FROM generate_series($2::bigint, $2 + 49999) n WHERE n <= $3 AND $4::float8 > 0
""",
)


@asynccontextmanager
async def filled(cases: int) -> AsyncIterator[Database]:
    """Give a database with a year of cases, the newest with the lowest numbers."""
    with tempfile.TemporaryDirectory(prefix="jiesu ") as folder:
        async with EmbeddedPostgres(Path(folder, "data"), durable=False) as server:
            await migrate(server.admin_dsn)
            db = await Database.connect(server.admin_dsn, min_size=1, max_size=2)
            for first in range(1, cases + 1, _SLAB):
                async with db.city(CITY) as conn:
                    await conn.execute("SET LOCAL statement_timeout = 0")
                    for statement in _FILL:
                        await conn.execute(statement, CITY, first, cases, _YEAR_S / cases)
            async with db.system() as conn:
                await conn.execute("SET LOCAL statement_timeout = 0")
                await conn.execute("ANALYZE")
            yield db
            await db.close()


async def measure(db: Database, cases: int) -> dict[str, float]:
    """Ask for single cases and for batches of the newest month."""
    rng = random.Random(7)  # noqa: S311 - the same numbers each time
    asked = [rng.randrange(1, max(2, cases // 12)) for _ in range(_ASKED)]
    singly = sorted([await _timed_one(db, number) for number in asked][20:])
    batches = [
        await _timed_batch(db, range(1 + n * _BATCH, 1 + (n + 1) * _BATCH)) for n in range(_ROUNDS)
    ]
    return {
        "cases": cases,
        "one_p50_ms": round(singly[len(singly) // 2], 1),
        "one_p95_ms": round(singly[len(singly) * 95 // 100], 1),
        "batch": _BATCH,
        "batch_median_ms": round(sorted(batches)[_ROUNDS // 2]),
        "batch_worst_ms": round(max(batches)),
    }


async def _timed_one(db: Database, number: int) -> float:
    started = time.perf_counter()
    async with db.city(CITY) as conn:
        await find(conn, CITY, number)
    return (time.perf_counter() - started) * 1000


async def _timed_batch(db: Database, numbers: range) -> float:
    started = time.perf_counter()
    async with db.city(CITY) as conn:
        await for_batch(conn, CITY, list(numbers))
    return (time.perf_counter() - started) * 1000


async def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    cases = parser.parse_args().cases
    async with filled(cases) as db:
        sys.stdout.write(json.dumps(await measure(db, cases)) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
