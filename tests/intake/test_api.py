import json
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from models.case import read_case_no, show_case_no
from models.city import City
from models.db import outbox
from models.db.outbox import Outgoing
from models.db.pool import Database
from tests.intake.kit import CITY, OTHER, Platform, hook, later, message, rows
from tests.pages.kit import TEXT, Browser, World

Client = TestClient[Any, Any]


async def ok(browser: Browser, path: str, **query: str) -> Any:
    """Get a document that must be there."""
    answer = await browser.client.get(path, params=query)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def act(browser: Browser, number: str, verb: str, **data: Any) -> ClientResponse:
    """Do a verb as the signed-in person."""
    return await browser.client.post(
        f"/api/v1/cases/{number}/actions/{verb}",
        json=data,
        headers={"X-CSRF-Token": browser.csrf},
    )


async def for_eco_alone(world: World) -> str:
    """Bring a report to the one unit that answers for it and give its number."""
    receipt = await world.report()
    await world.read(receipt.case_no, types=(("W01", "废水"),))
    await world.route()
    return receipt.number


class TestCases:
    async def test_the_newest_come_first_page_by_page(self, world: World) -> None:
        """Cases are listed from the newest on; the cursor leads through all of them once."""
        numbers = [(await world.report(f"第 {n} 件:江边有异味")).number for n in range(5)]
        op = await world.browser("op")
        seen: list[str] = []
        query = {"limit": "2"}
        while True:
            page = await ok(op, "/api/v1/cases", **query)
            seen += [listed["number"] for listed in page["cases"]]
            if page["cursor"] is None:
                break
            query["cursor"] = page["cursor"]
        assert seen == numbers[::-1]

    async def test_filters(self, world: World) -> None:
        """State, unit, number and words each narrow the list."""
        dispatched = await world.dispatched()
        words = ("湘江", "支流")
        waiting = await world.waiting("某沙场夜间洗沙,泥水直排入湘江支流", words=words)
        op = await world.browser("op")

        async def listed(**query: str) -> list[str]:
            return [c["number"] for c in (await ok(op, "/api/v1/cases", **query))["cases"]]

        assert await listed(state="DISPATCHED") == [dispatched]
        assert await listed(state="SCREEN") == [waiting]
        assert await listed(state="CLOSED") == []
        unit = (await ok(op, f"/api/v1/cases/{dispatched}"))["case"]["lead_unit"]
        assert await listed(unit=unit) == [dispatched]
        assert await listed(unit=unit, state="DISPATCHED") == [dispatched]
        assert await listed(unit=unit, state="CLOSED") == []
        assert await listed(q=waiting) == [waiting]
        assert await listed(q="湘江,支流!") == [waiting]
        assert await listed(q="没有这些字") == []
        assert await listed(q=f"ENV-{OTHER}-20261121-000001") == []

    async def test_a_sources_number_finds_its_case(
        self, db: Database, world: World, hotline_here: Platform
    ) -> None:
        """What a platform calls a case finds it."""
        await hotline_here.post(message(number="CS-778"))
        op = await world.browser("op")
        (listed,) = (await ok(op, "/api/v1/cases", q="CS-778"))["cases"]
        assert listed["case"]["title"] == "楼下餐馆油烟直排"

    @pytest.fixture
    async def hotline_here(self, world: World) -> Platform:
        """Give the 12345 platform of the world's application."""
        return Platform((await world.browser()).client)

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"state": "LOST"}, "state_unknown"),
            ({"limit": "0"}, "query_malformed"),
            ({"limit": "201"}, "query_malformed"),
            ({"limit": "many"}, "query_malformed"),
            ({"cursor": "-1"}, "query_malformed"),
            ({"cursor": "9" * 40}, "query_malformed"),
            ({"q": "ENV-1"}, "case_no_malformed"),
        ],
    )
    async def test_questions_that_make_no_sense(
        self, world: World, query: dict[str, str], code: str
    ) -> None:
        """A malformed filter is refused, not ignored."""
        answer = await (await world.browser("op")).client.get("/api/v1/cases", params=query)
        assert (answer.status, (await answer.json())["code"]) == (400, code)

    async def test_a_case_with_all_that_belongs_to_it(self, world: World) -> None:
        """A case comes with tasks, clocks and history, and never with identity."""
        number = await world.dispatched(name="测试己", phone="13900000006")
        page = await ok(await world.browser("op"), f"/api/v1/cases/{number}")
        assert page["number"] == number
        assert page["case"]["state"] == "DISPATCHED"
        assert page["tasks"][0]["is_lead"] is True
        assert page["clocks"]
        assert page["history"][0]["verb"] == "case:received"
        whole = json.dumps(page, ensure_ascii=False)
        assert "测试己" not in whole
        assert "13900000006" not in whole

    async def test_a_unit_sees_its_own(self, world: World) -> None:
        """A unit lists and opens only cases it has a part in."""
        own, other = await for_eco_alone(world), await world.waiting()
        eco, uma = await world.browser("eco"), await world.browser("uma")
        listed = await ok(eco, "/api/v1/cases")
        assert [c["number"] for c in listed["cases"]] == [own]
        assert (await eco.client.get(f"/api/v1/cases/{other}")).status == 404
        assert (await ok(uma, "/api/v1/cases"))["cases"] == []
        assert (await uma.client.get(f"/api/v1/cases/{own}")).status == 404

    @pytest.mark.parametrize(
        ("number", "status", "code"),
        [
            ("ENV-430100-20200101-000001", 404, "case_not_found"),
            ("ENV-530100-20261121-000001", 404, "case_not_found"),
            ("17", 400, "case_no_malformed"),
            ("ENV-430100-20261121-00000x", 400, "case_no_malformed"),
        ],
    )
    async def test_a_case_that_is_not_there(
        self, world: World, number: str, status: int, code: str
    ) -> None:
        """A number of another city is answered like one that nobody has."""
        answer = await (await world.browser("op")).client.get(f"/api/v1/cases/{number}")
        assert (answer.status, (await answer.json())["code"]) == (status, code)


