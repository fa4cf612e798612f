"""Reporters of merged and split cases: each platform and tracking code is told, of its own."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from intake.delivery import Person
from intake.track import TrackCodes
from models.case import CaseNo, show_case_no
from models.city import City
from models.db import outbox
from models.db.pool import Database
from routing.commands import act
from tests.intake.kit import CITY, SECRETS, make_delivery
from tests.intake.receiver import PlatformReceiver
from tests.intake.telling import open_case
from tests.pages.kit import World, open_world
from tests.routing.kit import OPERATOR, handler

CODES = TrackCodes(bytes.fromhex(SECRETS.track_key))
RESULT: dict[str, Any] = {
    "outcome": "true",
    "measures": ["order"],
    "reply_text": "已责令停业整改",
    "reply_method": "phone",
}
FACTS = {"types": ["A03"], "kind": "TS", "urgency": "P2", "adcode": "430102"}


@pytest.fixture
async def world(db: Database, changsha: City) -> AsyncIterator[World]:
    """Give the application of Changsha as shipped."""
    made = await open_world(db, changsha)
    yield made
    await made.close()


class Road:
    """Cases of Changsha as they come in and are worked on."""

    def __init__(self, db: Database, city: City) -> None:
        """Keep store and city."""
        self.db = db
        self.city = city

    async def take(self, source: str, **given: Any) -> CaseNo:
        """Take a report in and leave it at the desk, read."""
        number = await open_case(self.db, source, **given)
        async with self.db.city(CITY) as conn:
            await conn.execute(
                "UPDATE cases SET state = 'SCREEN', queue = 'review', types = '{A03}',"
                " kind = 'TS', urgency = 'P2', adcode = '430102' WHERE case_no = $1",
                number,
            )
        return number

    async def act(self, number: CaseNo, verb: str, unit: str | None = None, **data: Any) -> None:
        """Do one thing to a case."""
        actor = handler(unit) if unit else OPERATOR
        async with self.db.city(CITY) as conn:
            await act(conn, self.city, number, verb, data, actor, None)

    async def lead(self, number: CaseNo) -> str:
        """Name the unit that leads."""
        async with self.db.city(CITY) as conn:
            found = await conn.fetchval("SELECT lead_unit FROM cases WHERE case_no = $1", number)
        return str(found)

    async def finish(self, number: CaseNo) -> None:
        """Bring a case from its dispatch to its end."""
        unit = await self.lead(number)
        await self.act(number, "sign", unit, handler="张工")
        await self.act(number, "contact", unit, method="phone", result="reached", note="约定到场")
        await self.act(number, "submit", unit, **RESULT)
        await self.act(number, "approve", task_no=1)
        async with self.db.city(CITY) as conn:
            rows = await conn.fetch(
                "SELECT task_no FROM task WHERE case_no = $1 AND NOT is_lead"
                " AND state = 'DISPATCHED'",
                number,
            )
        for row in rows:
            await self.act(number, "withdraw", task_no=row["task_no"], reason="无须协办")
        await self.act(number, "close")

    async def told(self, number: CaseNo) -> list[tuple[str, str]]:
        """List what was told of a case, by target and kind."""
        async with self.db.city(CITY) as conn:
            return [(m.target, m.kind) for m in await outbox.history(conn, CITY, number)]

    async def bodies(self, number: CaseNo) -> list[dict[str, Any]]:
        """Give the words of what was told of a case."""
        async with self.db.city(CITY) as conn:
            rows = await conn.fetch(
                "SELECT body FROM outbox WHERE case_no = $1 ORDER BY seq", number
            )
        return [row["body"] for row in rows]


@pytest.fixture
async def road(world: World, platform: PlatformReceiver) -> Road:
    """Give the cases of a running Changsha that has platforms to tell."""
    return Road(world.db, world.city)


async def test_f03_one_matter_from_two_platforms_is_one_case_and_two_receipts(road: Road) -> None:
    """The same matter from 12345 and 12369: one is worked on, both platforms are told its end."""
    main, twin = await road.take("12345"), await road.take("12369", channel="12369_WECHAT")
    await road.act(main, "accept")
    await road.act(twin, "merge", into=main, reason="同一饭店同一事")
    assert await road.told(twin) == [("12369", "ACCEPT")]
    await road.finish(main)
    kinds = ["ACCEPT", "SIGN", "CONTACTED", "SUBMIT", "CLOSE"]
    assert await road.told(main) == [("12345", kind) for kind in kinds]
    assert await road.told(twin) == [
        ("12369", kind) for kind in ("ACCEPT", "SIGN", "SUBMIT", "CLOSE")
    ]
    words = str(await road.bodies(twin))
    assert "已责令停业整改" in words
    assert "约定到场" not in words
    assert show_case_no(CITY, main) not in words


async def test_two_reports_of_one_platform_are_told_each_by_its_number(road: Road) -> None:
    """Each order of a platform has its own line of messages, also for what had been told before."""
    main, twin = await road.take("12345"), await road.take("12345")
    await road.act(main, "accept")
    await road.act(twin, "accept")
    await road.act(twin, "merge", into=main, reason="同一饭店同一事")
    await road.finish(main)
    assert [kind for _, kind in await road.told(twin)] == ["ACCEPT", "SIGN", "SUBMIT", "CLOSE"]


async def test_what_was_told_its_end_is_told_that_it_goes_on(road: Road) -> None:
    """Not the same matter after all: its source learns that it is done again, and the real end."""
    main, twin = await road.take("12345"), await road.take("12369", channel="12369_WECHAT")
    await road.act(main, "accept")
    await road.act(twin, "merge", into=main, reason="同一饭店同一事")
    await road.finish(main)
    await road.act(twin, "unmerge", reason="不是同一家饭店")
    assert (await road.told(twin))[-2:] == [("12369", "CLOSE"), ("12369", "REWORK")]
    assert "另行办理" in (await road.bodies(twin))[-1]["text"]
    await road.act(twin, "dispatch")
    await road.finish(twin)
    assert (await road.told(twin))[-1] == ("12369", "CLOSE")
    assert [kind for _, kind in await road.told(main)].count("REWORK") == 0


async def test_what_left_is_told_nothing_more(road: Road) -> None:
    """A case that stands on its own again is told of its own end only."""
    main, twin = await road.take("12345"), await road.take("12369", channel="12369_WECHAT")
    await road.act(main, "accept")
    await road.act(twin, "merge", into=main, reason="同一饭店同一事")
    await road.act(twin, "unmerge", reason="是隔壁那家")
    await road.finish(main)
    assert await road.told(twin) == [("12369", "ACCEPT")]


async def test_parts_tell_nobody_and_the_case_tells_once(road: Road) -> None:
    """Nobody outside hears of parts; the one answer is sent once."""
    number = await road.take("12345")
    parts = [
        {"types": ["A03"], "title": "油烟"},
        {"types": ["N08"], "title": "空调外机", "lead_unit": "430102-HUD"},
    ]
    await road.act(number, "split", parts=parts, reason="两件事")
    assert await road.told(number) == [("12345", "ACCEPT")]
    async with road.db.city(CITY) as conn:
        rows = await conn.fetch("SELECT case_no FROM cases WHERE parent_no = $1", number)
    for row in rows:
        await road.finish(row["case_no"])
        assert await road.told(row["case_no"]) == []
    await road.act(number, "consolidate")
    await road.act(number, "close")
    assert await road.told(number) == [("12345", "ACCEPT"), ("12345", "CLOSE")]
    reply = (await road.bodies(number))[-1]["reply"]
    assert "1. 餐饮油烟" in reply
    assert reply.count("已责令停业整改") == 2


async def test_a_tracking_code_shows_what_answers_without_revealing_others(
    road: Road, world: World
) -> None:
    """Whoever reported second sees the progress and the answer, not the first one's number."""
    main, twin = await road.take("12345"), await road.take("12345", text="楼下饭店晚上油烟大")
    await road.act(main, "accept")
    await road.act(twin, "merge", into=main, reason="同一饭店同一事")
    browser = await world.browser()
    told = msgspec.json.decode(await browser.get(f"/api/v1/track/{CODES.make(CITY, twin)}"))
    assert (told["state"], told["stateName"]) == ("MERGED", "已并案")
    assert told["unit"]
    assert told["dueAt"]
    await road.finish(main)
    text = await browser.get(f"/api/v1/track/{CODES.make(CITY, twin)}")
    told = msgspec.json.decode(text)
    assert (told["stateName"], told["reply"]) == ("已办结", "已责令停业整改")
    titles = [step["title"] for step in told["timeline"]]
    assert titles[:2] == ["收到您反映的问题", "与已有的同一问题一并办理"]
    assert titles[-1] == "办结"
    assert not any("联系" in title for title in titles)
    assert show_case_no(CITY, main) not in text


