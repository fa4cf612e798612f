"""The operators' desk, from list to closing."""

import re
from datetime import datetime

import pytest

from intake.pages.desk import PAGE
from models.case import read_case_no
from models.moment import CHINA
from tests.pages.kit import CITY, ECO, UMA, World, revision, where

_LISTED = re.compile(r'class="open[^"]*" href="/desk/cases/(ENV-[0-9-]+)"')


async def test_the_review_queue_shows_emergencies_first_then_the_oldest(world: World) -> None:
    """P0 before P1 before the rest, age within."""
    late = await world.waiting("芙蓉区有人反映油烟,第一件")
    urgent = await world.waiting("芙蓉区有人反映油烟,第二件", urgency="P1")
    danger = await world.waiting("芙蓉区有人反映油烟,第三件", urgency="P0")
    later = await world.waiting("芙蓉区有人反映油烟,第四件")
    operator = await world.browser("op")
    page = await operator.get("/desk")
    assert _LISTED.findall(page) == [danger, urgent, late, later]
    assert "其中突发 1 件" in page


async def test_every_tab_lists_what_its_name_says_with_its_count(world: World) -> None:
    """A case is on the tab of its state and on no other."""
    fresh = (await world.report()).number
    waiting = await world.waiting()
    out = await world.dispatched()
    operator = await world.browser("op")
    for tab, expected in (
        ("review", [waiting]),
        ("dispatched", [out]),
        ("new", [fresh]),
        ("submitted", []),
        ("returns", []),
        ("closed", []),
    ):
        page = await operator.get(f"/desk?tab={tab}")
        assert _LISTED.findall(page) == expected, tab
        assert '待复核 <span class="count">1</span>' in page, tab
        assert '新到 <span class="count">1</span>' in page, tab


@pytest.mark.parametrize("tab", ["review", "dispatched"])
async def test_long_lists_come_in_pages_that_miss_and_double_nothing(
    world: World, tab: str
) -> None:
    """Following the pages to the end meets every case once, in order."""
    made = []
    for n in range(PAGE + 3):
        said = {"urgency": ("P0", "P2")[n % 2]}
        receipt = await world.report(f"芙蓉区油烟第{n}件,音响也吵")
        review = ("low_confidence_type",) if tab == "review" else ()
        await world.read(receipt.case_no, review=review, **(said if review else {}))
        made.append(receipt.number)
    await world.route()
    operator = await world.browser("op")
    first = await operator.get(f"/desk?tab={tab}")
    more = re.search(r'href="([^"]+)" rel="next"', first)
    assert more
    second = await operator.get(more[1].replace("&amp;", "&"))
    seen = _LISTED.findall(first) + _LISTED.findall(second)
    assert len(_LISTED.findall(first)) == PAGE
    assert sorted(seen) == sorted(made)
    assert len(set(seen)) == len(seen)


async def test_a_case_shows_the_machines_evidence_and_doubts_in_its_text(world: World) -> None:
    """The words that speak for types and place are marked, the reasons are in Chinese."""
    number = await world.waiting()
    operator = await world.browser("op")
    page = await operator.get(f"/desk/cases/{number}")
    assert '<mark class="ev1">油烟<sup>①</sup></mark>' in page
    assert '<mark class="ev2">音响<sup>②</sup></mark>' in page
    assert '<mark class="evp">芙蓉区<sup>地</sup></mark>' in page
    assert "污染类型把握不足" in page
    assert "照此会派给芙蓉区城管局" in page


async def test_what_people_write_is_never_markup(world: World) -> None:
    """A report full of tags is shown as its letters."""
    number = await world.waiting('<script>alert("油烟")</script>音响 芙蓉区 <b>很吵</b>')
    operator = await world.browser("op")
    page = await operator.get(f"/desk/cases/{number}")
    assert "<script>alert" not in page
    assert "<b>很吵" not in page
    assert "&lt;b&gt;很吵" in page


async def test_an_operator_accepts_a_reviewed_case_and_is_led_to_the_next(world: World) -> None:
    """Accepting as decided dispatches to the unit of the catalogue and opens the next case."""
    first, second = await world.waiting(), await world.waiting("芙蓉区河边烧烤油烟和音响又来了")
    operator = await world.browser("op")
    page = await operator.get(f"/desk/cases/{first}")
    form = {"revision": revision(page), "then": "next", "type1": "A03", "type2": "N03"}
    response = await operator.post(f"/desk/cases/{first}/accept", form)
    assert response.status == 303, await response.text()
    onward = await operator.get(where(response))
    assert second in onward
    assert "已受理并派单" in onward
    assert first in onward
    assert "为什么派给芙蓉区城管局" in await operator.get(f"/desk/cases/{first}")


