"""The citizen's road through the pages: report, receipt, progress."""

import re

from models.city import City
from models.db.pool import Database
from tests.pages.kit import CITY, ECO, TEXT, Browser, World, code_of, open_world, revision, where
from tests.pages.photos import jpeg

_KEY = re.compile(r'name="key" value="([^"]+)"')
NAME, PHONE = "测试丙", "13900000077"


async def _send(browser: Browser, **fields: str) -> str:
    """Fill in the form, send it, and give the receipt's page."""
    page = await browser.get("/")
    found = _KEY.search(page)
    assert found
    form = {"key": found[1], "city": CITY, "text": TEXT} | fields
    response = await browser.client.post("/report", data=form, allow_redirects=False)
    assert response.status == 303, await response.text()
    assert where(response) == "/receipt"
    return await browser.get("/receipt")


async def _count(world: World) -> int:
    async with world.db.city(CITY) as conn:
        return int(await conn.fetchval("SELECT count(*) FROM cases"))


async def test_anyone_reports_without_a_name_and_gets_a_number_and_a_code(world: World) -> None:
    """Only the text is needed; the receipt shows number and code, its address neither."""
    browser = await world.browser()
    receipt = await _send(browser)
    assert "ENV-430100-" in receipt
    assert len(code_of(receipt)) == 19
    async with world.db.city(CITY) as conn:
        row = await conn.fetchrow("SELECT anonymous, name, phone FROM identity")
    assert row is None or (row["anonymous"], row["name"], row["phone"]) == (True, None, None)


async def test_the_same_form_sent_twice_is_one_report_with_one_receipt(world: World) -> None:
    """A double click makes nothing twice."""
    browser = await world.browser()
    first = await _send(browser, key="f" * 32)
    second = await _send(browser, key="f" * 32)
    assert code_of(first) == code_of(second)
    assert await _count(world) == 1


async def test_a_form_changed_after_it_was_sent_keeps_the_text_and_says_so(world: World) -> None:
    """Going back and editing does not overwrite the report, and loses nothing."""
    browser = await world.browser()
    await _send(browser, key="f" * 32)
    form = {"key": "f" * 32, "city": CITY, "text": TEXT + "又来了"}
    response = await browser.client.post("/report", data=form, allow_redirects=False)
    page = await response.text()
    assert response.status == 422
    assert "已经提交过" in page
    assert "又来了" in page
    assert await _count(world) == 1


async def test_what_is_wrong_is_said_beside_the_field_and_nothing_typed_is_lost(
    world: World,
) -> None:
    """Too little text and a phone number that is none."""
    browser = await world.browser()
    form = {"key": "k" * 32, "city": CITY, "text": "臭", "phone": "12", "address": "某路 3 号"}
    response = await browser.client.post("/report", data=form)
    page = await response.text()
    assert response.status == 422
    assert "至少 5 个字" in page
    assert "电话号码看起来不对" in page
    assert 'value="某路 3 号"' in page
    assert await _count(world) == 0


async def test_where_and_when_reach_the_desk(world: World) -> None:
    """County, address and time are kept with the report."""
    browser = await world.browser()
    await _send(browser, adcode="430102", address="某路口", when="昨晚十一点以后")
    async with world.db.city(CITY) as conn:
        row = await conn.fetchrow("SELECT stated_adcode, address, text FROM cases")
    assert row is not None
    assert (row["stated_adcode"], row["address"]) == ("430102", "某路口")
    assert "昨晚十一点以后" in row["text"]
    operator = await world.browser("op")
    assert "本站网页" in await operator.get("/desk?tab=new")


async def test_a_photo_is_kept_without_where_it_was_taken(world: World) -> None:
    """The place in a photo's hidden part is gone before it is stored."""
    browser = await world.browser()
    photo = jpeg(b"GPS 28.2N 112.9E")
    form = {"key": "p" * 32, "city": CITY, "text": TEXT}
    response = await browser.upload("/report", form, {"photos": ("现场.jpg", photo)})
    assert response.status == 303, await response.text()
    async with world.db.city(CITY) as conn:
        row = await conn.fetchrow("SELECT name, media_type, content, origin FROM attachment")
    assert row is not None
    assert (row["name"], row["media_type"]) == ("现场.jpg", "image/jpeg")
    assert b"GPS" not in row["content"]


async def test_what_is_no_photo_or_too_big_is_refused_with_the_text_kept(world: World) -> None:
    """A page cannot be sent as a photo, nor six megabytes."""
    browser = await world.browser()
    form = {"key": "p" * 32, "city": CITY, "text": TEXT}
    for content in (b"<html><script>alert(1)</script>", jpeg() + b"\0" * (5 * 1024 * 1024)):
        response = await browser.upload("/report", form, {"photos": ("a.jpg", content)})
        assert response.status == 422
        assert TEXT in await response.text()
    assert await _count(world) == 0


