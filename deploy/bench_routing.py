"""Routing measured at a city's size: tagged cases to their units, and a rule change tried on them.

The cases are invented: types, counties, towns, days and flags in every mix. Routing runs as the
worker runs it, one process for each core, and writes what it always writes; trying a change reads
the cases routed before.
"""

import asyncio
import random
import sys
import time
from datetime import timedelta
from typing import Final

import msgspec

from deploy.bench_system import System, system
from models.city import City
from models.city_load import load_city
from models.db import measure
from models.db.pool import Database
from models.db.releases import past as past_cases
from models.tags import ModelRef, PlaceTag, Scored, Tags, TypeTag, UrgencyTag
from models.taxonomy import ISSUE_TYPES, flags
from routing import releases
from routing.catalogue import catalogue
from routing.stage import RouteStage

_TEMPLATES: Final = 2_000
_STEP: Final = 5_000
_MOST_PROCESSES: Final = 2
_SEED: Final = 20261120
_CLOSED_AFTER: Final = timedelta(days=12)
_LAW_KINDS: Final = "AWNSC"

Result = dict[str, float | int | str]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a routing process is to do: empty the city's routing queue in this database."""

    dsn: str
    city: str


async def route(adcode: str, count: int, cores: int) -> Result:
    """Measure `count` tagged cases from the queue to tasks, clocks and events."""
    city = await asyncio.to_thread(load_city, adcode)
    async with system(adcode) as made:
        await _fill(made, city, count)
        processes = min(_MOST_PROCESSES, cores)
        started = time.perf_counter()
        done = sum(await asyncio.gather(*(_routed(made.dsn, adcode) for _ in range(processes))))
        seconds = time.perf_counter() - started
        async with made.db.city(adcode) as conn:
            progress = await measure.progress(conn, adcode)
        bare = await _bare(made, adcode, min(count, _STEP))
    rate = done / seconds
    return {
        "cases": done,
        "seconds": round(seconds, 1),
        "per_s": round(rate, 1),
        "minutes_for_a_million": round(1_000_000 / rate / 60, 2),
        "dispatched": progress.dispatched,
        "review": progress.review,
        "processes": processes,
        "bare_update_per_s": round(bare, 1),
        "ratio_to_bare_update": round(rate / bare, 3),
    }


async def simulate(adcode: str, count: int) -> Result:
    """Measure trying a rule change on `count` past cases, as `jiesu rules simulate` does."""
    city = await asyncio.to_thread(load_city, adcode)
    await asyncio.to_thread(catalogue, city)  # reads files, once
    await asyncio.to_thread(releases.problems, city)  # the same
    async with system(adcode) as made:
        await _fill(made, city, count)
        await _routed(made.dsn, adcode)
        async with made.db.city(adcode) as conn:
            await measure.close_all(conn, adcode, _CLOSED_AFTER)
            await releases.install(conn, city)
            draft = await releases.draft(conn, _changed(city), "bench", "bench")
        bare = await _read_all(made.db, adcode, count)
        shown = await releases.try_draft(made.db, city, draft.draft_no, count)
    return {
        "cases": shown.cases,
        "changed": shown.changed,
        "seconds": round(shown.seconds, 2),
        "per_s": round(shown.cases / shown.seconds, 1),
        "bare_read_s": round(bare, 2),
        "ratio_to_bare_read": round(bare / shown.seconds, 3),
    }


async def _read_all(db: Database, adcode: str, count: int) -> float:
    """Give the seconds that reading the same cases takes alone."""
    started = time.perf_counter()
    async for _ in past_cases(db, adcode, count):
        pass
    return time.perf_counter() - started


def _changed(city: City) -> City:
    """Give the city with works noise led by the traffic department."""
    rules = tuple(
        msgspec.structs.replace(rule, lead="TRA")
        if rule.lead and "N02" in rule.when.types
        else rule
        for rule in city.duties
    )
    return msgspec.structs.replace(city, duties=rules, version="bench-1")


async def _fill(made: System, city: City, count: int) -> None:
    rows = await asyncio.to_thread(_templates, city)
    for first in range(1, count + 1, _STEP):
        async with made.db.city(city.adcode) as conn:
            last = min(first + _STEP - 1, count)
            await measure.fill_cases(conn, city.adcode, first, last, rows)
    async with made.db.city(city.adcode) as conn:
        await measure.analyse_cases(conn)


def _templates(city: City) -> list[Tags]:
    """Invent what the tagger may have said, the commoner types more often."""
    dice = random.Random(_SEED)  # noqa: S311 - invented cases, no secret
    codes = [code for code in ISSUE_TYPES if code[0] in _LAW_KINDS and not code.endswith("99")]
    dice.shuffle(codes)
    often = [1 / (rank + 1) for rank in range(len(codes))]
    towns = [d for d in city.divisions if d.level == "township" and d.valid_to is None]
    known = [flag for flag in sorted(flags()) if flag.startswith(("time:", "odor:", "industry:"))]
    found = []
    for number in range(_TEMPLATES):
        types = list(dict.fromkeys(dice.choices(codes, often, k=dice.choice((1, 1, 1, 2)))))
        town = dice.choice(towns)
        found.append(
            Tags(
                id=str(number),
                kind=Scored(code="TS", p=0.95),
                types=tuple(TypeTag(code=code, p=0.95) for code in types),
                urgency=UrgencyTag(code="P2"),
                place=PlaceTag(adcode=town.parent, township=town.code),
                flags=tuple(sorted(dice.sample(known, dice.choice((0, 0, 1, 2))))),
                model=ModelRef(name="bench", version="1"),
            )
        )
    return found


async def _routed(dsn: str, adcode: str) -> int:
    """Route the queue in a process of its own; give how many cases it took."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "deploy.bench_routing"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate(msgspec.json.encode(Job(dsn=dsn, city=adcode)))
    if process.returncode:
        message = "a routing process died; its error stands above"
        raise RuntimeError(message)
    return int(said)


async def _bare(made: System, adcode: str, count: int) -> float:
    """Give rows a second of the driver alone: multi-row updates of a batch, a commit each."""
    numbers = range(count)
    steps = [numbers[at : at + 200] for at in range(0, count, 200)]
    for step in steps:
        async with made.db.city(adcode) as conn:
            await measure.insert_bare(conn, adcode, step)
    started = time.perf_counter()
    for step in steps:
        async with made.db.city(adcode) as conn:
            await measure.update_bare(conn, adcode, step)
    return count / (time.perf_counter() - started)


async def _route_all(job: Job) -> int:
    city = load_city(job.city)
    db = await Database.connect(job.dsn, name="jiesu bench")
    stage, done = RouteStage(db, {job.city: city}), 0
    while took := await stage.run_once(job.city):
        done += took
    await db.close()
    return done


def main() -> None:
    """Do one job, told on the standard input; say how many cases were routed."""
    import uvloop  # noqa: PLC0415 - a process of its own

    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    print(uvloop.run(_route_all(job)))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
