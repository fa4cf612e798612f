from collections.abc import Callable
from xml.etree.ElementTree import Element, tostring

import pytest
from defusedxml.ElementTree import fromstring

from intake.channels import xml12369
from models.db.pool import Database
from models.errors import Invalid
from tests.intake.kit import CITY, FIXTURES, VAULT, Platform, counts, hook, rows

SAMPLE = (FIXTURES / "report12369.xml").read_bytes()
ZERO_HASH = "0" * 63 + "1"


def altered(change: Callable[[Element], object]) -> bytes:
    """Give the sample after a change to its tree."""
    root = fromstring(SAMPLE)
    change(root)
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True))


def replaced(**values: str | None) -> bytes:
    """Give the sample with other texts in elements of the report; None takes one out."""

    def change(root: Element) -> None:
        info = root.find("ReportInfo")
        assert info is not None
        for name, value in values.items():
            found = info.find(name)
            assert found is not None
            if value is None:
                info.remove(found)
            else:
                found.text = value

    return altered(change)


def signed(body: bytes, secret: str | None = None, algorithm: str = "SM3") -> bytes:
    """Give a message with its own signature."""
    root = fromstring(body)
    sign = root.find("Head/Sign")
    assert sign is not None
    sign.set("alg", algorithm)
    sign.text = xml12369.body_mac(secret or hook("12369").secret, xml12369.canonical(root))
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True))


async def taken(platform: Platform, body: bytes = SAMPLE) -> dict[str, str]:
    """Post a report that must be taken and give the receipt's elements."""
    answer = await platform.post(body)
    assert answer.status == 200, await answer.text()
    assert answer.content_type == "application/xml"
    root = fromstring(await answer.read())
    assert (root.tag, root.get("type")) == ("ReportReceipt", "REPORT_RECEIPT")
    return {child.tag: child.text or "" for child in root}


async def refused(platform: Platform, body: bytes) -> tuple[int, str, str]:
    """Post a message that must be refused and give status, code and detail."""
    answer = await platform.post(body)
    assert answer.content_type == "application/problem+json"
    problem = await answer.json()
    return answer.status, problem["code"], problem["detail"]


async def test_a_report_is_stored_as_it_says(db: Database, national: Platform) -> None:
    """A report becomes a case of source 12369, by the way it was sent, with its clocks' channel."""
    receipt = await taken(national)
    assert receipt["Success"] == "true"
    assert receipt["TicketNo"].startswith(f"ENV-{CITY}-")
    (case,) = await rows(db, "SELECT * FROM cases")
    assert (case["source"], case["channel"]) == ("12369", "12369_WECHAT")
    assert case["text"] == "凌晨经常有酸臭味飘进卧室,关窗也没用 & 已经持续一个月 <很难受>"
    assert (case["stated_adcode"], case["confidential"]) == ("430102", True)
    (ref,) = await rows(db, "SELECT source, external_no, issued_at FROM case_ref")
    assert (ref["source"], ref["external_no"]) == ("12369", "430102202611200007")
    assert ref["issued_at"].isoformat() == "2026-11-20T01:12:00+00:00"


async def test_the_reporter_goes_to_the_vault_only(db: Database, national: Platform) -> None:
    """Name and phone are sealed; what is kept of the message has no reporter."""
    await taken(national)
    (sealed,) = await rows(db, "SELECT * FROM identity")
    assert VAULT.open(CITY, sealed["case_no"], "name", 1, sealed["name"]) == "测试丙"
    (kept,) = await rows(db, "SELECT payload::text AS whole, payload FROM report")
    assert "测试丙" not in kept["whole"]
    assert "13900000003" not in kept["whole"]
    report = kept["payload"]["report"]
    assert report["pollution"][1] == {"code": "X99", "name": "其他气味"}
    assert report["target"] == "某食品加工厂"


async def test_unknown_codes_are_kept_and_listed(db: Database, national: Platform) -> None:
    """Codes without a mapping are stored word for word and listed; known ones are not listed."""
    await taken(national, replaced(ReportFrom="88", IndustryType="C99", WhetherCode="好"))
    found = await rows(db, "SELECT field, code FROM unknown_code ORDER BY field")
    assert {row["field"]: row["code"] for row in found} == {
        "IndustryType": "C99",
        "PollutionType": "X99",
        "ReportFrom": "88",
        "WhetherCode": "好",
    }
    assert (await rows(db, "SELECT channel FROM cases"))[0]["channel"] == "12369_WEB"


async def test_the_same_report_again(db: Database, national: Platform) -> None:
    """A report pushed again gets the original receipt, a changed one a new version."""
    first = await taken(national)
    again = await taken(national)
    assert again == first | {"DuplicateOf": first["TicketNo"]}

    def change(root: Element) -> None:
        root.set("msgId", "C12369-20261120-00002")
        content, sent = root.find("ReportInfo/ReportContent"), root.find("Head/SendTime")
        assert content is not None
        assert sent is not None
        content.text, sent.text = "补充:周末也有", "2026-11-20T10:00:00+08:00"

    newer = await taken(national, altered(change))
    assert (newer["TicketNo"], newer["Version"]) == (first["TicketNo"], "2")
    assert (await rows(db, "SELECT text FROM cases"))[0]["text"] == "补充:周末也有"


