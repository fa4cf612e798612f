"""Messages to other systems: put with the change they tell of, delivered in order per case.

`put` writes rows and wakes the sender in the caller's transaction, so a message exists exactly when
its cause does. PgQueuer says when to try; the table says what, in which order, how often and
whether.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from models.case import CaseNo
from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct
from models.moment import now

_SQL: Final = queries.load("outbox")
#: What the reporters of merged cases are not told: another was called, a unit and a platform argue.
_ONLY_OWN: Final = ["CONTACTED", "RETURN_REQ", "RETURN_RESULT"]


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

    Sources of cases merged into them are told of their own numbers, without `text` and `handler`.

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
        _ONLY_OWN,
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


async def keep_house(conn: Connection, waited: timedelta, kept: timedelta) -> None:
    """Wake the sender for what has waited so long unheld, and drop logs of jobs older than `kept`.

    The job of a waiting message may have been lost, with a backup for one.
    """
    await conn.execute(_SQL["rearm"], waited)
    await conn.execute(_SQL["prune_jobs"], kept)


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


async def _settle(
    conn: Connection, message: Message, state: str, error: str | None, wait: timedelta
) -> None:
    key = (message.city, message.target, message.case_no, message.seq)
    await conn.execute(_SQL["settle"], *key, state, error[:500] if error else None, wait)
