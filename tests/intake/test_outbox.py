import asyncio
from datetime import timedelta
from typing import Any

import pytest

from intake.receive import Receiver
from models.case import CaseNo
from models.db import outbox
from models.db.outbox import Line, Outgoing
from models.db.pool import Database
from tests.intake.kit import CITY, make_delivery, make_services, rows
from tests.intake.receiver import PlatformReceiver
from tests.intake.telling import Start, open_case, states, tell
from tests.kit import Server


class TestPut:
    async def test_who_has_no_address_is_told_nothing(self, db: Database) -> None:
        """A source without an address, and a case of the portal, get no messages."""
        assert await tell(db, await open_case(db), "SIGN") == 0
        async with db.city(CITY) as conn:
            await outbox.set_targets(conn, CITY, {"12369": "http://127.0.0.1:1/"})
        assert await tell(db, await open_case(db), "SIGN") == 0
        assert await tell(db, await open_case(db, "portal"), "SIGN") == 0
        assert await tell(db, await open_case(db, "12369"), "SIGN") == 1

    async def test_one_cause_tells_once(self, db: Database, platform: PlatformReceiver) -> None:
        """The same cause put again makes no second message."""
        case_no = await open_case(db)
        assert await tell(db, case_no, "SIGN") == 1
        assert await tell(db, case_no, "SIGN") == 0

    async def test_a_batch_keeps_its_order(self, db: Database, platform: PlatformReceiver) -> None:
        """Messages of several cases in one batch are numbered per case as given."""
        cases = [await open_case(db) for _ in range(3)]
        batch = [
            Outgoing(case_no=no, kind=kind, dedupe=kind, body={})
            for kind in ("ACCEPT", "SIGN", "CLOSE")
            for no in cases
        ]
        async with db.city(CITY) as conn:
            assert await outbox.put(conn, CITY, batch) == 9
            assert await outbox.put(conn, CITY, []) == 0
        for no in cases:
            async with db.city(CITY) as conn:
                told = await outbox.history(conn, CITY, no)
            assert [(m.seq, m.kind) for m in told] == [(1, "ACCEPT"), (2, "SIGN"), (3, "CLOSE")]

    async def test_no_cause_no_message(self, db: Database, platform: PlatformReceiver) -> None:
        """What is rolled back is not told, and leaves no job behind."""
        case_no = await open_case(db)
        with pytest.raises(ZeroDivisionError):
            await self.interrupted(db, case_no)
        assert await states(db) == []
        assert await rows(db, "SELECT 1 FROM pgqueuer") == []

    async def interrupted(self, db: Database, case_no: CaseNo) -> None:
        """Put a message in a transaction that fails."""
        async with db.city(CITY) as conn:
            message = Outgoing(case_no=case_no, kind="SIGN", dedupe="x", body={})
            await outbox.put(conn, CITY, [message])
            raise ZeroDivisionError

    async def test_a_units_connection_cannot_lose_it(
        self, db: Database, platform: PlatformReceiver
    ) -> None:
        """A transaction scoped to a unit is refused: it could not see whom to tell."""
        case_no = await open_case(db)
        with pytest.raises(RuntimeError, match="unit"):
            async with db.city(CITY, "CS-1") as conn:
                await outbox.put(
                    conn, CITY, [Outgoing(case_no=case_no, kind="SIGN", dedupe="x", body={})]
                )


