"""A report in, a closed case out, and its platform hears of each step in order."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from intake.callbacks import Courier
from intake.services import Settings
from models.case import read_case_no
from models.city import City
from models.db import outbox
from models.db.pool import Database
from tests.intake.kit import CITY, FIXTURES, SECRETS, Platform, message
from tests.intake.receiver import PlatformReceiver
from tests.pages.kit import Browser, World, open_world

REPORT = (FIXTURES / "report12369.xml").read_bytes()
FAST = Settings(callback_timeout_s=2.0, callback_backoff_s=0.02, callback_backoff_max_s=0.05)


@pytest.fixture
async def world(db: Database, changsha: City) -> AsyncIterator[World]:
    """Give the application of Changsha as shipped, with staff of every role."""
    made = await open_world(db, changsha)
    yield made
    await made.close()


@pytest.fixture
async def platform(db: Database) -> AsyncIterator[PlatformReceiver]:
    """Give the platforms' own end, with a courier that serves it."""
    made = PlatformReceiver()
    await made.start()
    async with db.city(CITY) as conn:
        urls = {source: made.url(source) for source in ("12345", "12369")}
        await outbox.set_targets(conn, CITY, urls)
    courier = Courier(db, SECRETS, FAST)
    running = asyncio.create_task(courier.run())
    yield made
    courier.stop()
    await asyncio.wait_for(running, 20)
    await made.close()


async def act(browser: Browser, number: str, verb: str, **data: Any) -> dict[str, Any]:
    """Do a verb that must be allowed and give the case after it."""
    answer = await browser.client.post(
        f"/api/v1/cases/{number}/actions/{verb}",
        json=data,
        headers={"X-CSRF-Token": browser.csrf},
    )
    assert answer.status == 200, f"{verb}: {await answer.text()}"
    return dict(await answer.json())


async def dispatch(world: World, number: str) -> None:
    """Let the machine read and route a case to the one unit that answers for it."""
    _, case_no = read_case_no(number)
    await world.read(case_no, types=(("W01", ""),))
    await world.route()


async def work(world: World, number: str) -> None:
    """Let the unit sign, contact and submit, and the operators approve and close."""
    unit, op = await world.browser("eco"), await world.browser("op")
    await act(unit, number, "sign", handler="经办甲")
    await act(unit, number, "contact", method="phone", result="reached", note="已联系")
    await act(
        unit,
        number,
        "submit",
        outcome="true",
        reply_text="已责令停止排放并立案。",
        reply_method="phone",
        measures=["order", "case"],
    )
    page = await act(op, number, "approve", note="属实")
    for task in page["tasks"]:
        if not task["is_lead"]:
            await act(op, number, "withdraw", task_no=task["task_no"], reason="无须协办")
    after = await act(op, number, "close")
    assert after["case"]["state"] == "CLOSED"


async def test_12369_hears_of_acceptance_then_closing(
    world: World, platform: PlatformReceiver
) -> None:
    """A report of the national platform comes back as accepted, in progress, closed, in order."""
    national = Platform((await world.browser()).client, "12369")
    answer = await national.post(REPORT)
    number = (await answer.text()).split("<TicketNo>")[1].split("<")[0]
    await dispatch(world, number)
    await work(world, number)
    got = await platform.wait(5)
    assert [g.kind for g in got] == [
        "REPORT_ACCEPT",
        "REPORT_PROGRESS",
        "REPORT_PROGRESS",
        "REPORT_PROGRESS",
        "REPORT_CLOSE",
    ]
    assert {g.fields["EventNumber"] for g in got} == {"430102202611200007"}
    assert got[0].fields["Accepted"] == "1"
    assert got[-1].fields["WhetherCode"] == "1"
    assert got[-1].fields["FinalOpinion"] == "已责令停止排放并立案。"
    assert got[-1].fields["CaseFiled"] == "1"


async def test_order_holds_though_the_platform_fails(
    world: World, platform: PlatformReceiver
) -> None:
    """A platform that is down while the case goes on hears everything afterwards, in order."""
    platform.failures.extend([503, 500, 0])
    hotline = Platform((await world.browser()).client)
    reply = await (await hotline.post(message(number="CS-9"))).json()
    number = reply["resultData"]["ticketNo"]
    await dispatch(world, number)
    await work(world, number)
    got = await platform.wait(5)
    assert [g.kind for g in got] == ["PROGRESS", "SIGN", "CONTACTED", "SUBMIT", "CLOSE"]
    assert {g.fields["orderNo"] for g in got} == {"CS-9"}
    assert got[-1].fields["handleTrueness"] == "属实"
    assert len(platform.attempts) == 8


async def test_a_return_is_told(world: World, platform: PlatformReceiver) -> None:
    """A unit's wish to be relieved and the answer to it go to the platform apart."""
    hotline = Platform((await world.browser()).client)
    reply = await (await hotline.post(message(number="CS-10"))).json()
    number = reply["resultData"]["ticketNo"]
    await dispatch(world, number)
    unit, op = await world.browser("eco"), await world.browser("op")
    page = await act(unit, number, "request_return", reason=await a_reason(), basis="不在本辖区")
    assert page["case"]["state"] == "DISPATCHED"
    await act(op, number, "deny_return", note="属本辖区,请办理")
    got = await platform.wait(3)
    assert [g.kind for g in got] == ["PROGRESS", "RETURN_REQ", "RETURN_RESULT"]
    assert got[1].fields["backDateTime"]
    assert (got[2].fields["approved"], got[2].fields["opinion"]) == (0, "属本辖区,请办理")


async def a_reason() -> str:
    """Give a reason that the label list holds."""
    from models.taxonomy import labels

    return next(iter(await asyncio.to_thread(labels, "return_reason")))


async def test_an_update_after_dispatch_reaches_the_desk(
    world: World, platform: PlatformReceiver
) -> None:
    """New content for a dispatched case is before an operator, and the unit's work goes on."""
    hotline = Platform((await world.browser()).client)
    reply = await (await hotline.post(message(number="CS-11"))).json()
    number = reply["resultData"]["ticketNo"]
    await dispatch(world, number)
    await hotline.post(message("ORDER_UPDATE", "CS-11", order={"content": "又在排放,颜色更深"}))
    op = await world.browser("op")
    page = await (await op.client.get(f"/api/v1/cases/{number}")).json()
    assert page["case"]["queue"] == "review"
    assert page["case"]["review_reasons"] == ["content_changed"]
    assert page["case"]["state"] == "DISPATCHED"
    await act(await world.browser("eco"), number, "sign", handler="经办甲")
