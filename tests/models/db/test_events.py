"""The history: appended in batches, chained per city, and every way of tampering found."""

import asyncio

import asyncpg
import pytest

from models.case import SYSTEM, Actor, CaseNo, Event
from models.db import events
from models.db.pool import Database
from models.ids import uuid7
from models.moment import now
from tests.kit import tamper

CITY = "430100"


def event(number: int, city: str = CITY) -> Event:
    """Make the event of one case."""
    return Event(
        city=city,
        event_id=uuid7(),
        case_no=CaseNo(number),
        at=now(),
        verb="case:received",
        actor=SYSTEM if number % 2 else Actor(kind="staff", name="op", unit="A"),
        data={"渠道": "12345", "n": number, "share": 0.1 * number, "none": None},
    )


async def put(db: Database, count: int, city: str = CITY) -> list[Event]:
    """Append events of as many cases."""
    made = [event(number, city) for number in range(1, count + 1)]
    async with db.city(city) as conn:
        await events.append(conn, made)
    return made


async def seal_all(db: Database, city: str = CITY) -> int:
    """Seal until nothing waits."""
    total = 0
    while True:
        async with db.city(city) as conn:
            done = await events.seal(conn, city, 7)
        if not done:
            return total
        total += done


async def verify(db: Database, head: str | None = None) -> events.SealReport:
    """Walk the chain of the city."""
    async with db.city(CITY) as conn:
        return await events.verify(conn, CITY, head)


async def test_history_gives_back_what_was_appended(db: Database) -> None:
    """Events of one case come back equal and in order."""
    made = [event(5), event(5), event(6)]
    async with db.city(CITY) as conn:
        await events.append(conn, made)
        assert await events.history(conn, CITY, 5) == made[:2]


async def test_appending_nothing_is_allowed(db: Database) -> None:
    """An empty batch is no error and leaves nothing."""
    async with db.city(CITY) as conn:
        await events.append(conn, [])
        assert await events.unsealed(conn, CITY) == 0


async def test_history_cannot_be_changed_by_the_application(db: Database) -> None:
    """The database refuses UPDATE and DELETE on events and seals."""
    await put(db, 1)
    await seal_all(db)
    for statement in ("UPDATE event SET verb = 'x'", "DELETE FROM event", "DELETE FROM event_seal"):
        async with db.city(CITY) as conn:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(statement)


async def test_a_sealed_history_verifies(db: Database) -> None:
    """Sealing takes everything once, per city, and the walk finds nothing wrong."""
    await put(db, 30)
    await put(db, 3, "530100")
    assert await seal_all(db) == 30
    report = await verify(db)
    assert report.ok
    assert (report.sealed, report.unsealed) == (30, 0)
    assert await seal_all(db, "530100") == 3


async def test_waiting_events_are_counted(db: Database) -> None:
    """What the sealer has not reached is said, and is no fault."""
    await put(db, 3)
    report = await verify(db)
    assert report.ok
    assert (report.sealed, report.unsealed) == (0, 3)


async def test_two_sealers_make_one_chain(db: Database) -> None:
    """Sealers that work at once collide in nothing and seal each event once."""
    await put(db, 100)
    done = await asyncio.gather(*(seal_all(db) for _ in range(4)))
    assert sum(done) + await seal_all(db) == 100
    report = await verify(db)
    assert report.ok
    assert report.sealed == 100


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("event_changed", "UPDATE event SET data = data || '{\"n\": 99}' WHERE case_no = 4"),
        ("event_changed", "UPDATE event SET at = at + interval '1 second' WHERE case_no = 4"),
        ("event_changed", "UPDATE event SET actor_name = 'other' WHERE case_no = 4"),
        ("event_changed", "UPDATE event_seal SET hash = sha256(hash) WHERE seq = 4"),
        ("event_missing", "DELETE FROM event WHERE case_no = 4"),
        ("link_missing", "DELETE FROM event_seal WHERE seq = 4"),
        ("link_missing", "DELETE FROM event_seal WHERE seq = 10"),
    ],
)
async def test_tampering_is_found(db: Database, kind: str, statement: str) -> None:
    """A changed field, a changed hash, a deleted event and a deleted link are each named."""
    await put(db, 10)
    await seal_all(db)
    await tamper(db, statement)
    report = await verify(db)
    assert not report.ok
    assert kind in {problem.kind for problem in report.problems}


async def test_reordering_is_found(db: Database) -> None:
    """Two links that changed places do not fit any more."""
    await put(db, 10)
    await seal_all(db)
    await tamper(
        db,
        "UPDATE event_seal SET seq = -seq WHERE seq IN (4, 5);"
        "UPDATE event_seal SET seq = CASE seq WHEN -4 THEN 5 ELSE 4 END WHERE seq < 0",
    )
    assert [problem.seq for problem in (await verify(db)).problems] == [4, 5, 6]


async def test_a_forged_later_chain_is_found_by_a_kept_head(db: Database) -> None:
    """Cutting off the end with all traces shows only against the head noted before, and does."""
    await put(db, 10)
    await seal_all(db)
    head = (await verify(db)).head
    assert (await verify(db, head)).ok
    await tamper(db, "DELETE FROM event_seal WHERE seq > 8; DELETE FROM event WHERE case_no > 8")
    assert (await verify(db)).ok
    assert [problem.kind for problem in (await verify(db, head)).problems] == ["head_missing"]


async def test_an_event_deleted_before_it_was_sealed_is_found(db: Database) -> None:
    """The list of waiting events betrays it."""
    await put(db, 2)
    await tamper(db, "DELETE FROM event WHERE case_no = 1")
    await seal_all(db)
    assert [problem.kind for problem in (await verify(db)).problems] == ["event_missing"]