async def test_after_the_last_case_the_desk_says_that_none_is_left(world: World) -> None:
    """The end of the queue is said, not an error."""
    number = await world.waiting()
    operator = await world.browser("op")
    response = await operator.post(f"/desk/cases/{number}/accept", {"then": "next"})
    page = await (await operator.client.get(where(response))).text()
    assert "没有待复核的工单了" in page


async def test_a_correction_changes_where_the_case_goes_and_is_kept_as_training_data(
    world: World,
) -> None:
    """Another type in another county goes to that county's unit, with the machine's word kept."""
    number = await world.waiting()
    operator = await world.browser("op")
    page = await operator.get(f"/desk/cases/{number}")
    form = {"revision": revision(page), "type1": "W01", "kind": "JB", "adcode": "430103"}
    response = await operator.post(f"/desk/cases/{number}/accept", form)
    assert response.status == 303, await response.text()
    page = await operator.get(f"/desk/cases/{number}")
    assert "为什么派给天心生态环境分局" in page
    async with world.db.city(CITY) as conn:
        row = await conn.fetchrow("SELECT machine, human, staff FROM correction")
    assert row is not None
    assert row["machine"]["types"] == ["A03", "N03"]
    assert row["human"]["types"] == ["W01"]
    assert row["staff"] == "op"


async def test_what_is_not_changed_in_the_form_is_no_correction(world: World) -> None:
    """Sending the form as it was shown keeps the machine's word, all four types of it."""
    four = (("A03", "油烟"), ("N03", "音响"), ("A09", "烧烤"), ("N08", "吵"))
    number = await world.waiting(types=four)
    operator = await world.browser("op")
    page = await operator.get(f"/desk/cases/{number}")
    shown = dict(
        re.findall(r'<select id="\w+" name="(\w+)".*?<option value="([^"]*)" selected', page)
    )
    form = {"revision": revision(page), **shown}
    assert shown["type1"] == "A03"
    response = await operator.post(f"/desk/cases/{number}/accept", form)
    assert response.status == 303, await response.text()
    async with world.db.city(CITY) as conn:
        assert await conn.fetchval("SELECT count(*) FROM correction") == 0


async def test_the_preview_says_where_the_chosen_facts_lead(world: World) -> None:
    """Changing a select shows the unit and its reasons before anything is sent."""
    number = await world.waiting()
    operator = await world.browser("op")
    query = {"type1": "W01", "type2": "", "kind": "TS", "urgency": "P2", "adcode": "430111"}
    text = await operator.get(f"/desk/cases/{number}/preview", params=query)
    assert "照此会派给雨花生态环境分局" in text
    assert "<html" not in text


async def test_two_operators_on_one_case_the_second_sees_what_changed_and_keeps_what_they_typed(
    world: World,
) -> None:
    """409 shows the fresh state, and the form still holds the typed notice."""
    number = await world.waiting()
    one, two = await world.browser("op"), await world.browser("op2")
    seen = revision(await two.get(f"/desk/cases/{number}"))
    await one.post(f"/desk/cases/{number}/correct", {"type1": "A09"})
    notice = "不属生态环境部门职责,请向物业反映。"
    form = {"revision": seen, "code": "NA8", "notice": notice}
    response = await two.post(f"/desk/cases/{number}/reject", form)
    page = await response.text()
    assert response.status == 409
    assert "已被他人更新" in page
    assert notice in page
    assert "stale_revision" in page
    assert revision(page) != seen
    again = form | {"revision": revision(page)}
    assert (await two.post(f"/desk/cases/{number}/reject", again)).status == 303


async def test_a_refusal_needs_its_reason_and_the_citizen_reads_it(world: World) -> None:
    """Without a notice nothing happens; with it the code shows the notice."""
    receipt = await world.report()
    await world.read(receipt.case_no, review=("not_environment",))
    operator = await world.browser("op")
    path = f"/desk/cases/{receipt.number}/reject"
    refused = await operator.post(path, {"code": "NA8"})
    assert refused.status in {400, 422}
    notice = "这件事由住建部门负责,已为您转告。"
    assert (await operator.post(path, {"code": "NA8", "notice": notice})).status == 303
    citizen = await world.browser()
    told = await (await citizen.client.post("/track", data={"code": receipt.track_code})).text()
    assert "不予受理" in told
    assert notice in told


