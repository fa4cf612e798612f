"""`jiesu up`: one command from nothing to a running system, and a clean stop."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Final

import structlog

from deploy.embedded import EmbeddedPostgres
from deploy.serve import listen
from deploy.settings import Settings, ensure_secrets, for_child
from deploy.supervise import Supervisor, own_command, until_stopped
from models.db.migrate import migrate
from models.errors import Unavailable

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.up")
_POLL_S: Final = 0.05
_PATIENCE_S: Final = 30.0
_PAGES: Final = (
    ("/", "市民:反映问题、查询进度"),
    ("/desk", "坐席:登记、甄别、派单"),
    ("/unit", "承办单位:签收、办理、回复"),
    ("/watch", "督办:时限看板"),
)


async def run_all(settings: Settings, *, empty: bool) -> None:
    """Run until Ctrl-C or SIGTERM; whatever was started by then is stopped in reverse order."""
    running = asyncio.create_task(_run(settings, empty=empty))
    stopping = asyncio.create_task(until_stopped())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def _run(settings: Settings, *, empty: bool) -> None:
    started = time.monotonic()
    async with AsyncExitStack() as stack:
        door = stack.enter_context(listen(settings.host, settings.port))
        dsn = settings.database_url
        if dsn is None:
            server = EmbeddedPostgres(settings.data_dir)
            dsn = (await stack.enter_async_context(server)).dsn
        ensure_secrets(settings)
        environ = for_child(settings, dsn)
        # The first start fills the database before anyone can look; later ones answer first.
        accounts = await _prepare(environ, empty=empty) if await _migrate(dsn) else None
        children = await stack.enter_async_context(Supervisor())
        port, fd = door.getsockname()[1], door.fileno()
        children.start("web", ["serve", "--fd", str(fd)], environ, (fd,))
        await _until_ready(settings.host, port)
        _log.info("ready", seconds=round(time.monotonic() - started, 2))
        if accounts is None:
            accounts = await _prepare(environ, empty=empty)
        for number in range(settings.workers):
            children.start(f"worker-{number}", ["worker", "--number", str(number)], environ)
        _welcome(settings.host, port, accounts)
        await asyncio.Event().wait()


async def _migrate(dsn: str) -> bool:
    """Bring the schema up to date; tells whether there was anything to do."""
    applied = await migrate(dsn)
    for name in applied:
        _log.info("migrated", name=name)
    return bool(applied)


async def _prepare(environ: Mapping[str, str], *, empty: bool) -> list[str]:
    """Fill the database in a child of its own, so that its memory is not kept; gives its lines."""
    command = own_command("prepare", *(["--empty"] if empty else []))
    child = await asyncio.create_subprocess_exec(*command, env=dict(environ), stdout=PIPE)
    out, _ = await child.communicate()
    if child.returncode:
        raise Unavailable("prepare_failed", "城市资料或账号未能写入数据库,原因见上。")
    return out.decode().splitlines()


async def _until_ready(host: str, port: int) -> None:
    while True:
        with suppress(OSError, TimeoutError):
            if await asyncio.wait_for(_is_ready(host, port), _PATIENCE_S):
                return
        await asyncio.sleep(_POLL_S)


async def _is_ready(host: str, port: int) -> bool:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        return b" 200 " in await reader.readline()
    finally:
        writer.close()


def _welcome(host: str, port: int, accounts: Sequence[str]) -> None:
    base = f"http://{host}:{port}"
    lines = ["", f"接诉已启动:{base}", *(f"  {base}{path:<8}{text}" for path, text in _PAGES)]
    lines += ["", "演示账号:", *(f"  {account}" for account in accounts)] if accounts else []
    sys.stdout.write("\n".join([*lines, "", "Ctrl-C 停止。", ""]))
    sys.stdout.flush()
