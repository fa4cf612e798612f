"""Cooperating units: their own time, urged by the lead, gone without by approval."""

from datetime import timedelta
from typing import Any

import pytest

from models.case import Queue, State, TaskState
from models.errors import Conflict, Forbidden, NotFound
from models.moment import aware
from tests.routing.kit import FRIDAY, Desk, handler, put_case
from tests.routing.together import ECO, RESULT, UMA

LEAD, HELPER = handler(ECO), handler(UMA)


async def at_work(desk: Desk) -> None:
    """Bring a case to where its lead has signed and its helper is silent."""
    await desk.act("accept")
    await desk.act("sign", LEAD, handler="张工")


async def test_f14_the_lead_urges_a_silent_helper_and_its_own_clock_runs_on(
    desk: Desk, time_machine: Any
) -> None:
    """A helper is due before the lead; urging it, and its silence, stop nobody's clock."""
    time_machine.move_to(FRIDAY)
    await at_work(desk)
    clocks = await desk.clocks()
    (helper,) = [clock for (task, code, _), clock in clocks.items() if task == 2 and code != "K04"]
    assert f"{aware(helper.due_at):%m-%d %H:%M}" == "12-04 23:59"
    assert helper.due_at < clocks[0, "K12", 1].due_at
    time_machine.move_to(helper.due_at + timedelta(hours=1))
    await desk.act("urge_helper", LEAD, helper_no=2, note="请报送现场照片")
    after = await desk.clocks()
    assert after == clocks
    assert (await desk.verbs())[-1] == "case:task:urged"
    assert (await desk.tasks())[1].state is TaskState.DISPATCHED


@pytest.mark.parametrize(("kind", "channel"), [("ZX", "12345_TEL"), ("TS", "12369_WECHAT")])
async def test_a_helper_is_always_due_before_the_case(desk: Desk, kind: str, channel: str) -> None:
    """Whatever the kind and channel, and however short the source's time, helpers come first."""
    soon = FRIDAY.replace(year=2027)
    for n, stated in enumerate((None, soon, None), 5):
        number = await put_case(desk.db, n, kind=kind, channel=channel, source_due_at=stated)
        case = Desk(desk.db, desk.city, number)
        await case.act("accept", urgency="P1" if n == 7 else "P2")
        clocks = await case.clocks()
        helpers = [c for (task, code, _), c in clocks.items() if task == 2 and code != "K04"]
        ends = [c.due_at for (task, _, _), c in clocks.items() if task == 0]
        assert helpers
        assert all(helper.due_at < min(ends) for helper in helpers)


async def test_only_the_lead_urges_and_only_who_is_silent(desk: Desk) -> None:
    """A helper does not urge, the lead is not urged, and who has replied is left alone."""
    await at_work(desk)
    await desk.act("sign", HELPER, handler="李工")
    with pytest.raises(Conflict, match="lead_only"):
        await desk.act("urge_helper", HELPER, helper_no=2)
    with pytest.raises(NotFound, match="task_not_found"):
        await desk.act("urge_helper", LEAD, helper_no=1)
    with pytest.raises(Forbidden, match="not_your_part"):
        await desk.act("urge_helper", helper_no=2)
    await desk.act("submit", HELPER, **RESULT)
    with pytest.raises(Conflict, match="helper_replied"):
        await desk.act("urge_helper", LEAD, helper_no=2)


async def test_a_silent_helper_blocks_nobody_for_ever(desk: Desk, time_machine: Any) -> None:
    """Urged or late it may be gone without by approval; the case closes, its silence is kept."""
    time_machine.move_to(FRIDAY)
    await at_work(desk)
    with pytest.raises(Conflict, match="helper_not_silent_yet"):
        await desk.act("waive", task_no=2, reason="协办单位不回复")
    with pytest.raises(Conflict, match="helper_not_silent_yet"):
        await desk.act("ask_waiver", LEAD, helper_no=2, reason="协办单位不回复")
    await desk.act("urge_helper", LEAD, helper_no=2)
    case = await desk.act("ask_waiver", LEAD, helper_no=2, reason="催办后仍不回复")
    assert (case.queue, case.review_reasons) == (Queue.REVIEW, ("waiver_requested",))
    await desk.act("submit", LEAD, **RESULT)
    await desk.act("approve", task_no=1)
    with pytest.raises(Conflict, match="open"):
        await desk.act("close")
    case = await desk.act("waive", task_no=2, reason="同意主办先行答复")
    assert (case.queue, case.review_reasons) == (None, ())
    task = (await desk.tasks())[1]
    assert task.state is TaskState.WITHDRAWN
    assert task.result == {"waived": True, "reason": "同意主办先行答复"}
    stops = {c.stop_reason for (task, _, _), c in (await desk.clocks()).items() if task == 2}
    assert stops == {"case:task:waived"}
    assert (await desk.act("close")).state is State.CLOSED


async def test_a_late_helper_needs_no_urging_to_be_gone_without(
    desk: Desk, time_machine: Any
) -> None:
    """When its time has run out the desk may go on without it; the lead never is waived."""
    time_machine.move_to(FRIDAY)
    await at_work(desk)
    time_machine.move_to(FRIDAY + timedelta(days=30))
    with pytest.raises(Conflict, match="lead_stays"):
        await desk.act("waive", task_no=1, reason="主办不回复")
    await desk.act("waive", task_no=2, reason="协办超期不回复")
    assert (await desk.tasks())[1].state is TaskState.WITHDRAWN


async def test_a_helpers_reply_reaches_the_lead(desk: Desk) -> None:
    """What a helper found stands in the history that the lead can read."""
    from models.db import events

    await at_work(desk)
    await desk.act("sign", HELPER, handler="李工")
    await desk.act("submit", HELPER, **(RESULT | {"reply_text": "现场未见露天堆放"}))
    async with desk.db.city(desk.city.adcode, ECO) as conn:
        told = await events.history(conn, desk.city.adcode, desk.number)
    assert told[-1].data["opinion"] == "现场未见露天堆放"
