"""Whatever is sent, the front door answers a problem and stores nothing, or stores it once."""

from typing import Any

import msgspec
from aiohttp.test_utils import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from models.db.pool import Database
from tests.intake.kit import CITY, FIXTURES, Platform, counts, message

SAMPLE = (FIXTURES / "report12369.xml").read_bytes()
Client = TestClient[Any, Any]
texts = st.text(max_size=30)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
fields = st.sampled_from(
    [
        "orderNo",
        "content",
        "title",
        "caller",
        "location",
        "dispatch",
        "attachments",
        "sourceType",
        "callTime",
        "updateTime",
        "reflect",
        "pilotLight",
        "isOldCaller",
    ]
)
nested = st.sampled_from(["caller", "location", "dispatch", "reflect"])


async def settle(platform: Platform, db: Database, body: bytes) -> None:
    """Post a body and check the promise: never a 500, and nothing stored when refused."""
    before = await counts(db)
    answer = await platform.post(body)
    assert answer.status in {200, 400, 409, 413, 422}, await answer.text()
    if answer.status == 200:
        return
    assert answer.content_type == "application/problem+json"
    problem = await answer.json()
    assert problem["code"]
    assert problem["detail"]
    assert await counts(db) == before


class TestHotline:
    async def test_bytes(self, db: Database, hotline: Platform) -> None:
        """Any bytes at all."""
        for body in examples(st.binary(max_size=200)):
            await settle(hotline, db, body)

    async def test_any_json(self, db: Database, hotline: Platform) -> None:
        """Any JSON document."""
        for value in examples(values):
            await settle(hotline, db, msgspec.json.encode(value))

    async def test_any_field(self, db: Database, hotline: Platform) -> None:
        """A real order in which one field is anything."""
        pairs = examples(st.tuples(fields, values))
        for n, (name, value) in enumerate(pairs):
            body = message(number=f"F{n}", order={name: value})
            await settle(hotline, db, msgspec.json.encode(body))

    async def test_any_part(self, db: Database, hotline: Platform) -> None:
        """A real order in which one part has any fields of its own kind."""
        names = st.sampled_from(
            [
                "name",
                "phone",
                "isSecret",
                "areaCode",
                "townCode",
                "lng",
                "lat",
                "coordType",
                "deadlineDate",
                "handleDays",
                "timeUnit",
                "isForbidBack",
                "coOrgs",
                "creditCode",
            ]
        )
        parts = examples(st.tuples(nested, st.dictionaries(names, scalars, max_size=4)))
        for n, (name, part) in enumerate(parts):
            body = message(number=f"P{n}", order={name: part})
            await settle(hotline, db, msgspec.json.encode(body))

    async def test_any_text(self, db: Database, hotline: Platform) -> None:
        """Any text a citizen could have said is stored as it is, or refused; never changed."""
        for n, said in enumerate(examples(st.text(min_size=1, max_size=200))):
            body = message(number=f"S{n}", order={"content": said})
            answer = await hotline.post(msgspec.json.encode(body))
            if answer.status == 200:
                ticket = (await answer.json())["resultData"]["ticketNo"]
                async with db.city(CITY) as conn:
                    kept = await conn.fetchval(
                        "SELECT text FROM cases WHERE case_no = $1",
                        int(ticket.split("-")[2] + ticket.split("-")[3]),
                    )
                assert kept == said.strip()
            else:
                assert not said.strip() or "\x00" in said


class TestNational:
    async def test_bytes(self, db: Database, national: Platform) -> None:
        """Any bytes at all."""
        for body in examples(st.binary(max_size=200)):
            await settle(national, db, body)

    async def test_broken_samples(self, db: Database, national: Platform) -> None:
        """A real report in which a stretch is anything else."""
        cuts = st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 40), st.binary(max_size=20))
        for at, length, other in examples(cuts):
            await settle(national, db, SAMPLE[:at] + other + SAMPLE[at + length :])


async def test_reports_of_citizens(db: Database, client: Client) -> None:
    """Any values in the fields of the public form."""
    names = st.sampled_from(
        [
            "text",
            "title",
            "city",
            "address",
            "lon",
            "lat",
            "name",
            "phone",
            "anonymous",
            "notice",
        ]
    )
    for report in examples(st.dictionaries(names, scalars, max_size=6)):
        before = await counts(db)
        answer = await client.post("/api/v1/reports", data=msgspec.json.encode(report))
        assert answer.status in {201, 400, 422}, await answer.text()
        if answer.status != 201:
            assert await counts(db) == before


def examples(strategy: st.SearchStrategy[Any]) -> list[Any]:
    """Draw examples of a strategy, the same in every run."""
    drawn: list[Any] = []

    @settings(max_examples=80, derandomize=True, database=None, deadline=None)
    @given(strategy)
    def draw(example: Any) -> None:
        drawn.append(example)

    draw()
    return drawn
