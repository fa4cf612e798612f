import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from intake.callbacks import Courier
from intake.receive import Receiver
from intake.services import Settings
from models.case import CaseNo
from models.db import outbox
from models.db.outbox import Line, Outgoing
from models.db.pool import Database
from tests.intake.kit import CITY, SECRETS, make_delivery, make_services, rows
from tests.intake.receiver import PlatformReceiver
from tests.kit import Server

FAST = Settings(
    callback_timeout_s=0.5,
    callback_attempts=3,
    callback_backoff_s=0.02,
    callback_backoff_max_s=0.05,
)
Start = Callable[..., Courier]


@pytest.fixture
async def platform(db: Database) -> AsyncIterator[PlatformReceiver]:
    """Give a platform that takes callbacks of both sources, and let the city know it."""
    made = PlatformReceiver()
    await made.start()
    async with db.city(CITY) as conn:
        urls = {source: made.url(source) for source in ("12345", "12369")}
        await outbox.set_targets(conn, CITY, urls)
    yield made
    await made.close()


@pytest.fixture
async def start(db: Database) -> AsyncIterator[Start]:
    """Give what starts a courier; all are stopped at the end."""
    running: list[tuple[Courier, asyncio.Task[None]]] = []

    def begin(settings: Settings = FAST) -> Courier:
        courier = Courier(db, SECRETS, settings)
        running.append((courier, asyncio.create_task(courier.run())))
        return courier

    yield begin
    for courier, _ in running:
        courier.stop()
    await asyncio.wait_for(asyncio.gather(*(task for _, task in running)), 20)


async def open_case(db: Database, source: str = "12345", **given: Any) -> CaseNo:
    """Open a case that a platform sent."""
    delivery = make_delivery(source=source, **given)
    return (await Receiver(make_services(db)).receive(delivery)).case_no


async def tell(db: Database, case_no: CaseNo, *kinds: str, **body: Any) -> int:
    """Put messages about a case, one transaction for each as transitions do."""
    count = 0
    for kind in kinds:
        async with db.city(CITY) as conn:
            message = Outgoing(
                case_no=case_no,
                kind=kind,
                dedupe=f"{kind}:{body.get('n', '')}",
                body={"at": "2026-11-21T10:00:00+08:00"} | body,
            )
            count += await outbox.put(conn, CITY, [message])
    return count


async def states(db: Database) -> list[str]:
    """List the states of all messages, in order."""
    found = await rows(db, "SELECT state FROM outbox ORDER BY case_no, target, seq")
    return [row["state"] for row in found]


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


class TestMessages:
    async def told(
        self,
        db: Database,
        platform: PlatformReceiver,
        start: Start,
        kind: str,
        source: str = "12345",
        **body: Any,
    ) -> tuple[str, dict[str, Any]]:
        """Tell a platform one thing and give type and fields of what it got."""
        payload = {
            "sender": "NATL",
            "report": {"report_id": "R1", "event_number": "E1", "content": "x"},
        }
        case_no = await open_case(db, source, external_no="EXT-1", payload=payload)
        await tell(db, case_no, kind, **body)
        start()
        (got,) = await platform.wait(1)
        return got.kind, got.fields

    async def test_12345_hears_of_acceptance_as_progress(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """Acceptance is progress for 12345, which has no word for it."""
        due = "2026-12-11T23:59:59+08:00"
        kind, told = await self.told(
            db, platform, start, "ACCEPT", accepted=True, unit="某局", due_at=due
        )
        assert (kind, told["progress"], told["orderNo"]) == ("PROGRESS", "ACCEPTED", "EXT-1")
        assert (told["organizationName"], told["deadlineDate"]) == ("某局", due)
        assert told["ticketNo"].startswith(f"ENV-{CITY}-")

    @pytest.mark.parametrize(
        "step",
        [
            ("SIGN", {"unit": "某局", "handler": "经办甲"}, {"handlerName": "经办甲"}),
            (
                "RETURN_REQ",
                {"reason": "not_ours", "text": "依据", "proposed_unit": "另一局"},
                {"reason": "not_ours", "opinion": "依据", "proposedOrganizationName": "另一局"},
            ),
            ("RETURN_RESULT", {"accepted": False, "text": "不同意"}, {"approved": 0}),
            ("REWORK", {"text": "补充照片"}, {"opinion": "补充照片"}),
            (
                "CLOSE",
                {"outcome": "partly_true", "reply": "已整改", "measures": ["order"]},
                {
                    "handleTrueness": "部分属实",
                    "replyContent": "已整改",
                    "measures": ["order"],
                    "isSolved": 2,
                    "isSatisfaction": 2,
                    "replyDateTime": "2026-11-21T10:00:00+08:00",
                },
            ),
        ],
    )
    async def test_12345_hears_in_its_own_fields(
        self,
        db: Database,
        platform: PlatformReceiver,
        start: Start,
        step: tuple[str, dict[str, Any], dict[str, Any]],
    ) -> None:
        """Each step arrives under its type with the fields of the protocol."""
        kind, body, expected = step
        given, told = await self.told(db, platform, start, kind, **body)
        assert given == kind
        assert expected.items() <= told.items()
        assert ("backDateTime" in told) == kind.startswith("RETURN")
        assert ("replyDateTime" in told) == (kind == "CLOSE")

    @pytest.mark.parametrize(
        "step",
        [
            ("ACCEPT", {"accepted": True}, "REPORT_ACCEPT", {"Accepted": "1"}),
            (
                "ACCEPT",
                {"accepted": False, "reason": "NA8", "text": "转其他部门"},
                "REPORT_ACCEPT",
                {"Accepted": "0", "Reason": "NA8", "Notice": "转其他部门"},
            ),
            ("SIGN", {"unit": "某局"}, "REPORT_PROGRESS", {"Progress": "已签收"}),
            (
                "CLOSE",
                {"outcome": "not_true", "reply": "经查不实", "measures": ["case"]},
                "REPORT_CLOSE",
                {"WhetherCode": "0", "FinalOpinion": "经查不实", "CaseFiled": "1"},
            ),
        ],
    )
    async def test_12369_hears_in_xml(
        self,
        db: Database,
        platform: PlatformReceiver,
        start: Start,
        step: tuple[str, dict[str, Any], str, dict[str, str]],
    ) -> None:
        """The national platform hears of acceptance, progress and closing of its own report."""
        kind, body, type_, expected = step
        given, told = await self.told(db, platform, start, kind, "12369", **body)
        assert given == type_
        assert (told["ReportId"], told["EventNumber"]) == ("R1", "E1")
        assert expected.items() <= told.items()

    async def test_no_identity_leaves_the_house(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """Nothing of who reported is in what a platform is told."""
        _, told = await self.told(db, platform, start, "CLOSE", reply="已处理")
        assert "13900000000" not in msgspec.json.encode(told).decode()