async def test_far_too_much_is_answered_with_what_to_do(world: World) -> None:
    """Twenty-five megabytes are not read to the end; the page says that the text is not lost."""
    browser = await world.browser()
    form = {"key": "p" * 32, "city": CITY, "text": TEXT}
    files = {"photos": ("a.jpg", jpeg() + bytes(25 * 1024 * 1024))}
    response = await browser.upload("/report", form, files)
    assert response.status == 413
    assert "填写的内容还在" in await response.text()


async def test_progress_shows_the_unit_and_the_promised_day_and_never_who_reported(
    world: World,
) -> None:
    """Whoever has the code sees the road of the case, and nothing of a person."""
    receipt = await world.report(name=NAME, phone=PHONE)
    await world.read(receipt.case_no)
    await world.route()
    browser = await world.browser()
    response = await browser.client.post("/track", data={"code": receipt.track_code})
    page = await response.text()
    assert response.status == 200
    assert receipt.number in page
    assert "已转给负责单位" in page
    assert "芙蓉区城市管理和综合执法局" in page
    assert "承诺办结" in page
    for secret in (NAME, PHONE, "op", TEXT):
        assert secret not in page.partition("<main")[2].partition("</main")[0].replace("/open", "")


async def test_progress_tells_the_answer_once_the_case_is_closed(world: World) -> None:
    """Finding and answer appear under the code."""
    receipt = await world.report("某河边有废水直排,水面发黑,有泡沫")
    await world.read(
        receipt.case_no, types=(("W01", "废水"),), place=("430102", ""), review=("several_issues",)
    )
    number = receipt.number
    operator, unit = await world.browser("op"), await world.browser("eco")
    page = await operator.get(f"/desk/cases/{number}")
    form = {"revision": revision(page), "lead_unit": ECO, "helper1": "", "reason": "属分局管辖"}
    accepted = await operator.post(f"/desk/cases/{number}/accept", form)
    assert accepted.status == 303, await accepted.text()
    answer = "已封堵暗管并立案查处。"
    for verb, data in (
        ("sign", {"handler": "测试经办"}),
        ("contact", {"method": "platform", "result": "waived"}),
        ("submit", {"outcome": "true", "reply_text": answer, "reply_method": "platform"}),
    ):
        response = await unit.post(f"/unit/tasks/{number}/{verb}", data)
        assert response.status == 303, (verb, await response.text())
    for verb in ("approve", "close"):
        response = await operator.post(f"/desk/cases/{number}/{verb}", {})
        assert response.status == 303, (verb, await response.text())
    browser = await world.browser()
    told = await (await browser.client.post("/track", data={"code": receipt.track_code})).text()
    assert "已办结" in told
    assert "核查结论:属实" in told
    assert answer in told
    assert "测试经办" not in told


async def test_a_code_that_leads_nowhere_says_so_and_keeps_what_was_typed(world: World) -> None:
    """Unknown, malformed and other cities' codes get the same answer."""
    browser = await world.browser()
    for code in ("AAAA-BBBB-CCCC-DDDD", "x", "", "G65M-0000-0000-0000"):
        response = await browser.client.post("/track", data={"code": code})
        assert response.status == 404
        assert "查询码不存在" in await response.text()


async def test_codes_cannot_be_guessed_at_speed(db: Database, changsha: City) -> None:
    """Looking up codes is limited for each address."""
    world = await open_world(db, changsha, tracks_per_minute=3)
    try:
        browser = await world.browser()
        seen = [
            (await browser.client.post("/track", data={"code": "AAAA-BBBB-CCCC-DDDD"})).status
            for _ in range(4)
        ]
        assert seen == [404, 404, 404, 429]
    finally:
        await world.close()


async def test_without_a_receipt_the_receipts_page_leads_to_the_search(world: World) -> None:
    """A forged or missing cookie shows nothing."""
    browser = await world.browser()
    for value in ("", "<script>", "ENV-430100-20261121-000001.short"):
        response = await browser.client.get(
            "/receipt", cookies={"jiesu_receipt": value}, allow_redirects=False
        )
        assert response.status == 303


async def test_the_citizens_pages_speak_english_on_request(world: World) -> None:
    """The choice is kept, and every sentence of the form is said in English."""
    browser = await world.browser()
    page = await browser.get("/?lang=en")
    assert 'lang="en"' in page
    assert "Report pollution near you" in page
    again = await browser.get("/track")
    assert "Look up" in again
    chinese = re.findall(r"[\u4e00-\u9fff]{2,}", page.partition("<main")[2].partition("</main")[0])
    counties = {division.name for division in world.city.divisions}
    assert [words for words in chinese if words not in counties] == []
