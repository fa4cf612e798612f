import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from intake import keys
from intake.app import build_app
from models.db.pool import Database
from models.errors import Conflict, Unavailable
from tests.intake.kit import CITY, make_services

Client = TestClient[Any, Any]
Seen = list[tuple[str, str, int]]


@pytest.fixture
def seen() -> Seen:
    """Collect what the metrics are told."""
    return []


@pytest.fixture
async def door(db: Database, seen: Seen) -> AsyncIterator[Client]:
    """Give an application behind a proxy at 127.0.0.0/8, with routes that go wrong."""
    services = make_services(db, trusted_proxies=("127.0.0.0/8", "10.1.0.0/16"))

    def observed(method: str, route: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        seen.append((method, route, status))

    object.__setattr__(services, "observe", observed)
    app = await asyncio.to_thread(build_app, services)

    async def who(request: web.Request) -> web.Response:
        return web.Response(text=request[keys.CLIENT])

    async def broken(_request: web.Request) -> web.Response:
        message = "一个秘密"
        raise RuntimeError(message)

    async def conflict(_request: web.Request) -> web.Response:
        raise Conflict("stale", "已被他人修改。", fresh={"revision": 3})

    async def away(_request: web.Request) -> web.Response:
        raise web.HTTPFound("/")

    async def unavailable(_request: web.Request) -> web.Response:
        raise Unavailable("database_unavailable", "数据库暂时无法连接。")

    app.router.add_get("/test/away-for-now", unavailable)
    app.router.add_get("/test/who/{name}", who)
    app.router.add_get("/test/broken", broken)
    app.router.add_get("/test/conflict", conflict)
    app.router.add_get("/test/away", away)
    client: Client = TestClient(TestServer(app))
    await client.start_server()
    yield client
    await client.close()


class TestClientAddress:
    @pytest.mark.parametrize(
        ("forwarded", "client"),
        [
            ("", "127.0.0.1"),
            ("203.0.113.9", "203.0.113.9"),
            ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
            ("evil, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
            ("10.1.0.1, 10.1.0.2", "10.1.0.1"),
            ("2001:DB8::1", "2001:db8::1"),
        ],
    )
    async def test_is_read_from_the_right(self, door: Client, forwarded: str, client: str) -> None:
        """The client is the first address from the right that is no proxy of ours."""
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        answer = await door.get("/test/who/x", headers=headers)
        assert await answer.text() == client

    @pytest.mark.parametrize("forwarded", ["nonsense", "203.0.113.9, nonsense", "999.1.1.1"])
    async def test_must_be_an_address(self, door: Client, forwarded: str) -> None:
        """What a proxy of ours cannot have written is refused."""
        answer = await door.get("/test/who/x", headers={"X-Forwarded-For": forwarded})
        assert (answer.status, (await answer.json())["code"]) == (400, "forwarded_malformed")

    async def test_is_not_believed_of_strangers(self, client: Client) -> None:
        """Without configured proxies the header says nothing."""

        async def who(request: web.Request) -> web.Response:
            return web.Response(text=request[keys.CLIENT])

        answer = await client.get("/healthz", headers={"X-Forwarded-For": "nonsense"})
        assert answer.status == 200


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/nowhere", 404, "path_not_found"),
            ("GET", "/api/v1/nowhere", 404, "path_not_found"),
            ("DELETE", "/api/v1/cases", 405, "method_not_allowed"),
            ("GET", f"/hooks/12345/{CITY}", 405, "method_not_allowed"),
            ("GET", "/api/v1/cases", 401, "not_signed_in"),
            ("GET", "/api/v1/cases/ENV-1", 401, "not_signed_in"),
            ("POST", "/api/v1/reports", 422, "media_type_unsupported"),
            ("GET", "/api/v1/track/x", 404, "track_code_unknown"),
            ("GET", "/test/conflict", 409, "stale"),
            ("GET", "/test/broken", 500, "internal_error"),
        ],
    )
    async def test_every_error_is_a_problem(
        self, door: Client, method: str, path: str, status: int, code: str
    ) -> None:
        """Whatever goes wrong, the answer is problem+json with code and a Chinese detail."""
        headers = {"Content-Type": "text/plain"}
        answer = await door.request(method, path, headers=headers)
        assert (answer.status, answer.content_type) == (status, "application/problem+json")
        problem = await answer.json()
        assert (problem["code"], problem["status"], problem["success"]) == (code, status, False)
        assert problem["type"] == f"urn:jiesu:problem:{code}"
        assert problem["instance"] == f"urn:jiesu:request:{answer.headers['X-Request-Id']}"
        assert any("\u4e00" <= letter <= "\u9fff" for letter in problem["detail"])

    async def test_a_conflict_carries_the_fresh_state(self, door: Client) -> None:
        """What an error knows beside code and detail is in the document."""
        answer = await door.get("/test/conflict")
        assert (await answer.json())["fresh"] == {"revision": 3}

    async def test_a_fault_tells_nothing_of_the_data(self, door: Client) -> None:
        """An unforeseen error shows its words neither to the caller nor to the log."""
        with structlog.testing.capture_logs() as logs:
            answer = await door.get("/test/broken")
        assert "秘密" not in await answer.text()
        (line,) = [log for log in logs if log["event"] == "request_failed"]
        assert "秘密" not in str(line)
        assert line["route"] == "/test/broken"
        assert line["trace"].endswith("RuntimeError")
        assert "test_middlewares.py:" in line["trace"]

    async def test_what_the_standard_asks_for(self, door: Client) -> None:
        """401 names a scheme, 503 says when to come back."""
        answer = await door.get("/api/v1/cases")
        assert answer.headers["WWW-Authenticate"]
        answer = await door.get("/test/away-for-now")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")

    async def test_allowed_methods_are_named(self, door: Client) -> None:
        """A wrong method is told which are right."""
        answer = await door.delete("/api/v1/cases")
        assert "GET" in answer.headers["Allow"]


class TestObservation:
    async def test_routes_are_counted_by_pattern(self, door: Client, seen: Seen) -> None:
        """Metrics see the route's pattern, never the path, for answers of every kind."""
        await door.get("/test/who/one")
        await door.get("/test/broken")
        await door.get("/secret-path")
        await door.get("/test/away", allow_redirects=False)
        assert seen == [
            ("GET", "/test/who/{name}", 200),
            ("GET", "/test/broken", 500),
            ("GET", "(none)", 404),
            ("GET", "/test/away", 302),
        ]

    async def test_a_request_keeps_its_id(self, door: Client) -> None:
        """A well-formed id of the caller's is used, any other replaced."""
        kept = await door.get("/healthz", headers={"X-Request-Id": "caller-0001"})
        assert kept.headers["X-Request-Id"] == "caller-0001"
        made = await door.get("/healthz", headers={"X-Request-Id": "<script>"})
        assert made.headers["X-Request-Id"] not in {"", "<script>"}

    async def test_what_browsers_must_not_do(self, door: Client) -> None:
        """No answer may be sniffed; a page may not be framed or load from elsewhere."""
        answer = await door.get("/healthz")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        page = await door.get("/")
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
