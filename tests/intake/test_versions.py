import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from intake.delivery import Content, Delivery, Notice
from intake.receive import Receiver
from models.db.pool import Database
from models.errors import NotFound
from tests.intake.kit import CITY, VAULT, counts, make_delivery, make_services, rows


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


class TestChanged:
    async def test_new_content_is_a_version_with_history(self, db: Database) -> None:
        """Other content under the same number changes the case and keeps both versions."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery(text="第一次")
        first = await receiver.receive(delivery)
        await self.screen(db)
        second = await receiver.receive(changed(delivery, "第二次"))
        assert (second.number, second.version, second.duplicate) == (first.number, 2, False)
        (case,) = await rows(db, "SELECT * FROM cases")
        assert (case["text"], case["queue"], case["revision"]) == ("第二次", "tag", 2)
        kept = await rows(db, "SELECT version, applied FROM report ORDER BY version")
        assert kept == [{"version": 1, "applied": True}, {"version": 2, "applied": True}]
        (event,) = await rows(db, "SELECT data FROM event WHERE verb = 'case:content:updated'")
        assert event["data"]["fields"] == ["text"]
        assert "第二次" not in str(event["data"])

    async def screen(self, db: Database, **fields: Any) -> None:
        """Put the case where the tagger leaves it, or elsewhere."""
        values = {"state": "SCREEN", "queue": "review"} | fields
        async with db.city(CITY) as conn:
            await conn.execute(
                "UPDATE cases SET state = $1, queue = $2, attempts = 2",
                values["state"],
                values["queue"],
            )

    @pytest.mark.parametrize("state", ["ACCEPTED", "DISPATCHED", "IN_PROGRESS", "CLOSED"])
    async def test_a_dispatched_case_goes_to_the_desk(self, db: Database, state: str) -> None:
        """Content that changes after acceptance is shown to a person, once, not tagged again."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery()
        await receiver.receive(delivery)
        await self.screen(db, state=state, queue=None)
        await receiver.receive(changed(delivery, "改一"))
        await receiver.receive(
            changed(delivery, "改二", issued_at=delivery.issued_at + timedelta(hours=1))
        )
        (case,) = await rows(db, "SELECT * FROM cases")
        assert (case["state"], case["queue"], case["text"]) == (state, "review", "改二")
        assert case["review_reasons"] == ["content_changed"]

    async def test_an_older_version_does_not_overwrite(self, db: Database) -> None:
        """A version written before the one that holds is kept as history, unapplied."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery(text="新的")
        await receiver.receive(delivery)
        older = changed(delivery, "旧的", issued_at=delivery.issued_at - timedelta(hours=1))
        receipt = await receiver.receive(older)
        assert receipt.version == 2
        (case,) = await rows(db, "SELECT text, revision FROM cases")
        assert case == {"text": "新的", "revision": 1}
        (kept,) = await rows(db, "SELECT applied FROM report WHERE version = 2")
        assert kept["applied"] is False

    @pytest.mark.parametrize("seed", range(5))
    async def test_any_order_ends_with_the_newest(self, db: Database, seed: int) -> None:
        """Versions in any order, with copies, through two processes, end with the newest."""
        receivers = [Receiver(make_services(db)) for _ in range(2)]
        first = make_delivery(text="0")
        at = first.issued_at
        versions = [
            changed(first, str(n), issued_at=at + timedelta(minutes=n), stated=True)
            for n in range(1, 7)
        ]
        jobs = [first, *versions] * 2
        random.Random(seed).shuffle(jobs)  # noqa: S311 - an order
        receipts = await asyncio.gather(
            *(receivers[n % 2].receive(job) for n, job in enumerate(jobs))
        )
        assert len({receipt.number for receipt in receipts}) == 1
        (case,) = await rows(db, "SELECT text FROM cases")
        assert case["text"] == "6"
        (kept,) = await rows(db, "SELECT count(*) AS n, max(version) AS top FROM report")
        assert (kept["n"], kept["top"]) == (7, 7)

    async def test_an_old_message_under_a_new_id(self, db: Database) -> None:
        """Content that was replaced, sent again without a time of its own, does not come back."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery(text="甲")
        await receiver.receive(delivery)
        await receiver.receive(changed(delivery, "乙"))
        again = msgspec.structs.replace(
            delivery, message_id="resent", issued_at=delivery.issued_at + timedelta(hours=2)
        )
        receipt = await receiver.receive(again)
        assert (receipt.duplicate, receipt.version) == (True, 1)
        assert (await rows(db, "SELECT text FROM cases"))[0]["text"] == "乙"

    async def test_content_may_return_if_its_source_says_when(self, db: Database) -> None:
        """The first content, stated as the newest, holds again."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery(text="甲")
        await receiver.receive(delivery)
        await receiver.receive(changed(delivery, "乙"))
        later = delivery.issued_at + timedelta(hours=2)
        back = msgspec.structs.replace(delivery, message_id="back", issued_at=later, stated=True)
        assert (await receiver.receive(back)).version == 3
        assert (await rows(db, "SELECT text FROM cases"))[0]["text"] == "甲"

    async def test_a_supplement_adds(self, db: Database) -> None:
        """What the caller says later is added to the text, and the case is read again."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery(text="先说的")
        await receiver.receive(delivery)
        more = Content(channel="12345_TEL", text="后说的", supplement=True)
        await receiver.receive(changed(delivery, "后说的", content=more))
        (case,) = await rows(db, "SELECT text, queue FROM cases")
        assert case == {"text": "先说的\n【补充】后说的", "queue": "tag"}
        same = await receiver.receive(msgspec.structs.replace(delivery, message_id="replay"))
        assert same.duplicate

    async def test_identity_follows_the_content(self, db: Database) -> None:
        """A changed caller is sealed anew under the same case."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery()
        receipt = await receiver.receive(delivery)
        corrected = make_delivery().content
        assert corrected is not None
        await receiver.receive(changed(delivery, "改", content=corrected))
        (sealed,) = await rows(db, "SELECT name, key_version FROM identity")
        name = VAULT.open(CITY, receipt.case_no, "name", sealed["key_version"], sealed["name"])
        assert name == "测试甲"


class TestNotice:
    async def test_urging_is_an_event(self, db: Database) -> None:
        """An urging is noted once, and changes neither text nor queue."""
        receiver = Receiver(make_services(db))
        delivery = make_delivery()
        await receiver.receive(delivery)
        notice = Notice(verb="case:source:urged", data={"level": "1", "opinion": "请尽快"})
        urging = changed(delivery, "urge", content=None, notice=notice)
        first, again = await all_of(receiver, [urging, urging])
        assert (first.duplicate, again.duplicate) == (False, True)
        (event,) = await rows(db, "SELECT data FROM event WHERE verb = 'case:source:urged'")
        assert event["data"]["opinion"] == "请尽快"
        (case,) = await rows(db, "SELECT revision, queue FROM cases")
        assert case == {"revision": 1, "queue": "tag"}

    async def test_what_speaks_of_nothing_known(self, db: Database) -> None:
        """An urging or a supplement for a number that is not held is refused, not invented."""
        receiver = Receiver(make_services(db))
        notice = Notice(verb="case:source:urged", data={})
        more = Content(channel="12345_TEL", text="补充", supplement=True)
        orphans = [make_delivery(content=None, notice=notice), make_delivery(content=more)]
        for refused in await all_of(receiver, orphans):
            assert isinstance(refused, NotFound)
        assert not any((await counts(db)).values())
