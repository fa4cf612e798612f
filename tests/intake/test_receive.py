import asyncio

from tests.intake.kit import CITY, counts, make_delivery, make_services, rows

from intake.receive import Receiver
from models.db.pool import Database


async def test_a_delivery_becomes_one_case(db: Database) -> None:
    """A new report opens a case with a number, a tracking code, a vault row and an event."""
    receiver = Receiver(make_services(db))
    receipt = await receiver.receive(make_delivery())
    assert not receipt.duplicate
    assert receipt.case_no % 1_000_000 == 1
    await receiver.close()
    found = await counts(db)
    assert (found["cases"], found["identity"], found["event"]) == (1, 1, 1)
    assert (await rows(db, "SELECT verb FROM event WHERE city = $1", CITY))[0]["verb"] == "case:received"


async def test_many(db: Database) -> None:
    receiver = Receiver(make_services(db))
    receipts = await asyncio.gather(*(receiver.receive(make_delivery()) for _ in range(200)))
    assert sorted(r.case_no % 1_000_000 for r in receipts) == list(range(1, 201))
