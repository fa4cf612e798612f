"""A whole system as a process group that a test may kill, and a hotline that talks to it."""

import asyncio
import os
import signal
import socket
import sys
import tomllib
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from intake.channels import signature
from intake.services import Hook, Secrets
from models.moment import now

CITY = "430100"
_SENTENCES = (
    "岳麓区{n}号院旁的家具厂夜里喷漆,油漆味很重,请处理。",
    "雨花区{n}栋楼下烧烤店油烟直排,开窗就是烟。",
    "望城区工地凌晨打桩,噪声吵得{n}户居民睡不着。",
    "开福区{n}路边有人焚烧塑料垃圾,黑烟滚滚。",
    "天心区河边{n}号排口往河里排黑水,味道难闻。",
)


class Group:
    """`jiesu up` on a data folder, in a process group of its own."""

    def __init__(self, data: Path) -> None:
        """Choose a free port; nothing runs yet."""
        self.data = data
        with socket.create_server(("127.0.0.1", 0)) as door:
            self.port: int = door.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: Process | None = None

    async def start(self) -> None:
        """Start and wait until it is ready."""
        command = [sys.executable, "-P", "-m", "deploy.cli", "up", "--empty", "--city", CITY]
        command += ["--data", str(self.data), "--port", str(self.port)]
        environ = {k: v for k, v in os.environ.items() if not k.startswith("JIESU_")}
        self._process = await asyncio.create_subprocess_exec(
            *command, start_new_session=True, stdout=DEVNULL, env=environ
        )
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while True:
                if self._process.returncode is not None:
                    msg = f"jiesu up ended with {self._process.returncode}"
                    raise RuntimeError(msg)
                with suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/readyz") as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.1)

    async def kill(self) -> None:
        """Kill every process of the group at once, as a power cut would."""
        if self._process and self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> None:
        """Stop as Ctrl-C does."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
            await asyncio.wait_for(self._process.wait(), 30)

    def hook(self) -> Hook:
        """Give what the hotline signs with."""
        text = (self.data / "secrets.toml").read_text(encoding="utf-8")
        found = msgspec.convert(tomllib.loads(text), Secrets).hook("12345", CITY)
        assert found is not None
        return found


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[Group]:
    """Run a group and stop it at the end, whatever the test did to it."""
    group = Group(data)
    await group.start()
    try:
        yield group
        await group.stop()
    finally:
        await group.kill()


async def send(group: Group, numbers: Iterable[str], receipts: dict[str, dict[str, Any]]) -> None:
    """Send orders from 16 senders; receipts are noted as they come, a lost line ends a sender."""
    queue = iter(numbers)
    async with aiohttp.ClientSession(group.url) as session:
        senders = [_sender(group.hook(), session, queue, receipts) for _ in range(16)]
        await asyncio.gather(*senders)


async def _sender(
    hook: Hook,
    session: aiohttp.ClientSession,
    numbers: Iterator[str],
    receipts: dict[str, dict[str, Any]],
) -> None:
    for number in numbers:
        body = order(number)
        headers = signature.sign(hook, body, now()) | {"Content-Type": "application/json"}
        try:
            async with session.post(f"/hooks/12345/{CITY}", data=body, headers=headers) as response:
                answer = await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return
        if response.status == 200:
            receipts[number] = answer["resultData"]


def order(number: str) -> bytes:
    """Write the order of a number: always the same for the same number."""
    n = int(number.rsplit("-", 1)[-1])
    text = _SENTENCES[n % len(_SENTENCES)].format(n=n)
    message = {"msgId": f"m-{number}", "msgType": "ORDER_DISPATCH", "version": "1.0"}
    return msgspec.json.encode(message | {"order": {"orderNo": number, "content": text}})


async def reconcile(group: Group, numbers: list[str]) -> dict[str, dict[str, Any]]:
    """Ask which of the numbers are held, and how they stand."""
    body = msgspec.json.encode({"city": CITY, "source": "12345", "numbers": numbers})
    headers = signature.sign(group.hook(), body, now()) | {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession(group.url) as session,
        session.post("/api/v1/reconcile", data=body, headers=headers) as response,
    ):
        assert response.status == 200, await response.text()
        answer = await response.json()
    return {held["number"]: held for held in answer["held"]}


async def settled(group: Group, numbers: list[str], seconds: float = 90) -> dict[str, Any]:
    """Wait until every number is dispatched or in review, and give how they stand."""
    async with asyncio.timeout(seconds):
        while True:
            held = await reconcile(group, numbers)
            waiting = [one for one in held.values() if one["queue"] in {"tag", "route"}]
            if len(held) == len(numbers) and not waiting:
                return held
            await asyncio.sleep(0.3)