async def test_a_tracking_code_shows_the_parts(road: Road, world: World) -> None:
    """Whoever reported several matters sees who is at work on each, on the page too."""
    number = await road.take("12345")
    parts = [
        {"types": ["A03"], "title": "饭店油烟"},
        {"types": ["N08"], "title": "空调外机", "lead_unit": "430102-HUD"},
    ]
    await road.act(number, "split", parts=parts, reason="两件事")
    browser = await world.browser()
    told = msgspec.json.decode(await browser.get(f"/api/v1/track/{CODES.make(CITY, number)}"))
    assert [(part["about"], part["status"]) for part in told["parts"]] == [
        ("饭店油烟", "已转给负责单位"),
        ("空调外机", "已转给负责单位"),
    ]
    form = {"code": CODES.make(CITY, number)}
    page = await (await browser.client.post("/track", data=form)).text()
    assert "分头办理" in page
    assert "空调外机" in page


async def test_new_content_of_a_merged_case_is_looked_at_where_it_is_handled(road: Road) -> None:
    """A second photo or word of a merged report brings its main case to the desk."""
    from intake.receive import Receiver
    from tests.intake.kit import make_services

    main = await road.take("12345")
    first = make_delivery(source="12345")
    receiver = Receiver(make_services(road.db))
    twin = (await receiver.receive(first)).case_no
    async with road.db.city(CITY) as conn:
        await conn.execute(
            "UPDATE cases SET state = 'SCREEN', queue = 'review', types = '{A03}', kind = 'TS',"
            " urgency = 'P2', adcode = '430102' WHERE case_no = $1",
            twin,
        )
    await road.act(main, "accept")
    await road.act(twin, "merge", into=main, reason="同一饭店同一事")
    await receiver.receive(make_delivery(source="12345", external_no=first.external_no))
    async with road.db.city(CITY) as conn:
        rows = await conn.fetch(
            "SELECT state, queue, review_reasons FROM cases WHERE case_no = ANY($1) ORDER BY 1",
            [main, twin],
        )
    assert [tuple(row.values()) for row in rows] == [
        ("DISPATCHED", "review", ["merged_changed"]),
        ("MERGED", None, []),
    ]


