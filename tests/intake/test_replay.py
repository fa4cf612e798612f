import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from defusedxml.ElementTree import fromstring

from deploy.replay import Replay, Summary
from deploy.replay_files import Ticket, read_files
from models.db.pool import Database
from tests.intake.kit import CITY, FIXTURES, counts, hook, rows

Client = TestClient[Any, Any]
SAMPLE = FIXTURES / "report12369.xml"


def lines(*texts: str) -> str:
    """Write texts as JSON Lines with ids."""
    return "\n".join(
        json.dumps({"id": f"r-{n}", "title": f"第 {n} 件", "text": text, "adcode": "430102"})
        for n, text in enumerate(texts)
    )


@pytest.fixture
async def machine(db: Database) -> AsyncIterator[None]:
    """Stand in for the stages: every case goes to dispatch or review by turns."""

    async def work() -> None:
        while True:
            await asyncio.sleep(0.1)
            async with db.city(CITY) as conn:
                await conn.execute(
                    "UPDATE cases SET state = CASE case_no % 2 WHEN 0 THEN 'DISPATCHED' "
                    "ELSE 'SCREEN' END, queue = CASE case_no % 2 WHEN 0 THEN NULL ELSE 'review' END"
                    " WHERE queue = 'tag'"
                )

    task = asyncio.create_task(work())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def run(
    client: Client, tickets: list[Ticket], source: str = "12345", **given: Any
) -> Summary:
    """Replay tickets to an application."""
    base = str(client.make_url("/"))
    return await Replay(base, hook(source), **({"patience_s": 5.0} | given)).run(tickets)


class TestFiles:
    def test_lines_become_orders(self, tmp_path: Path) -> None:
        """A line is sent as its platform would, without the answers that stand beside it."""
        path = tmp_path / "a.jsonl"
        path.write_text(lines("河水发黑", "夜间施工"), "utf-8")
        found = read_files([path], "12345", CITY)
        assert [ticket.number for ticket in found.tickets] == ["r-0", "r-1"]
        message = json.loads(found.tickets[0].body)
        assert message["order"]["content"] == "河水发黑"
        assert "430102" not in found.tickets[0].body.decode()
        assert found.problems == []

    def test_bad_lines_are_named(self, tmp_path: Path) -> None:
        """A bad line is told with its number and reason, and the others are sent."""
        path = tmp_path / "a.jsonl"
        path.write_bytes(
            b'{"id": "1", "text": "x"}\n\n{"id": "2"}\nnot json\n\xff\n{"id": "3", "text": "y"}\n'
        )
        found = read_files([path], "12345", CITY)
        assert [ticket.number for ticket in found.tickets] == ["1", "3"]
        places = [problem.split(": ")[0] for problem in found.problems]
        assert places == ["a.jsonl:3", "a.jsonl:4", "a.jsonl:5"]
        assert "text" in found.problems[0]

    def test_a_line_of_another_city_is_not_sent_to_this_one(self, tmp_path: Path) -> None:
        """It is named with the option that sends it where it belongs."""
        path = tmp_path / "a.jsonl"
        path.write_bytes(b'{"id": "1", "city": "530100", "text": "x"}\n')
        found = read_files([path], "12345", CITY)
        assert found.tickets == []
        assert "--city 530100" in found.problems[0]

    def test_lines_for_the_national_platform(self, tmp_path: Path) -> None:
        """The same lines can be sent as XML reports."""
        path = tmp_path / "a.jsonl"
        path.write_text(lines("废气 <很浓> & 刺鼻"), "utf-8")
        (ticket,) = read_files([path], "12369", CITY).tickets
        root = fromstring(ticket.body)
        assert root.get("type") == "REPORT_PUSH"
        assert root.findtext("ReportInfo/ReportContent") == "第 0 件\n废气 <很浓> & 刺鼻"

    def test_xml_files(self, tmp_path: Path) -> None:
        """One report is sent byte for byte; several stand under a root of their own."""
        (one,) = read_files([SAMPLE], "12369", CITY).tickets
        assert one == Ticket("430102202611200007", SAMPLE.read_bytes())
        message = SAMPLE.read_text("utf-8").partition("?>")[2]
        second = message.replace("430102202611200007", "430102202611200008")
        several = tmp_path / "several.xml"
        several.write_text(f"<ReportMessages>{message}{second}</ReportMessages>", "utf-8")
        found = read_files([several], "12369", CITY)
        assert [t.number for t in found.tickets] == ["430102202611200007", "430102202611200008"]

    def test_broken_xml(self, tmp_path: Path) -> None:
        """Broken XML, entities and reports without number are named."""
        bodies = {
            "broken.xml": "<ReportMessage",
            "bomb.xml": '<!DOCTYPE a [<!ENTITY b "c">]><ReportMessage/>',
            "nameless.xml": "<ReportMessage/>",
        }
        for name, body in bodies.items():
            (tmp_path / name).write_text(body, "utf-8")
        found = read_files([tmp_path / name for name in bodies], "12369", CITY)
        assert found.tickets == []
        assert [problem.split(":")[0] for problem in found.problems] == list(bodies)