async def test_media_by_reference(db: Database, national: Platform) -> None:
    """A picture's hash and address are kept."""
    await taken(national)
    (file,) = await rows(db, "SELECT sha256, url, media_type FROM attachment")
    assert file == {
        "sha256": ZERO_HASH,
        "url": "https://files.example/1.jpg",
        "media_type": "image/*",
    }


async def test_a_signature_of_its_own(db: Database, national: Platform) -> None:
    """A right SM3 signature in the message is accepted, also when the XML is written otherwise."""
    body = signed(SAMPLE)
    rewritten = body.replace(b'type="image" url=', b"url=").replace(
        b"sha256=", b'type="image" sha256='
    )
    assert rewritten != body
    await taken(national, rewritten)


@pytest.mark.parametrize(
    "body",
    [
        signed(SAMPLE, secret="wrong"),
        signed(SAMPLE).replace("酸臭".encode(), "清香".encode()),
        signed(SAMPLE).replace(b"C12369-20261120-00001", b"C12369-20261120-99999"),
        signed(SAMPLE, algorithm="MD5"),
    ],
)
async def test_a_wrong_signature_of_its_own(db: Database, national: Platform, body: bytes) -> None:
    """A message whose own signature does not fit is refused, though its headers are right."""
    status, code, _ = await refused(national, body)
    assert status == 401
    assert code in {"signature_invalid", "signature_type_unsupported"}
    assert not any((await counts(db)).values())


DTD = '<!DOCTYPE ReportMessage [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
BOMB = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (f"{DTD}<ReportMessage>&e;</ReportMessage>", "xml_forbidden"),
        (f"{BOMB}<ReportMessage>&c;</ReportMessage>", "xml_forbidden"),
        ('<!DOCTYPE r SYSTEM "http://203.0.113.1/x.dtd"><ReportMessage/>', "xml_forbidden"),
        ("<ReportMessage>&nope;</ReportMessage>", "xml_malformed"),
        ("", "xml_malformed"),
        ("<ReportMessage", "xml_malformed"),
        ('{"msgId": 1}', "xml_malformed"),
        ('<?xml version="1.0" encoding="nonsense"?><ReportMessage/>', "xml_malformed"),
        ("<Other/>", "field_invalid"),
        ("<ReportMessage/>", "field_invalid"),
        ('<ReportMessage msgId="1" type="REPORT_PUSH"/>', "field_invalid"),
    ],
)
async def test_what_is_no_report(db: Database, national: Platform, body: str, code: str) -> None:
    """DTDs, entities, bombs and broken XML are refused with what is wrong; nothing is stored."""
    status, given, _ = await refused(national, body.encode())
    assert (status, given) == (400, code)
    assert not any((await counts(db)).values())


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (replaced(ReportId=None), "ReportId"),
        (replaced(ReportContent=None), "ReportContent"),
        (replaced(ReportContent=" "), "ReportContent"),
        (replaced(ReportContent="长" * 20_001), "ReportContent"),
        (SAMPLE.replace(ZERO_HASH.encode(), b"zz"), "sha256"),
        (SAMPLE.replace(b"https://files.example/1.jpg", b"file:///etc/passwd"), "url"),
        (SAMPLE.replace(b"2026-11-20T09:12:00+08:00", b"yesterday"), "SendTime"),
    ],
)
async def test_a_field_that_is_wrong(
    db: Database, national: Platform, body: bytes, told: str
) -> None:
    """A missing or malformed field is named."""
    status, code, detail = await refused(national, body)
    assert (status, code) == (400, "field_invalid")
    assert told in detail
    assert not any((await counts(db)).values())


async def test_a_type_that_is_not_done(db: Database, national: Platform) -> None:
    """A message of another type is refused with the types that are served here, not elsewhere."""
    status, code, detail = await refused(national, SAMPLE.replace(b"REPORT_PUSH", b"REPORT_RECALL"))
    assert (status, code) == (422, "message_type_unsupported")
    assert "REPORT_PUSH" in detail
    assert "ORDER_DISPATCH" not in detail


async def test_the_other_platforms_secret(db: Database, national: Platform) -> None:
    """12345's secret does not open 12369's door."""
    as_hotline = Platform(national.client, "12345")
    answer = await as_hotline.post(SAMPLE, path=f"/hooks/12369/{CITY}")
    assert answer.status == 401
    assert not any((await counts(db)).values())


def test_an_anonymous_report() -> None:
    """A report without reporter is anonymous, and its own number stands in for the event's."""
    message = xml12369.read(replaced(Reporter=None, EventNumber=None))
    report = message.require_report()
    assert (report.reporter, report.number) == (None, "a1b2c3d4e5f6")


def test_a_message_without_report() -> None:
    """A head alone says nothing to store."""
    message = xml12369.read(b'<ReportMessage msgId="1" type="REPORT_PUSH"><Head/></ReportMessage>')
    with pytest.raises(Invalid):
        message.require_report()
