"""A running system to measure: durable embedded PostgreSQL, web and worker as they really run."""

import asyncio
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from deploy.embedded import EmbeddedPostgres
from deploy.settings import Settings, ensure_secrets, for_child
from deploy.wiring import load_cities
from intake.services import Secrets
from models.db.migrate import migrate
from models.db.pool import Database
from models.db.units import sync_city

_READY_S: Final = 60.0
_POLL_S: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class System:
    """A migrated database with the city in it, and how to start the parts on it."""

    settings: Settings
    secrets: Secrets
    dsn: str
    db: Database

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment under which a part loads these settings."""
        return for_child(self.settings, self.dsn)

    @property
    def url(self) -> str:
        """Where the web answers once it runs."""
        return f"http://{self.settings.host}:{self.settings.port}"

    @asynccontextmanager
    async def web(self) -> AsyncIterator[str]:
        """Run the web and give its address once it is ready."""
        async with _part(["serve"], self.environ):
            await _ready(f"{self.url}/readyz")
            yield self.url

    @asynccontextmanager
    async def workers(self, count: int) -> AsyncIterator[None]:
        """Run workers."""
        async with AsyncExitStack() as stack:
            for number in range(count):
                part = _part(["worker", "--number", str(number)], self.environ)
                await stack.enter_async_context(part)
            yield


@asynccontextmanager
async def system(city: str) -> AsyncIterator[System]:
    """Make a system with an empty database of one city in a folder that goes afterwards."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="jiesu-bench-"))
        settings = Settings(
            data_dir=Path(folder), cities=(city,), port=_free_port(), log_level="warning"
        )
        server = await stack.enter_async_context(EmbeddedPostgres(settings.data_dir))
        await migrate(server.dsn)
        secrets = ensure_secrets(settings)
        db = await Database.connect(server.dsn, name="jiesu bench")
        stack.push_async_callback(db.close)
        for adcode, data in load_cities(settings).items():
            async with db.city(adcode) as conn:
                await sync_city(conn, data)
        yield System(settings=settings, secrets=secrets, dsn=server.dsn, db=db)


@asynccontextmanager
async def _part(command: Sequence[str], environ: Mapping[str, str]) -> AsyncIterator[Process]:
    own = [sys.executable, "-P", "-m", "deploy.cli", *command, "--supervised"]
    process = await asyncio.create_subprocess_exec(
        *own, env=dict(environ), stdin=PIPE, stdout=DEVNULL
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def _ready(url: str) -> None:
    async with asyncio.timeout(_READY_S), aiohttp.ClientSession() as session:
        while True:
            with suppress(aiohttp.ClientError):
                async with session.get(url) as response:
                    if response.status == 200:  # noqa: PLR2004 - HTTP's OK
                        return
            await asyncio.sleep(_POLL_S)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        return port


class Text(msgspec.Struct, frozen=True):
    """One text to measure with."""

    text: str
    title: str | None = None


def texts(folder: Path) -> tuple[str, list[Text]]:
    """Give real complaints where the developing data is at hand, our own written ones elsewhere."""
    real = folder / "complaints_dev.jsonl"
    path = real if real.exists() else _WRITTEN
    lines = path.read_text(encoding="utf-8").splitlines()
    return path.name, [msgspec.json.decode(line, type=Text) for line in lines if line.strip()]


_WRITTEN: Final = Path(__file__).parents[1] / "classifier" / "data" / "written_examples.jsonl"
