"""Over the API no verb of anybody ends a case with a part, a task or a dispute that is open."""

from typing import Any

from routing.acts import ACTS
from tests.intake.test_api import act, ok
from tests.pages.kit import Browser, World

ENDED = {"CLOSED", "ARCHIVED", "REJECTED", "TRANSFERRED"}
#: Enough for any verb that could end a case; others are refused for what they lack.
SAID: dict[str, dict[str, Any]] = {
    "close": {"reply_text": "已答复", "outcome": "true"},
    "reject": {"code": "NA4", "notice": "已依法处理"},
    "transfer": {"destination": "住建部门"},
    "consolidate": {},
    "archive": {},
    "approve": {},
    "end_emergency": {"note": "已处置"},
    "judge": {"solved": True, "satisfaction": 5},
    "callback": {"connected": True, "contacted": True, "solved": True, "satisfaction": 5},
    "settle_judgement": {"redo": False, "reason": "不成立"},
}


async def state(op: Browser, number: str) -> str:
    """Give the state of a case."""
    return str((await ok(op, f"/api/v1/cases/{number}"))["case"]["state"])


async def nothing_ends(world: World, number: str) -> None:
    """Let everybody try every verb; the case is not over afterwards."""
    people = [await world.browser(name) for name in ("op", "boss", "eco")]
    for verb in ACTS:
        for one in people:
            answer = await act(one, number, verb, **SAID.get(verb, {}))
            assert answer.status < 500, (verb, await answer.text())
            assert await state(people[0], number) not in ENDED, verb


async def dispatched(world: World) -> str:
    """Bring a report to a unit and give its number."""
    receipt = await world.report()
    await world.read(receipt.case_no, types=(("W01", "废水"),))
    await world.route()
    return receipt.number


async def test_with_an_open_task(world: World) -> None:
    """Neither the desk, nor a supervisor, nor the unit."""
    await nothing_ends(world, await dispatched(world))


async def test_with_open_parts(world: World) -> None:
    """Even after its lead was relieved and it waits at the desk again."""
    number, op, eco = await dispatched(world), await world.browser("op"), await world.browser("eco")
    parts = [{"types": ["W01"]}, {"types": ["S01"]}]
    split = await act(op, number, "split", parts=parts, reason="两件事")
    assert split.status == 200, await split.text()
    wish = {"reason": "R1", "basis": "三定规定"}
    asked = await act(eco, number, "request_return", **wish)
    assert asked.status == 200, await asked.text()
    assert (await act(op, number, "approve_return")).status == 200
    assert await state(op, number) == "ACCEPTED"
    await nothing_ends(world, number)


async def test_with_an_open_dispute(world: World) -> None:
    """Once the second wish has made it a dispute."""
    number, op, eco = await dispatched(world), await world.browser("op"), await world.browser("eco")
    for basis in ("三定规定", "新证据"):
        asked = await act(eco, number, "request_return", reason="R1", basis=basis)
        assert asked.status == 200, await asked.text()
        if basis == "三定规定":
            assert (await act(op, number, "deny_return", note="属你单位职责")).status == 200
    refused = await act(op, number, "approve_return")
    assert (refused.status, (await refused.json())["code"]) == (409, "dispute_open")
    await nothing_ends(world, number)
