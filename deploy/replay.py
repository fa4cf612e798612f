"""`jiesu replay`: a file goes in through the real signed webhook, as its platform would send it.

Each ticket is sent until it is taken (connection errors, 429 and 503 are tried again), then the
system is asked, by reconciliation, until it has dispatched each or laid it before a person.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from aiohttp import ClientConnectionError, ClientSession, ClientTimeout, TCPConnector
from defusedxml.ElementTree import fromstring

from deploy.replay_files import Ticket
from intake.channels import signature
from intake.services import Hook
from models.moment import now

SENDERS: Final = 64
_TRIES: Final = 8
_BUSY: Final = frozenset({429, 502, 503, 504})
_LONGEST_PAUSE_S: Final = 10.0
_ASK_EVERY_S: Final = 0.5
_NUMBERS_AT_ONCE: Final = 1000
_TIMEOUT: Final = ClientTimeout(total=60)
_OUT: Final = frozenset({"DISPATCHED", "IN_PROGRESS", "SUBMITTED", "CLOSED"})
_WITH_THE_MACHINE: Final = frozenset({"tag", "route"})


class Milliseconds(msgspec.Struct, frozen=True, kw_only=True):
    """How long it took from sending a ticket to its receipt: the median and the slow hundredth."""

    p50: float
    p99: float


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file.

    `accepted` counts every 2xx, `duplicates` those that made no new case; `failed` those that were
    not accepted, are not held, or were with the machine still when nothing moved any more.
    """

    sent: int
    accepted: int
    duplicates: int
    dispatched: int
    review: int
    failed: int
    seconds: float
    accept_ms: Milliseconds


class Sent(NamedTuple):
    """The answer to one ticket; `problem` is "" where it was accepted."""

    number: str
    problem: str
    duplicate: bool
    seconds: float


