"""Clocks that stand still: why, for how long, and that they never stand for good."""

from typing import Any

import pytest

from models.case import SYSTEM
from models.city import City
from models.errors import Conflict, Forbidden, Invalid
from models.moment import aware
from routing.resuming import Resumer
from routing.suspending import stood
from tests.routing.kit import CITY, EAST, Desk, handler
from tests.routing.moments import RESULT, UNIT, Time, day

WISH: dict[str, Any] = {"reason": "appraisal", "ends_when": "鉴定报告出具", "days": 10}
UMA = handler(f"{EAST}-UMA")


async def promise(desk: Desk) -> str:
    """Give the day on which the latest promise to close ends."""
    found = [clock for (_, code, _), clock in (await desk.clocks()).items() if code == "K12"]
    return day(max(found, key=lambda clock: clock.attempt).due_at)


async def standing(desk: Desk) -> dict[str, bool]:
    """Tell of each of the case's clocks whether it stands still."""
    found = {}
    for (_, code, _), clock in sorted((await desk.clocks()).items()):
        found[code] = clock.stopped_at is not None
    return found


async def suspended(desk: Desk) -> None:
    """Let the clocks of a case stand still."""
    await desk.act("suspend", UNIT, **WISH)
    await desk.act("grant_suspension", note="同意")


async def test_the_promise_stands_and_the_other_clocks_run_on(working: Desk) -> None:
    """Only clocks that may wait for an appraisal stand still: the first contact may not."""
    await working.act("suspend", UNIT, **WISH)
    assert not (await standing(working))["K12"]
    case = await working.act("grant_suspension")
    assert case.suspended_at is not None
    found = await standing(working)
    assert (found["K12"], found["K12A"], found["K09"]) == (True, True, False)


async def test_the_days_of_standing_are_counted_and_shown(working: Desk, time: Time) -> None:
    """On the day it begins it is the first day."""
    await suspended(working)
    case = await working.case()
    assert stood(case, time.at("2026-11-20T23:00")) == "已停表第 1 天"
    assert stood(case, time.at("2026-11-24T09:00")) == "已停表第 5 天"


async def test_what_stood_still_runs_on_later_by_the_time_it_stood(
    working: Desk, time: Time
) -> None:
    """Five working days of standing move the end by five working days; the count says why."""
    assert await promise(working) == "2026-12-11"
    time.at("2026-11-23T10:00")
    await suspended(working)
    time.at("2026-11-30T16:00")
    case = await working.act("resume", reason="鉴定报告已出具")
    assert case.suspended_at is None
    assert await promise(working) == "2026-12-18"
    again = (await working.clocks())[0, "K12", 2]
    assert "停表" in again.trace[-1].note
    assert (await working.clocks())[0, "K12", 1].stop_reason == "case:suspended"


async def test_a_suspension_ends_by_itself_at_its_limit(
    working: Desk, time: Time, city: City
) -> None:
    """When its days have passed the sweeper resumes it, once, and the event says so."""
    await suspended(working)
    resumer = Resumer(working.db, {CITY: city})
    assert await resumer.run_once(CITY) == 0
    time.at("2026-12-01T08:00")
    async with working.db.city(CITY) as conn:
        await conn.execute("UPDATE suspension SET until = now() - interval '1 minute'")
    assert await resumer.run_once(CITY) == 1
    assert await Resumer(working.db, {CITY: city}, holder="other").run_once(CITY) == 0
    assert await resumer.run_once(CITY) == 0
    assert (await working.case()).suspended_at is None
    assert (await working.verbs()).count("case:resumed") == 1


async def test_a_suspension_of_a_case_that_is_over_ends_quietly(working: Desk, city: City) -> None:
    """A limit that passes after the case was merged or closed resumes nothing, and only once."""
    await suspended(working)
    async with working.db.city(CITY) as conn:
        await conn.execute("UPDATE suspension SET until = now() - interval '1 minute'")
        await conn.execute("UPDATE cases SET state = 'MERGED'")
    resumer = Resumer(working.db, {CITY: city})
    assert [await resumer.run_once(CITY) for _ in range(2)] == [1, 0]
    assert "case:resumed" not in await working.verbs()


async def test_a_longer_wait_is_asked_and_looked_at_again(working: Desk, time: Time) -> None:
    """While it stands a unit may ask for more; the clocks stand on from their first day."""
    await suspended(working)
    since = (await working.case()).suspended_at
    time.at("2026-11-27T09:00")
    await working.act("suspend", UNIT, **WISH | {"days": 30})
    await working.act("grant_suspension")
    assert (await working.case()).suspended_at == since
    async with working.db.city(CITY) as conn:
        rows = await conn.fetch("SELECT state, over_why, until FROM suspension ORDER BY n")
    assert [(row["state"], row["over_why"]) for row in rows] == [
        ("over", "prolonged"),
        ("granted", None),
    ]
    assert day(rows[1]["until"]) == "2026-12-27"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"reason": "busy"}, "pause_reason_unknown"),
        ({"reason": "supplement"}, "pause_reason_unknown"),
        ({"ends_when": " "}, "condition_required"),
        ({"days": 31}, "suspension_too_long"),
    ],
)
async def test_what_cannot_be_asked(working: Desk, wish: dict[str, Any], code: str) -> None:
    """Only listed reasons, with a condition, for thirty days at most."""
    with pytest.raises(Invalid, match=code):
        await working.act("suspend", UNIT, **WISH | wish)


