"""Supervision over the API: supervisors see and do all, a unit its own, nobody an identity."""

from typing import Any

from aiohttp import ClientResponse

from tests.pages.kit import UMA, Browser, World


async def act(browser: Browser, number: str, verb: str, /, **data: Any) -> ClientResponse:
    """Do a verb as the signed-in person."""
    return await browser.client.post(
        f"/api/v1/cases/{number}/actions/{verb}",
        json=data,
        headers={"X-CSRF-Token": browser.csrf},
    )


async def seen(browser: Browser) -> Any:
    """Give what the person sees."""
    answer = await browser.client.get("/api/v1/supervision")
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_f29_an_order_is_seen_by_its_unit_and_answered(world: World) -> None:
    """Over the API, from order to answer; another unit sees nothing of it."""
    number = await world.dispatched()
    boss, unit, far = [await world.browser(name) for name in ("boss", "uma", "far")]
    answer = await act(boss, number, "supervise", demand="请三日内办结")
    assert answer.status == 200, await answer.text()
    for browser in (boss, unit):
        found = await seen(browser)
        assert [(o["grade"], o["unit"]) for o in found["orders"]] == [("general", UMA)]
        assert found["numbers"] == {str(found["orders"][0]["case_no"]): number}
    (notice,) = (await seen(unit))["notices"]
    assert notice["to_unit"] == UMA
    assert not any((await seen(far)).values())
    read = f"/api/v1/notices/{notice['notice_id']}/read"
    for browser, status in ((far, 404), (boss, 404), (unit, 200), (unit, 404)):
        done = await browser.client.post(read, headers={"X-CSRF-Token": browser.csrf})
        assert done.status == status
    assert (await act(unit, number, "feedback", answer="已责令停业整改")).status == 200
    assert (await seen(boss))["orders"][0]["answer"] == "已责令停业整改"


async def test_supervisors_supervise_and_nobody_else(world: World) -> None:
    """Neither an operator nor a unit gives orders."""
    number = await world.dispatched()
    for name in ("op", "uma"):
        refused = await act(await world.browser(name), number, "urge", demand="请办理")
        assert refused.status == 403


async def test_f31_a_letter_is_received_by_its_unit(world: World) -> None:
    """The unit reads its text and gives the receipt; a unit beside it does not see it."""
    number = await world.dispatched()
    boss, unit, eco = [await world.browser(name) for name in ("boss", "uma", "eco")]
    assert (await act(boss, number, "remind", demand="请三日内办结")).status == 200
    (letter,) = (await seen(unit))["documents"]
    assert letter["number"] in letter["body"]
    assert (await seen(eco))["documents"] == []
    data = {"number": letter["number"], "received_by": "王主任"}
    assert (await act(unit, number, "receive_document", **data)).status == 200
    assert (await seen(boss))["documents"] == []


async def test_the_history_says_in_words_what_was_done(world: World) -> None:
    """No code of an event is shown raw."""
    number = await world.dispatched()
    boss = await world.browser("boss")
    await act(boss, number, "urge", demand="请尽快办理")
    await act(boss, number, "ledger", conditions="整改到位", keeper="王督办")
    await act(boss, number, "mark_key", reason="media")
    page = await (await world.browser("op")).get(f"/desk/cases/{number}")
    for word in ("催办", "挂账督办", "列入重点件"):
        assert word in page
    assert "case:" not in page
