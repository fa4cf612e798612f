"""Keep child processes running: restarted when they die, stopped with us, gone when we are killed.

A child's standard input is a pipe that we hold and never write to. However we end, it closes, and
the child stops by itself (`until_stopped`).
"""

import asyncio
import contextlib
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self

import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.supervise")
#: What a child runs: our own command line, found without looking into the current folder.
PROGRAM: tuple[str, ...] = ("-m", "deploy.cli")
_BACKOFF_S: Final = (0.2, 1.0, 2.0, 5.0, 10.0)
_SETTLED_S: Final = 30.0
_STOP_S: Final = 15.0
_ORPHAN_S: Final = 30


class Supervisor:
    """Runs the children for as long as the context lasts."""

    def __init__(self) -> None:
        """Start with none."""
        self._keepers: list[asyncio.Task[None]] = []
        self._running: dict[str, Process] = {}
        self._stopping = False

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop all children: asked first, killed when they have not gone after 15 seconds."""
        self._stopping = True
        await asyncio.gather(*(_stop(process) for process in self._running.values()))
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    def start(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], fds: Sequence[int] = ()
    ) -> None:
        """Start a child `jiesu <command>` and keep it running; `fds` are sockets it inherits."""
        self._keepers.append(
            asyncio.create_task(self._keep(name, command, environ, fds), name=name)
        )

    def pids(self) -> dict[str, int]:
        """Give the processes that run now, by name."""
        return {name: process.pid for name, process in self._running.items()}

    async def _keep(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], fds: Sequence[int]
    ) -> None:
        failures = 0
        while not self._stopping:
            started = time.monotonic()
            process = await _spawn(command, environ, fds)
            self._running[name] = process
            code = await process.wait()
            del self._running[name]
            if self._stopping:
                return
            failures = 0 if time.monotonic() - started > _SETTLED_S else failures + 1
            pause = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
            _log.error("child_died", child=name, pid=process.pid, code=code, restart_in=pause)
            await asyncio.sleep(pause)


def own_command(*command: str) -> list[str]:
    """Give the command line of a child that runs this same program."""
    return [sys.executable, "-P", *PROGRAM, *command]


async def until_stopped(*, supervised: bool = False) -> None:
    """Wait for SIGINT or SIGTERM; when supervised, also for the end of the supervisor."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    if supervised:
        loop.add_reader(sys.stdin.fileno(), stopped.set)
    await stopped.wait()
    if supervised:
        loop.remove_reader(sys.stdin.fileno())
        signal.alarm(_ORPHAN_S)  # nobody may be left to kill a child that hangs on its way out


async def _spawn(command: Sequence[str], environ: Mapping[str, str], fds: Sequence[int]) -> Process:
    own = own_command(*command, "--supervised")
    return await asyncio.create_subprocess_exec(*own, env=dict(environ), stdin=PIPE, pass_fds=fds)


async def _stop(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()
