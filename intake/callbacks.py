"""The way back: what units and desk do is told to the platform that sent the case, in order.

At least once, with an id that stays the same however often a message is sent, so that the platform
can tell a second copy. A message that fails is tried again after a growing, jittered wait; those
behind it wait with it. After the last attempt it is laid aside as dead and the others go on.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final, NamedTuple, Protocol

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout

from intake.channels import signature
from intake.channels.callback12345 import Callback12345
from intake.channels.callback12369 import Callback12369
from intake.services import Hook, Secrets, Settings
from models.db import jobs, outbox
from models.db.outbox import Line, Message
from models.db.pool import Database
from models.moment import now

_LOG: Final = structlog.get_logger()
_LARGEST_ANSWER: Final = 64 << 10
#: Answers that no repetition changes.
_HOPELESS: Final = frozenset({400, 405, 410, 413, 415, 422})


class Callback(Protocol):
    """How one platform is told: what is written, and what its answer means."""

    media_type: str

    def write(self, message: Message, hook: Hook) -> bytes:
        """Write the message."""
        ...

    def refusal(self, answer: bytes) -> str | None:
        """Say why the platform refuses although it answered 2xx; None when it took the message."""
        ...


class _Failure(NamedTuple):
    reason: str
    hopeless: bool = False


class Courier:
    """Delivers the outbox until stopped; any number may run, on any number of machines."""

    def __init__(
        self,
        db: Database,
        secrets: Secrets,
        settings: Settings,
        count: Callable[[str, str], None] = lambda _name, _label: None,
    ) -> None:
        """Take the database, the secrets to sign with, and timeout and backoff."""
        self._db = db
        self._secrets = secrets
        self._settings = settings
        self._count = count
        self._stop = asyncio.Event()
        self._callbacks: Mapping[str, Callback] = {
            "12345": Callback12345(),
            "12369": Callback12369(),
        }

    async def run(self) -> None:
        """Deliver until `stop`; what is under way is finished first."""
        timeout = ClientTimeout(total=self._settings.callback_timeout_s)
        async with ClientSession(timeout=timeout) as session:
            await jobs.serve(self._db, lambda line: self.deliver(session, line), self._stop)

    def stop(self) -> None:
        """Ask to stop."""
        self._stop.set()

    async def deliver(self, session: ClientSession, line: Line) -> timedelta | None:
        """Send what waits on a line; gives after which span to come back, None when all is told."""
        lease = timedelta(seconds=2 * self._settings.callback_timeout_s)
        while True:
            async with self._db.city(line.city) as conn:
                message = await outbox.claim(conn, line, lease)
            if not isinstance(message, Message):
                return message
            failure = await self._send(session, message)
            wait = await self._settle(message, failure)
            if wait is not None:
                return wait

    async def _settle(self, message: Message, failure: _Failure | None) -> timedelta | None:
        async with self._db.city(message.city) as conn:
            if failure is None:
                await outbox.sent(conn, message)
                self._count("callback", f"{message.target}:sent")
                return None
            if failure.hopeless or message.attempts >= self._settings.callback_attempts:
                await outbox.give_up(conn, message, failure.reason)
                self._count("callback", f"{message.target}:dead")
                _LOG.error("callback_dead", id=message.message_id, reason=failure.reason)
                return None
            wait = self._backoff(message.attempts)
            await outbox.failed(conn, message, failure.reason, wait)
            self._count("callback", f"{message.target}:failed")
            _LOG.warning("callback_failed", id=message.message_id, reason=failure.reason)
            return wait

    def _backoff(self, attempts: int) -> timedelta:
        longest = self._settings.callback_backoff_max_s
        most = min(self._settings.callback_backoff_s * 2 ** (attempts - 1), longest)
        return timedelta(seconds=random.uniform(most / 2, most))  # noqa: S311 - jitter

    async def _send(self, session: ClientSession, message: Message) -> _Failure | None:
        callback = self._callbacks.get(message.target)
        hook = self._secrets.hook(message.target, message.city)
        if callback is None or hook is None or message.url is None:
            return _Failure("no address, secret or format for this target", hopeless=True)
        body = callback.write(message, hook)
        headers = signature.sign(hook, body, now()) | {"Content-Type": callback.media_type}
        try:
            async with session.post(
                message.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                if not answer.ok or answer.status >= 300:  # noqa: PLR2004 - a redirect is no receipt
                    return _Failure(f"HTTP {answer.status}", answer.status in _HOPELESS)
                refusal = callback.refusal(await answer.content.read(_LARGEST_ANSWER))
        except (ClientError, TimeoutError, OSError) as error:
            return _Failure(type(error).__name__)
        return _Failure(refusal) if refusal else None
