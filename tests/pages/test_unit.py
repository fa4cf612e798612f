"""A unit's own pages: its tasks and nobody else's, from signing to the result."""

import re

from models.case import read_case_no
from tests.pages.kit import CITY, UMA, World, movable, revision, where
from tests.pages.photos import jpeg

_LISTED = re.compile(r'class="open[^"]*" href="/unit/tasks/(ENV-[0-9-]+)"')
_FILE = re.compile(r'href="(/files/[0-9a-f-]+)"')
RESULT = {"outcome": "true", "reply_text": "已责令整改。", "reply_method": "platform"}


async def test_the_inbox_holds_the_units_tasks_the_one_due_soonest_first(world: World) -> None:
    """What is overdue says so in words."""
    first, second = await world.dispatched(), await world.dispatched("芙蓉区又有油烟和音响")
    async with world.db.city(CITY) as conn, movable(conn):
        await conn.execute(
            "UPDATE clock SET due_at = now() - interval '3 hours' WHERE case_no = $1 AND unit = $2",
            read_case_no(second)[1],
            UMA,
        )
    unit = await world.browser("uma")
    page = await unit.get("/unit")
    assert _LISTED.findall(page) == [second, first]
    assert "已超期 3 小时" in page


async def test_a_unit_sees_its_own_tasks_only(world: World) -> None:
    """Another unit's task is neither listed nor opened, and cannot be acted on."""
    receipt = await world.report("芙蓉区一家厂的废水进了雨水井")
    await world.read(receipt.case_no, types=(("W01", "废水"),))
    await world.route()
    number = receipt.number
    eco, uma = await world.browser("eco"), await world.browser("uma")
    assert _LISTED.findall(await eco.get("/unit")) == [number]
    assert _LISTED.findall(await uma.get("/unit")) == []
    assert await uma.status(f"/unit/tasks/{number}") == 404
    response = await uma.post(f"/unit/tasks/{number}/sign", {"handler": "别人"})
    assert response.status == 404


async def test_a_unit_signs_contacts_and_submits_with_evidence(world: World) -> None:
    """Each step is shown, and the result waits for approval with its photo."""
    number = await world.dispatched()
    unit = await world.browser("uma")
    path = f"/unit/tasks/{number}"
    page = await unit.get(path)
    assert "经办人" in page
    signed = await unit.post(f"{path}/sign", {"revision": revision(page), "handler": "测试经办"})
    assert where(signed) == f"{path}?done=sign"
    contacted = await unit.post(
        f"{path}/contact", {"method": "phone", "result": "reached", "note": "约好今晚到场"}
    )
    assert contacted.status == 303, await contacted.text()
    measures = RESULT | {"measures": "order"}
    files = {"files": ("现场.jpg", jpeg(b"GPS"))}
    submitted = await unit.upload(f"{path}/submit", measures, files)
    assert where(submitted) == "/unit?done=submit"
    page = await unit.get(path)
    assert "已提交,等待审核" in page
    assert "责令整改" in page
    assert len(_FILE.findall(page)) >= 1
    assert _LISTED.findall(await unit.get("/unit?tab=waiting")) == [number]


async def test_evidence_opens_for_those_with_part_in_the_case_only(world: World) -> None:
    """The operator and the unit may see it, another unit may not; it can never run."""
    number = await world.dispatched("芙蓉区某处油烟呛人")
    unit, operator = await world.browser("uma"), await world.browser("op")
    path = f"/unit/tasks/{number}"
    await unit.post(f"{path}/sign", {"handler": "测试经办"})
    files = {"files": ("现场.jpg", jpeg())}
    assert (await unit.upload(f"{path}/submit", RESULT, files)).status == 303
    (address, *_) = _FILE.findall(await unit.get(path))
    for browser in (unit, operator):
        response = await browser.client.get(address)
        assert response.status == 200
        assert response.content_type == "image/jpeg"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert await (await world.browser("far")).status(address) == 404
    assert await operator.status("/files/nonsense") == 404


