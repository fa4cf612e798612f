"""What the page tests share: the real application, staff, reports of our own, browsers."""

import asyncio
import io
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from intake import auth
from intake.app import build_app
from intake.channels import portal
from intake.channels.dispatcher import Event
from intake.keys import DISPATCHER, RECEIVER, SERVICES
from intake.services import Services
from models.case import CaseNo, Receipt, show_case_no
from models.city import City
from models.db import staff as store
from models.db.pool import Connection, Database
from models.db.staff import Account
from models.db.units import sync_city
from models.moment import now
from models.tags import ModelRef, PlaceTag, Scored, Tags, TypeTag, UrgencyTag
from routing.stage import RouteStage
from tests.intake.kit import make_services

CITY: Final = "430100"
ECO: Final = "430102-ECO"
UMA: Final = "430102-UMA"
#: Lets a test move deadlines about as no part of the program may.
_MOVES: Final = "ALTER TABLE clock {} TRIGGER clock_moves_with_cause"
PASSWORD: Final = "correct horse battery"
TEXT: Final = "芙蓉区某路口的烧烤店每晚油烟直排,炒菜味呛得家里不能开窗,楼下音响吵到凌晨两点。"
#: A hash is made slowly on purpose: once is enough for all that have the same password.
_hashed: dict[str, str] = {}
_CSRF: Final = re.compile(r'name="csrf" content="([^"]+)"')
_REVISION: Final = re.compile(r'name="revision" value="(\d+)"')
_CODE: Final = re.compile(r'id="code">([0-9A-Z-]{19})<')
#: Every role; three units, one of them far from what the tests report.
PEOPLE: Final[Mapping[str, tuple[str, str | None]]] = {
    "op": ("operator", None),
    "op2": ("operator", None),
    "boss": ("supervisor", None),
    "root": ("admin", None),
    "eco": ("unit", ECO),
    "uma": ("unit", UMA),
    "far": ("unit", "430103-UMA"),
}


@asynccontextmanager
async def movable(conn: Connection) -> AsyncIterator[None]:
    """Let clocks be moved without a cause for a while, as only a test may."""
    await conn.execute(_MOVES.format("DISABLE"))
    yield
    await conn.execute(_MOVES.format("ENABLE"))


class Browser:
    """One person at the pages: keeps cookies, and sends each form with its session's secret."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        """Take a client of the running application."""
        self.client = client
        self.csrf = ""

    async def sign_in(self, username: str, password: str = PASSWORD) -> ClientResponse:
        """Sign in and remember the session's secret."""
        form = {"city": CITY, "username": username, "password": password}
        response = await self.client.post("/login", data=form, allow_redirects=False)
        if response.status == 303:
            await self.get("/account")
        return response

    async def get(self, path: str, **given: Any) -> str:
        """Open a page that must be there and give its text."""
        response = await self.client.get(path, **given)
        text = await response.text()
        assert response.status == 200, f"{path}: {response.status} {text[-400:]}"
        if found := _CSRF.search(text):
            self.csrf = found[1]
        return text

    async def status(self, path: str, method: str = "GET") -> int:
        """Open a page without following it and give the status."""
        form = {"csrf": self.csrf} if method == "POST" else None
        response = await self.client.request(method, path, data=form, allow_redirects=False)
        return response.status

    async def post(
        self, path: str, form: Mapping[str, Any] | None = None, **given: Any
    ) -> ClientResponse:
        """Send a form with the session's secret, without following where it leads."""
        sent = {"csrf": self.csrf} | dict(form or {})
        return await self.client.post(path, data=sent, allow_redirects=False, **given)

    async def upload(
        self, path: str, form: Mapping[str, str], files: Mapping[str, tuple[str, bytes]]
    ) -> ClientResponse:
        """Send a form with files."""
        data = FormData(quote_fields=False, default_to_multipart=True)
        for name, value in ({"csrf": self.csrf} | dict(form)).items():
            data.add_field(name, value)
        for name, (filename, content) in files.items():
            data.add_field(name, io.BytesIO(content), filename=filename, content_type="image/jpeg")
        return await self.client.post(path, data=data, allow_redirects=False)


