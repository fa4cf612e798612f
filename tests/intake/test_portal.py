import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient, TestServer

from intake.app import build_app
from models.db.pool import Database
from tests.intake.kit import CITY, VAULT, counts, make_services, rows
from tests.pages.photos import png

KEY = "3f6c2c0e-5d1f-4b7e-9a53-8f2f6f1f0a11"
REPORT: dict[str, Any] = {
    "city": CITY,
    "text": "小区旁工地凌晨两点还在打桩。",
    "title": "工地夜间打桩",
    "address": "某路与某街交叉口",
    "name": "测试丁",
    "phone": "139 0000 0004",
    "lon": 113.01,
    "lat": 28.2,
}
Client = TestClient[Any, Any]


async def post(client: Client, body: Any = None, **given: Any) -> ClientResponse:
    """Post a report as JSON."""
    return await client.post("/api/v1/reports", json=REPORT if body is None else body, **given)


async def problem(answer: ClientResponse) -> tuple[int, str]:
    """Read status and code of a refusal."""
    assert answer.content_type == "application/problem+json"
    return answer.status, (await answer.json())["code"]


async def test_a_citizen_gets_number_and_code(db: Database, client: Client) -> None:
    """A report is answered with the case's number and the code to follow it, never cached."""
    answer = await post(client)
    assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store")
    taken = await answer.json()
    assert set(taken) == {"ticketNo", "trackCode", "receivedAt"}
    (case,) = await rows(db, "SELECT * FROM cases")
    assert (case["source"], case["channel"], case["confidential"]) == ("portal", "12345_WEB", True)
    (event,) = await rows(db, "SELECT actor_kind, actor_name FROM event")
    assert event == {"actor_kind": "citizen", "actor_name": "portal"}


async def test_identity_is_sealed(db: Database, client: Client) -> None:
    """Name and phone go to the vault and are not in what is kept of the report."""
    await post(client)
    (sealed,) = await rows(db, "SELECT * FROM identity")
    assert VAULT.open(CITY, sealed["case_no"], "phone", 1, sealed["phone"]) == "139 0000 0004"
    assert (sealed["anonymous"], sealed["want_callback"]) == (False, True)
    (kept,) = await rows(db, "SELECT payload::text AS whole FROM report")
    assert "测试丁" not in kept["whole"]
    assert "0004" not in kept["whole"]


async def test_anonymous_is_anonymous(db: Database, client: Client) -> None:
    """Who wants to be anonymous is, even if a name was filled in before."""
    await post(client, REPORT | {"anonymous": True})
    (sealed,) = await rows(db, "SELECT * FROM identity")
    assert (sealed["name"], sealed["phone"], sealed["phone_index"]) == (None, None, None)
    assert (sealed["anonymous"], sealed["want_callback"]) == (True, False)


async def test_a_key_makes_it_once(db: Database, client: Client) -> None:
    """The same key, in the header or in the form, gives the same receipt however often."""
    answers = await asyncio.gather(
        *(post(client, headers={"Idempotency-Key": KEY}) for _ in range(5)),
        *(post(client, REPORT | {"clientKey": KEY}) for _ in range(3)),
    )
    assert {answer.status for answer in answers} == {200, 201}
    assert len({(await answer.json())["trackCode"] for answer in answers}) == 1
    assert (await counts(db))["cases"] == 1


async def test_a_key_for_another_report(db: Database, client: Client) -> None:
    """A key used for one report does not give its receipt to another, nor change it."""
    await post(client, headers={"Idempotency-Key": KEY})
    other = await post(
        client, REPORT | {"text": "完全不同的一件事情"}, headers={"Idempotency-Key": KEY}
    )
    assert await problem(other) == (409, "message_id_reused")
    assert "trackCode" not in await other.text()
    assert (await rows(db, "SELECT text FROM cases"))[0]["text"] == REPORT["text"]


@pytest.mark.parametrize("key", ["1", "x" * 15, "十六个字的幂等键也不行因为不是西文"])
async def test_a_key_that_others_could_meet(client: Client, key: str) -> None:
    """A short key is refused: somebody else's might be equal."""
    answer = await post(client, REPORT | {"clientKey": key})
    assert await problem(answer) == (400, "idempotency_key_short")


