"""`jiesu up` as a user runs it: one command up, one signal down, nothing left, nothing lost."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from deploy.embedded import running_dsn
from deploy.supervise import until_stopped


class Running:
    """A system that runs; `url` is where it answers."""

    def __init__(self, process: subprocess.Popen[str], data: Path) -> None:
        """Wait until it says that it has started."""
        self.process = process
        self.data = data
        self.said = ""
        self.url = ""
        assert process.stdout
        for line in process.stdout:
            self.said += line
            if not self.url and (found := re.search(r"http://\S+", line)):
                self.url = found[0]
            if "Ctrl-C" in line:
                return
        raise AssertionError(self.said)

    def children(self) -> dict[int, str]:
        """Give the pids of all that it has started, with their command lines."""
        found: dict[int, str] = {}
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                stat = (folder / "stat").read_text("utf-8").rsplit(")", 1)[1].split()
                known = int(stat[1]) in {self.process.pid, *found}
                if folder.name.isdigit() and known and stat[0] != "Z":
                    command = (folder / "cmdline").read_text("utf-8").replace("\0", " ")
                    found[int(folder.name)] = command
        return found

    def web(self) -> int:
        """Give the pid of the web."""
        return next(pid for pid, command in self.children().items() if " serve " in command)


def fetch(url: str) -> tuple[int, str]:
    """Get a page."""
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own address
        return answer.status, answer.read().decode()


def answers(url: str) -> bool:
    """Tell whether a page is there now."""
    with suppress(urllib.error.HTTPError):
        return fetch(url)[0] == 200
    return False


def is_alive(pid: int) -> bool:
    """Tell whether a process runs."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    return False


def eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def up(data: Path, *options: str) -> Iterator[Running]:
    """Run `jiesu up` on a port of its own choice in a process group of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JIESU_")}
    command = [sys.executable, "-m", "deploy.cli", "up", "--port", "0", "--data", str(data)]
    with (data.parent / "log").open("a") as log:
        process = subprocess.Popen(  # noqa: S603
            [*command, "--empty", *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=clean,
            start_new_session=True,
        )
    try:
        yield Running(process, data)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give one running system to the tests that leave it running."""
    with up(tmp_path_factory.mktemp("up") / "data") as started:
        yield started


def test_one_command_starts_everything(running: Running) -> None:
    """It answers, shows its pages and its metrics."""
    assert fetch(f"{running.url}/readyz")[0] == 200
    assert fetch(f"{running.url}/")[0] == 200
    assert "jiesu_database_up 1.0" in fetch(f"{running.url}/metrics")[1]
    assert "/desk" in running.said


def test_a_killed_web_comes_back_and_no_connection_is_refused(running: Running) -> None:
    """The supervisor holds the port: whoever calls in between waits and is answered."""
    killed = running.web()
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not is_alive(killed))
    assert fetch(f"{running.url}/readyz")[0] == 200
    assert running.web() != killed


def test_a_killed_database_comes_back_and_is_used_again(running: Running) -> None:
    """The embedded server is started again, and the web finds it by itself."""
    killed = next(pid for pid, command in running.children().items() if " -D " in command)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not is_alive(killed))
    eventually(lambda: answers(f"{running.url}/readyz"))
    assert answers(f"{running.url}/")


def test_a_second_start_on_the_same_data_is_refused(running: Running) -> None:
    """It says who has the data and leaves the first one alone."""
    with pytest.raises(AssertionError), up(running.data):
        pass
    assert "data_in_use" in (running.data.parent / "log").read_text("utf-8")
    assert fetch(f"{running.url}/readyz")[0] == 200


def test_a_taken_port_is_told(running: Running) -> None:
    """It names the port before anything is started."""
    port = running.url.rsplit(":", 1)[1]
    with pytest.raises(AssertionError), up(running.data.parent / "other", "--port", port):
        pass
    assert "port_taken" in (running.data.parent / "log").read_text("utf-8")
    assert not (running.data.parent / "other").exists()


def test_it_stops_on_a_signal_survives_a_kill_and_starts_again(tmp_path: Path) -> None:
    """After kill -9 all of it ends by itself; after Ctrl-C and SIGTERM it has stopped cleanly."""
    data = tmp_path / "my data"
    with up(data) as running:
        children = running.children()
        running.process.kill()
        eventually(lambda: not [pid for pid in children if is_alive(pid)])
    assert len(children) > 3
    stops: tuple[Callable[[int], None], ...] = (
        lambda pid: os.killpg(pid, signal.SIGINT),
        lambda pid: os.kill(pid, signal.SIGTERM),
    )
    for stop in stops:
        with up(data) as running:
            children = running.children()
            stop(running.process.pid)
            assert running.process.wait(60) == 0
        assert not [pid for pid in children if is_alive(pid)]
        assert running_dsn(data) is None


async def test_a_signal_ends_the_wait() -> None:
    """SIGTERM is what a service manager sends."""
    waiting = asyncio.create_task(until_stopped())
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(waiting, 5)
