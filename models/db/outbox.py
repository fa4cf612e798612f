"""Messages to other systems: put with the change they tell of, delivered in order per case.

`put` writes rows and wakes the sender in the caller's transaction, so a message exists exactly when
its cause does. PgQueuer says when to try; the table says what, in which order, how often and
whether.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import msgspec
import structlog

from models.case import CaseNo
from models.db import queries
from models.db.pool import Connection, Database, session_settings
from models.db.rows import to_struct
from models.errors import Unavailable
from models.faults import trace
from models.moment import now

if TYPE_CHECKING:
    from pgqueuer.core.qm import QueueManager
    from pgqueuer.domain.models import Job

_LOG: Final = structlog.get_logger()
_SQL = queries.load("outbox")
_ENTRYPOINT: Final = "outbox"
_LOST_AFTER: Final = timedelta(minutes=1)
_AFTER_FAULT: Final = timedelta(seconds=30)
#: A retry falls due unannounced, and a dead sender's job waits for the longer of the two.
_DEQUEUE: Final = timedelta(seconds=1)
_HEARTBEAT: Final = timedelta(seconds=6)
_BATCH: Final = 16
_RECONNECT_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell every platform that sent the case.

    `kind` is ACCEPT, SIGN, RETURN_REQ, RETURN_RESULT, CONTACTED, SUBMIT, REWORK or CLOSE; `dedupe`
    names the cause within the case, so that the same cause tells once. `body` may hold `at` (ISO
    8601), `unit` and `handler` (names), `text` (Chinese, what people read), `accepted`, `reason`,
    `outcome`, `reply`, `measures`, `due_at`; keys that a platform does not know are left out of its
    message.
    """

    case_no: CaseNo
    kind: str
    dedupe: str
    body: dict[str, Any]


async def put(conn: Connection, city: str, messages: Sequence[Outgoing]) -> int:
    """Queue messages for each source of the cases that has an address here; give their count.

    The caller's transaction holds the row locks of the cases, which is what keeps the order. It
    must not be scoped to a unit: that could not see where a case came from (RuntimeError).
    """
    if not messages:
        return 0
    row = await conn.fetchrow(
        _SQL["put"],
        city,
        [m.case_no for m in messages],
        [m.kind for m in messages],
        [m.dedupe for m in messages],
        [m.body for m in messages],
        now(),
    )
    if row is None or row["unit"]:
        msg = "outbox.put needs a transaction that is not scoped to a unit"
        raise RuntimeError(msg)
    return int(row["n"])


class Line(msgspec.Struct, frozen=True):
    """The messages of one case to one target: what keeps its order."""

    city: str
    target: str
    case_no: CaseNo


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message leased for sending; `attempts` counts this one.

    `external_no` is the case's number at the target, `origin` what it first sent; `url` is None
    where the target has no address any more.
    """

    city: str
    target: str
    case_no: CaseNo
    seq: int
    kind: str
    body: dict[str, Any]
    attempts: int
    created_at: datetime
    url: str | None
    external_no: str | None
    origin: dict[str, Any] | None

    @property
    def message_id(self) -> str:
        """The id by which the target knows the message, however often it is sent."""
        return f"JS-{self.city}-{self.case_no}-{self.seq}"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it stands in the history of a case."""

    city: str
    target: str
    case_no: CaseNo
    seq: int
    kind: str
    state: str
    attempts: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


class Dead(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was given up."""

    city: str
    target: str
    case_no: CaseNo
    seq: int
    kind: str
    attempts: int
    last_error: str | None
    created_at: datetime


async def claim(conn: Connection, line: Line, lease: timedelta) -> Message | timedelta | None:
    """Lease the first pending message of a line; commit before sending it.

    A span when it is held by another sender or waits for its next try: ask again after it. None
    when nothing is pending.
    """
    row = await conn.fetchrow(_SQL["claim"], line.city, line.target, line.case_no, lease)
    if row is None:
        return None
    if row["kind"] is None:
        held_until: datetime = row["held_until"]
        return max(held_until - now(), timedelta(milliseconds=200))
    return to_struct(row, Message)


async def sent(conn: Connection, message: Message) -> None:
    """Note that the target has the message."""
    await _settle(conn, message, "sent", None, timedelta())


async def failed(conn: Connection, message: Message, error: str, wait: timedelta) -> None:
    """Note that an attempt failed; the message and all behind it wait."""
    await _settle(conn, message, "pending", error, wait)


async def give_up(conn: Connection, message: Message, error: str) -> None:
    """Lay a message aside as dead, so that those behind it go on."""
    await _settle(conn, message, "dead", error, timedelta())


async def revive(
    conn: Connection, city: str, target: str | None = None, case_no: int | None = None
) -> int:
    """Try dead messages again, after those sent meanwhile; give their count."""
    return int(await conn.fetchval(_SQL["revive"], city, target, case_no))


async def dead(conn: Connection, city: str, limit: int = 100) -> list[Dead]:
    """List messages that were given up, the oldest first."""
    return [to_struct(row, Dead) for row in await conn.fetch(_SQL["dead"], city, limit)]


async def history(conn: Connection, city: str, case_no: int) -> list[Sent]:
    """List what was told of a case, in order."""
    return [to_struct(row, Sent) for row in await conn.fetch(_SQL["history"], city, case_no)]


async def set_targets(conn: Connection, city: str, urls: Mapping[str, str]) -> None:
    """Say where a city's messages go, by source; sources not named are told nothing."""
    await conn.execute(_SQL["keep_targets"], city, list(urls))
    for target, url in urls.items():
        await conn.execute(_SQL["set_target"], city, target, url)


async def serve(
    db: Database, deliver: Callable[[Line], Awaitable[timedelta | None]], stop: asyncio.Event
) -> None:
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


async def _consume(
    db: Database, deliver: Callable[[Line], Awaitable[timedelta | None]], stop: asyncio.Event
) -> None:
    from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver  # noqa: PLC0415 - slow to import
    from pgqueuer.adapters.persistence.queries import Queries  # noqa: PLC0415
    from pgqueuer.core.qm import QueueManager  # noqa: PLC0415
    from pgqueuer.domain.errors import RetryRequested  # noqa: PLC0415
    from pgqueuer.domain.models import Job  # noqa: PLC0415

    async with db.system() as conn:
        await conn.execute(_SQL["rearm"], _LOST_AFTER)
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

        await _until(manager, stop)


async def _until(manager: "QueueManager", stop: asyncio.Event) -> None:
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
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        manager.shutdown.set()
        await running
    finally:
        stopping.cancel()
        running.cancel()
        await asyncio.gather(running, stopping, return_exceptions=True)


async def _guarded(
    deliver: Callable[[Line], Awaitable[timedelta | None]], job: "Job"
) -> timedelta | None:
    """Deliver, and come back after a fault: PgQueuer would drop the job with the message."""
    try:
        return await deliver(msgspec.json.decode(job.payload or b"", type=Line))
    except msgspec.MsgspecError:
        _LOG.error("outbox_job_malformed", job=job.id)
        return None
    except Exception as error:  # noqa: BLE001 - see above
        _LOG.error("outbox_delivery_fault", job=job.id, trace=trace(error))
        return _AFTER_FAULT


async def _settle(
    conn: Connection, message: Message, state: str, error: str | None, wait: timedelta
) -> None:
    key = (message.city, message.target, message.case_no, message.seq)
    await conn.execute(_SQL["settle"], *key, state, error[:500] if error else None, wait)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