async def test_a_result_with_a_mistake_keeps_what_was_typed(world: World) -> None:
    """Missing choices are said, the reply and the ticked measures stay."""
    number = await world.dispatched()
    unit = await world.browser("uma")
    await unit.post(f"/unit/tasks/{number}/sign", {"handler": "测试经办"})
    form = {"reply_text": "写了很久的答复", "measures": "ban", "reply_method": "platform"}
    response = await unit.post(f"/unit/tasks/{number}/submit", form)
    page = await response.text()
    assert response.status in {400, 422}
    assert "写了很久的答复" in page
    assert 'value="ban" checked' in page


async def test_what_is_no_evidence_is_refused_and_nothing_is_submitted(world: World) -> None:
    """A file that only calls itself a photo."""
    number = await world.dispatched()
    unit = await world.browser("uma")
    await unit.post(f"/unit/tasks/{number}/sign", {"handler": "测试经办"})
    files = {"files": ("a.jpg", b"MZ program")}
    response = await unit.upload(f"/unit/tasks/{number}/submit", RESULT, files)
    assert response.status == 400
    assert "只支持" in await response.text()
    async with world.db.city(CITY) as conn:
        assert await conn.fetchval("SELECT count(*) FROM attachment") == 0


async def test_a_form_sent_twice_is_done_once(world: World) -> None:
    """Signing again, as a double click does, is no error and no second event."""
    number = await world.dispatched()
    unit = await world.browser("uma")
    page = await unit.get(f"/unit/tasks/{number}")
    form = {"revision": revision(page), "handler": "测试经办", "task_no": "1"}
    for _ in range(2):
        response = await unit.post(f"/unit/tasks/{number}/sign", form)
        assert response.status == 303, await response.text()
    async with world.db.city(CITY) as conn:
        signed = "SELECT count(*) FROM event WHERE verb = 'case:task:signed'"
        assert await conn.fetchval(signed) == 1


async def test_a_cooperating_unit_signs_and_submits_its_own_part(world: World) -> None:
    """It sees its own clocks, and its result does not end the lead's work."""
    number = await world.waiting(types=(("A03", "油烟"),))
    operator = await world.browser("op")
    form = {"lead_unit": UMA, "helper1": "430102-ECO", "helper2": "", "reason": "需协助监测"}
    response = await operator.post(f"/desk/cases/{number}/accept", form)
    assert response.status == 303, await response.text()
    eco = await world.browser("eco")
    page = await eco.get(f"/unit/tasks/{number}")
    assert "协办" in page
    assert "申请退单</summary>" not in page
    assert "退单申请窗口" not in page
    await eco.post(f"/unit/tasks/{number}/sign", {"handler": "监测员"})
    submitted = await eco.post(f"/unit/tasks/{number}/submit", RESULT)
    assert submitted.status == 303, await submitted.text()
    assert "待签收" in await operator.get(f"/desk/cases/{number}")


async def test_what_must_come_first_is_said_and_noted_on_the_page(world: World) -> None:
    """Noise on a square is not ordered to stop before words; the unit's form notes them."""
    number = await world.waiting(types=(("N05", "音响"),))
    operator, unit = await world.browser("op"), await world.browser("uma")
    form = {"lead_unit": UMA, "reason": "城管部门主办"}
    accepted = await operator.post(f"/desk/cases/{number}/accept", form)
    assert accepted.status == 303, await accepted.text()
    path = f"/unit/tasks/{number}"
    await unit.post(f"{path}/sign", {"handler": "测试经办"})
    ordered = RESULT | {"measures": "order"}
    refused = await unit.post(f"{path}/submit", ordered)
    assert refused.status == 409
    assert "请先登记先行处置" in await refused.text()
    told = {"step": "persuasion", "note": "居委会两次劝阻,仍不降音量"}
    assert where(await unit.post(f"{path}/secure", told)) == f"{path}?done=secure"
    page = await unit.get(f"{path}?done=secure")
    assert "先行处置已登记。" in page
    assert told["note"] in page
    assert where(await unit.post(f"{path}/submit", ordered)) == "/unit?done=submit"
