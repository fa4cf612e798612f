"""The performance budgets, measured on real processes, each beside a raw baseline of the same run.

Machines are noisy, so read the ratios: the rate of the system over what the bare driver, tokenizer
or table does at the same moment.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Final, TypeVar

import aiohttp
import msgspec

from classifier.engine import Tagger
from deploy import bench_routing, bench_sweep, bench_tag
from deploy.bench_system import System, Text, system, texts
from intake.channels import signature
from intake.services import Hook
from models.city_load import load_city
from models.db import measure
from models.moment import now
from models.tags import TagRequest

CITY: Final = "430100"
PARTS: Final = ("accept", "tag", "dispatch", "route", "simulate", "sweep")
_T = TypeVar("_T")
Result = dict[str, float | int | str]
_COUNTY: Final = "430104"
_SENDERS: Final = 64
_BATCH: Final = 64
_POLL_S: Final = 0.1
_PATIENCE_S: Final = 300.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much to measure: reports, cases, texts and clocks by part, and workers."""

    accept: int = 10_000
    dispatch: int = 4_000
    tag: int = 2_000
    route: int = 100_000
    simulate: int = 100_000
    clocks: int = 1_000_000
    ripe: int = 5_000
    workers: int = 1
    data: Path = Path("../shared/data")


async def run(parts: Sequence[str], plan: Plan) -> dict[str, Result]:
    """Measure the parts asked for, one after another, and give their figures."""
    source, lines = texts(plan.data)
    measured: Mapping[str, Callable[[], Awaitable[Result]]] = {
        "accept": lambda: accept(plan, lines),
        "tag": lambda: asyncio.to_thread(bench_tag.tag, CITY, lines, plan.tag),
        "dispatch": lambda: dispatch(plan, lines),
        "route": lambda: bench_routing.route(CITY, plan.route, bench_tag.cores()),
        "simulate": lambda: bench_routing.simulate(CITY, plan.simulate),
        "sweep": lambda: bench_sweep.sweep_open_clocks(CITY, plan.clocks, plan.ripe),
    }
    return {part: {**await measured[part](), "texts": source} for part in parts}


async def accept(plan: Plan, lines: Sequence[Text]) -> Result:
    """Measure signed 12345 orders over HTTP: durable, 64 senders, no worker beside."""
    async with system(CITY) as made, made.web() as url:
        bare = await _bare_inserts(made, plan.accept)
        await _send(made, url, lines, 500, "warm")
        seconds, waits = await _send(made, url, lines, plan.accept, "cold")
    cuts = quantiles(waits, n=100)
    rate = plan.accept / seconds
    return {
        "per_s": round(rate, 1),
        "p50_ms": round(cuts[49] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
        "senders": _SENDERS,
        "bare_insert_per_s": round(bare, 1),
        "ratio_to_bare_insert": round(rate / bare, 3),
    }


async def dispatch(plan: Plan, lines: Sequence[Text]) -> Result:
    """Measure stored to dispatched: the worker as it runs, on cases stored before.

    Only texts that the machine is sure of are stored, so that each case goes the whole way.
    """
    sure = await asyncio.to_thread(_sure, lines, plan.dispatch)
    async with system(CITY) as made:
        async with made.web() as url:
            await _send(made, url, sure, plan.dispatch, "stored")
        async with made.workers(plan.workers):
            seconds, done, progress = await _drain(made)
        bare = await _bare_updates(made, plan.dispatch)
    rate = done / seconds
    return {
        "per_s": round(rate, 1),
        "cases": plan.dispatch,
        "dispatched": progress.dispatched,
        "review": progress.review,
        "workers": plan.workers,
        "bare_update_per_s": round(bare, 1),
        "ratio_to_bare_update": round(rate / bare, 3),
    }


def _sure(lines: Sequence[Text], count: int) -> list[Text]:
    """Find up to `count` texts that need no person when the platform states the county."""
    tagger = Tagger.load([load_city(CITY)])
    found: list[Text] = []
    for batch in _batches(lines):
        asked = [
            TagRequest(id="", text=line.text, title=line.title, city=CITY, adcode=_COUNTY)
            for line in batch
        ]
        tagged = zip(batch, tagger.tag(asked), strict=True)
        found += [line for line, tags in tagged if not tags.review]
        if len(found) >= count:
            break
    return found[:count]


async def _drain(made: System) -> tuple[float, int, measure.Progress]:
    """Wait until nothing is queued; the time runs from the first case seen finished."""
    started, before = 0.0, 0
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            async with made.db.city(CITY) as conn:
                progress = await measure.progress(conn, CITY)
            finished = progress.dispatched + progress.review
            if finished and not started:
                started, before = time.perf_counter(), finished
            if started and not progress.waiting:
                return time.perf_counter() - started, finished - before, progress
            await asyncio.sleep(_POLL_S)


async def _send(
    made: System, url: str, lines: Sequence[Text], count: int, mark: str
) -> tuple[float, list[float]]:
    """Send orders from 64 senders; give the seconds in all and each answer's wait."""
    hook = made.secrets.hook("12345", CITY)
    if hook is None:
        msg = "the bench system has no hook"
        raise RuntimeError(msg)
    bodies = iter([_order(f"{mark}-{n}", lines[n % len(lines)]) for n in range(count)])
    waits: list[float] = []
    connector = aiohttp.TCPConnector(limit=_SENDERS)
    async with aiohttp.ClientSession(url, connector=connector) as session:
        started = time.perf_counter()
        senders = (_sender(session, hook, bodies, waits) for _ in range(_SENDERS))
        await asyncio.gather(*senders)
        return time.perf_counter() - started, waits


async def _sender(
    session: aiohttp.ClientSession, hook: Hook, bodies: Iterator[bytes], waits: list[float]
) -> None:
    for body in bodies:
        headers = signature.sign(hook, body, now())
        headers["Content-Type"] = "application/json"
        started = time.perf_counter()
        async with session.post(f"/hooks/12345/{CITY}", data=body, headers=headers) as response:
            await response.read()
            response.raise_for_status()
        waits.append(time.perf_counter() - started)


def _order(number: str, line: Text) -> bytes:
    order: dict[str, object] = {
        "orderNo": number,
        "title": line.title,
        "content": line.text,
        "sourceType": "01",
    }
    order["location"] = {"areaCode": _COUNTY}
    message = {"msgId": f"m-{number}", "msgType": "ORDER_DISPATCH", "version": "1.0"}
    return msgspec.json.encode(message | {"order": order})


async def _bare_inserts(made: System, count: int) -> float:
    """Give rows a second of the driver alone: multi-row inserts of 64, a commit each."""
    started = time.perf_counter()
    for numbers in _batches(range(count)):
        async with made.db.city(CITY) as conn:
            await measure.insert_bare(conn, CITY, numbers)
    return count / (time.perf_counter() - started)


async def _bare_updates(made: System, count: int) -> float:
    """Give rows a second of the driver alone: multi-row updates of 64, a commit each."""
    await _bare_inserts(made, count)
    started = time.perf_counter()
    for numbers in _batches(range(count)):
        async with made.db.city(CITY) as conn:
            await measure.update_bare(conn, CITY, numbers)
    return count / (time.perf_counter() - started)


def _batches(items: Sequence[_T]) -> list[Sequence[_T]]:
    return [items[at : at + _BATCH] for at in range(0, len(items), _BATCH)]


def show(results: Mapping[str, Result]) -> str:
    """Write the figures for people, a part per paragraph."""
    parts = [
        "\n".join([part, *(f"  {name:<24}{value}" for name, value in figures.items())])
        for part, figures in results.items()
    ]
    return "\n\n".join(parts)
