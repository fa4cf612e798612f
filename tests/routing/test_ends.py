"""No way of ending a case leaves something open behind: each way, with each thing that is open."""

import itertools
from typing import Any

import pytest

from models.case import Actor, State
from models.errors import Conflict
from tests.routing.kit import EAST, Desk, handler, put_case
from tests.routing.together import ECO, HUD, PARTS, UMA, sound, split, state

BOSS = Actor(kind="staff", name="supervisor")
numbers = itertools.count(900)
REFUSE: dict[str, Any] = {"code": "NA4", "notice": "已依法处理"}
#: Every way in which a case can be over for the desk.
WAYS: dict[str, dict[str, Any]] = {
    "reject": REFUSE,
    "transfer": {"destination": "住建部门"},
    "close": {"reply_text": "已答复"},
    "merge": {"into": 0, "reason": "同一家厂"},
    "archive": {},
}


async def no_way_out(desk: Desk, *but: str) -> None:
    """Try every way; each is refused and leaves the case as it was."""
    other = await put_case(desk.db, next(numbers))
    before = await desk.case()
    for verb, data in WAYS.items():
        if verb in but:
            continue
        said: dict[str, Any] = {k: other if v == 0 else v for k, v in data.items()}
        with pytest.raises(Conflict):
            await desk.act(verb, **said)
        assert await desk.case() == before, verb
    await sound(desk)


async def returned(desk: Desk) -> None:
    """Let the lead be relieved, so that the case waits at the desk again."""
    lead = next(t for t in await desk.tasks() if t.is_lead and t.state == "DISPATCHED")
    said: dict[str, Any] = {"reason": "R1", "basis": "三定规定", "proposed_unit": f"{EAST}-AGR"}
    await desk.act("request_return", handler(lead.unit), **said)
    await desk.act("approve_return")
    assert await state(desk) is State.ACCEPTED


@pytest.mark.parametrize("at_desk", [False, True])
async def test_with_an_open_part(desk: Desk, at_desk: bool) -> None:
    """Not while it is led, and not after its lead was relieved either."""
    await desk.act("accept")
    parts = await split(desk, *PARTS[:2])
    if at_desk:
        await returned(desk)
    await no_way_out(desk)
    assert [await state(part) for part in parts] == [State.DISPATCHED] * 2


async def test_a_question_with_open_parts_is_not_answered_over_them(desk: Desk) -> None:
    """The desk may answer it directly, but for its parts."""
    question = Desk(desk.db, desk.city, await put_case(desk.db, next(numbers), kind="ZX"))
    await question.act("accept")
    await split(question, *PARTS[:2])
    await returned(question)
    with pytest.raises(Conflict, match="still_open"):
        await question.act("close", reply_text="已答复")
    await no_way_out(question)


@pytest.mark.parametrize("signed", [False, True])
async def test_with_an_open_task(desk: Desk, signed: bool) -> None:
    """Merging alone takes a case out of its units' hands, and it withdraws their tasks."""
    await desk.act("accept")
    if signed:
        await desk.act("sign", handler(ECO), handler="张工")
    await no_way_out(desk, "merge")


async def test_with_a_helpers_task_alone(desk: Desk) -> None:
    """The lead's work approved, its helper's still open."""
    await desk.act("accept")
    await desk.act("sign", handler(ECO), handler="张工")
    said: dict[str, Any] = {"outcome": "true", "reply_text": "已处理", "reply_method": "phone"}
    await desk.act("submit", handler(ECO), measures=["order"], **said)
    await desk.act("approve", task_no=1)
    await no_way_out(desk)


async def test_with_an_open_dispute(desk: Desk) -> None:
    """Whoever leads is not settled."""
    await desk.act("accept")
    basis: dict[str, Any] = {"reason": "R1", "basis": "三定规定", "proposed_unit": HUD}
    await desk.act("request_return", handler(ECO), **basis)
    await desk.act("deny_return", note="属你单位职责")
    await desk.act("request_return", handler(ECO), **(basis | {"basis": "新证据"}))
    assert "case:dispute:opened" in await desk.verbs()
    await no_way_out(desk)


async def test_with_an_emergency_that_goes_on(desk: Desk) -> None:
    """Refused or merged nobody could act on it any more; passed on it is still acted on."""
    await desk.act("open_emergency", trigger="river", summary="河面有油")
    await no_way_out(desk, "transfer")
    await desk.act("transfer", destination="水务部门")
    await desk.act("emergency_call", lines=["12345", "119"], said="商定立即到场")


async def test_with_an_entry_in_the_ledger(desk: Desk) -> None:
    """Tracked until released, also when its lead was relieved."""
    await desk.act("accept")
    await desk.act("ledger", BOSS, conditions="设备拆除并复测达标", keeper="王督办")
    await no_way_out(desk)
    await returned(desk)
    await no_way_out(desk)


async def test_once_nothing_is_open_the_same_ways_lead_out(desk: Desk) -> None:
    """It was what was open that stood in the way: with the parts over it is passed on."""
    await desk.act("accept")
    for part in await split(desk, {"types": ["A05"], "lead_unit": UMA}, PARTS[1]):
        await returned(part)
        await part.act("reject", **REFUSE)
    await returned(desk)
    assert (await desk.act("transfer", destination="住建部门")).state is State.TRANSFERRED
    await sound(desk)