class TestActions:
    async def test_a_unit_signs_under_its_revision(self, world: World) -> None:
        """A verb with the revision that was seen changes the case and returns it."""
        number = await world.dispatched()
        uma = await world.browser("uma")
        page = await ok(uma, f"/api/v1/cases/{number}")
        answer = await act(uma, number, "sign", revision=page["case"]["revision"], handler="经办甲")
        assert answer.status == 200, await answer.text()
        after = await answer.json()
        assert after["case"]["state"] == "IN_PROGRESS"
        assert after["case"]["revision"] == page["case"]["revision"] + 1

    async def test_a_stale_revision(self, world: World) -> None:
        """Who saw an older case is told how it stands now, and changes nothing."""
        number = await world.dispatched()
        uma = await world.browser("uma")
        seen = (await ok(uma, f"/api/v1/cases/{number}"))["case"]["revision"]
        answer = await act(uma, number, "sign", revision=seen - 1, handler="经办甲")
        assert (answer.status, answer.content_type) == (409, "application/problem+json")
        fresh = (await answer.json())["fresh"]
        assert (fresh["state"], fresh["revision"]) == ("DISPATCHED", seen)

    @pytest.mark.parametrize(
        ("verb", "data", "status", "code"),
        [
            ("sign", {"revision": "3"}, 400, "revision_malformed"),
            ("sign", {"revision": True}, 400, "revision_malformed"),
            ("sign", {"handler": 5}, 400, "action_malformed"),
            ("sign", {"surprise": 1}, 400, "action_malformed"),
        ],
    )
    async def test_malformed_actions(
        self, world: World, verb: str, data: dict[str, Any], status: int, code: str
    ) -> None:
        """What an action needs and does not get is named."""
        number = await world.dispatched()
        answer = await act(await world.browser("uma"), number, verb, **data)
        assert (answer.status, (await answer.json())["code"]) == (status, code)

    async def test_who_may_not_act(self, world: World) -> None:
        """Another unit, nobody, and a forged form change nothing."""
        number = await for_eco_alone(world)
        stranger = await act(await world.browser("uma"), number, "sign", handler="经办乙")
        assert stranger.status == 404
        assert (await act(await world.browser(), number, "sign", handler="x")).status == 401
        eco = await world.browser("eco")
        eco.csrf = "forged"
        assert (await act(eco, number, "sign", handler="经办甲")).status == 403
        op = await world.browser("op")
        assert (await ok(op, f"/api/v1/cases/{number}"))["case"]["state"] == "DISPATCHED"

    async def test_a_verb_that_is_none(self, world: World) -> None:
        """An unknown verb is a client's error."""
        number = await world.dispatched()
        answer = await act(await world.browser("op"), number, "teleport")
        assert 400 <= answer.status < 500