async def test_a_matter_of_others_is_passed_on(world: World) -> None:
    """The case is transferred and leaves the queue."""
    number = await world.waiting()
    operator = await world.browser("op")
    form = {"destination": "12345 转住建部门"}
    assert (await operator.post(f"/desk/cases/{number}/transfer", form)).status == 303
    assert _LISTED.findall(await operator.get("/desk")) == []
    assert _LISTED.findall(await operator.get("/desk?tab=closed")) == [number]


async def test_a_return_is_granted_and_the_case_given_to_another_unit(world: World) -> None:
    """The request waits on its tab; once granted the desk sets the place right and redispatches."""
    number = await world.dispatched()
    unit, operator = await world.browser("uma"), await world.browser("op")
    request = {"reason": "R1", "basis": "三定方案第五条", "proposed_unit": ECO}
    response = await unit.post(f"/unit/tasks/{number}/request_return", request)
    assert response.status == 303, await response.text()
    assert _LISTED.findall(await operator.get("/desk?tab=returns")) == [number]
    page = await operator.get(f"/desk/cases/{number}")
    assert "芙蓉区城管局申请退单" in page
    assert "三定方案第五条" in page
    assert "建议 芙蓉生态环境分局" in page
    assert (await operator.post(f"/desk/cases/{number}/approve_return")).status == 303
    assert _LISTED.findall(await operator.get("/desk")) == [number]
    assert f'value="{ECO}" selected' in await operator.get(f"/desk/cases/{number}")
    place = {"type1": "A03", "kind": "TS", "urgency": "P2", "adcode": "430103", "township": ""}
    assert "更正类型与地点" in await operator.get(f"/desk/cases/{number}")
    response = await operator.post(f"/desk/cases/{number}/correct", place)
    assert response.status == 303, await response.text()
    assert 'value="430103" selected' in await operator.get(f"/desk/cases/{number}")
    assert _LISTED.findall(await operator.get("/desk")) == [number]
    form = {"lead_unit": ECO, "reason": "会商指定", "no_return": "true"}
    response = await operator.post(f"/desk/cases/{number}/redispatch", form)
    assert response.status == 303, await response.text()
    assert "不得退单" in await operator.get(f"/desk/cases/{number}")
    eco = await world.browser("eco")
    assert number in await eco.get("/unit")


async def test_a_result_of_not_true_needs_two_people_and_evidence(world: World) -> None:
    """One operator alone cannot settle it."""
    number = await world.waiting(types=(("A03", "油烟"),))
    one, two = await world.browser("op"), await world.browser("op2")
    form = {"lead_unit": UMA, "helper1": "", "helper2": "", "helper3": "", "reason": "城管负责"}
    response = await one.post(f"/desk/cases/{number}/accept", form)
    assert response.status == 303, await response.text()
    unit = await world.browser("uma")
    await unit.post(f"/unit/tasks/{number}/sign", {"handler": "测试经办"})
    result = {"outcome": "not_true", "reply_text": "到场未闻到。", "reply_method": "platform"}
    bare = await unit.post(f"/unit/tasks/{number}/submit", result)
    assert bare.status in {400, 422}
    assert "到场未闻到" in await bare.text()
    files = {"files": ("记录.pdf", b"%PDF-1.7 record")}
    refused = await unit.upload(f"/unit/tasks/{number}/submit", result, files)
    assert "两人以上的现场核查" in await refused.text()
    seen = {"people": "张工、李工", "place": "门店", "found": "false", "finding": "未见油烟"}
    at = f"{datetime.now(CHINA):%Y-%m-%dT%H:%M:%S}"
    answer = await unit.post(f"/unit/tasks/{number}/visit", seen | {"at": at})
    assert answer.status == 303, await answer.text()
    assert (await unit.upload(f"/unit/tasks/{number}/submit", result, files)).status == 303
    path = f"/desk/cases/{number}/approve"
    assert (await one.post(path, {"note": "看过材料"})).status == 303
    assert (await one.post(path, {"note": "再看一遍"})).status == 409
    assert (await two.post(path, {"note": "同意"})).status == 303
    assert (await two.post(f"/desk/cases/{number}/close")).status == 303
    assert "已办结" in await one.get(f"/desk/cases/{number}")


async def test_a_result_sent_back_waits_with_the_unit_again(world: World) -> None:
    """Rework says what is missing, and the unit finds it in its inbox."""
    number = await world.dispatched()
    unit, operator = await world.browser("uma"), await world.browser("op")
    await unit.post(f"/unit/tasks/{number}/sign", {"handler": "测试经办"})
    result = {"outcome": "true", "reply_text": "已处理。", "reply_method": "platform"}
    await unit.post(f"/unit/tasks/{number}/submit", result)
    assert _LISTED.findall(await operator.get("/desk?tab=submitted")) == [number]
    response = await operator.post(f"/desk/cases/{number}/rework", {"reason": "没有现场照片"})
    assert response.status == 303, await response.text()
    assert "没有现场照片" in await unit.get(f"/unit/tasks/{number}")
    assert number in await unit.get("/unit")


