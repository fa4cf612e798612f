import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from intake.delivery import Content, Delivery, FileRef, Proof
from intake.receive import Receiver
from models.case import Receipt
from models.db import events, intake
from models.db.pool import Database
from models.errors import Conflict, Invalid, JiesuError, Unavailable
from models.moment import now
from tests.intake.kit import CITY, OTHER, VAULT, counts, make_delivery, make_services, rows
from tests.kit import Server


async def all_of(receiver: Receiver, deliveries: Sequence[Delivery]) -> list[Any]:
    """Send deliveries at once and give what came of each, errors too."""
    return await asyncio.gather(
        *(receiver.receive(delivery) for delivery in deliveries), return_exceptions=True
    )


def changed(delivery: Delivery, text: str, **given: Any) -> Delivery:
    """Give a later delivery of the same number with another text."""
    content = Content(channel="12345_TEL", text=text)
    values = {
        "content": content,
        "digest": VAULT.fingerprint(msgspec.json.encode(content)),
        "message_id": f"{delivery.message_id}-{text}",
        "issued_at": delivery.issued_at + timedelta(minutes=1),
    }
    return msgspec.structs.replace(delivery, **(values | given))


class TestNew:
    async def test_one_report_opens_one_case(self, db: Database) -> None:
        """A new report opens a case with its first number, a vault row and one event."""
        receipt = await Receiver(make_services(db)).receive(make_delivery())
        assert (receipt.case_no % 1_000_000, receipt.version, receipt.duplicate) == (1, 1, False)
        found = await counts(db)
        assert (found["cases"], found["report"], found["identity"]) == (1, 1, 1)
        async with db.city(CITY) as conn:
            history = await events.history(conn, CITY, receipt.case_no)
        assert [event.verb for event in history] == ["case:received"]
        assert history[0].data == {"source": "12345", "channel": "12345_TEL", "version": 1}

    async def test_a_case_waits_to_be_tagged(self, db: Database) -> None:
        """A new case is NEW, in the queue for tagging, with what the source stated."""
        due = now() + timedelta(days=9)
        content = Content(
            channel="12345_APP",
            text="内容",
            title="标题",
            address="某路 1 号",
            stated_adcode="430102",
            stated_township="430102001",
            source_due_at=due,
            confidential=False,
        )
        await Receiver(make_services(db)).receive(make_delivery(content=content))
        (case,) = await rows(db, "SELECT * FROM cases")
        assert (case["state"], case["queue"], case["channel"]) == ("NEW", "tag", "12345_APP")
        assert (case["title"], case["address"]) == ("标题", "某路 1 号")
        assert (case["stated_adcode"], case["stated_township"]) == ("430102", "430102001")
        assert (case["source_due_at"], case["confidential"]) == (due, False)

    async def test_numbers_have_no_gaps_and_codes_no_twins(self, db: Database) -> None:
        """However many arrive at once, the day's numbers are 1 to n and every code differs."""
        receiver = Receiver(make_services(db))
        receipts = await all_of(receiver, [make_delivery() for _ in range(300)])
        assert sorted(r.case_no % 1_000_000 for r in receipts) == list(range(1, 301))
        assert len({r.track_code for r in receipts}) == 300

    async def test_cities_count_for_themselves(self, db: Database) -> None:
        """Each city has its own numbers, and its rows are invisible to the other."""
        receiver = Receiver(make_services(db))
        one, other = await all_of(receiver, [make_delivery(), make_delivery(city=OTHER)])
        assert one.case_no == other.case_no
        assert (await counts(db, CITY))["cases"] == (await counts(db, OTHER))["cases"] == 1

    async def test_files_are_kept_by_reference(self, db: Database) -> None:
        """An attachment's hash and address are stored, never its content."""
        file = FileRef(
            file_id="F1",
            name="夜间.mp4",
            media_type="video/mp4",
            size=7,
            sha256="ab" * 32,
            url="https://files.example/F1?token=1",
        )
        content = Content(channel="12345_TEL", text="见视频", files=(file,))
        receiver = Receiver(make_services(db))
        delivery = make_delivery(content=content)
        await receiver.receive(delivery)
        moved = msgspec.structs.replace(file, url="https://files.example/F1?token=2")
        again = changed(delivery, "见视频,又响了一夜")
        again = msgspec.structs.replace(
            again,
            content=Content(channel="12345_TEL", text="见视频,又响了一夜", files=(moved,)),
        )
        await receiver.receive(again)
        (kept,) = await rows(db, "SELECT * FROM attachment")
        assert (kept["sha256"], kept["content"], kept["origin"]) == ("ab" * 32, None, "source")
        assert kept["url"].endswith("token=2")

    async def test_unknown_codes_are_counted(self, db: Database) -> None:
        """Codes without a mapping are noted with how often they came, in one batch or more."""
        receiver = Receiver(make_services(db))
        unknown = (("sourceType", "77"),)
        await all_of(receiver, [make_delivery(unknown=unknown) for _ in range(3)])
        await receiver.receive(make_delivery(unknown=(*unknown, ("pilotLight", "9"))))
        found = await rows(db, "SELECT field, code, n FROM unknown_code ORDER BY field DESC")
        assert found == [
            {"field": "sourceType", "code": "77", "n": 4},
            {"field": "pilotLight", "code": "9", "n": 1},
        ]


