"""A connection that listens for notifications and comes back by itself after a loss."""

import asyncio
from collections.abc import Callable
from typing import Final, Self

import asyncpg

_RETRY_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)


class Listener:
    """Listens on one channel until closed; a loss that was healed is told with one "" payload."""

    def __init__(
        self, dsn: str, settings: dict[str, str], channel: str, callback: Callable[[str], None]
    ) -> None:
        """Keep the address and the callback; `start` connects."""
        self._dsn = dsn
        self._settings = settings
        self._channel = channel
        self._callback = callback
        self._lost = asyncio.Event()
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls, dsn: str, settings: dict[str, str], channel: str, callback: Callable[[str], None]
    ) -> Self:
        """Start listening; returns once the channel is open, however long that takes."""
        listener = cls(dsn, settings, channel, callback)
        listener._task = asyncio.create_task(listener._run(), name=f"listen:{channel}")
        try:
            await listener._ready.wait()
        except asyncio.CancelledError:
            await listener.close()
            raise
        return listener

    async def close(self) -> None:
        """Stop listening."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._listen()
                failures = 0
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1

    async def _listen(self) -> None:
        conn = await asyncpg.connect(self._dsn, server_settings=self._settings)
        self._lost.clear()
        try:
            conn.add_termination_listener(self._on_loss)
            await conn.add_listener(self._channel, self._on_notify)
            if self._ready.is_set():
                self._callback("")
            self._ready.set()
            await self._lost.wait()
        finally:
            conn.remove_termination_listener(self._on_loss)
            await conn.close(timeout=1)

    def _on_loss(self, _conn: object) -> None:
        self._lost.set()

    def _on_notify(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        self._callback(str(payload))
