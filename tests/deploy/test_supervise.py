"""Supervision: children come back when they die, and never outlive us."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from deploy import supervise
from deploy.supervise import Supervisor

CHILD = """
import asyncio, os, sys
from pathlib import Path
from deploy.supervise import until_stopped

async def main():
    stop = asyncio.create_task(until_stopped(supervised=True))
    await asyncio.sleep(0)
    Path(sys.argv[1], str(os.getpid())).touch()
    await stop
    Path(sys.argv[1], "stopped").touch()

asyncio.run(main())
"""
PARENT = """
import asyncio, sys
from deploy import supervise

async def main():
    supervise.PROGRAM = ("-c", sys.argv[2])
    async with supervise.Supervisor() as children:
        children.start("child", [sys.argv[1]], {})
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        await asyncio.sleep(0.02)


def seen(folder: Path) -> list[int]:
    """Give the pids of the children that have started so far."""
    return [int(path.name) for path in folder.iterdir() if path.name.isdigit()]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    return False


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the children be a small program."""
    monkeypatch.setattr(supervise, "PROGRAM", ("-c", CHILD))


async def test_children_are_stopped_with_their_supervisor(tmp_path: Path) -> None:
    """They are asked, and end by themselves."""
    async with Supervisor() as children:
        children.start("child", [str(tmp_path)], dict(os.environ))
        await eventually(lambda: bool(seen(tmp_path)))
        pid = children.pids()["child"]
    assert not is_alive(pid)
    assert (tmp_path / "stopped").exists()


async def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    """After kill -9 another one takes its place."""
    async with Supervisor() as children:
        children.start("child", [str(tmp_path)], dict(os.environ))
        await eventually(lambda: bool(seen(tmp_path)))
        first = children.pids()["child"]
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: len(seen(tmp_path)) == 2)
        assert children.pids()["child"] != first


async def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    """After kill -9 of the supervisor its child notices and ends in an orderly way."""
    parent = _start([sys.executable, "-c", PARENT, str(tmp_path), CHILD])
    await eventually(lambda: bool(seen(tmp_path)))
    parent.kill()
    parent.wait()
    (child,) = seen(tmp_path)
    await eventually(lambda: not is_alive(child))
    assert (tmp_path / "stopped").exists()


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command)  # noqa: S603