class TestAgain:
    async def test_the_same_message_gives_the_same_receipt(self, db: Database) -> None:
        """A message sent again returns number, code and time of the first, and stores nothing."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery()
        first = await receiver.receive(delivery)
        before = await counts(db)
        again = await receiver.receive(delivery)
        assert again == msgspec.structs.replace(first, duplicate=True)
        assert await counts(db) == before

    async def test_the_same_content_under_another_message(self, db: Database) -> None:
        """The same number with the same content is the same report, whatever message brings it."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery()
        first = await receiver.receive(delivery)
        again = await receiver.receive(msgspec.structs.replace(delivery, message_id="other"))
        assert (again.duplicate, again.track_code) == (True, first.track_code)

    async def test_a_restart_changes_nothing(self, db: Database) -> None:
        """Another process with the same keys gives the receipt that the first one gave."""
        delivery = make_delivery()
        first = await Receiver(make_services(db)).receive(delivery)
        again = await Receiver(make_services(db)).receive(delivery)
        assert (again.number, again.track_code) == (first.number, first.track_code)

    async def test_many_at_once_in_several_processes(self, db: Database) -> None:
        """Copies of the same reports through several receivers at once make each case once."""
        receivers = [Receiver(make_services(db)) for _ in range(4)]
        deliveries = [make_delivery() for _ in range(60)]
        jobs = [(r, d) for d in deliveries for r in receivers for _ in range(2)]
        random.Random(7).shuffle(jobs)  # noqa: S311 - an order
        receipts = await asyncio.gather(*(r.receive(d) for r, d in jobs))
        by_message: dict[str, set[tuple[str, str]]] = {}
        for (_, delivery), receipt in zip(jobs, receipts, strict=True):
            by_message.setdefault(delivery.message_id, set()).add(
                (receipt.number, receipt.track_code)
            )
        assert all(len(given) == 1 for given in by_message.values())
        assert sum(not receipt.duplicate for receipt in receipts) == 60
        found = await rows(db, "SELECT case_no % 1000000 AS n FROM cases ORDER BY 1")
        assert [row["n"] for row in found] == list(range(1, 61))

    async def test_a_message_id_used_for_something_else(self, db: Database) -> None:
        """A message id with other content, or another number, is refused and leaves no trace."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery()
        await receiver.receive(delivery)
        before = await counts(db)
        reused = changed(delivery, "别的内容", message_id=delivery.message_id)
        elsewhere = make_delivery(message_id=delivery.message_id)
        for refused in await all_of(receiver, [reused, elsewhere]):
            assert isinstance(refused, Conflict)
            assert refused.code == "message_id_reused"
        assert await counts(db) == before


class TestNonce:
    def signed(self, nonce: str = "n0000001", digest: bytes = b"d" * 32) -> Proof:
        """Make the proof of a signed request."""
        return Proof(app_id="app", nonce=nonce, digest=digest, at=now())

    async def test_a_retry_with_its_own_nonce_is_harmless(self, db: Database) -> None:
        """The same request again, nonce and all, gives the original receipt."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery(proof=self.signed())
        first, again = await all_of(receiver, [delivery, delivery])
        assert (again.number, again.duplicate) == (first.number, True)
        assert (await counts(db))["nonce"] == 1

    async def test_a_nonce_under_another_body_is_refused(self, db: Database) -> None:
        """A nonce seen with another body is refused, however new the report is."""
        receiver = Receiver(make_services(db))
        await receiver.receive(make_delivery(proof=self.signed()))
        with pytest.raises(Conflict, match="nonce_reused"):
            await receiver.receive(make_delivery(proof=self.signed(digest=b"e" * 32)))
        found = await counts(db)
        assert (found["cases"], found["nonce"]) == (1, 1)

    async def test_one_nonce_for_two_bodies_at_once(self, db: Database) -> None:
        """Two bodies race for one nonce through two processes: exactly one is stored."""
        one, two = Receiver(make_services(db)), Receiver(make_services(db))
        pair = [make_delivery(proof=self.signed(digest=bytes([n]) * 32)) for n in (1, 2)]
        done = await asyncio.gather(
            one.receive(pair[0]), two.receive(pair[1]), return_exceptions=True
        )
        assert sum(isinstance(outcome, Receipt) for outcome in done) == 1
        assert (await counts(db))["cases"] == 1

    async def test_old_nonces_are_forgotten(self, db: Database) -> None:
        """Nonces that the time window refuses anyway are dropped, younger ones kept."""
        receiver = Receiver(make_services(db), clock=lambda: now() - timedelta(hours=3))
        await receiver.receive(make_delivery(proof=self.signed("old00000")))
        fresh = Receiver(make_services(db))
        await fresh.receive(make_delivery(proof=self.signed("new00000")))
        await fresh.forget_nonces(CITY)
        assert [row["nonce"] for row in await rows(db, "SELECT nonce FROM nonce")] == ["new00000"]


