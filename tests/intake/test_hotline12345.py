import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from intake.app import build_app
from models.db.pool import Database
from tests.intake.kit import (
    CITY,
    OTHER,
    VAULT,
    Platform,
    counts,
    empty_city,
    later,
    make_services,
    message,
    order,
    rows,
)


async def taken(platform: Platform, body: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Post a message that must be taken and give its result data."""
    answer = await platform.post(body, **given)
    assert answer.status == 200, await answer.text()
    reply: dict[str, Any] = await answer.json()
    assert (reply["success"], reply["code"], reply["message"]) == (True, "0", "ok")
    return dict(reply["resultData"])


async def refused(platform: Platform, body: Any, **given: Any) -> tuple[int, str, str]:
    """Post a message that must be refused and give status, code and detail."""
    answer = await platform.post(body, **given)
    assert answer.content_type == "application/problem+json"
    problem = await answer.json()
    assert problem["success"] is False
    assert problem["status"] == answer.status
    return answer.status, problem["code"], problem["detail"]


async def test_an_order_is_stored_as_it_says(db: Database, hotline: Platform) -> None:
    """An order becomes a case with place, due date and confidentiality as stated."""
    result = await taken(hotline, message(number="CS1"))
    assert result["ticketNo"].startswith(f"ENV-{CITY}-")
    assert len(result["trackCode"].replace("-", "")) == 16
    assert result["duplicateOf"] is None
    (case,) = await rows(db, "SELECT * FROM cases")
    assert (case["source"], case["channel"], case["title"]) == (
        "12345",
        "12345_TEL",
        "楼下餐馆油烟直排",
    )
    assert (case["stated_adcode"], case["address"]) == ("430102", "某街道某小区 3 栋")
    assert case["source_due_at"].isoformat() == "2026-12-11T15:59:59+00:00"
    assert case["confidential"] is True
    (ref,) = await rows(db, "SELECT external_no FROM case_ref")
    assert ref["external_no"] == "CS1"


async def test_identity_goes_to_the_vault_only(db: Database, hotline: Platform) -> None:
    """Name and phone are found sealed in the vault, and in no other table."""
    await taken(hotline, message())
    (sealed,) = await rows(db, "SELECT * FROM identity")
    case_no, version = sealed["case_no"], sealed["key_version"]
    assert VAULT.open(CITY, case_no, "name", version, sealed["name"]) == "测试乙"
    assert VAULT.open(CITY, case_no, "phone", version, sealed["phone"]) == "13900000001"
    assert sealed["phone_index"] == VAULT.phone_index(CITY, "+86 139-0000-0001")
    for table in ("cases", "case_ref", "report", "event", "nonce"):
        for row in await rows(db, f"SELECT {table}::text AS whole FROM {table}"):
            assert "测试乙" not in row["whole"]
            assert "13900000001" not in row["whole"]


async def test_the_order_is_kept_word_for_word(db: Database, hotline: Platform) -> None:
    """Organisation codes and question codes stay with the report, under their own names."""
    await taken(hotline, message())
    (kept,) = await rows(db, "SELECT payload FROM report")
    assert kept["payload"]["order"]["dispatch"]["organizationCode"] == "CS-FR-ECO"
    assert kept["payload"]["order"]["questionCode"] == "0801"
    assert "caller" not in kept["payload"]["order"]


async def test_the_same_order_again(db: Database, hotline: Platform) -> None:
    """The same message, newly signed, names the original number, code and version."""
    body = message()
    first = await taken(hotline, body)
    again = await taken(hotline, body)
    assert again == first | {"duplicateOf": first["ticketNo"]}
    assert (await counts(db))["cases"] == 1


async def test_a_captured_request(db: Database, hotline: Platform) -> None:
    """A request sent again unchanged is harmless; its nonce under another body is refused."""
    body = message()
    first = await taken(hotline, body, nonce="nonce-0001")
    again = await taken(hotline, body, nonce="nonce-0001")
    assert again["ticketNo"] == first["ticketNo"]
    status, code, _ = await refused(hotline, message(number="CS2"), nonce="nonce-0001")
    assert (status, code) == (409, "nonce_reused")
    assert (await counts(db))["cases"] == 1


async def test_an_update_with_its_own_time(db: Database, hotline: Platform) -> None:
    """ORDER_UPDATE replaces the content; one written earlier than what holds does not."""
    number = "CS7"
    await taken(hotline, message(number=number))
    fields = {"content": "改为每天中午也排", "updateTime": later(10).isoformat()}
    newer = await taken(hotline, message("ORDER_UPDATE", number, order=fields))
    assert (newer["version"], newer["duplicateOf"]) == (2, None)
    stale = {"content": "迟到的旧内容", "updateTime": later(-600).isoformat()}
    await taken(hotline, message("ORDER_UPDATE", number, order=stale))
    (case,) = await rows(db, "SELECT text FROM cases")
    assert case["text"] == "改为每天中午也排"
    (kept,) = await rows(db, "SELECT applied FROM report WHERE version = 3")
    assert kept["applied"] is False


async def test_an_update_may_come_first(db: Database, hotline: Platform) -> None:
    """An update that overtakes its order opens the case; the order then changes nothing."""
    fields = {"content": "最新的说法", "updateTime": later(1).isoformat()}
    first = await taken(hotline, message("ORDER_UPDATE", "CS9", order=fields))
    second = await taken(hotline, message("ORDER_DISPATCH", "CS9"))
    assert second["ticketNo"] == first["ticketNo"]
    assert (await rows(db, "SELECT text FROM cases"))[0]["text"] == "最新的说法"


async def test_new_tokens_of_files_are_no_change(db: Database, hotline: Platform) -> None:
    """The same files under fresh addresses are the same order."""
    file = {
        "fileId": "F1",
        "name": "照片.jpg",
        "type": "image/jpeg",
        "size": 12,
        "sha256": "AB" * 32,
        "url": "https://files.example/F1?token=1",
        "ttl": 600,
    }
    await taken(hotline, message(number="CS3", order={"attachments": [file]}))
    fresh = file | {"url": "https://files.example/F1?token=2"}
    again = await taken(hotline, message(number="CS3", order={"attachments": [fresh]}))
    assert again["duplicateOf"] == again["ticketNo"]
    (kept,) = await rows(db, "SELECT sha256, url, content FROM attachment")
    assert (kept["sha256"], kept["content"]) == ("ab" * 32, None)


async def test_a_supplement_and_an_urging(db: Database, hotline: Platform) -> None:
    """ORDER_SUPPLEMENT adds to the text; SUPERVISE is written into the history."""
    first = await taken(hotline, message(number="CS4"))
    more = {"orderNo": "CS4", "content": "昨晚又排到十一点", "supplyTime": "2026-11-21 08:00:00"}
    added = await taken(hotline, {"msgId": "S1", "msgType": "ORDER_SUPPLEMENT", "supplement": more})
    assert (added["ticketNo"], added["version"]) == (first["ticketNo"], 2)
    urging = {"orderNo": "CS4", "level": "1", "opinion": "请今日内反馈"}
    await taken(hotline, {"msgId": "U1", "msgType": "SUPERVISE", "supervise": urging})
    (case,) = await rows(db, "SELECT text FROM cases")
    assert case["text"].endswith("\n【补充】昨晚又排到十一点")
    verbs = await rows(db, "SELECT verb, data FROM event ORDER BY event_id")
    assert [row["verb"] for row in verbs] == [
        "case:received",
        "case:content:supplemented",
        "case:source:urged",
    ]
    assert verbs[2]["data"]["opinion"] == "请今日内反馈"


async def test_unknown_codes_lose_nothing(db: Database, hotline: Platform) -> None:
    """Codes nobody mapped are stored word for word and listed for mapping; the report is taken."""
    fields = {
        "sourceType": "77",
        "orderType": "吐槽",
        "pilotLight": "9",
        "location": {"areaCode": "43-0102", "townCode": "1", "coordType": "MARS"},
        "dispatch": {"timeUnit": "MONTH", "handleDays": "1"},
    }
    await taken(hotline, message(order=fields))
    found = await rows(db, "SELECT field, code FROM unknown_code ORDER BY field")
    assert {row["field"]: row["code"] for row in found} == {
        "areaCode": "43-0102",
        "coordType": "MARS",
        "orderType": "吐槽",
        "pilotLight": "9",
        "sourceType": "77",
        "timeUnit": "MONTH",
        "townCode": "1",
    }
    (case,) = await rows(db, "SELECT stated_adcode, channel FROM cases")
    assert case == {"stated_adcode": None, "channel": "12345_TEL"}


async def test_an_abolished_division_is_passed_on(db: Database, hotline: Platform) -> None:
    """An area code is kept as stated, though it may no longer exist."""
    await taken(hotline, message(order={"location": {"areaCode": "500105"}}))
    assert (await rows(db, "SELECT stated_adcode FROM cases"))[0]["stated_adcode"] == "500105"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("CANCEL", 422, "message_type_unsupported"),
        ("CALLBACK_RESULT", 422, "message_type_unsupported"),
        ("", 422, "message_type_unsupported"),
    ],
)
async def test_types_that_are_not_done(
    db: Database, hotline: Platform, kind: str, status: int, code: str
) -> None:
    """A type that is not served is refused with the list of those that are."""
    answered = await refused(hotline, message(kind))
    assert answered[:2] == (status, code)
    for known in ("ORDER_DISPATCH", "ORDER_UPDATE", "ORDER_SUPPLEMENT", "SUPERVISE"):
        assert known in answered[2]
    assert not any((await counts(db)).values())


def without(name: str) -> dict[str, Any]:
    """Give an order without a field."""
    return {key: value for key, value in order().items() if key != name}


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        (b"", "json_malformed", "JSON"),
        (b"{", "json_malformed", "JSON"),
        (b"\xff\xfe{}", "json_malformed", "JSON"),
        (b"[]", "field_invalid", "$"),
        (b"[" * 5000, "field_invalid", "$"),
        ({"msgType": "ORDER_DISPATCH"}, "field_missing", "msgId"),
        ({"msgId": "1", "msgType": "ORDER_DISPATCH"}, "field_missing", "order"),
        ({"msgId": "1", "msgType": "SUPERVISE"}, "field_missing", "supervise"),
        ({"msgId": "1", "msgType": "ORDER_SUPPLEMENT"}, "field_missing", "supplement"),
        ({"msgId": "", "msgType": "X"}, "field_invalid", "msgId"),
        (message() | {"order": without("orderNo")}, "field_missing", "orderNo"),
        (message() | {"order": without("content")}, "field_missing", "content"),
        (message(order={"content": "  "}), "field_missing", "content"),
        (message(order={"content": "x" * 20_001}), "field_invalid", "content"),
        (message(order={"content": "空\x00字符"}), "character_forbidden", "U+0000"),
        (message(order={"title": 5}), "field_invalid", "$.order.title"),
        (
            message(order={"dispatch": {"deadlineDate": "明天"}}),
            "field_invalid",
            "deadlineDate",
        ),
        (message(order={"updateTime": "2026-13-40"}), "field_invalid", "updateTime"),
        (message(order={"updateTime": "0001-01-01"}), "field_invalid", "updateTime"),
        (
            message(order={"dispatch": {"deadlineDate": "9999-12-31 23:59:59"}}),
            "field_invalid",
            "deadlineDate",
        ),
        (
            message(order={"attachments": [{"fileId": "1", "name": "a", "sha256": "zz"}]}),
            "field_invalid",
            "sha256",
        ),
        (
            message(
                order={
                    "attachments": [
                        {
                            "fileId": "1",
                            "name": "a",
                            "sha256": "a" * 64,
                            "url": "file:///etc/passwd",
                        }
                    ]
                }
            ),
            "field_invalid",
            "url",
        ),
    ],
)
async def test_malformed_messages(
    db: Database, hotline: Platform, body: Any, code: str, told: str
) -> None:
    """What cannot be read is refused with the field to fix, and nothing is stored."""
    answered = await refused(hotline, body)
    assert answered[:2] == (400, code)
    assert told in answered[2]
    assert not any((await counts(db)).values())


async def test_who_may_not_send(db: Database, hotline: Platform) -> None:
    """Unsigned, wrongly signed, stale and foreign requests store nothing."""
    body = msgspec.json.encode(message())
    unsigned = await hotline.client.post(f"/hooks/12345/{CITY}", data=body)
    assert (unsigned.status, (await unsigned.json())["code"]) == (401, "signature_missing")
    forged = await refused(hotline, body, headers={"X-Sign": "0" * 64})
    assert forged[:2] == (401, "signature_invalid")
    stale = await refused(hotline, body, at=later(-6))
    assert stale[:2] == (401, "timestamp_out_of_window")
    foreign = await refused(hotline, body, path="/hooks/12345/530100")
    assert foreign[:2] == (403, "city_forbidden")
    assert not any((await counts(db)).values())


async def test_a_message_that_is_too_large(db: Database, hotline: Platform) -> None:
    """A body over the limit is refused before it is read, chunked or not."""
    big = msgspec.json.encode(message(order={"dispatch": {"dispatchAdvice": "x" * 110_000}}))
    assert (await refused(hotline, big))[:2] == (413, "body_too_large")

    async def in_pieces() -> Any:
        for n in range(0, len(big), 8_192):
            yield big[n : n + 8_192]

    chunked = await hotline.client.post(f"/hooks/12345/{CITY}", data=in_pieces())
    assert chunked.status == 413
    assert not any((await counts(db)).values())


async def test_a_city_that_is_no_longer_served(db: Database) -> None:
    """A platform whose secret is still here gets no case that nobody would work on."""
    cities = {OTHER: empty_city(OTHER, "昆明市")}
    server = TestServer(await asyncio.to_thread(build_app, make_services(db, cities)))
    async with TestClient(server) as client:
        assert (await refused(Platform(client), message()))[:2] == (404, "city_unknown")
    assert not any((await counts(db)).values())


async def test_a_village_says_its_township(db: Database, hotline: Platform) -> None:
    """Of a twelve-digit village code the township's nine digits are kept as stated."""
    await taken(hotline, message(order={"location": {"townCode": "430102001005"}}))
    (case,) = await rows(db, "SELECT stated_township FROM cases")
    assert case["stated_township"] == "430102001"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_whatever_the_body_is_called(hotline: Platform, kind: str) -> None:
    """A signed message is read by what it is, whatever content type its platform writes."""
    await taken(hotline, message(), headers={"Content-Type": kind})


async def test_many_senders_at_once(db: Database, hotline: Platform) -> None:
    """Sixty-four orders, each sent three times at once, are sixty-four cases."""
    bodies = [message(number=f"B{n}") for n in range(64)]
    results = await asyncio.gather(*(taken(hotline, body) for body in bodies * 3))
    assert len({result["ticketNo"] for result in results}) == 64
    assert sum(result["duplicateOf"] is None for result in results) == 64
    assert (await counts(db))["cases"] == 64