async def test_a_part_is_worked_on_with_the_photos_and_the_caller_of_its_report(
    road: Road, world: World
) -> None:
    """A part's unit sees what was sent with the report and may call, where nothing is secret."""
    person = Person(name="测试丁", phone="13900006666", confidential=False)
    number = await road.take("12345", person=person)
    async with road.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET confidential = false WHERE case_no = $1", number)
        await conn.execute(
            "INSERT INTO attachment (city, attachment_id, case_no, origin, name, media_type, size,"
            " sha256, created_at) VALUES ($1, gen_random_uuid(), $2, 'citizen', '油烟.jpg',"
            " 'image/jpeg', 1, 'x', now())",
            CITY,
            number,
        )
    parts = [
        {"types": ["A03"], "title": "饭店油烟", "lead_unit": "430102-UMA"},
        {"types": ["N08"], "title": "空调外机", "lead_unit": "430102-HUD"},
    ]
    await road.act(number, "split", parts=parts, reason="两件事")
    async with road.db.city(CITY) as conn:
        part = await conn.fetchval(
            "SELECT case_no FROM cases WHERE parent_no = $1 ORDER BY case_no LIMIT 1", number
        )
    unit = await world.browser("uma")
    path = f"/unit/tasks/{show_case_no(CITY, part)}"
    assert "油烟.jpg" in await unit.get(path)
    form = {"csrf": unit.csrf, "field": "phone", "reason": "联系核实油烟时段"}
    shown = await unit.client.post(f"{path}/reveal", data=form)
    assert "13900006666" in await shown.text()