class TestTrack:
    async def test_a_citizen_follows_the_case(self, world: World) -> None:
        """Whoever holds the code sees state, unit, promise and steps, and no identity."""
        receipt = await world.report(TEXT, name="测试庚", phone="13900000007")
        await world.read(receipt.case_no)
        await world.route()
        client = (await world.browser()).client
        answer = await client.get(f"/api/v1/track/{receipt.track_code.lower()}")
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        told = await answer.json()
        assert (told["ticketNo"], told["state"]) == (receipt.number, "DISPATCHED")
        assert told["unit"]
        assert told["dueAt"]
        assert told["timeline"][0]["title"]
        whole = json.dumps(told, ensure_ascii=False)
        for secret in ("测试庚", "13900000007", "13900", TEXT, "demo"):
            assert secret not in whole

    async def test_guessing_is_slow(self, db: Database, changsha: City) -> None:
        """Codes that lead nowhere all get the same answer, and soon no answer."""
        from tests.pages.kit import open_world

        world = await open_world(db, changsha, tracks_per_minute=3)
        client = (await world.browser()).client
        codes = ["0D3M-0000-0000-0000", "nonsense", "0D3M-1111-1111-1111", "0D3M-2222-2222-2222"]
        answers = [await client.get(f"/api/v1/track/{code}") for code in codes]
        assert [answer.status for answer in answers] == [404, 404, 404, 429]
        texts = {(await a.json())["detail"] for a in answers[:3]}
        assert len(texts) == 1
        await world.close()


class TestReconcile:
    async def ask(self, hotline: Platform, **given: Any) -> ClientResponse:
        """Ask which numbers are held."""
        asked = {"city": CITY, "source": "12345", "numbers": []} | given
        return await hotline.post(asked, path="/api/v1/reconcile")

    async def test_held_and_missing(self, db: Database, hotline: Platform) -> None:
        """Each number asked for is in one of the two lists, with its case's state where held."""
        await hotline.post(message(number="H1"))
        await hotline.post(message(number="H2"))
        answer = await self.ask(hotline, numbers=["H2", "X1", "H1", "H2"])
        told = await answer.json()
        cases = await rows(db, "SELECT case_no FROM cases ORDER BY case_no")
        numbers = [show_case_no(CITY, row["case_no"]) for row in cases]
        assert [held["number"] for held in told["held"]] == ["H2", "H1"]
        assert told["held"][1] == {
            "number": "H1",
            "ticketNo": numbers[0],
            "state": "NEW",
            "queue": "tag",
            "review_reasons": [],
            "lead_unit": None,
        }
        assert told["missing"] == ["X1"]

    async def test_only_the_platform_may_ask(self, hotline: Platform) -> None:
        """A question is signed like a message, and only about one's own city and source."""
        unsigned = await hotline.client.post(
            "/api/v1/reconcile", json={"city": CITY, "source": "12345", "numbers": []}
        )
        assert unsigned.status == 401
        assert (await self.ask(hotline, city=OTHER)).status == 403
        assert (await self.ask(hotline, source="12369")).status == 401
        assert (await self.ask(hotline, source="portal")).status == 401
        stale = await hotline.post(
            {"city": CITY, "source": "12345", "numbers": []},
            path="/api/v1/reconcile",
            at=later(-10),
        )
        assert stale.status == 401

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"numbers": [str(n) for n in range(1001)]}, "numbers_too_many"),
            ({"numbers": "H1"}, "field_invalid"),
            ({"numbers": [1]}, "field_invalid"),
        ],
    )
    async def test_malformed_questions(
        self, hotline: Platform, given: dict[str, Any], code: str
    ) -> None:
        """At most a thousand numbers, all of them texts."""
        answer = await self.ask(hotline, **given)
        assert (answer.status, (await answer.json())["code"]) == (400, code)

    async def test_strange_numbers(self, hotline: Platform) -> None:
        """Numbers that no database can hold are simply not held."""
        answer = await self.ask(hotline, numbers=["", "中文", "x" * 500])
        assert (await answer.json())["missing"] == ["", "中文", "x" * 500]
        nul = await self.ask(hotline, numbers=["a\x00b"])
        assert (nul.status, (await nul.json())["code"]) == (400, "character_forbidden")


