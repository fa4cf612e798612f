"""Callbacks, citizens' own judgement, marks and rewards over the API, by role."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from models.case import Receipt
from models.db import marks as store
from models.moment import now
from routing import reward_rules
from routing.catalogue import catalogue
from routing.commands import act
from routing.marks import count, month_from
from tests.pages.kit import CITY, Browser, World
from tests.routing.kit import OPERATOR, SECOND


@pytest.fixture
async def closed(world: World) -> Receipt:
    """Give a named citizen's case that was closed a moment ago."""
    receipt = await world.report(name="测试丙", phone="13900000000")
    await world.read(receipt.case_no)
    await world.route()
    async with world.db.city(CITY) as conn:
        await conn.execute(
            "UPDATE cases SET state = 'CLOSED', closed_at = now() WHERE case_no = $1",
            receipt.case_no,
        )
        await conn.execute("UPDATE task SET state = 'DONE'")
    return receipt


async def send(browser: Browser, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """Send JSON with the session's secret."""
    headers = {"X-CSRF-Token": browser.csrf}
    response = await browser.client.post(path, json=body, headers=headers)
    return response.status, json.loads(await response.text())


async def test_a_citizen_judges_by_the_tracking_code(world: World, closed: Receipt) -> None:
    """Once: the word counts as the callback, and a code that leads nowhere is told nothing."""
    citizen = await world.browser()
    path = f"/api/v1/track/{closed.track_code}/judgement"
    assert (await send(citizen, path, solved=True, satisfaction=9))[0] == 400
    status, told = await send(citizen, path, solved=True, satisfaction=4)
    assert (status, told) == (200, {"state": "ARCHIVED"})
    page = await (await world.browser("op")).get(f"/desk/cases/{closed.number}")
    assert f"保存至 {now().year + 5}-" in page
    assert (await send(citizen, path, solved=False, satisfaction=1))[0] == 409
    nowhere = "/api/v1/track/0000-0000-0000-0000/judgement"
    assert (await send(citizen, nowhere, solved=True, satisfaction=4))[0] == 404


async def test_only_the_desk_reads_whom_to_call(world: World, closed: Receipt) -> None:
    """The queue lists the case and what was objected; units have no such list."""
    citizen = await world.browser()
    path = f"/api/v1/track/{closed.track_code}/judgement"
    await send(citizen, path, solved=False, satisfaction=1, opinion="窗外仍有油烟")
    told = json.loads(await (await world.browser("op")).get("/api/v1/callbacks"))
    assert [one["waits"] for one in told["to_call"]] == [True]
    assert told["objections"][0]["opinion"] == "窗外仍有油烟"
    assert list(told["numbers"].values()) == [closed.number]
    unit = await world.browser("uma")
    assert await unit.status("/api/v1/callbacks") == 403
    page = await unit.get(f"/api/v1/cases/{closed.number}")
    assert "窗外" not in page
    assert "case:callback" not in page


async def test_the_form_for_a_call_is_there_while_someone_is_to_be_called(
    world: World, closed: Receipt
) -> None:
    """Also for whoever reported a case that was merged, once the other one is closed."""
    second = await world.report(name="测试己", phone="13900000001")
    merged = (
        "UPDATE cases SET state = 'MERGED', queue = NULL, merged_into = $2 WHERE case_no = $1",
        "UPDATE cases SET closed_at = $2 WHERE case_no = $1",
    )
    operator = await world.browser("op")
    seen = []
    for statement, given in (
        (merged[0], (second.case_no, closed.case_no)),
        (merged[1], (closed.case_no, None)),
        (merged[1], (closed.case_no, now())),
    ):
        async with world.db.city(CITY) as conn:
            await conn.execute(statement, *given)
        seen.append("登记回访" in await operator.get(f"/desk/cases/{second.number}"))
    assert seen == [True, False, True]
    page = f"/desk/cases/{closed.number}"
    assert "登记回访" in await operator.get(page)
    citizen = await world.browser()
    await send(citizen, f"/api/v1/track/{closed.track_code}/judgement", solved=True, satisfaction=5)
    assert "登记回访" not in await operator.get(page)


async def test_the_desk_finds_what_waits_to_be_left_out(world: World, closed: Receipt) -> None:
    """The wishes, and how far each unit's ceiling is used; not for units."""
    month = f"{now():%Y-%m}"
    operator = await world.browser("op")
    for verb, data, actor in (
        ("ask_exclusion", {"cause": "explained", "reason": "已上报说明"}, OPERATOR),
        ("grant_exclusion", {}, SECOND),
    ):
        told = json.loads(await operator.get(f"/api/v1/exclusions?month={month}"))
        assert [told["numbers"][str(one["case_no"])] for one in told["open"]] == (
            [closed.number] if verb == "grant_exclusion" else []
        )
        async with world.db.city(CITY) as conn:
            await act(conn, world.city, closed.case_no, verb, data, actor)
    told = json.loads(await operator.get("/api/v1/exclusions"))
    assert told["open"] == []
    assert [(one["cases"], one["ceiling"], one["reached"]) for one in told["used"]] == [
        ([closed.case_no], 3, False)
    ]
    assert await operator.status("/api/v1/exclusions?month=soon") == 400
    assert await (await world.browser("uma")).status("/api/v1/exclusions") == 403


async def test_a_figure_leads_to_its_cases(world: World, closed: Receipt) -> None:
    """From the month's figures to the numbers of the cases behind each; not for units."""
    operator = await world.browser("op")
    month = f"{now():%Y-%m}"
    assert await operator.status(f"/api/v1/marks?month={month}") == 404
    assert await operator.status("/api/v1/marks?month=soon") == 400
    async with world.db.city(CITY) as conn:
        run = await count(conn, catalogue(world.city), month_from(now().date()), "x", now())
        assert await store.get(conn, CITY, run.run_id) == run
    told = json.loads(await operator.get(f"/api/v1/marks?month={month}"))
    wanted = [f for f in told["figures"] if (f["code"], f["scope"]) == ("reworked", "city")]
    behind = json.loads(await operator.get(wanted[0]["cases"]))
    assert behind == {"counting": [], "others": [closed.number]}
    unit = await world.browser("uma")
    assert json.loads(await unit.get(f"/api/v1/marks?month={month}"))["figures"] == []
    assert await unit.status(wanted[0]["cases"]) == 403
    assert await operator.status("/api/v1/marks/none/cases") == 400


async def test_a_reward_is_paid_without_a_name(
    world: World, closed: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The citizen fetches a code by the tracking code; who pays sees an amount and nothing else."""
    own = msgspec.structs.replace(reward_rules.reward_rules()[1], area=CITY)
    monkeypatch.setattr(reward_rules, "reward_rules", lambda: (own,))
    for verb, data, actor in (
        ("propose_reward", {"fine": "50000", "document": "测环罚〔2026〕2号"}, OPERATOR),
        ("approve_reward", {}, SECOND),
        ("tell_reward", {"how": "电话"}, OPERATOR),
    ):
        async with world.db.city(CITY) as conn:
            await act(conn, world.city, closed.case_no, verb, data, actor)
    citizen = await world.browser()
    status, told = await send(citizen, f"/api/v1/track/{closed.track_code}/reward")
    assert (status, Decimal(told["amount"])) == (200, Decimal(5_000))
    operator = await world.browser("op")
    status, paid = await send(operator, "/api/v1/rewards/pay", code=told["code"])
    assert (status, Decimal(paid["amount"])) == (200, Decimal(5_000))
    assert set(paid) == {"amount"}
    status, twice = await send(operator, "/api/v1/rewards/pay", code=told["code"])
    assert (status, twice["code"]) == (409, "reward_paid")
    assert "fresh" not in twice
    assert closed.number not in json.dumps(twice)
    second = await world.browser("boss")
    assert (await send(second, "/api/v1/rewards/pay", code=told["code"]))[0] == 403
    async with world.db.city(CITY) as conn:
        for row in await conn.fetch("SELECT event::text AS whole FROM event"):
            assert told["code"].replace("-", "") not in row["whole"]
            assert "测试丙" not in row["whole"]
