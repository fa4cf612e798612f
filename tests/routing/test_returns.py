"""Returns and redispatch: window, reasons, limit, designation, and whose clock it is."""

from datetime import timedelta
from typing import Any

import pytest

from models.case import Queue, State, TaskState
from models.errors import Conflict, Invalid
from tests.routing.kit import EAST, FRIDAY, WEST, Desk, handler

ECO, UMA, HUD = f"{EAST}-ECO", f"{EAST}-UMA", f"{EAST}-HUD"
UNIT = handler(ECO)
WISH: dict[str, Any] = {"reason": "R1", "basis": "三定规定由住建负责", "proposed_unit": HUD}


async def returned(desk: Desk) -> None:
    """Bring a case back to the desk."""
    await desk.act("accept")
    await desk.act("request_return", UNIT, **WISH)
    await desk.act("approve_return", note="同意")


async def test_a_granted_return_waits_at_the_desk_and_its_promise_runs_on(desk: Desk) -> None:
    """The unit is out, the case is the desk's, the closing clock is nobody's and keeps its end."""
    await desk.act("accept")
    due = (await desk.clocks())[0, "K12", 1].due_at
    case = await desk.act("request_return", UNIT, **WISH)
    assert case.state is State.DISPATCHED
    assert (await desk.tasks())[0].state is TaskState.RETURN_REQ
    case = await desk.act("approve_return")
    assert (case.state, case.queue, case.lead_unit) == (State.ACCEPTED, Queue.REVIEW, None)
    assert case.review_reasons == ("returned",)
    clocks = await desk.clocks()
    assert (clocks[0, "K12", 1].due_at, clocks[0, "K12", 1].unit) == (due, None)
    assert clocks[0, "K12", 1].stopped_at is None
    assert all(clock.stopped_at for (task, _, _), clock in clocks.items() if task == 1)


async def test_the_next_unit_signs_anew_and_inherits_the_time_that_is_left(desk: Desk) -> None:
    """A redispatch starts the new unit's own clocks and not the closing clock."""
    await returned(desk)
    due = (await desk.clocks())[0, "K12", 1].due_at
    case = await desk.act("redispatch", lead_unit=HUD, reason="会商确定")
    assert (case.state, case.queue, case.lead_unit) == (State.DISPATCHED, None, HUD)
    async with desk.db.city(desk.city.adcode) as conn:
        learnt = await conn.fetchval("SELECT human->>'lead_unit' FROM correction")
    assert learnt == HUD
    tasks = await desk.tasks()
    assert [(t.task_no, t.unit, t.state) for t in tasks if t.is_lead] == [
        (1, ECO, TaskState.RETURNED),
        (3, HUD, TaskState.DISPATCHED),
    ]
    clocks = await desk.clocks()
    assert (clocks[0, "K12", 1].due_at, clocks[0, "K12", 1].unit) == (due, HUD)
    assert (0, "K12", 2) not in clocks
    assert {code for task, code, _ in clocks if task == 3} == {"K04", "K05", "K09"}


async def test_a_unit_that_helped_may_lead_and_helps_no_longer(desk: Desk) -> None:
    """A cooperating unit made lead has one task, the lead's."""
    await returned(desk)
    await desk.act("redispatch", lead_unit=UMA, reason="会商确定")
    states = {t.task_no: (t.unit, t.is_lead, t.state) for t in await desk.tasks()}
    assert states[2] == (UMA, False, TaskState.WITHDRAWN)
    assert states[3] == (UMA, True, TaskState.DISPATCHED)


async def test_a_denied_return_leaves_the_unit_where_it_was(desk: Desk) -> None:
    """A unit that signed before it asked is a unit that signed."""
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    await desk.act("request_return", UNIT, **WISH)
    with pytest.raises(Conflict, match="wrong_state"):
        await desk.act("submit", UNIT, outcome="true", reply_text="已处理", reply_method="phone")
    await desk.act("deny_return", note="属本单位职责")
    assert (await desk.tasks())[0].state is TaskState.SIGNED


async def test_a_designated_unit_cannot_return(desk: Desk) -> None:
    """After designation no return is taken, and no window is opened for it."""
    await returned(desk)
    await desk.act("redispatch", lead_unit=HUD, reason="会商指定", no_return=True)
    assert (3, "K05", 1) not in await desk.clocks()
    with pytest.raises(Conflict, match="return_forbidden"):
        await desk.act("request_return", handler(HUD), **(WISH | {"proposed_unit": ECO}))


async def test_a_case_is_returned_twice_at_most(desk: Desk) -> None:
    """The third wish to be relieved is refused, whoever utters it."""
    await returned(desk)
    await desk.act("redispatch", lead_unit=HUD, reason="改派")
    await desk.act("request_return", handler(HUD), **WISH)
    await desk.act("approve_return")
    await desk.act("redispatch", lead_unit=f"{WEST}-HUD", reason="改派")
    with pytest.raises(Conflict, match="return_limit"):
        await desk.act("request_return", handler(f"{WEST}-HUD"), **WISH)


@pytest.mark.parametrize(("days", "closed"), [(3, False), (5, True)])
async def test_a_return_must_come_within_its_window(
    desk: Desk, time_machine: Any, days: int, closed: bool
) -> None:
    """Two working days after Friday end on Tuesday night."""
    time_machine.move_to(FRIDAY)
    await desk.act("accept")
    time_machine.move_to(FRIDAY + timedelta(days=days))
    if closed:
        with pytest.raises(Conflict, match="return_window_closed"):
            await desk.act("request_return", UNIT, **WISH)
    else:
        await desk.act("request_return", UNIT, **WISH)
        assert (await desk.tasks())[0].state is TaskState.RETURN_REQ


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reason": "R9"}, "return_reason_unknown"),
        ({"basis": " "}, "basis_required"),
        ({"proposed_unit": "990100-NONE"}, "unit_unknown"),
    ],
)
async def test_a_return_needs_reason_basis_and_a_unit_there_is(
    desk: Desk, change: dict[str, Any], code: str
) -> None:
    """A wish without a listed reason, a basis or a known unit is refused."""
    await desk.act("accept")
    with pytest.raises(Invalid, match=code):
        await desk.act("request_return", UNIT, **(WISH | change))


async def test_an_operator_may_move_the_lead_without_being_asked(desk: Desk) -> None:
    """A mistake is mended by redispatch: the old lead is withdrawn, there is one lead."""
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    await desk.act("redispatch", lead_unit=HUD, reason="派错单位")
    leads = [t for t in await desk.tasks() if t.is_lead and t.state is not TaskState.WITHDRAWN]
    assert [t.unit for t in leads] == [HUD]
    with pytest.raises(Conflict, match="same_lead"):
        await desk.act("redispatch", lead_unit=HUD, reason="再派一次")


async def test_a_returned_case_may_still_be_passed_on(desk: Desk) -> None:
    """A matter that proves not environmental ends with nobody at work on it."""
    await returned(desk)
    case = await desk.act("transfer", destination="住建部门")
    assert case.state is State.TRANSFERRED
    assert all(t.state in (TaskState.RETURNED, TaskState.WITHDRAWN) for t in await desk.tasks())
    assert all(clock.stopped_at for clock in (await desk.clocks()).values())
