"""The history of cases: appended, never edited, and sealed into one hash chain per city.

A link's hash is SHA-256 over the previous hash and the canonical JSON of the event, so a change, a
deletion or a swap anywhere breaks the chain. Cutting off its end alone leaves a sound chain: keep
the printed head elsewhere and ask whether the chain still holds it.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from typing import Final

import asyncpg
import msgspec

from models.case import Actor, CaseNo, Event
from models.db import custody, queries
from models.db.pool import Connection

_SQL = queries.load("events")
_GENESIS: Final = b"\x00" * 32
_PAGE: Final = 2000
_MAX_PROBLEMS: Final = 50


class SealProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong: `kind` is event_changed, event_missing, link_missing or head_missing."""

    kind: str
    seq: int | None = None
    event_id: str | None = None


class SealReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a walk along one city's chain found; `head` is `<seq>:<hash>`, to be kept elsewhere."""

    city: str
    sealed: int
    unsealed: int
    head: str
    problems: tuple[SealProblem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


async def append(conn: Connection, events: Sequence[Event]) -> None:
    """Append events in one statement, within the caller's transaction; the ledger follows them.

    What an event tells of must have been written before it.
    """
    if not events:
        return
    actors = [event.actor for event in events]
    await conn.execute(
        _SQL["append"],
        [event.city for event in events],
        [event.event_id for event in events],
        [event.case_no for event in events],
        [event.at for event in events],
        [event.verb for event in events],
        [actor.kind for actor in actors],
        [actor.name for actor in actors],
        [actor.unit for actor in actors],
        [event.data for event in events],
    )
    await custody.follow(conn, events)


async def history(conn: Connection, city: str, case_no: int) -> list[Event]:
    """Give all that happened to a case, oldest first."""
    return [to_event(row) for row in await conn.fetch(_SQL["history"], city, case_no)]


def to_event(row: asyncpg.Record) -> Event:
    """Build an Event from a row of `event`."""
    actor = Actor(kind=row["actor_kind"], name=row["actor_name"], unit=row["actor_unit"])
    return Event(
        city=row["city"],
        event_id=row["event_id"],
        case_no=CaseNo(row["case_no"]),
        at=row["at"],
        verb=row["verb"],
        actor=actor,
        data=row["data"],
    )


def link_hash(previous: bytes, event: Event) -> bytes:
    """Give the hash of the link that follows `previous` and holds `event`."""
    plain = msgspec.to_builtins(event)
    plain["at"] = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(previous + msgspec.json.encode(plain, order="sorted")).digest()


async def seal(conn: Connection, city: str, limit: int) -> int:
    """Chain up to `limit` waiting events and give how many; 0 also when another sealer is at it."""
    if not await conn.fetchval(_SQL["lock_chain"], city):
        return 0
    waiting = [to_event(row) for row in await conn.fetch(_SQL["take_unsealed"], city, limit)]
    if not waiting:
        return 0
    head = await conn.fetchrow(_SQL["head"], city)
    seq, previous = (head["seq"], head["hash"]) if head else (0, _GENESIS)
    hashes = []
    for event in waiting:
        previous = link_hash(previous, event)
        hashes.append(previous)
    numbers = list(range(seq + 1, seq + 1 + len(waiting)))
    await conn.execute(
        _SQL["add_links"], city, numbers, [event.event_id for event in waiting], hashes
    )
    return len(waiting)


async def unsealed(conn: Connection, city: str) -> int:
    """Count the events that wait for the sealer."""
    return int(await conn.fetchval(_SQL["count_unsealed"], city))


async def verify(conn: Connection, city: str, expected_head: str | None = None) -> SealReport:
    """Walk the whole chain of a city; `expected_head` is the `head` of an earlier report."""
    problems: list[SealProblem] = []
    seq, previous, kept = 0, _GENESIS, expected_head is None
    async for row in _links(conn, city):
        problems += _gap(seq, row["seq"]) + _wrong(previous, row)
        seq, previous = row["seq"], row["hash"]
        kept = kept or expected_head == _head(seq, previous)
    if not kept:
        problems.append(SealProblem(kind="head_missing"))
    strays = await conn.fetch(_SQL["strays"], city, _MAX_PROBLEMS)
    problems += [SealProblem(kind=row["kind"], event_id=str(row["event_id"])) for row in strays]
    return SealReport(
        city=city,
        sealed=seq,
        unsealed=await unsealed(conn, city),
        head=_head(seq, previous),
        problems=tuple(problems[:_MAX_PROBLEMS]),
    )


def _head(seq: int, digest: bytes) -> str:
    return f"{seq}:{digest.hex()}"


def _gap(last: int, seq: int) -> list[SealProblem]:
    return [] if seq == last + 1 else [SealProblem(kind="link_missing", seq=last + 1)]


def _wrong(previous: bytes, row: asyncpg.Record) -> list[SealProblem]:
    where = {"seq": row["seq"], "event_id": str(row["sealed_id"])}
    if row["event_id"] is None:
        return [SealProblem(kind="event_missing", **where)]
    if link_hash(previous, to_event(row)) != row["hash"]:
        return [SealProblem(kind="event_changed", **where)]
    return []


async def _links(conn: Connection, city: str) -> AsyncIterator[asyncpg.Record]:
    seq = 0
    while rows := await conn.fetch(_SQL["links_after"], city, seq, _PAGE):
        for row in rows:
            yield row
        seq = rows[-1]["seq"]