class TestOutbox:
    async def dead(self, world: World) -> str:
        """Lay a message of a case aside and give the case's number."""
        hotline = Platform((await world.browser()).client)
        reply = await (await hotline.post(message(number="D1"))).json()
        number = str(reply["resultData"]["ticketNo"])
        async with world.db.city(CITY) as conn:
            await outbox.set_targets(conn, CITY, {"12345": "http://127.0.0.1:1/"})
            told = Outgoing(
                case_no=read_case_no(number)[1], kind="SIGN", dedupe="x", body={"handler": "甲"}
            )
            await outbox.put(conn, CITY, [told])
            await conn.execute("UPDATE outbox SET state = 'dead', last_error = 'HTTP 500'")
        return number

    async def test_the_dead_are_listed_and_rise(self, world: World) -> None:
        """An administrator sees what was given up and has it sent again."""
        number = await self.dead(world)
        root = await world.browser("root")
        (letter,) = (await ok(root, "/api/v1/outbox/dead"))["dead"]
        assert (letter["kind"], letter["last_error"]) == ("SIGN", "HTTP 500")
        for asked, count in (
            ({"target": "12369"}, 0),
            ({"ticketNo": "ENV-430100-20200101-000001"}, 0),
            ({"ticketNo": number}, 1),
            ({}, 0),
        ):
            answer = await root.client.post(
                "/api/v1/outbox/revive", json=asked, headers={"X-CSRF-Token": root.csrf}
            )
            assert await answer.json() == {"revived": count}
        assert (await ok(root, "/api/v1/outbox/dead"))["dead"] == []

    async def test_only_administrators(self, world: World) -> None:
        """Nobody else sees or moves them."""
        op = await world.browser("op")
        assert (await op.client.get("/api/v1/outbox/dead")).status == 403
        headers = {"X-CSRF-Token": op.csrf}
        answer = await op.client.post("/api/v1/outbox/revive", json={}, headers=headers)
        assert answer.status == 403


class TestService:
    async def test_health(self, client: Client) -> None:
        """The process says that it answers, and that it is ready."""
        assert await (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
        assert (ready.status, await ready.json()) == (200, {"status": "ready", "lacking": {}})
        metrics = await client.get("/metrics")
        assert metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")

    async def test_the_interface_describes_itself(self, client: Client) -> None:
        """The OpenAPI document names every API route that exists, and only such."""
        document = await (await client.get("/api/openapi.json")).json()
        assert document["openapi"] == "3.1.0"
        described = {
            (method.upper(), path)
            for path, operations in document["paths"].items()
            for method in operations
        }
        served = {
            (route.method, route.resource.canonical)
            for route in client.app.router.routes()
            if route.resource and route.method != "HEAD"
        }
        assert described <= served
        machine = ("/api/", "/hooks/", "/healthz", "/readyz", "/metrics")
        assert {s for s in served if s[1].startswith(machine)} == described

    async def test_every_reference_leads_somewhere(self, client: Client) -> None:
        """No schema refers to one that is not in the document."""
        text = await (await client.get("/api/openapi.json")).text()
        schemas = json.loads(text)["components"]["schemas"]
        wanted = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
        assert wanted <= set(schemas)
        assert {"Message", "Reply", "CitizenReport", "Tracked", "CasePage", "Problem"} <= wanted


def test_a_hooks_secret_is_its_own() -> None:
    """No two platforms or cities share a secret."""
    secrets = {hook(source, city).secret for source in ("12345", "12369") for city in (CITY, OTHER)}
    assert len(secrets) == 4
    assert msgspec.json.encode(sorted(secrets))
