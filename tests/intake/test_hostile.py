"""What no honest caller sends is answered with what is wrong, never with a fault of ours."""

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from structlog.testing import capture_logs

from intake import auth
from models.db.pool import Database
from tests.intake.kit import CITY, FIXTURES, Platform, message, order, rows
from tests.pages.kit import World

Client = TestClient[Any, Any]
SAMPLE = (FIXTURES / "report12369.xml").read_text(encoding="utf-8")
FORM = "application/x-www-form-urlencoded"
PART = b'--x\r\nContent-Disposition: form-data; name="text"\r\n%s\r\n%s\r\n--x--\r\n'
BROKEN_FORMS = [
    (f"{FORM}; charset=bogus", b"text=abcdefgh"),
    (f"{FORM}; charset=utf-16", b"text=abcdefgh"),
    ("multipart/form-data", b"text=abcdefgh"),
    ("multipart/form-data; boundary=x", b"\x00\xff" * 100),
    ("multipart/form-data; boundary=x", PART % (b"Nonsense\r\n", b"abcdefgh")),
    ("multipart/form-data; boundary=x", PART % (b"", b"\xff\xfe\xfa")),
    (
        "multipart/form-data; boundary=x",
        PART % (b"Content-Type: text/plain; charset=bogus\r\n", b"abcdefgh"),
    ),
    (
        "multipart/form-data; boundary=x",
        PART % (b"Content-Transfer-Encoding: bogus\r\n", b"abcdefgh"),
    ),
]


@pytest.mark.parametrize(("kind", "body"), BROKEN_FORMS)
@pytest.mark.parametrize("path", ["/api/v1/reports", "/report", "/track", "/login"])
async def test_a_form_that_cannot_be_read(
    client: Client, path: str, kind: str, body: bytes
) -> None:
    """Its shape, charset and encoding are the sender's to mend."""
    answer = await client.post(path, data=body, headers={"Content-Type": kind})
    assert answer.status == 400
    assert "form_malformed" in await answer.text()


async def test_a_body_not_packed_as_it_says(client: Client) -> None:
    """A body that claims gzip and is none is a bad request."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await client.post("/api/v1/reports", data=b"no gzip", headers=headers)
    assert answer.status == 400
    assert (await answer.json())["code"] == "body_malformed"


@pytest.mark.parametrize("path", ["/api/v1/cases?unit=%00", "/desk?q=%00", "/api/v1/track/%00"])
async def test_a_null_character_in_the_address(client: Client, path: str) -> None:
    """The database could not hold it."""
    answer = await client.get(path)
    assert answer.status == 400
    assert (await answer.json())["code"] == "character_forbidden"


async def test_a_report_nested_without_end(national: Platform) -> None:
    """Elements thousands deep are refused before anything walks them."""
    deep = "<q>" * 5_000 + "</q>" * 5_000
    body = SAMPLE.replace("<ReportInfo>", f"<ReportInfo>{deep}").encode()
    answer = await national.post(body)
    assert answer.status == 400
    assert (await answer.json())["code"] == "xml_too_deep"


async def test_markup_inside_a_report_loses_nothing_of_it(db: Database, national: Platform) -> None:
    """What stands in and after a stray element is part of the text."""
    start = SAMPLE.index("<ReportContent>") + len("<ReportContent>")
    body = f"{SAMPLE[:start]}夜里<b>排放</b>黑烟。{SAMPLE[start:]}".encode()
    answer = await national.post(body)
    assert answer.status == 200, await answer.text()
    (case,) = await rows(db, "SELECT text FROM cases")
    assert case["text"].startswith("夜里排放黑烟。")


async def test_an_order_number_of_spaces(hotline: Platform) -> None:
    """Two orders without a number must not become one case."""
    answer = await hotline.post(message(order={"orderNo": "  "}))
    assert answer.status == 400
    assert (await answer.json())["path"] == "$.order.orderNo"


async def test_a_supplement_does_not_make_a_case_confidential(
    db: Database, hotline: Platform
) -> None:
    """It says nothing of secrecy, so what the caller asked for stays."""
    caller = order()["caller"] | {"isSecret": 0}
    assert (await hotline.post(message(order={"caller": caller}))).status == 200
    more = {"orderNo": "CS0001", "content": "今晚又来了。"}
    body = message("ORDER_SUPPLEMENT", supplement=more)
    assert (await hotline.post(body)).status == 200
    assert await rows(db, "SELECT confidential FROM cases") == [{"confidential": False}]


async def test_what_a_platform_urges_with_names_nobody_in_the_history(
    db: Database, hotline: Platform
) -> None:
    """Events stay for ever: a phone number in the platform's words does not get in."""
    assert (await hotline.post(message())).status == 200
    urging = {"orderNo": "CS0001", "opinion": "来电人13900001234再次催办,请尽快处理。"}
    assert (await hotline.post(message("SUPERVISE", supervise=urging))).status == 200
    (event,) = await rows(db, "SELECT data FROM event WHERE verb = 'case:source:urged'")
    assert "13900001234" not in str(event["data"])
    assert "请尽快处理" in event["data"]["opinion"]


async def raw(client: Client, head: bytes) -> int:
    """Send a request that no honest client would write, and give the status."""
    assert client.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(head + b"Host: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1])


async def test_a_session_or_secret_that_is_no_text(world: World) -> None:
    """Bytes that are no UTF-8 open nothing and break nothing."""
    operator = await world.browser("op")
    session = f"Cookie: jiesu_session={CITY}.".encode()
    strange = b"GET /api/v1/cases HTTP/1.1\r\n" + session + b"\xff\xfe\r\n"
    assert await raw(operator.client, strange) == 401
    (cookie,) = (c.value for c in operator.client.session.cookie_jar if c.key == auth.COOKIE)
    forged = (
        f"POST /api/v1/cases/ENV-{CITY}-20261122-000001/actions/accept HTTP/1.1\r\n"
        f"Cookie: jiesu_session={cookie}\r\nX-CSRF-Token: "
    )
    assert await raw(operator.client, forged.encode() + b"\xff\r\n") == 403


@pytest.mark.parametrize(("who", "reads", "acts"), [("boss", 200, 403), ("root", 403, 403)])
async def test_the_api_lets_nobody_do_what_the_pages_do_not(
    world: World, who: str, reads: int, acts: int
) -> None:
    """Supervisors read and do not decide; administrators keep accounts, not cases."""
    number = await world.waiting()
    browser = await world.browser(who)
    assert (await browser.client.get(f"/api/v1/cases/{number}")).status == reads
    assert (await browser.client.get("/api/v1/cases")).status == reads
    data = {"code": "not_environmental", "notice": "不属于受理范围。"}
    answer = await browser.client.post(
        f"/api/v1/cases/{number}/actions/reject", json=data, headers={"X-CSRF-Token": browser.csrf}
    )
    assert answer.status == acts
    assert (await answer.json())["code"] == "role_forbidden"


async def test_a_fault_in_a_page_leaves_no_words_of_it_in_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database's message may quote what a citizen wrote."""

    async def fail(*_: object) -> None:
        msg = "Failing row contains (13900001234)"
        raise RuntimeError(msg)

    operator = await world.browser("op")
    monkeypatch.setattr("models.db.views.desk_counts", fail)
    with capture_logs() as logs:
        answer = await operator.client.get("/desk")
    assert answer.status == 500
    (line,) = [line for line in logs if line["event"] == "page_failed"]
    assert line["trace"].endswith("RuntimeError")
    assert "13900001234" not in str(line)
    assert "exc_info" not in line