class TestRun:
    async def test_a_file_twice(
        self, db: Database, client: Client, machine: None, tmp_path: Path
    ) -> None:
        """A file goes in once; the second time all of it is accepted and nothing is new."""
        path = tmp_path / "a.jsonl"
        await asyncio.to_thread(path.write_text, lines(*(f"某处第 {n} 种气味" for n in range(70))))
        tickets = (await asyncio.to_thread(read_files, [path], "12345", CITY)).tickets
        first = await run(client, tickets)
        assert (first.sent, first.accepted, first.duplicates, first.failed) == (70, 70, 0, 0)
        assert (first.dispatched, first.review) == (35, 35)
        assert 0 < first.accept_ms.p50 <= first.accept_ms.p99
        second = await run(client, tickets)
        assert (second.accepted, second.duplicates, second.failed) == (70, 70, 0)
        assert (await counts(db))["cases"] == 70

    async def test_the_national_platform(self, db: Database, client: Client, machine: None) -> None:
        """An XML file goes the same way, with the same sums."""
        tickets = (await asyncio.to_thread(read_files, [SAMPLE], "12369", CITY)).tickets
        first = await run(client, tickets, "12369")
        again = await run(client, tickets, "12369")
        assert (first.accepted, first.duplicates) == (1, 0)
        assert (again.accepted, again.duplicates) == (1, 1)
        assert (await rows(db, "SELECT source FROM cases"))[0]["source"] == "12369"

    async def test_what_is_refused(self, db: Database, client: Client, machine: None) -> None:
        """A refused ticket is counted as failed and told by number and code only."""
        told: list[str] = []
        bad = Ticket("bad-1", b'{"msgId": "1", "msgType": "ORDER_DISPATCH"}')
        summary = await run(client, [bad], tell=told.append)
        assert (summary.sent, summary.accepted, summary.failed) == (1, 0, 1)
        assert told == ["bad-1 未被接收:HTTP 400 field_missing"]

    async def test_what_never_settles(self, db: Database, client: Client) -> None:
        """When nothing moves any more, what is still with the machine counts as failed."""
        ticket = Ticket("x-1", json.dumps(simple("x-1")).encode())
        summary = await run(client, [ticket], patience_s=0.2)
        assert (summary.accepted, summary.dispatched, summary.failed) == (1, 0, 1)

    async def test_a_system_that_is_busy(self) -> None:
        """503 and cut connections are tried again; each attempt is signed anew."""
        nonces: list[str] = []

        async def hooks(request: web.Request) -> web.Response:
            nonces.append(request.headers["X-Nonce"])
            if len(nonces) == 1:
                return web.Response(status=503, headers={"Retry-After": "0"})
            if len(nonces) == 2:
                assert request.transport is not None
                request.transport.close()
            return web.json_response({"resultData": {"duplicateOf": None, "version": 1}})

        async def reconcile(_request: web.Request) -> web.Response:
            held = [{"number": "n", "state": "DISPATCHED", "queue": None}]
            return web.json_response({"held": held, "missing": []})

        app = web.Application()
        app.router.add_post("/hooks/12345/{city}", hooks)
        app.router.add_post("/api/v1/reconcile", reconcile)
        async with TestClient(TestServer(app)) as client:
            summary = await run(client, [Ticket("n", b"{}")])
        assert (summary.accepted, summary.dispatched, summary.failed) == (1, 1, 0)
        assert len(set(nonces)) == len(nonces) == 3

    async def test_nobody_there(self) -> None:
        """Where nobody listens the ticket fails after a few tries."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("deploy.replay._TRIES", 2)
            sender = Replay("http://127.0.0.1:1", hook(), patience_s=0.1)
            summary = await sender.run([Ticket("n", b"{}")])
        assert (summary.sent, summary.accepted, summary.failed) == (1, 0, 1)

    async def test_a_rate(self, db: Database, client: Client, machine: None) -> None:
        """No more tickets leave in a second than the rate allows."""
        tickets = [Ticket(f"p-{n}", json.dumps(simple(f"p-{n}")).encode()) for n in range(8)]
        begun = asyncio.get_running_loop().time()
        summary = await run(client, tickets, rate=20.0)
        assert summary.accepted == 8
        assert asyncio.get_running_loop().time() - begun > 7 / 20


def simple(number: str) -> dict[str, Any]:
    """Make a small message."""
    order = {"orderNo": number, "content": f"{number} 的内容"}
    return {"msgId": number, "msgType": "ORDER_DISPATCH", "order": order}
