"""The one funnel: deliveries gather for a moment, one transaction stores them, all are answered.

Whoever calls `Receiver.receive` gets the receipt only after commit. Each city has a lane of its
own, so that one city's lock keeps no other waiting.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog

from intake.delivery import Delivery
from intake.record import Outcome, Recorder
from intake.services import Services
from intake.track import TrackCodes
from models.case import Receipt
from models.db import intake
from models.db.pool import READER
from models.errors import Invalid, JiesuError, Unavailable
from models.faults import trace
from models.moment import now

_LOG: Final = structlog.get_logger()
_RACES: Final = 8
_NONCE_LIFE: Final = timedelta(hours=1)


class _Ticket(NamedTuple):
    delivery: Delivery
    answer: asyncio.Future[Receipt]


class Receiver:
    """Takes deliveries, stores each once, answers after commit; close it before the database."""

    def __init__(self, services: Services, clock: Callable[[], datetime] = now) -> None:
        """Take what it needs from the services; `clock` is for tests that move time."""
        codes = TrackCodes(bytes.fromhex(services.secrets.track_key))
        self._settings = services.settings
        self._count = services.count
        self._clock = clock
        self._db = services.db
        self._recorder = Recorder(services.vault, codes, clock)
        self._lanes: dict[str, _Lane] = {}
        self._waiting = 0
        self._closed = False

    async def receive(self, delivery: Delivery) -> Receipt:
        """Store a delivery and give its receipt: the same for the same report, always.

        Conflict, NotFound or Invalid when it cannot be taken as it is, Unavailable when it should
        be sent again a little later: then it is stored not at all, or completely.
        """
        if self._closed or self._waiting >= self._settings.queue_limit:
            self._count("report", f"{delivery.source}:busy")
            code = "receiver_busy"
            raise Unavailable(code, "系统繁忙,请稍后重发,报文未丢失可原样重试。", retry_after=1)
        lane = self._lanes.get(delivery.city)
        if lane is None:
            lane = self._lanes[delivery.city] = _Lane(delivery.city, self)
        ticket = _Ticket(delivery, asyncio.get_running_loop().create_future())
        self._waiting += 1
        lane.add(ticket)
        try:
            return await ticket.answer
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Take nothing more, and answer all that waits."""
        self._closed = True
        await asyncio.gather(*(lane.drained() for lane in self._lanes.values()))

    async def store(self, city: str, batch: Sequence[Delivery]) -> list[Outcome]:
        """Store a batch of one city; one that cannot be stored does not harm its neighbours."""
        try:
            return await self._store(city, batch)
        except Unavailable as error:
            return [error] * len(batch)
        except Exception as error:  # noqa: BLE001 - one bad delivery must not stop the funnel
            if len(batch) < 2:  # noqa: PLR2004 - what cannot be halved
                return [self._poison(delivery, error) for delivery in batch]
        middle = len(batch) // 2
        first = await self.store(city, batch[:middle])
        return first + await self.store(city, batch[middle:])

    async def forget_nonces(self, city: str) -> None:
        """Drop nonces older than an hour; the time window refuses them long before."""
        async with self._db.city(city) as conn:
            await intake.forget_nonces(conn, city, self._clock() - _NONCE_LIFE)

    @property
    def limits(self) -> tuple[int, float]:
        """How many deliveries make a batch, and how long one gathers."""
        return self._settings.batch_limit, self._settings.linger_s

    async def _store(self, city: str, batch: Sequence[Delivery]) -> list[Outcome]:
        for attempt in range(_RACES):
            try:
                async with intake.writing(self._db, city) as conn:
                    outcomes = await self._recorder.store(conn, city, batch)
            except intake.Raced:
                await asyncio.sleep(random.uniform(0, 0.01 * (attempt + 1)))  # noqa: S311 - jitter
                continue
            self._tell(batch, outcomes)
            return outcomes
        code = "receiver_busy"
        raise Unavailable(code, "系统繁忙,请稍后重发。", retry_after=1)

    def _tell(self, batch: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        for delivery, outcome in zip(batch, outcomes, strict=True):
            self._count("report", f"{delivery.source}:{_name(outcome)}")

    def _poison(self, delivery: Delivery, error: Exception) -> JiesuError:
        self._count("report", f"{delivery.source}:poison")
        if isinstance(error, Invalid):
            return error
        _LOG.error("delivery_not_stored", source=delivery.source, trace=trace(error))
        code = "delivery_not_stored"
        return JiesuError(code, "报文未能保存,系统已记录错误,请联系管理员后重发。")


class _Lane:
    """The deliveries of one city, stored one batch at a time, in order of arrival."""

    def __init__(self, city: str, receiver: Receiver) -> None:
        self._city = city
        self._receiver = receiver
        self._waiting: deque[_Ticket] = deque()
        self._task: asyncio.Task[None] | None = None
        self._cleaned = 0.0

    def add(self, ticket: _Ticket) -> None:
        self._waiting.append(ticket)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"receive:{self._city}")

    async def drained(self) -> None:
        if self._task:
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        # Whoever's request began this task, all that it stores is stored by the program itself.
        READER.set("")
        limit, linger = self._receiver.limits
        while self._waiting:
            await asyncio.sleep(linger)
            await self._answer(self._take(limit))
            await self._clean()

    def _take(self, limit: int) -> list[_Ticket]:
        """Take a batch in which no number, message or nonce is twice; a second one waits."""
        batch: list[_Ticket] = []
        later: list[_Ticket] = []
        seen: set[tuple[str, str, str]] = set()
        while self._waiting and len(batch) < limit:
            ticket = self._waiting.popleft()
            names = _names(ticket.delivery)
            (later if seen & names else batch).append(ticket)
            seen |= names
        self._waiting.extendleft(reversed(later))
        return batch

    async def _answer(self, batch: list[_Ticket]) -> None:
        """Store a batch and answer each; whatever happens, nobody is left waiting."""
        outcomes: Sequence[Outcome] = ()
        try:
            outcomes = await self._receiver.store(self._city, [t.delivery for t in batch])
        finally:
            missing = [_interrupted()] * (len(batch) - len(outcomes))
            for ticket, outcome in zip(batch, [*outcomes, *missing], strict=True):
                if not ticket.answer.done():
                    _resolve(ticket.answer, outcome)

    async def _clean(self) -> None:
        at = asyncio.get_running_loop().time()
        if at - self._cleaned > _NONCE_LIFE.total_seconds():
            self._cleaned = at
            with contextlib.suppress(Unavailable):
                await self._receiver.forget_nonces(self._city)


def _resolve(answer: asyncio.Future[Receipt], outcome: Outcome) -> None:
    if isinstance(outcome, JiesuError):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


def _interrupted() -> Unavailable:
    return Unavailable("receiver_stopped", "系统正在停止,请稍后原样重发。", retry_after=5)


def _names(delivery: Delivery) -> set[tuple[str, str, str]]:
    names = {
        ("number", delivery.source, delivery.external_no),
        ("message", delivery.source, delivery.message_id),
    }
    if delivery.proof:
        names.add(("nonce", delivery.proof.app_id, delivery.proof.nonce))
    return names


def _name(outcome: Outcome) -> str:
    if isinstance(outcome, JiesuError):
        return "refused"
    if outcome.duplicate:
        return "same"
    return "new" if outcome.version == 1 else "changed"