class World:
    """A running application over a test's database, with staff of every role in one city."""

    def __init__(self, services: Services, server: TestServer) -> None:
        """Keep what `open_world` made."""
        self.services = services
        self.db = services.db
        self.city = services.cities[CITY]
        self.server = server
        self._clients: list[TestClient[Any, Any]] = []

    async def browser(self, username: str | None = None) -> Browser:
        """Give a browser of its own, signed in where a name is given."""
        client: TestClient[Any, Any] = TestClient(self.server)
        self._clients.append(client)
        made = Browser(client)
        if username:
            response = await made.sign_in(username)
            assert response.status == 303, await response.text()
        return made

    async def report(self, text: str = TEXT, **fields: Any) -> Receipt:
        """Take a citizen's report through the one funnel."""
        app = self.server.app
        filled = portal.Filled(
            report=portal.CitizenReport(text=text, city=CITY, **fields),
            files=(),
            key=f"key-{now().timestamp()}-{text[:4].encode().hex()}",
        )
        receipt: Receipt = await app[DISPATCHER].dispatch(
            Event(channel=portal.SOURCE, type="REPORT", body=filled),
            services=app[SERVICES],
            receiver=app[RECEIVER],
        )
        return receipt

    async def read(self, case_no: CaseNo, *, review: tuple[str, ...] = (), **said: Any) -> None:
        """Write tags as the machine would: to the desk with reasons, else on to routing."""
        async with self.db.city(CITY) as conn:
            row = await conn.fetchrow(
                "SELECT title, text FROM cases WHERE city = $1 AND case_no = $2", CITY, case_no
            )
            assert row is not None
            text = f"{row['title']}\n{row['text']}" if row["title"] else row["text"]
            tags = make_tags(text, review=review, **said)
            words = sorted(set(re.findall(r"\w+", text)) | set(said.get("words", ())))
            await conn.execute(
                "UPDATE cases SET state = 'SCREEN', queue = $3, tags = $4, kind = $5, types = $6,"
                " urgency = $7, adcode = $8, township = $9, review_reasons = $10, attempts = 0,"
                " revision = revision + 1"
                " WHERE city = $1 AND case_no = $2",
                CITY,
                case_no,
                "review" if review else "route",
                tags,
                tags.kind.code,
                [tag.code for tag in tags.types],
                tags.urgency.code,
                tags.place.adcode,
                tags.place.township,
                list(review),
            )
            await conn.execute(
                "INSERT INTO case_search (city, case_no, words)"
                " VALUES ($1, $2, array_to_tsvector($3))"
                " ON CONFLICT (city, case_no) DO UPDATE SET words = excluded.words",
                CITY,
                case_no,
                words,
            )

    async def route(self) -> None:
        """Let the routing stage do what waits for it."""
        while await RouteStage(self.db, {CITY: self.city}).run_once(CITY):
            pass

    async def dispatched(self, text: str = TEXT, **fields: Any) -> str:
        """Bring a report as far as its unit's inbox and give its number."""
        receipt = await self.report(text, **fields)
        await self.read(receipt.case_no)
        await self.route()
        return receipt.number

    async def waiting(self, text: str = TEXT, **said: Any) -> str:
        """Bring a report to the review queue and give its number."""
        receipt = await self.report(text)
        await self.read(receipt.case_no, review=("low_confidence_type",), **said)
        return receipt.number

    async def close(self) -> None:
        """Close every browser and the application."""
        for client in self._clients:
            await client.close()
        await self.server.close()


def make_tags(
    text: str,
    *,
    types: tuple[tuple[str, str], ...] = (("A03", "油烟"), ("N03", "音响")),
    place: tuple[str | None, str] = ("430102", "芙蓉区"),
    kind: str = "TS",
    urgency: str = "P2",
    flags: tuple[str, ...] = (),
    review: tuple[str, ...] = (),
    words: tuple[str, ...] = (),
) -> Tags:
    """Make what a tagger could have said of a text, with the places of its evidence in it."""
    adcode, named = place
    return Tags(
        id="t",
        kind=Scored(code=kind, p=0.93),
        types=tuple(
            TypeTag(code=code, p=0.91 - 0.17 * n, evidence=_span(text, word))
            for n, (code, word) in enumerate(types)
        ),
        urgency=UrgencyTag(code=urgency),
        place=PlaceTag(adcode=adcode, p=0.97, evidence=_span(text, named)),
        flags=flags,
        review=bool(review),
        review_reasons=review,
        model=ModelRef(name="test", version="0"),
    )


def _span(text: str, word: str) -> tuple[tuple[int, int], ...]:
    at = text.find(word) if word else -1
    return ((at, at + len(word)),) if at >= 0 else ()


async def open_world(db: Database, city: City, **settings: Any) -> World:
    """Start the application over a database and make its staff."""
    services = make_services(db, {city.adcode: city}, **({"logins_per_minute": 1000} | settings))
    hashed = _hashed[PASSWORD] = _hashed.get(PASSWORD) or await auth.hash_password(PASSWORD)
    async with db.city(city.adcode) as conn:
        await sync_city(conn, city)
        for username, (role, unit) in PEOPLE.items():
            account = Account(
                city=city.adcode,
                username=username,
                display_name=f"测试{username}",
                role=role,
                unit=unit,
                active=True,
                created_at=now(),
            )
            await store.add_account(conn, account, hashed)
    server = TestServer(await asyncio.to_thread(build_app, services))
    await server.start_server()
    return World(services, server)


def revision(page: str) -> str:
    """Read the revision that a page's forms carry."""
    found = _REVISION.search(page)
    assert found, "the page has no form"
    return found[1]


def code_of(page: str) -> str:
    """Read the tracking code off a receipt."""
    found = _CODE.search(page)
    assert found, "the page shows no code"
    return found[1]


def number_of(receipt: Receipt) -> str:
    """Write a receipt's case number as people read it."""
    return show_case_no(receipt.city, receipt.case_no)


def where(response: ClientResponse) -> str:
    """Give where a response leads, path and query."""
    return URL(response.headers["Location"]).path_qs


def builtins(value: msgspec.Struct) -> dict[str, Any]:
    """Give a struct as plain values."""
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
