"""Jobs for the outbox: PgQueuer picks them, retries them, and frees those of a sender that died.

It counts no attempt of a job that kills its worker and drops one that fails: so every attempt is
counted in the outbox before it is made, and no fault of ours reaches PgQueuer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg
import msgspec
import structlog

from models.db import outbox
from models.db.outbox import Line
from models.db.pool import Database, session_settings
from models.errors import Unavailable
from models.faults import trace

if TYPE_CHECKING:
    from pgqueuer.core.qm import QueueManager
    from pgqueuer.domain.models import Job

Deliver: TypeAlias = Callable[[Line], Awaitable[timedelta | None]]
_LOG: Final = structlog.get_logger()
_ENTRYPOINT: Final = "outbox"
_LOST_AFTER: Final = timedelta(minutes=1)
_LOG_KEPT: Final = timedelta(days=7)
_HOUSE_S: Final = 3600.0
_AFTER_FAULT: Final = timedelta(seconds=30)
#: A retry falls due unannounced, and a dead sender's job waits for the longer of the two.
_DEQUEUE: Final = timedelta(seconds=1)
_HEARTBEAT: Final = timedelta(seconds=6)
_BATCH: Final = 16
_RECONNECT_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)


async def serve(db: Database, deliver: Deliver, stop: asyncio.Event) -> None:
    """Let PgQueuer call `deliver` for every line with something to send, until told to stop.

    `deliver` gives None when nothing is left, or after which span to call it again. A lost database
    is waited for.
    """
    failures = 0
    while not stop.is_set():
        try:
            await _consume(db, deliver, stop)
            failures = 0
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, Unavailable) as error:
            _LOG.warning("outbox_interrupted", cause=type(error).__name__)
            wait = _RECONNECT_S[min(failures, len(_RECONNECT_S) - 1)]
            failures += 1
            await _rest(stop, wait)


async def _consume(db: Database, deliver: Deliver, stop: asyncio.Event) -> None:
    from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver  # noqa: PLC0415 - slow to import
    from pgqueuer.adapters.persistence.queries import Queries  # noqa: PLC0415
    from pgqueuer.core.qm import QueueManager  # noqa: PLC0415
    from pgqueuer.domain.errors import RetryRequested  # noqa: PLC0415
    from pgqueuer.domain.models import Job  # noqa: PLC0415

    # PgQueuer reads its own jsonb as text, so its pool is without our codec.
    settings = await session_settings(db.dsn, "jiesu outbox")
    async with asyncpg.create_pool(
        db.dsn, min_size=2, max_size=4, server_settings=settings
    ) as pool:
        manager = QueueManager(Queries(AsyncpgPoolDriver(pool)))

        @manager.entrypoint(_ENTRYPOINT, accepts_context=False)
        async def send(job: Job) -> None:
            wait = await _guarded(deliver, job)
            if wait is not None:
                raise RetryRequested(delay=wait)

        await _until(manager, db, stop)


async def _until(manager: "QueueManager", db: Database, stop: asyncio.Event) -> None:
    """Run PgQueuer until it fails or we are told to stop; jobs under way are finished."""
    running = asyncio.create_task(
        manager.run(
            dequeue_timeout=_DEQUEUE,
            heartbeat_timeout=_HEARTBEAT,
            batch_size=_BATCH,
            max_concurrent_tasks=2 * _BATCH,
            shutdown_on_listener_failure=True,
        )
    )
    stopping = asyncio.create_task(stop.wait())
    try:
        while not (running.done() or stopping.done()):
            async with db.system() as conn:
                await outbox.keep_house(conn, _LOST_AFTER, _LOG_KEPT)
            await asyncio.wait(
                {running, stopping}, timeout=_HOUSE_S, return_when=asyncio.FIRST_COMPLETED
            )
        manager.shutdown.set()
        await running
    finally:
        stopping.cancel()
        running.cancel()
        await asyncio.gather(running, stopping, return_exceptions=True)


async def _guarded(deliver: Deliver, job: "Job") -> timedelta | None:
    """Deliver, and come back after a fault: PgQueuer would drop the job with the message."""
    try:
        return await deliver(msgspec.json.decode(job.payload or b"", type=Line))
    except msgspec.MsgspecError:
        _LOG.error("outbox_job_malformed", job=job.id)
        return None
    except Exception as error:  # noqa: BLE001 - see above
        _LOG.error("outbox_delivery_fault", job=job.id, trace=trace(error))
        return _AFTER_FAULT


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
