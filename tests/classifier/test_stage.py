"""The tagging stage on the real database: each case once, and one bad text harms no other."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from classifier.stage import TagStage
from classifier.tokens import cutter
from intake.delivery import Content
from intake.receive import Receiver
from models.db.pool import Database
from models.tags import ModelRef, PlaceTag, Scored, TagRequest, Tags, TypeTag, UrgencyTag
from tests.intake.kit import CITY, make_delivery, make_services


@pytest.fixture(scope="session", autouse=True)
def _words() -> None:
    """Load the dictionary before the loop runs, as the worker does."""
    cutter()


class Reader:
    """Reads every text as an odour, is unsure of short ones, and chokes on texts that say so."""

    def __init__(self) -> None:
        """Remember what was read."""
        self.seen: list[str] = []

    def tag(self, batch: Sequence[TagRequest]) -> list[Tags]:
        """Tag a batch."""
        if any("读不了" in request.text for request in batch):
            msg = "cannot read this"
            raise ValueError(msg)
        self.seen += [request.id for request in batch]
        return [_tags(request) for request in batch]


def _tags(request: TagRequest) -> Tags:
    short = len(request.text) < 8
    return Tags(
        id=request.id,
        kind=Scored(code="TS", p=0.9),
        types=(TypeTag(code="A02", p=0.9), TypeTag(code="A01", p=0.3)),
        urgency=UrgencyTag(code="P2"),
        place=PlaceTag(adcode="430104", p=0.9),
        review=short,
        review_reasons=("too_short",) if short else (),
        model=ModelRef(name="test", version="1"),
    )


async def store(db: Database, *texts: str) -> None:
    """Store reports with these texts."""
    receiver = Receiver(make_services(db))
    contents = [Content(channel="12345_TEL", text=text) for text in texts]
    await asyncio.gather(*(receiver.receive(make_delivery(content=c)) for c in contents))
    await receiver.close()


async def ask(db: Database, statement: str) -> list[Any]:
    """Ask for rows of the city."""
    async with db.city(CITY) as conn:
        return [tuple(row) for row in await conn.fetch(statement)]


async def test_a_batch_is_tagged_once_and_handed_on(db: Database) -> None:
    """Sure ones go to routing, unsure ones to the desk, each with its tags, words and event."""
    await store(db, "河边一家厂夜里有酸臭味", "好臭")
    reader = Reader()
    stage = TagStage(db, reader)
    assert await stage.run_once(CITY) == 2
    assert await stage.run_once(CITY) == 0
    rows = await ask(
        db, "SELECT state, queue, kind, types, adcode, attempts FROM cases ORDER BY queue"
    )
    assert rows == [
        ("SCREEN", "review", "TS", ["A02", "A01"], "430104", 0),
        ("SCREEN", "route", "TS", ["A02", "A01"], "430104", 0),
    ]
    assert await ask(db, "SELECT count(*) FROM event WHERE verb = 'case:tags:written'") == [(2,)]
    found = "SELECT count(*) FROM case_search WHERE words @@ '臭味'::tsquery"
    assert await ask(db, found) == [(1,)]
    reasons = "SELECT review_reasons FROM cases WHERE queue = 'review'"
    assert await ask(db, reasons) == [(["too_short"],)]


async def test_a_text_that_cannot_be_read_goes_to_the_desk_alone(db: Database) -> None:
    """The rest of its batch goes on; after three attempts a person takes it, error in hand."""
    await store(db, "河边一家厂夜里有酸臭味", "这一条读不了,真的读不了", "工地夜里喷漆味道很重")
    stage = TagStage(db, Reader())
    assert await stage.run_once(CITY) == 3
    assert await ask(db, "SELECT count(*) FROM cases WHERE queue = 'route'") == [(2,)]
    for _ in range(2):
        await ask(db, "UPDATE cases SET claimed_until = NULL WHERE queue = 'tag' RETURNING 1")
        assert await stage.run_once(CITY) == 1
    rows = await ask(db, "SELECT state, review_reasons, error FROM cases WHERE queue = 'review'")
    ((state, reasons, error),) = rows
    assert (state, reasons) == ("SCREEN", ["processing_failed"])
    assert error.endswith("ValueError")
    assert "cannot read" not in error
    failed = "SELECT count(*) FROM event WHERE verb = 'case:processing:failed'"
    assert await ask(db, failed) == [(1,)]


@pytest.mark.parametrize("workers", [2, 4])
async def test_workers_beside_each_other_tag_no_case_twice(db: Database, workers: int) -> None:
    """However many workers run, each case is read by one and written once."""
    await store(db, *(f"第 {n} 家厂夜里有酸臭味" for n in range(60)))
    readers = [Reader() for _ in range(workers)]
    stages = [TagStage(db, reader, batch=7) for reader in readers]

    async def drain(stage: TagStage) -> None:
        while await stage.run_once(CITY):
            pass

    await asyncio.gather(*map(drain, stages))
    seen = [number for reader in readers for number in reader.seen]
    assert len(seen) == len(set(seen)) == 60
    assert await ask(db, "SELECT count(*) FROM event WHERE verb = 'case:tags:written'") == [(60,)]


async def test_what_changed_while_it_was_read_is_read_again(db: Database) -> None:
    """Tags of an older text are never laid over a newer one."""
    await store(db, "河边一家厂夜里有酸臭味")

    class Slow(Reader):
        def tag(self, batch: Sequence[TagRequest]) -> list[Tags]:
            asyncio.run_coroutine_threadsafe(self.change(), loop).result(5)
            return super().tag(batch)

        async def change(self) -> None:
            await ask(
                db, "UPDATE cases SET text = '改过的内容', revision = revision + 1 RETURNING 1"
            )

    loop = asyncio.get_running_loop()
    await TagStage(db, Slow()).run_once(CITY)
    assert await ask(db, "SELECT queue, types FROM cases") == [("tag", [])]
