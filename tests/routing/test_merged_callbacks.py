"""Who reported a case that was merged into another is asked too, about the result of that one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.case import SYSTEM, State
from models.db import verification
from models.errors import Conflict
from routing.archiving import Archiver
from tests.routing.kit import CITY, OPERATOR, Desk, handler, put_case
from tests.routing.moments import Time
from tests.routing.test_verifying import ANGRY, HAPPY, close, ending, name
from tests.routing.together import PARTS, finish, sound, split, state

WHY = "同一工厂同一晚"


@pytest.fixture
async def twin(working: Desk, time: Time) -> Desk:
    """Give a second citizen's report of the same matter, merged, and the main case closed."""
    await name(working)
    made = Desk(working.db, working.city, await put_case(working.db, 2))
    await name(made)
    await made.act("merge", into=working.number, reason=WHY)
    await close(working, time)
    time.at("2026-11-24T10:00")
    return made


async def queue(desk: Desk) -> list[tuple[int, int | None]]:
    """Give whom to call, with the case that answers."""
    async with desk.db.city(CITY) as conn:
        return [(q.case_no, q.merged_into) for q in await verification.queue(conn, CITY, 10)]


async def archive(desk: Desk) -> int:
    """Let the archiver have a look."""
    return await Archiver(desk.db, {CITY: desk.city}, "one").run_once(CITY)


async def test_both_are_called_and_then_the_case_is_archived(working: Desk, twin: Desk) -> None:
    """The case that answers waits until everybody was asked; each is asked once."""
    assert await queue(working) == [(working.number, None), (twin.number, working.number)]
    await working.act("callback", **HAPPY)
    assert await state(working) is State.CLOSED
    assert await archive(working) == 0
    with pytest.raises(Conflict, match="merged_callback_due"):
        await working.act("archive")
    with pytest.raises(Conflict, match="called_already"):
        await working.act("callback", **(HAPPY | {"satisfaction": 5}))
    assert await queue(working) == [(twin.number, working.number)]
    assert (await twin.act("callback", **HAPPY)).state is State.MERGED
    assert await queue(working) == []
    assert await archive(working) == 1
    assert await state(working) is State.ARCHIVED
    assert await ending(working) == [(1, "judged", False), (1, "judged", False)]
    await sound(working)


async def test_good_grounds_of_the_second_put_the_one_that_answers_to_work(
    working: Desk, twin: Desk, time: Time
) -> None:
    """K16 runs on the main case, its unit learns why and not who; then both are asked again."""
    await working.act("callback", **HAPPY)
    await twin.act("callback", **ANGRY, redo=True, reason="现场仍有气味")
    assert await state(working) is State.IN_PROGRESS
    assert await state(twin) is State.MERGED
    assert (0, "K16", 1) in await working.clocks()
    assert "case:task:reworked" in await working.verbs()
    assert await queue(working) == []
    with pytest.raises(Conflict, match="main_not_closed"):
        await twin.act("callback", **HAPPY)
    await close(working, time, "2026-11-26T10:00")
    assert await queue(working) == [(working.number, None), (twin.number, working.number)]
    await twin.act("callback", **HAPPY)
    await working.act("callback", **HAPPY)
    assert await state(working) is State.ARCHIVED
    await sound(working)


async def test_three_vain_calls_end_it_for_the_second_too(
    working: Desk, twin: Desk, time: Time
) -> None:
    """Who is not reached in three parts of days is let be."""
    await working.act("callback", **HAPPY)
    for at in ("2026-11-24T10:30", "2026-11-24T14:00", "2026-11-25T10:00"):
        assert await archive(working) == 0
        time.at(at)
        await twin.act("callback", connected=False)
    assert await archive(working) == 1


@pytest.mark.parametrize("said", [{"anonymous": True}, {"want_callback": False}, {"phone": None}])
async def test_scenario_8_nobody_is_called_without_a_number(
    working: Desk, time: Time, said: dict[str, Any]
) -> None:
    """A second report without contact is merged and not asked about."""
    await name(working)
    second = Desk(working.db, working.city, await put_case(working.db, 2))
    await name(second, **said)
    await second.act("merge", into=working.number, reason=WHY)
    await close(working, time)
    assert await queue(working) == [(working.number, None)]
    with pytest.raises(Conflict, match="nobody_to_call"):
        await second.act("callback", **HAPPY)
    await working.act("callback", **HAPPY)
    assert await state(working) is State.ARCHIVED