async def test_the_form_is_read_the_same(db: Database, client: Client) -> None:
    """A page's form with snake_case names, ticks and a file gives what JSON gives."""
    form = FormData(quote_fields=False)
    fields = {
        "city": CITY,
        "text": REPORT["text"],
        "name": "测试丁",
        "phone": "13900000004",
        "contact_time": "18:00-20:00",
        "lon": "",
        "lat": "28.2",
        "client_key": KEY,
    }
    for name, value in fields.items():
        form.add_field(name, value)
    form.add_field("confidential", "0")
    form.add_field("confidential", "on")
    form.add_field("want_callback", "0")
    form.add_field("files", png(b"remark"), filename="现场.png", content_type="image/png")
    answer = await client.post("/api/v1/reports", data=form)
    assert answer.status == 201, await answer.text()
    (sealed,) = await rows(db, "SELECT confidential, want_callback, contact_time FROM identity")
    assert sealed == {
        "confidential": True,
        "want_callback": False,
        "contact_time": "18:00-20:00",
    }
    (file,) = await rows(db, "SELECT name, content, origin, size FROM attachment")
    assert (file["name"], file["origin"]) == ("现场.png", "citizen")
    assert file["size"] == len(file["content"])
    assert b"IDAT" in file["content"]
    assert b"remark" not in file["content"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"text": ""}, 400, "field_invalid"),
        ({"text": "  吵  "}, 400, "text_too_short"),
        ({"text": "长" * 5001}, 400, "field_invalid"),
        ({"text": "有\x00空字符的内容"}, 400, "character_forbidden"),
        ({"text": 5}, 400, "field_invalid"),
        ({"phone": "abc"}, 400, "phone_malformed"),
        ({"phone": "1"}, 400, "phone_malformed"),
        ({"city": "110000"}, 400, "city_unknown"),
        ({"city": None}, 400, "city_unknown"),
        ({"happenedAt": "昨天"}, 400, "field_invalid"),
    ],
)
async def test_what_is_filled_in_wrongly(
    db: Database, client: Client, change: dict[str, Any], status: int, code: str
) -> None:
    """A wrong field is refused with what to do, and nothing is stored."""
    assert await problem(await post(client, REPORT | change)) == (status, code)
    assert not any((await counts(db)).values())


async def test_a_form_in_pieces(db: Database, client: Client) -> None:
    """A form that does not say its length is read like any other."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"city=430100&text="
        yield quote("巷口的垃圾堆了三天没人清运").encode()

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/api/v1/reports", data=pieces(), headers=headers)
    assert answer.status == 201, await answer.text()
    assert (await rows(db, "SELECT text FROM cases"))[0]["text"] == "巷口的垃圾堆了三天没人清运"


async def test_a_form_with_a_null_character(db: Database, client: Client) -> None:
    """A form cannot bring in what JSON cannot."""
    answer = await client.post("/api/v1/reports", data={"city": CITY, "text": "有\x00空字符的内容"})
    assert await problem(answer) == (400, "character_forbidden")
    assert not any((await counts(db)).values())


@pytest.mark.parametrize(
    ("name", "media_type", "content", "code"),
    [
        ("a.exe", "application/x-msdownload", b"MZ", "file_type_unsupported"),
        ("a.html", "text/html", b"<script>", "file_type_unsupported"),
        ("a.svg", "image/svg+xml", b"<svg onload='x'/>", "file_type_unsupported"),
        ("big.png", "image/png", b"x" * ((8 << 20) + 1), "file_too_large"),
    ],
    ids=["program", "page", "drawing", "large"],
)
async def test_files_that_are_refused(
    client: Client, name: str, media_type: str, content: bytes, code: str
) -> None:
    """Programs, pages and oversized files are not taken."""
    form = FormData({"city": CITY, "text": REPORT["text"]}, default_to_multipart=True)
    form.add_field("files", io.BytesIO(content), filename=name, content_type=media_type)
    assert (await problem(await client.post("/api/v1/reports", data=form)))[1] == code


async def test_another_media_type(client: Client) -> None:
    """What is neither JSON nor a form is refused."""
    answer = await client.post(
        "/api/v1/reports", data="<a/>", headers={"Content-Type": "application/xml"}
    )
    assert await problem(answer) == (422, "media_type_unsupported")


async def test_one_address_is_limited(db: Database) -> None:
    """One address gets as many reports as the rate allows, then is told when to come back."""
    counted: list[tuple[str, str]] = []
    services = make_services(
        db, reports_per_hour=3, count=lambda name, label: counted.append((name, label))
    )
    client: Client = TestClient(TestServer(await asyncio.to_thread(build_app, services)))
    await client.start_server()
    try:
        answers = [await post(client) for _ in range(4)]
        assert [answer.status for answer in answers] == [201, 201, 201, 429]
        body = await answers[3].json()
        assert body["code"] == "too_many_requests"
        assert int(answers[3].headers["Retry-After"]) == body["retry_after"] > 0
        assert ("limiter", "refused:report") in counted
    finally:
        await client.close()
    assert (await counts(db))["cases"] == 3
