"""Returns and redispatch: window, reasons, limit, designation, and whose clock it is."""

from datetime import timedelta
from typing import Any

import pytest

from models.case import Queue, State, TaskState
from models.city import City
from models.db.pool import Database
from models.errors import Conflict, Invalid
from tests.routing.kit import EAST, FRIDAY, WEST, Desk, handler, put_case
from tests.routing.together import PARTS, split

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
        (4, HUD, TaskState.DISPATCHED),
    ]
    clocks = await desk.clocks()
    assert (clocks[0, "K12", 1].due_at, clocks[0, "K12", 1].unit) == (due, HUD)
    assert (0, "K12", 2) not in clocks
    assert {code for task, code, _ in clocks if task == 4} == {"K04", "K05", "K09"}


async def test_a_unit_that_helped_may_lead_and_helps_no_longer(desk: Desk) -> None:
    """A cooperating unit made lead has one task, the lead's."""
    await returned(desk)
    await desk.act("redispatch", lead_unit=UMA, reason="会商确定")
    states = {t.task_no: (t.unit, t.is_lead, t.state) for t in await desk.tasks()}
    assert states[2] == (UMA, False, TaskState.WITHDRAWN)
    assert states[4] == (UMA, True, TaskState.DISPATCHED)


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
    assert (4, "K05", 1) not in await desk.clocks()
    with pytest.raises(Conflict, match="return_forbidden"):
        await desk.act("request_return", handler(HUD), **(WISH | {"proposed_unit": ECO}))


async def test_a_denied_wish_is_not_the_last_but_the_second_is_a_dispute(desk: Desk) -> None:
    """A second wish cannot be granted or denied like the first, whoever utters it."""
    await desk.act("accept")
    await desk.act("request_return", UNIT, **WISH)
    await desk.act("deny_return", note="属本单位职责")
    await desk.act("request_return", UNIT, **(WISH | {"basis": "另有文件依据"}))
    for verb, data in (("approve_return", {}), ("deny_return", {"note": "属本单位职责"})):
        with pytest.raises(Conflict, match="dispute_open"):
            await desk.act(verb, **data)
    with pytest.raises(Conflict, match="dispute_open"):
        await desk.act("redispatch", lead_unit=f"{WEST}-HUD", reason="改派")


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
        ({"proposed_unit": ECO}, "proposed_unit_self"),
        ({"reason": "R3", "proposed_unit": None}, "proposed_unit_required"),
        ({"reason": "R2", "proposed_unit": None}, "place_required"),
        ({"reason": "R5"}, "number_required"),
    ],
)
async def test_a_return_needs_what_its_reason_asks_for(
    desk: Desk, change: dict[str, Any], code: str
) -> None:
    """A wish without a listed reason, a basis, a known unit or what the reason needs is refused."""
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


async def test_a_wish_for_another_place_or_an_earlier_case_names_it_in_words(desk: Desk) -> None:
    """A county's name, or the number of the case that came first, is enough."""
    await desk.act("accept")
    wish = {"reason": "R2", "basis": "实际在西区"}
    await desk.act("request_return", UNIT, **wish)
    await desk.act("deny_return", note="地点无误")
    again = {"reason": "R5", "basis": "与 ENV-990100-20261120-000009 重复"}
    await desk.act("request_return", UNIT, **again)
    assert (await desk.verbs()).count("case:task:return_requested") == 2


async def test_the_window_does_not_stay_open_after_a_result(desk: Desk) -> None:
    """Whoever has handed in a result cannot return the case, and no window says so."""
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    assert (await desk.clocks())[1, "K05", 1].stopped_at is None
    await desk.act("submit", UNIT, outcome="true", reply_text="已处理", reply_method="phone")
    assert (await desk.clocks())[1, "K05", 1].stopped_at is not None


async def test_whoever_returns_acts_until_the_next_lead_has_signed(desk: Desk) -> None:
    """The first receiver keeps a part for safety and evidence, which ends with a signature."""
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    await desk.act("request_return", UNIT, **WISH)
    await desk.act("secure", UNIT, step="evidence", note="已到场拍照取证")
    await desk.act("contact", UNIT, method="phone", result="reached")
    tasks = {task.task_no: task for task in await desk.tasks()}
    assert tasks[1].state is TaskState.RETURN_REQ
    assert (await desk.clocks())[1, "K09", 1].stopped_at is not None
    await desk.act("approve_return")
    await desk.act("secure", UNIT, step="safety", note="已设警戒")
    await desk.act("redispatch", lead_unit=HUD, reason="会商确定")
    await desk.act("secure", UNIT, step="sampling", note="已采样")
    await desk.act("sign", handler(HUD), handler="李工")
    kept = [t for t in await desk.tasks() if t.unit == ECO and not t.is_lead]
    assert [task.state for task in kept] == [TaskState.WITHDRAWN]
    with pytest.raises(Conflict, match="wrong_state"):
        await desk.act("secure", UNIT, step="safety", note="又去了一次")


async def test_an_inquiry_leaves_nothing_to_secure(town: Database, city: City) -> None:
    """A unit that returns an inquiry is out of it."""
    desk = Desk(town, city, await put_case(town, 7, kind="ZX"))
    await returned(desk)
    assert [task.state for task in await desk.tasks() if task.unit == ECO] == [TaskState.RETURNED]


async def test_a_lead_moved_while_it_asks_is_relieved_and_nothing_is_left_to_decide(
    desk: Desk,
) -> None:
    """The wish counts as granted: its row and its clock are done, the platform is told."""
    await desk.act("accept")
    await desk.act("request_return", UNIT, **WISH)
    assert (await desk.clocks())[0, "K07", 1].stopped_at is None
    await desk.act("redispatch", lead_unit=UMA, reason="改由该单位办理")
    assert (await desk.clocks())[0, "K07", 1].stop_reason == "case:task:returned"
    assert "case:task:returned" in await desk.verbs()
    leads = [(task.unit, task.state) for task in await desk.tasks() if task.is_lead]
    assert leads == [(ECO, TaskState.RETURNED), (UMA, TaskState.DISPATCHED)]
    async with desk.db.city(desk.city.adcode) as conn:
        assert await conn.fetchval("SELECT granted FROM return_request") is True


async def test_parts_are_not_answered_or_taken_back_over_a_wish(desk: Desk) -> None:
    """Whether the lead of the whole is relieved is decided before."""
    await desk.act("accept")
    await split(desk, *PARTS[:2])
    lead = next(t for t in await desk.tasks() if t.is_lead and t.state == "DISPATCHED")
    wish = WISH | {"proposed_unit": f"{EAST}-AGR"}
    await desk.act("request_return", handler(lead.unit), **wish)
    with pytest.raises(Conflict, match="return_pending"):
        await desk.act("unsplit", reason="是一件事")