async def test_who_reported_twice_is_called_once(working: Desk, twin: Desk) -> None:
    """One person with two reports of one matter is asked about the one that answers."""
    async with working.db.city(CITY) as conn:
        await conn.execute("UPDATE identity SET phone_index = 'same'")
    assert await queue(working) == [(working.number, None)]
    await working.act("callback", **HAPPY)
    assert await state(working) is State.ARCHIVED


async def test_an_anonymous_main_report_waits_for_the_named_one(working: Desk, time: Time) -> None:
    """The archiver leaves a case whose own citizen cannot be called until the other was."""
    second = Desk(working.db, working.city, await put_case(working.db, 2))
    await name(second)
    await second.act("merge", into=working.number, reason=WHY)
    await close(working, time)
    async with working.db.city(CITY) as conn:
        past = datetime.now(UTC) - timedelta(days=2)
        await conn.execute(
            "UPDATE cases SET closed_at = $1 WHERE case_no = $2", past, working.number
        )
    assert await archive(working) == 0
    time.at(f"{datetime.now(UTC):%Y-%m-%dT%H:%M}")
    await second.act("callback", **HAPPY)
    assert await archive(working) == 1


async def test_the_second_citizen_may_judge_by_the_own_code(working: Desk, twin: Desk) -> None:
    """A bad word waits for a person, who puts the main case to work; also once it is archived."""
    await working.act("callback", **HAPPY)
    await twin.act("callback", connected=False)
    async with working.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET state = 'ARCHIVED' WHERE case_no = $1", working.number)
    await twin.act("judge", SYSTEM, solved=False, satisfaction=1)
    async with working.db.city(CITY) as conn:
        waiting = await verification.waiting(conn, CITY, 10)
    assert [one.case_no for one in waiting] == [twin.number]
    await twin.act("settle_judgement", redo=True, reason="复查属实")
    assert await state(working) is State.IN_PROGRESS


async def test_nobody_is_asked_before_the_main_case_is_closed(working: Desk) -> None:
    """Nor is what its citizen says taken for a word on a result."""
    second = Desk(working.db, working.city, await put_case(working.db, 2))
    await name(second)
    await second.act("merge", into=working.number, reason=WHY)
    for verb, actor, said in (
        ("callback", OPERATOR, HAPPY),
        ("judge", SYSTEM, {"solved": True, "satisfaction": 5}),
    ):
        with pytest.raises(Conflict, match="main_not_closed"):
            await second.act(verb, actor, **said)


async def test_of_a_divided_main_case_only_the_part_is_done_again(desk: Desk, time: Time) -> None:
    """The second citizen's dissatisfaction is noted; which part to do again a person decides."""
    await name(desk)
    second = Desk(desk.db, desk.city, await put_case(desk.db, 2))
    await name(second)
    await desk.act("accept")
    await second.act("merge", into=desk.number, reason=WHY)
    parts = await split(desk, *PARTS)
    for part in parts:
        await finish(part)
    await desk.act("consolidate")
    await desk.act("close")
    time.at("2026-11-24T10:00")
    with pytest.raises(Conflict, match="rework_the_part"):
        await second.act("callback", **ANGRY, redo=True, reason="夜间仍在施工")
    for part in parts:
        await part.act("callback", **HAPPY)
    assert await archive(desk) == 0
    await second.act("callback", **ANGRY, redo=False, reason="另行退回子单")
    assert await archive(desk) == 1


async def test_a_part_taken_back_has_no_citizen_of_its_own(desk: Desk, time: Time) -> None:
    """A part that was merged into its case again is no second report."""
    await name(desk)
    await desk.act("accept")
    parts = await split(desk, *PARTS)
    await desk.act("unsplit", reason="误拆")
    lead = next(t for t in await desk.tasks() if t.is_lead and t.state != "WITHDRAWN")
    if lead.state == "DISPATCHED":
        await desk.act("sign", handler(lead.unit), handler="张工")
    await close(desk, time)
    assert await queue(desk) == [(desk.number, None)]
    with pytest.raises(Conflict, match="main_not_closed"):
        await parts[0].act("callback", **HAPPY)
    await desk.act("callback", **HAPPY)
    assert await state(desk) is State.ARCHIVED
