"""Whose matter a case is, as staff see it: disputes and ledgers, and who is never offered."""

import json

from tests.pages.kit import ECO, UMA, World

ACCUSED = "举报芙蓉生态环境分局的人收了厂里的钱,从来不查,烟囱天天冒烟。"


async def disputed(world: World) -> str:
    """Let the lead ask to be relieved twice of one case; give its number."""
    number = await world.dispatched()
    unit, operator = await world.browser("uma"), await world.browser("op")
    for basis in ("三定方案第五条", "另有文件依据"):
        request = {"reason": "R1", "basis": basis, "proposed_unit": ECO}
        response = await unit.post(f"/unit/tasks/{number}/request_return", request)
        assert response.status == 303, await response.text()
        if basis == "三定方案第五条":
            form = {"note": "属本单位职责"}
            response = await operator.post(f"/desk/cases/{number}/deny_return", form)
            assert response.status == 303, await response.text()
    return number


async def test_the_desk_reads_that_the_lead_is_disputed_and_what_to_do(world: World) -> None:
    """The history says so in words, and the ordinary answer is refused with the way out."""
    number = await disputed(world)
    operator = await world.browser("op")
    page = await operator.get(f"/desk/cases/{number}")
    assert "主办争议" in page
    assert "case:" not in page
    response = await operator.post(f"/desk/cases/{number}/deny_return", {"note": "属本单位职责!"})
    assert response.status == 409
    assert "会商指定" in await response.text()


async def test_pollution_in_a_complaint_about_officials_gets_a_case_of_its_own(
    world: World,
) -> None:
    """The desk names who is complained of and tells the pollution alone, both on the page."""
    said = {"kind": "JC", "types": (("P06", "收了"),), "flags": ("authority:eco",)}
    number = await world.waiting(ACCUSED, **said)
    operator, path = await world.browser("op"), f"/desk/cases/{number}"
    page = await operator.get(path)
    named = page.partition('id="name_accused-units"')[2].partition("</select>")[0]
    assert f'value="{ECO}"' in named
    form = {"units": ECO, "reason": "来件写明"}
    assert (await operator.post(f"{path}/name_accused", form)).status == 303
    told = {"text": "芙蓉区一家厂的烟囱天天冒烟", "adcode": "430102"}
    response = await operator.post(f"{path}/open_pollution", told)
    assert response.status == 303, (await response.text()).partition("data-focus>")[2][:300]
    calm = await world.dispatched()
    assert "open_pollution" not in await operator.get(f"/desk/cases/{calm}")


async def test_the_dealings_of_a_case_are_read_over_the_api(world: World) -> None:
    """Ledger, dispute, and who may lead; a unit does not read them."""
    number = await disputed(world)
    operator = await world.browser("op")
    told = json.loads(await operator.get(f"/api/v1/cases/{number}/dealings"))
    assert [held["unit"] for held in told["custody"]] == [UMA]
    assert [(d["cause"], d["stage"]) for d in told["disputes"]] == [
        ("second_return", "negotiation")
    ]
    assert {"code", "name", "level"} == set(told["candidates"][0])
    assert await (await world.browser("uma")).status(f"/api/v1/cases/{number}/dealings") == 403
    other = number.replace("430100", "530100")
    assert await operator.status(f"/api/v1/cases/{other}/dealings") == 404


async def test_a_unit_complained_of_is_not_offered_to_the_desk(world: World) -> None:
    """Neither in the form nor over the API; who is above it is named."""
    said = {"kind": "JC", "types": (("P06", "收了"),), "flags": ("authority:eco",)}
    number = await world.waiting(ACCUSED, **said)
    operator = await world.browser("op")
    page = await operator.get(f"/desk/cases/{number}")
    assert f'value="{UMA}"' in page
    offered = page.partition('id="name_accused-units"')
    assert f'value="{ECO}"' not in offered[0] + offered[2].partition("</select>")[2]
    told = json.loads(await operator.get(f"/api/v1/cases/{number}/dealings"))
    assert ECO not in {one["code"] for one in told["candidates"]}
    assert told["superiors"] == ["430100-ECO"]