class Replay:
    """Sends tickets of one channel to one city of a running system."""

    def __init__(
        self,
        base: str,
        hook: Hook,
        *,
        rate: float | None = None,
        patience_s: float = 120.0,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Take where to send, as whom, and how fast at most (tickets a second).

        `patience_s` is how long nothing may move before the rest counts as failed; `tell` hears of
        progress and of refusals, by number and code, never by content.
        """
        self._base = base.rstrip("/")
        self._hook = hook
        self._rate = rate
        self._patience_s = patience_s
        self._tell = tell

    async def run(self, tickets: Sequence[Ticket]) -> Summary:
        """Send all, wait until each is settled, and sum up."""
        begun = time.perf_counter()
        connector = TCPConnector(limit=SENDERS)
        async with ClientSession(connector=connector, timeout=_TIMEOUT) as session:
            answers = await self._send_all(session, tickets)
            accepted = [answer for answer in answers if not answer.problem]
            numbers = dict.fromkeys(answer.number for answer in accepted)
            dispatched, review = await self._settle(session, list(numbers))
        lost = len(numbers) - dispatched - review
        return Summary(
            sent=len(answers),
            accepted=len(accepted),
            duplicates=sum(answer.duplicate for answer in accepted),
            dispatched=dispatched,
            review=review,
            failed=len(answers) - len(accepted) + lost,
            seconds=round(time.perf_counter() - begun, 3),
            accept_ms=_milliseconds([answer.seconds for answer in accepted]),
        )

    async def _send_all(self, session: ClientSession, tickets: Sequence[Ticket]) -> list[Sent]:
        waiting = iter(tickets)
        answers: list[Sent] = []
        pace = _Pace(self._rate)

        async def sender() -> None:
            for ticket in waiting:
                await pace.wait()
                answers.append(await self._send(session, ticket))
                if len(answers) % 100 == 0:
                    self._tell(f"已发送 {len(answers)}/{len(tickets)}")

        await asyncio.gather(*(sender() for _ in range(min(SENDERS, len(tickets)))))
        return answers

    async def _send(self, session: ClientSession, ticket: Ticket) -> Sent:
        url = f"{self._base}/hooks/{self._hook.source}/{self._hook.city}"
        problem = ""
        for attempt in range(_TRIES):
            begun = time.perf_counter()
            try:
                status, body, pause = await self._post(session, url, ticket.body)
            except (ClientConnectionError, TimeoutError) as error:
                problem, pause = _unreachable(error, self._base), 0.0
            else:
                if status < 300:  # noqa: PLR2004 - taken
                    took = time.perf_counter() - begun
                    return Sent(ticket.number, "", _is_duplicate(self._hook.source, body), took)
                problem = _problem(status, body)
                if status not in _BUSY:
                    break
            backoff = max(pause, random.uniform(0.1, 0.2) * 2**attempt)  # noqa: S311 - jitter
            await asyncio.sleep(min(backoff, _LONGEST_PAUSE_S))
        self._tell(f"{ticket.number} 未被接收:{problem}")
        return Sent(ticket.number, problem, duplicate=False, seconds=0.0)

    async def _post(
        self, session: ClientSession, url: str, body: bytes
    ) -> tuple[int, bytes, float]:
        headers = signature.sign(self._hook, body, now())
        async with session.post(url, data=body, headers=headers) as answer:
            pause = answer.headers.get("Retry-After", "0")
            return answer.status, await answer.read(), float(pause) if pause.isdigit() else 0.0

    async def _settle(self, session: ClientSession, numbers: list[str]) -> tuple[int, int]:
        """Ask until each number is dispatched or before a person; give the counts of both."""
        dispatched = review = 0
        waiting, moved = numbers, time.perf_counter()
        while waiting and time.perf_counter() - moved < self._patience_s:
            left: list[str] = []
            for n in range(0, len(waiting), _NUMBERS_AT_ONCE):
                part = waiting[n : n + _NUMBERS_AT_ONCE]
                held = await self._ask(session, part)
                out = [number for number, state in held.items() if state[0] in _OUT]
                seen = [number for number, state in held.items() if _is_seen(*state)]
                dispatched += len(out)
                review += len(seen)
                settled = {*out, *seen}
                left += [number for number in part if number not in settled]
            if len(left) < len(waiting):
                moved = time.perf_counter()
                self._tell(f"已派单 {dispatched},待复核 {review},处理中 {len(left)}")
            waiting = left
            if waiting:
                await asyncio.sleep(_ASK_EVERY_S)
        return dispatched, review

    async def _ask(
        self, session: ClientSession, numbers: list[str]
    ) -> dict[str, tuple[str, str | None]]:
        """Ask for state and queue of numbers; those not held, and all when nobody answers, miss."""
        asked = {"city": self._hook.city, "source": self._hook.source, "numbers": numbers}
        body = msgspec.json.encode(asked)
        try:
            status, answer, _ = await self._post(session, f"{self._base}/api/v1/reconcile", body)
        except (ClientConnectionError, TimeoutError):
            return {}
        if status != 200:  # noqa: PLR2004 - the only answer with content
            return {}
        held = msgspec.json.decode(answer)["held"]
        return {one["number"]: (one["state"], one["queue"]) for one in held}


class _Pace:
    """Lets at most `rate` pass in a second, evenly; None lets all pass."""

    def __init__(self, rate: float | None) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._next = time.perf_counter()

    async def wait(self) -> None:
        if not self._gap:
            return
        begun = time.perf_counter()
        self._next = max(self._next, begun) + self._gap
        await asyncio.sleep(self._next - self._gap - begun)


def _is_seen(state: str, queue: str | None) -> bool:
    return state not in _OUT and queue not in _WITH_THE_MACHINE


def _is_duplicate(source: str, body: bytes) -> bool:
    if source == "12369":
        root = fromstring(body, forbid_dtd=True)
        return bool(root.findtext("DuplicateOf")) or root.findtext("Version") != "1"
    result: dict[str, Any] = msgspec.json.decode(body)["resultData"]
    return result["duplicateOf"] is not None or result["version"] > 1


def _problem(status: int, body: bytes) -> str:
    try:
        problem = msgspec.json.decode(body)
        return f"HTTP {status} {problem['code']}"
    except (msgspec.MsgspecError, KeyError, TypeError):
        return f"HTTP {status}"


def _unreachable(error: Exception, base: str) -> str:
    """Say in words that nobody answers at an address."""
    return f"{base} 没有及时应答" if isinstance(error, TimeoutError) else f"连不上 {base}"


def _milliseconds(seconds: list[float]) -> Milliseconds:
    ordered = sorted(seconds) or [0.0]
    at = [ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.99)]
    return Milliseconds(p50=round(at[0] * 1000, 1), p99=round(at[1] * 1000, 1))