class TestTrouble:
    async def test_one_bad_delivery_does_not_harm_its_batch(self, db: Database) -> None:
        """A delivery that the database cannot store is answered alone; the others are stored."""
        receiver = Receiver(make_services(db, linger_s=0.02))
        good = [make_delivery() for _ in range(20)]
        bad = make_delivery(text="坏\x00字符")
        outcomes = await all_of(receiver, [*good[:7], bad, *good[7:]])
        assert isinstance(outcomes.pop(7), Invalid)
        assert sorted(r.case_no % 1_000_000 for r in outcomes) == list(range(1, 21))

    async def test_a_delivery_that_breaks_the_code(self, db: Database) -> None:
        """A delivery that nobody foresaw gets an error of its own; its neighbours are stored."""
        receiver = Receiver(make_services(db, linger_s=0.02))
        broken = make_delivery(payload=object())
        done = await all_of(receiver, [make_delivery(), broken, make_delivery()])
        assert isinstance(done[1], JiesuError)
        assert (done[1].status, done[1].code) == (500, "delivery_not_stored")
        assert (await counts(db))["cases"] == 2

    async def test_a_full_queue_says_so(self, db: Database) -> None:
        """When too many wait, further senders are told to come back, and lose nothing."""
        receiver = Receiver(make_services(db, queue_limit=5))
        deliveries = [make_delivery() for _ in range(12)]
        outcomes = await all_of(receiver, deliveries)
        refused = [d for d, o in zip(deliveries, outcomes, strict=True) if isinstance(o, Exception)]
        assert len(refused) == 7
        assert all(o.extra["retry_after"] for o in outcomes if isinstance(o, Unavailable))
        for delivery in refused:
            await receiver.receive(delivery)
        assert (await counts(db))["cases"] == 12

    async def test_closing_answers_all_that_waits(self, db: Database) -> None:
        """A receiver that closes stores and answers what it took, and takes nothing more."""
        receiver = Receiver(make_services(db, batch_limit=10))
        tasks = [asyncio.create_task(receiver.receive(make_delivery())) for _ in range(35)]
        await asyncio.sleep(0)
        await receiver.close()
        assert all(task.done() and isinstance(task.result(), Receipt) for task in tasks)
        with pytest.raises(Unavailable):
            await receiver.receive(make_delivery())
        assert (await counts(db))["cases"] == 35

    async def test_a_sender_that_leaves(self, db: Database) -> None:
        """A sender that hangs up gets its original receipt when it comes again."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery()
        task = asyncio.create_task(receiver.receive(delivery))
        await asyncio.sleep(0)
        task.cancel()
        await receiver.receive(make_delivery())
        again = await receiver.receive(delivery)
        assert (again.duplicate, again.case_no % 1_000_000) == (True, 1)

    async def test_a_database_that_is_away(self, db: Database, server: Server) -> None:
        """Connections cut at any moment: each sender has a receipt or is told to come back."""
        receiver = Receiver(make_services(db))
        async with db.system() as conn:
            name = await conn.fetchval("SELECT current_database()")
        deliveries = [make_delivery() for _ in range(40)]
        sending = asyncio.create_task(all_of(receiver, deliveries))
        for _ in range(3):
            await server.run(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )
        assert all(isinstance(o, Receipt | Unavailable) for o in await sending)
        again = await all_of(receiver, deliveries)
        assert sorted(r.case_no % 1_000_000 for r in again) == list(range(1, 41))

    @pytest.mark.parametrize(
        "error", [asyncpg.DeadlockDetectedError, asyncpg.SerializationError, intake.Raced]
    )
    async def test_a_deadlock_is_tried_again(self, db: Database, error: type[Exception]) -> None:
        """A batch that the database sacrifices is run again, and nobody hears of it."""
        receiver = Receiver(make_services(db))
        draw, failures = intake.draw, [error("sacrificed"), error("again")]

        async def unlucky(*args: Any) -> int:
            number = await draw(*args)
            if failures:
                raise failures.pop()
            return number

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(intake, "draw", unlucky)
            receipts = await all_of(receiver, [make_delivery() for _ in range(3)])
        assert sorted(r.case_no % 1_000_000 for r in receipts) == [1, 2, 3]

    async def test_a_race_that_never_ends(self, db: Database) -> None:
        """A batch that loses again and again is told to come back, and nothing of it is stored."""
        receiver = Receiver(make_services(db))

        async def hopeless(*_args: Any) -> int:
            raise intake.Raced

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(intake, "draw", hopeless)
            with pytest.raises(Unavailable, match="receiver_busy"):
                await receiver.receive(make_delivery())
        assert not any((await counts(db)).values())

    async def test_a_lost_race_starts_again(self, db: Database) -> None:
        """A number bound by another process between look and write ends in one case."""
        delivery = make_delivery()
        one, two = Receiver(make_services(db)), Receiver(make_services(db))
        find = intake.find

        async def slow_find(*args: Any) -> Any:
            known = await find(*args)
            await asyncio.sleep(0.05)
            return known

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(intake, "find", slow_find)
            first, second = await asyncio.gather(one.receive(delivery), two.receive(delivery))
        assert first.number == second.number
        assert first.duplicate != second.duplicate
        (counter,) = await rows(db, "SELECT n FROM case_counter")
        assert counter["n"] == 1
