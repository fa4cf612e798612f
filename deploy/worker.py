"""The worker: every stage takes a batch of one city after another, for ever.

The table of stages is in deploy/wiring.py; a notification on `jiesu_work` wakes a stage at once,
and a poll each second makes up for any that was lost. Any number of workers may run.
"""

import asyncio
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from deploy.observe import Meter
from models.db import lease
from models.db.pool import Database
from models.errors import Unavailable
from models.faults import trace

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.worker")
CHANNEL: Final = "jiesu_work"
_BACKOFF_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_BEAT_S: Final = 5.0
_SILENT_S: Final = 20.0
_FINISH_S: Final = 10.0


class Stage(Protocol):
    """A step of the road: takes what waits for it in one city, a batch at a time."""

    name: str

    async def run_once(self, city: str) -> int:
        """Do one batch and give how many rows it did; 0 when there is nothing to do."""
        ...


class Runner(Protocol):
    """A part with a rhythm of its own, such as the courier of the outbox."""

    async def run(self) -> None:
        """Run until told to stop."""
        ...

    def stop(self) -> None:
        """Ask to stop."""
        ...


@dataclass(frozen=True)
class Step:
    """A stage in the table: the queue whose news wakes it, and how long it rests when idle."""

    stage: Stage
    wakes_on: str = ""
    rest_s: float = 1.0


class Worker:
    """Runs the steps for all cities until it is told to stop."""

    def __init__(
        self,
        db: Database,
        cities: Sequence[str],
        steps: Sequence[Step],
        meter: Meter,
        runners: Sequence[Runner] = (),
    ) -> None:
        """Name the work; nothing starts before `run`."""
        self._db = db
        self._cities = tuple(cities)
        self._steps = tuple(steps)
        self._meter = meter
        self._runners = tuple(runners)
        self._wakes = {step.stage.name: asyncio.Event() for step in self._steps}
        self._stopping = asyncio.Event()
        self.holder = f"{socket.gethostname()}:{os.getpid()}"

    async def run(self) -> None:
        """Work until `stop`; batches that are under way are finished first."""
        tasks = [asyncio.create_task(self._run_step(step)) for step in self._steps]
        tasks += [asyncio.create_task(self._run_runner(runner)) for runner in self._runners]
        tasks += [asyncio.create_task(self._beat())]
        listening = asyncio.create_task(self._listen())
        _log.info("worker_started", holder=self.holder, stages=[s.stage.name for s in self._steps])
        await self._stopping.wait()
        _, late = await asyncio.wait(tasks, timeout=_FINISH_S)
        for task in (*late, listening):
            task.cancel()
        await asyncio.gather(*tasks, listening, return_exceptions=True)
        _log.info("worker_stopped", holder=self.holder)

    def stop(self) -> None:
        """Ask to stop."""
        self._stopping.set()
        self.wake("")
        for runner in self._runners:
            runner.stop()

    def wake(self, queue: str) -> None:
        """Wake the steps of one queue, or all of them for ""."""
        for step in self._steps:
            if queue in {"", step.wakes_on}:
                self._wakes[step.stage.name].set()

    async def _run_step(self, step: Step) -> None:
        failures = 0
        while not self._stopping.is_set():
            wake = self._wakes[step.stage.name]
            wake.clear()
            done, failed = await self._round(step.stage)
            failures = failures + 1 if failed else 0
            if failures:
                await self._rest(self._stopping, _BACKOFF_S[min(failures, len(_BACKOFF_S)) - 1])
            elif not done:
                await self._rest(wake, step.rest_s)

    async def _round(self, stage: Stage) -> tuple[int, bool]:
        """Give every city one batch, so that a busy one starves none; tells rows and failure."""
        total, failed = 0, False
        for city in self._cities:
            if self._stopping.is_set():
                break
            started = time.perf_counter()
            try:
                done = await stage.run_once(city)
            except Unavailable as error:
                _log.warning("stage_waits", stage=stage.name, city=city, code=error.code)
                return total, True
            except Exception as error:  # noqa: BLE001 - a fault in one stage must not stop the others
                _log.error("stage_failed", stage=stage.name, city=city, trace=trace(error))
                self._meter.stage_failed(stage.name, city)
                failed = True
            else:
                total += done
                if done:
                    self._meter.stage_done(stage.name, city, done, time.perf_counter() - started)
        return total, failed

    async def _run_runner(self, runner: Runner) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                await runner.run()
            except Exception as error:  # noqa: BLE001 - a fault of one must not stop the others
                _log.error("runner_failed", runner=type(runner).__name__, trace=trace(error))
            await self._rest(self._stopping, _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
            failures += 1

    async def _listen(self) -> None:
        """Hear of work until cancelled; the steps do not wait for the channel to be open."""
        listener = await self._db.listen(CHANNEL, self.wake)
        try:
            await asyncio.Event().wait()
        finally:
            await listener.close()

    async def _beat(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self._db.system() as conn:
                    await lease.beat(conn, self._cities, self.holder, _SILENT_S)
            except Unavailable as error:
                _log.warning("heartbeat_missed", code=error.code)
            await self._rest(self._stopping, _BEAT_S)

    async def _rest(self, event: asyncio.Event, seconds: float) -> None:
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return
