"""What a tick of the sweeper costs where very many clocks are open, beside a bare look-up.

The clocks are spread over the coming months like those of a big city; a known number has come due.
"""

import time
from datetime import timedelta
from typing import Final

from deploy.bench_system import System, system
from models.city import City
from models.city_load import load_city
from models.db import clocks, measure
from routing.catalogue import catalogue
from routing.recounting import recount
from routing.tracking import Sweeper, sweep

_STEP: Final = 5_000
_BATCH: Final = 500
_RECOUNTED: Final = 2_000


async def sweep_open_clocks(adcode: str, count: int, ripe: int) -> dict[str, float | int | str]:
    """Measure with `count` open clocks, of which `ripe` have come due."""
    city = load_city(adcode)
    async with system(adcode) as made:
        await _fill(made, adcode, count, ripe)
        bare = await _bare(made, adcode)
        first = await _tick(made, city)
        left, all_s = await _all(made, city)
        idle = await _tick(made, city)
        again = await _recount(made, city)
    return {
        "open_clocks": count,
        "ripe": ripe,
        "tick_of_500_s": round(first, 4),
        "idle_tick_s": round(idle, 4),
        "all_ripe_s": round(first + all_s, 3),
        "per_s": round(left / all_s, 1),
        "recounted_per_s": round(again, 1),
        "bare_lookup_s": round(bare, 4),
        "ratio_to_bare_lookup": round(first / bare, 1),
    }


async def _fill(made: System, adcode: str, count: int, ripe: int) -> None:
    for first in range(0, count, _STEP):
        async with made.db.city(adcode) as conn:
            last = min(first + _STEP, count)
            await measure.fill_clocks(conn, adcode, first, last - 1, ripe)
    async with made.db.city(adcode) as conn:
        await measure.analyse_clocks(conn)


async def _bare(made: System, adcode: str) -> float:
    started = time.perf_counter()
    async with made.db.city(adcode) as conn:
        at = await clocks.moment(conn)
        await clocks.ripe(conn, adcode, at, _BATCH)
    return time.perf_counter() - started


async def _tick(made: System, city: City) -> float:
    sweeper = Sweeper(made.db, {city.adcode: city}, holder="bench")
    started = time.perf_counter()
    await sweeper.run_once(city.adcode)
    return time.perf_counter() - started


async def _all(made: System, city: City) -> tuple[int, float]:
    """Sweep until nothing is ripe; give how many clocks that were and how long it took."""
    book, done = catalogue(city), 0
    async with made.db.city(city.adcode) as conn:
        at = await clocks.moment(conn) + timedelta(seconds=1)
    started = time.perf_counter()
    while found := await sweep(made.db, book, at, _BATCH):
        done += found
    return done, time.perf_counter() - started


async def _recount(made: System, city: City) -> float:
    """Count again, since the filled clocks name another calendar; give how many a second."""
    book, done = catalogue(city), 0
    started = time.perf_counter()
    while done < _RECOUNTED and (found := await recount(made.db, book, _BATCH)):
        done += found
    return done / (time.perf_counter() - started)