class TestDelivery:
    async def test_everything_arrives_in_order(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """Each case's messages arrive once, signed, in the order of their causes."""
        start()
        cases = [await open_case(db) for _ in range(5)]
        for kind in ("SIGN", "CONTACTED", "SUBMIT", "CLOSE"):
            await asyncio.gather(*(tell(db, no, kind) for no in cases))
        got = await platform.wait(20)
        for no in cases:
            mine = [g.kind for g in got if g.message_id.startswith(f"JS-{CITY}-{no}-")]
            assert mine == ["SIGN", "CONTACTED", "SUBMIT", "CLOSE"]
        assert len(platform.attempts) == 20

    async def test_a_platform_that_fails_for_a_while(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """Failures, refusals and redirects are tried again under the same id; order holds."""
        platform.failures.extend([500, 0])
        start()
        case_no = await open_case(db)
        await tell(db, case_no, "SIGN", "CLOSE")
        got = await platform.wait(2)
        assert [g.kind for g in got] == ["SIGN", "CLOSE"]
        assert platform.attempts[:3] == [got[0].message_id] * 3

    async def test_what_never_works_is_laid_aside(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """After the last attempt a message is dead, and those behind it go on."""
        platform.failures.extend([500] * 3)
        start()
        case_no = await open_case(db)
        await tell(db, case_no, "SIGN", "SUBMIT", "CLOSE")
        got = await platform.wait(2)
        assert [g.kind for g in got] == ["SUBMIT", "CLOSE"]
        async with db.city(CITY) as conn:
            (dead,) = await outbox.dead(conn, CITY)
        assert (dead.kind, dead.attempts, dead.last_error) == ("SIGN", 3, "HTTP 500")

    async def test_what_is_hopeless_is_not_repeated(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """A message that the platform calls malformed is not sent a second time."""
        platform.failures.append(400)
        start()
        await tell(db, await open_case(db), "SIGN", "CLOSE")
        await platform.wait(1)
        assert await self.settled(db) == ["dead", "sent"]
        assert len(platform.attempts) == 2

    async def settled(self, db: Database) -> list[str]:
        """Wait until no message is pending and give the states."""
        async with asyncio.timeout(10):
            while "pending" in (found := await states(db)):
                await asyncio.sleep(0.02)
        return found

    async def test_the_dead_rise_on_request(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """A dead message is sent when someone asks for it, with its attempts counted anew."""
        platform.failures.append(400)
        start()
        case_no = await open_case(db)
        await tell(db, case_no, "SIGN")
        assert await self.settled(db) == ["dead"]
        async with db.city(CITY) as conn:
            assert await outbox.revive(conn, CITY, target="12369") == 0
            assert await outbox.revive(conn, CITY, target="12345", case_no=case_no) == 1
        (got,) = await platform.wait(1)
        assert got.kind == "SIGN"
        assert await self.settled(db) == ["sent"]

    async def test_several_couriers(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """Two couriers on one queue send everything once and in order, though answers are slow."""
        platform.hold = 0.05
        start()
        start()
        cases = [await open_case(db) for _ in range(6)]
        for kind in ("SIGN", "SUBMIT", "CLOSE"):
            await asyncio.gather(*(tell(db, no, kind) for no in cases))
        await platform.wait(18)
        assert await self.settled(db) == ["sent"] * 18
        assert len(platform.attempts) == 18
        for no in cases:
            mine = [g.kind for g in platform.got if f"-{no}-" in g.message_id]
            assert mine == ["SIGN", "SUBMIT", "CLOSE"]

    async def test_a_slow_platform(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """A platform that does not answer in time is asked again; a late answer is no receipt."""
        platform.hold = 0.8
        start()
        await tell(db, await open_case(db), "SIGN")
        async with asyncio.timeout(10):
            while len(platform.attempts) < 2:
                await asyncio.sleep(0.05)
        platform.hold = 0.0
        assert await self.settled(db) == ["sent"]
        assert len(set(platform.attempts)) == 1

    async def test_a_platform_that_is_not_there(self, db: Database, start: Start) -> None:
        """Where nobody listens the message waits, then is dead, with the reason."""
        async with db.city(CITY) as conn:
            await outbox.set_targets(conn, CITY, {"12345": "http://127.0.0.1:1/"})
        case_no = await open_case(db)
        await tell(db, case_no, "SIGN")
        start()
        assert await self.settled(db) == ["dead"]
        async with db.city(CITY) as conn:
            (told,) = await outbox.history(conn, CITY, case_no)
        assert told.last_error == "ClientConnectorError"

    async def test_an_address_taken_away(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """A message whose target has no address any more is dead, not lost."""
        await tell(db, await open_case(db), "SIGN")
        async with db.city(CITY) as conn:
            await outbox.set_targets(conn, CITY, {})
        start()
        assert await self.settled(db) == ["dead"]
        assert platform.attempts == []

    async def test_a_courier_that_died(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """What a courier held when it died is sent by the next, counted as one attempt more."""
        case_no = await open_case(db)
        await tell(db, case_no, "SIGN")
        line = Line(city=CITY, target="12345", case_no=case_no)
        async with db.city(CITY) as conn:
            held = await outbox.claim(conn, line, timedelta(milliseconds=300))
            assert isinstance(held, outbox.Message)
            await conn.execute("DELETE FROM pgqueuer")
            await conn.execute("UPDATE outbox SET created_at = now() - interval '1 hour'")
        await asyncio.sleep(0.4)
        start()
        (got,) = await platform.wait(1)
        assert got.message_id == held.message_id
        (row,) = await rows(db, "SELECT attempts FROM outbox")
        assert row["attempts"] == 2

    async def test_the_log_of_jobs_does_not_grow(self, db: Database) -> None:
        """What PgQueuer logged of old jobs is dropped, what is younger kept."""
        async with db.system() as conn:
            await conn.execute(
                "INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint)"
                " SELECT now() - make_interval(days => d), d, 'successful', 0, 'outbox'"
                " FROM generate_series(1, 20) d"
            )
            await outbox.keep_house(conn, timedelta(minutes=1), timedelta(days=7))
            assert await conn.fetchval("SELECT max(job_id) FROM pgqueuer_log") == 7

    async def test_only_one_may_hold_a_line(self, db: Database, platform: PlatformReceiver) -> None:
        """While the first message is held, nobody gets it or what is behind it."""
        case_no = await open_case(db)
        await tell(db, case_no, "SIGN", "CLOSE")
        line = Line(city=CITY, target="12345", case_no=case_no)

        async def claim() -> Any:
            async with db.city(CITY) as conn:
                return await outbox.claim(conn, line, timedelta(seconds=30))

        outcomes = await asyncio.gather(*(claim() for _ in range(4)))
        held = [outcome for outcome in outcomes if isinstance(outcome, outbox.Message)]
        assert [message.kind for message in held] == ["SIGN"]
        waits = [outcome for outcome in outcomes if isinstance(outcome, timedelta)]
        assert len(waits) == 3
        assert all(timedelta(seconds=25) < wait <= timedelta(seconds=30) for wait in waits)

    async def test_the_database_goes_and_comes(
        self, db: Database, platform: PlatformReceiver, start: Start, server: Server
    ) -> None:
        """A courier whose connections are cut goes on when the database is back."""
        start()
        await tell(db, await open_case(db), "SIGN")
        await platform.wait(1)
        async with db.system() as conn:
            name = await conn.fetchval("SELECT current_database()")
        await server.run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        await asyncio.sleep(0.1)
        case_no = await Receiver(make_services(db)).receive(make_delivery())
        await tell(db, case_no.case_no, "CLOSE")
        got = await platform.wait(2)
        assert got[1].kind == "CLOSE"