async def test_one_request_at_a_time_and_only_of_the_lead(working: Desk) -> None:
    """A second request waits for the first; a cooperating unit has nothing to ask."""
    await working.act("suspend", UNIT, **WISH)
    with pytest.raises(Conflict, match="suspension_pending"):
        await working.act("suspend", UNIT, **WISH | {"days": 3})
    await working.act("sign", UMA, handler="李工")
    with pytest.raises(Conflict, match="lead_only"):
        await working.act("suspend", UMA, **WISH)
    with pytest.raises(Forbidden):
        await working.act("grant_suspension", UNIT)


async def test_a_denied_request_leaves_the_clocks_as_they_are(working: Desk) -> None:
    """Nothing stands still, and there is nothing to resume."""
    await working.act("suspend", UNIT, **WISH)
    case = await working.act("deny_suspension", note="可先行核查")
    assert case.suspended_at is None
    with pytest.raises(Conflict, match="not_suspended"):
        await working.act("resume", reason="误操作")
    with pytest.raises(Conflict, match="no_suspension_pending"):
        await working.act("grant_suspension")


async def test_a_grant_is_never_longer_than_what_was_asked(working: Desk) -> None:
    """The desk may grant fewer days, not more."""
    await working.act("suspend", UNIT, **WISH)
    with pytest.raises(Invalid, match="suspension_too_long"):
        await working.act("grant_suspension", days=11)
    await working.act("grant_suspension", days=5)


async def test_no_result_is_handed_in_while_the_clocks_stand(working: Desk) -> None:
    """The lead first lets them run on; a cooperating unit may reply meanwhile."""
    await working.act("sign", UMA, handler="李工")
    await suspended(working)
    with pytest.raises(Conflict, match="suspended"):
        await working.act("submit", UNIT, **RESULT)
    await working.act("submit", UMA, **RESULT)


async def test_the_system_does_by_itself_only_what_it_may(working: Desk) -> None:
    """It resumes; it neither grants nor asks."""
    with pytest.raises(Forbidden):
        await working.act("grant_suspension", SYSTEM)
    with pytest.raises(Conflict, match="not_suspended"):
        await working.act("resume", SYSTEM, reason="停表期限已到")


async def test_the_citizen_is_asked_once_for_three_working_days(working: Desk, time: Time) -> None:
    """The clocks stand at once, until the answer comes, and the citizen is not asked twice."""
    time.at("2026-11-24T09:00")
    case = await working.act("ask_supplement", UNIT, question="请说明异味出现的时间")
    assert case.suspended_at is not None
    async with working.db.city(CITY) as conn:
        until = await conn.fetchval("SELECT until FROM suspension")
    assert aware(until).isoformat() == "2026-11-27T23:59:59+08:00"
    time.at("2026-11-26T09:00")
    case = await working.act("note_supplement", UNIT, text="每晚十点以后")
    assert case.suspended_at is None
    assert await promise(working) == "2026-12-15"
    with pytest.raises(Conflict, match="supplement_asked"):
        await working.act("ask_supplement", UNIT, question="请补充照片")


async def test_the_desk_may_ask_before_it_accepts(desk: Desk) -> None:
    """The desk's own clock stands still while the citizen is asked where it is."""
    await desk.act("ask_supplement", question="请补充具体地点")
    assert (await desk.case()).suspended_at is not None
    await desk.act("note_supplement", text="在东街道菜市场旁")
    assert (await desk.case()).suspended_at is None


async def test_what_the_citizen_adds_by_any_channel_ends_the_wait(
    working: Desk, city: City
) -> None:
    """More content that came in after the question lets the clocks run on."""
    await working.act("ask_supplement", UNIT, question="请说明异味出现的时间")
    resumer = Resumer(working.db, {CITY: city})
    async with working.db.city(CITY) as conn:
        await conn.execute("UPDATE suspension SET until = now() + interval '1 day'")
    assert await resumer.run_once(CITY) == 0
    async with working.db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO event (city, event_id, case_no, at, verb, actor_kind, actor_name, data)"
            " SELECT city, gen_random_uuid(), case_no, decided_at + interval '1 hour',"
            " 'case:content:supplemented', 'citizen', 'citizen', '{}' FROM suspension"
        )
    assert await resumer.run_once(CITY) == 1
    assert (await working.verbs()).count("case:supplement:given") == 1
    assert (await working.case()).suspended_at is None


async def test_a_report_is_too_vague_only_after_the_citizen_was_asked(
    desk: Desk, city: City
) -> None:
    """NA7 needs a question before it, and the time to answer; other refusals do not."""
    refusal: dict[str, Any] = {"code": "NA7", "notice": "线索不详,无法核查"}
    with pytest.raises(Conflict, match="supplement_first"):
        await desk.act("reject", **refusal)
    await desk.act("ask_supplement", question="请补充具体地点")
    with pytest.raises(Conflict, match="supplement_first"):
        await desk.act("reject", **refusal)
    async with desk.db.city(CITY) as conn:
        await conn.execute("UPDATE suspension SET until = now() - interval '1 minute'")
    assert await Resumer(desk.db, {CITY: city}).run_once(CITY) == 1
    case = await desk.act("reject", **refusal)
    assert case.state.value == "REJECTED"


async def test_a_case_that_ends_stands_still_no_longer(desk: Desk) -> None:
    """Passed on while the citizen was asked, it is over and not suspended."""
    await desk.act("ask_supplement", question="请补充具体地点")
    case = await desk.act("transfer", destination="市公安局")
    assert case.suspended_at is None
