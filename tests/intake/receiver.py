"""A platform's own end: takes our callbacks, checks signatures, can be told to fail."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer
from defusedxml.ElementTree import fromstring

from intake.channels import signature, xml12369
from models.moment import now
from tests.intake.kit import CITY, SECRETS, hook


@dataclass
class Got:
    """One callback as it arrived; `fields` are those of the order or the report."""

    message_id: str
    kind: str
    fields: dict[str, Any]


@dataclass
class PlatformReceiver:
    """Takes callbacks of both platforms at `/12345` and `/12369`.

    `failures` are statuses to answer next, 0 for a refusal under 200; `hold` keeps answers back.
    """

    got: list[Got] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    failures: deque[int] = field(default_factory=deque)
    hold: float = 0.0
    server: TestServer | None = None

    async def start(self) -> None:
        """Open the doors."""
        app = web.Application()
        app.router.add_post("/12345", self._take_json)
        app.router.add_post("/12369", self._take_xml)
        self.server = TestServer(app)
        await self.server.start_server()

    async def close(self) -> None:
        """Close the doors."""
        if self.server:
            await self.server.close()

    def url(self, source: str) -> str:
        """Give the address for a platform's messages."""
        assert self.server is not None
        return str(self.server.make_url(f"/{source}"))

    async def wait(self, count: int, seconds: float = 15.0) -> list[Got]:
        """Wait until so many callbacks were taken."""
        async with asyncio.timeout(seconds):
            while len(self.got) < count:
                await asyncio.sleep(0.02)
        return self.got

    async def _take_json(self, request: web.Request) -> web.Response:
        body = await request.read()
        self._verify(request, body, "12345")
        document = msgspec.json.decode(body)
        got = Got(document["msgId"], document["msgType"], document["order"])
        refused = await self._answer(got)
        return web.json_response({"success": not refused, "code": "E1" if refused else "0"})

    async def _take_xml(self, request: web.Request) -> web.Response:
        body = await request.read()
        self._verify(request, body, "12369")
        root = fromstring(body, forbid_dtd=True)
        sign = root.findtext("Head/Sign")
        assert sign == xml12369.body_mac(hook("12369").secret, xml12369.canonical(root))
        info = root.find("ReportInfo")
        assert info is not None
        fields = {child.tag: child.text or "" for child in info}
        refused = await self._answer(Got(root.get("msgId", ""), root.get("type", ""), fields))
        return web.Response(
            text=f"<R><Success>{'false' if refused else 'true'}</Success></R>",
            content_type="application/xml",
        )

    def _verify(self, request: web.Request, body: bytes, source: str) -> None:
        hooks = [h for h in SECRETS.hooks if h.source == source]
        signature.verify(request.headers, body, hooks, CITY, now())

    async def _answer(self, got: Got) -> bool:
        self.attempts.append(got.message_id)
        await asyncio.sleep(self.hold)
        if self.failures:
            status = self.failures.popleft()
            if status == 0:
                return True
            raise _STATUS[status]
        self.got.append(got)
        return False


_STATUS: dict[int, type[web.HTTPException]] = {
    301: web.HTTPMovedPermanently,
    400: web.HTTPBadRequest,
    500: web.HTTPInternalServerError,
    503: web.HTTPServiceUnavailable,
}
