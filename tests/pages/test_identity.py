"""Who complains is protected: hidden by default, shown once, for a reason, and written down."""

import pytest

from tests.pages.kit import CITY, TEXT, World

NAME, PHONE = "测试丁", "13900000066"


async def _dispatched(world: World, *, confidential: bool) -> str:
    return await world.dispatched(TEXT, name=NAME, phone=PHONE, confidential=confidential)


async def test_no_page_shows_who_reported_by_itself(world: World) -> None:
    """Neither lists nor cases nor boards hold name or phone."""
    number = await _dispatched(world, confidential=False)
    pages = {
        "op": ["/desk?tab=dispatched", f"/desk/cases/{number}", "/desk?q=油烟"],
        "boss": ["/watch", f"/desk/cases/{number}"],
        "uma": ["/unit", f"/unit/tasks/{number}"],
    }
    for person, paths in pages.items():
        browser = await world.browser(person)
        for path in paths:
            text = await browser.get(path)
            assert NAME not in text, path
            assert PHONE not in text, path


async def test_an_operator_sees_a_field_once_and_the_look_is_written_down(world: World) -> None:
    """The value comes back for a reason; the next page hides it and lists the look."""
    number = await _dispatched(world, confidential=True)
    operator = await world.browser("op")
    form = {"field": "phone", "reason": "回访核实地点"}
    response = await operator.post(f"/desk/cases/{number}/reveal", form)
    assert PHONE in await response.text()
    assert response.headers["Cache-Control"] == "no-store"
    page = await operator.get(f"/desk/cases/{number}")
    assert PHONE not in page
    assert "回访核实地点" in page
    async with world.db.city(CITY) as conn:
        row = await conn.fetchrow("SELECT field, reason, staff FROM identity_access")
    assert tuple(row or ()) == ("phone", "回访核实地点", "op")


@pytest.mark.parametrize(
    "form", [{"field": "phone", "reason": "看"}, {"field": "x", "reason": "核实地点"}]
)
async def test_without_a_real_reason_nothing_is_shown(world: World, form: dict[str, str]) -> None:
    """A short reason or a field that is none is refused."""
    number = await _dispatched(world, confidential=False)
    operator = await world.browser("op")
    response = await operator.post(f"/desk/cases/{number}/reveal", form)
    assert response.status == 400
    assert PHONE not in await response.text()


async def test_htmx_gets_the_value_alone(world: World) -> None:
    """The part that replaces the form's place is not a whole page."""
    number = await _dispatched(world, confidential=False)
    operator = await world.browser("op")
    form = {"field": "name", "reason": "回访核实地点"}
    headers = {"HX-Request": "true"}
    response = await operator.post(f"/desk/cases/{number}/reveal", form, headers=headers)
    text = await response.text()
    assert NAME in text
    assert "<html" not in text


async def test_a_unit_may_call_only_who_did_not_ask_for_secrecy(world: World) -> None:
    """Confidential reports go through the hotline."""
    unit = await world.browser("uma")
    form = {"field": "phone", "reason": "约定到场时间"}
    secret = await _dispatched(world, confidential=True)
    refused = await unit.post(f"/unit/tasks/{secret}/reveal", form)
    assert refused.status == 403
    assert PHONE not in await refused.text()
    assert "12345 热线转达" in await unit.get(f"/unit/tasks/{secret}")
    plain = await _dispatched(world, confidential=False)
    shown = await unit.post(f"/unit/tasks/{plain}/reveal", form)
    assert PHONE in await shown.text()
    async with world.db.city(CITY) as conn:
        looks = await conn.fetch("SELECT staff FROM identity_access")
    assert [row["staff"] for row in looks] == ["uma"]


async def test_a_unit_without_part_in_the_case_sees_nothing_of_it(world: World) -> None:
    """Not even that it exists."""
    number = await world.dispatched(
        "芙蓉区楼上打孔很吵", name=NAME, phone=PHONE, confidential=False
    )
    unit = await world.browser("far")
    form = {"field": "phone", "reason": "约定到场时间"}
    assert (await unit.post(f"/unit/tasks/{number}/reveal", form)).status == 404
    assert await unit.status(f"/unit/tasks/{number}") == 404


async def test_a_recognised_caller_is_told_the_code_again_and_it_is_in_the_history(
    world: World,
) -> None:
    """The operator writes down how they recognised the caller; units cannot."""
    receipt = await world.report(TEXT, name=NAME, phone=PHONE, confidential=False)
    await world.read(receipt.case_no)
    await world.route()
    operator, unit = await world.browser("op"), await world.browser("uma")
    path = f"/desk/cases/{receipt.number}/reveal"
    assert (await operator.post(path, {"field": "code", "reason": "是"})).status == 400
    form = {"field": "code", "reason": "报出了地点和时间"}
    assert receipt.track_code in await (await operator.post(path, form)).text()
    assert receipt.track_code not in await operator.get(f"/desk/cases/{receipt.number}")
    assert "告知查询码" in await operator.get(f"/desk/cases/{receipt.number}")
    refused = await unit.post(f"/unit/tasks/{receipt.number}/reveal", form)
    assert receipt.track_code not in await refused.text()


async def test_a_unit_cannot_find_out_a_number_by_searching_for_it(world: World) -> None:
    """The desk finds a report by a number that stands in it; a unit finds other words alone."""
    number = await world.dispatched(TEXT, name=NAME, phone=PHONE, confidential=True)
    async with world.db.city(CITY) as conn:
        words = f"UPDATE case_search SET words = array_to_tsvector(ARRAY['{PHONE}', '油烟'])"
        await conn.execute(words)
    unit, operator = await world.browser("uma"), await world.browser("op")
    for browser, asked, found in (
        (unit, PHONE, False),
        (unit, "油烟", True),
        (unit, f"油烟 {PHONE[:-1]}0", True),
        (operator, PHONE, True),
    ):
        text = await browser.get("/api/v1/cases", params={"q": asked})
        assert (number in text) is found, asked