async def test_an_approved_result_that_cannot_be_closed_is_sent_back_from_the_page(
    world: World,
) -> None:
    """What is found lacking after the approval has a way back to the unit."""
    number = await world.dispatched()
    unit, operator = await world.browser("uma"), await world.browser("op")
    await unit.post(f"/unit/tasks/{number}/sign", {"handler": "测试经办"})
    result = {"outcome": "true", "reply_text": "已处理。", "reply_method": "platform"}
    await unit.post(f"/unit/tasks/{number}/submit", result)
    assert (await operator.post(f"/desk/cases/{number}/approve", {})).status == 303
    page = await operator.get(f"/desk/cases/{number}")
    assert f'action="/desk/cases/{number}/rework"' in page
    task_no = re.findall(r'name="task_no" value="(\d+)"', page.partition("/rework")[2])[0]
    form = {"task_no": task_no, "reason": "须补现场核查"}
    assert (await operator.post(f"/desk/cases/{number}/rework", form)).status == 303
    assert number in await unit.get("/unit")


async def test_a_change_after_dispatch_leaves_the_desk_once_it_was_read(world: World) -> None:
    """Saving the case as it is says that someone has looked."""
    number = await world.dispatched()
    async with world.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET queue='review', review_reasons='{content_changed}'")
    operator = await world.browser("op")
    assert "派单后来单内容有变更" in await operator.get("/desk")
    assert "看过变更" in await operator.get(f"/desk/cases/{number}")
    response = await operator.post(f"/desk/cases/{number}/correct")
    assert response.status == 303, await response.text()
    assert _LISTED.findall(await operator.get("/desk")) == []


async def test_search_finds_words_case_numbers_and_the_numbers_of_sources(world: World) -> None:
    """Words must all be there; a number leads straight to its case."""
    receipt = await world.report("湘江边的沥青拌合站冒黄烟")
    await world.read(receipt.case_no, review=("place_unknown",), words=("沥青", "黄烟"))
    async with world.db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO case_ref (city, source, external_no, case_no, digest)"
            " VALUES ($1, '12345', 'CS20261121X', $2, '')",
            CITY,
            receipt.case_no,
        )
    operator = await world.browser("op")
    for asked, found in (
        ("沥青", [receipt.number]),
        ("沥青 黄烟", [receipt.number]),
        ("沥青 猪场", []),
        ("CS20261121X", [receipt.number]),
        ("' | & !", []),
        ("\\", []),
    ):
        page = await operator.get("/desk", params={"q": asked})
        assert _LISTED.findall(page) == found, asked
    response = await operator.client.get(
        "/desk", params={"q": receipt.number.lower()}, allow_redirects=False
    )
    assert where(response) == f"/desk/cases/{receipt.number}"


async def test_a_deadline_is_counted_day_by_day_on_demand(world: World) -> None:
    """As a part for htmx, and as a page of its own without."""
    number = await world.dispatched()
    operator = await world.browser("op")
    page = await operator.get(f"/desk/cases/{number}")
    link = re.search(rf'href="(/desk/cases/{number}/clocks/0/K12/1)"', page)
    assert link
    part = await operator.get(link[1], headers={"HX-Request": "true"})
    whole = await operator.get(link[1])
    assert "当日不计入" in part
    assert "<html" not in part
    assert "<html" in whole
    assert await operator.status(f"/desk/cases/{number}/clocks/0/K99/1") == 404


async def test_another_citys_case_or_one_that_is_not_there_is_not_found(world: World) -> None:
    """The answer does not say which."""
    operator = await world.browser("op")
    for number in ("ENV-530100-20261121-000001", "ENV-430100-20261121-999999"):
        assert await operator.status(f"/desk/cases/{number}") == 404
    assert await operator.status("/desk/cases/nonsense") == 400
    assert await operator.status("/desk?tab=nonsense") == 404


async def test_an_unknown_verb_or_another_parts_does_nothing(world: World) -> None:
    """Operators do what operators do."""
    number = await world.dispatched()
    operator = await world.browser("op")
    for verb in ("sign", "destroy", "submit"):
        response = await operator.post(f"/desk/cases/{number}/{verb}", {"handler": "我"})
        assert response.status == 400, verb
    async with world.db.city(CITY) as conn:
        state = await conn.fetchval(
            "SELECT state FROM cases WHERE case_no = $1", read_case_no(number)[1]
        )
    assert state == "DISPATCHED"
