"""Several reports of one matter: one case answers, each keeps its number and its promise."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.case import CaseNo, Queue, State, TaskState
from models.db.pool import Database
from models.errors import Conflict, Invalid, NotFound
from models.moment import CHINA
from tests.routing.kit import FRIDAY, Desk, handler, put_case
from tests.routing.together import (
    ECO,
    HUD,
    PARTS,
    RESULT,
    UMA,
    finish,
    links_of,
    sound,
    split,
    state,
    units_at_work,
)

WHY = "同一工厂同一晚"


@pytest.fixture
async def twin(desk: Desk) -> Desk:
    """Give a second report of the same matter."""
    return Desk(desk.db, desk.city, await put_case(desk.db, 2))


async def third(desk: Desk, n: int = 3, **given: Any) -> Desk:
    """Give one more report."""
    return Desk(desk.db, desk.city, await put_case(desk.db, n, **given))


async def test_a_merged_case_rests_and_the_main_one_answers(desk: Desk, twin: Desk) -> None:
    """Its tasks are withdrawn, its clocks stopped with the reason; the main case is untouched."""
    await desk.act("accept")
    await twin.act("accept")
    await twin.act("sign", handler(ECO), handler="张工")
    before = await units_at_work(desk)
    case = await twin.act("merge", into=desk.number, reason=WHY)
    assert (case.state, case.merged_into, case.queue) == (State.MERGED, desk.number, None)
    assert await units_at_work(twin) == {}
    stops = {clock.stop_reason for clock in (await twin.clocks()).values()}
    assert stops == {"case:task:signed", "case:merged"}
    assert await units_at_work(desk) == before
    assert (await desk.verbs())[-1] == "case:merge_taken"
    assert [link.kind for link in await links_of(desk)] == ["merge"]
    await sound(desk)


async def test_what_waits_is_accepted_by_merging(desk: Desk, twin: Desk) -> None:
    """A report that nobody has looked at yet is accepted when it is merged, by its number."""
    await desk.act("accept")
    main = await desk.case()
    case = await twin.act("merge", into=main.number, reason=WHY)
    assert case.accepted_at is not None
    assert await twin.verbs() == ["case:merged", "case:accepted"]
    assert await twin.clocks() == {}


async def test_the_earliest_promise_is_kept_and_told(
    desk: Desk, twin: Desk, time_machine: Any
) -> None:
    """The main case may not close later than the first that was promised of any of them."""
    time_machine.move_to(FRIDAY)
    await twin.act("accept")
    time_machine.move_to(FRIDAY + timedelta(days=4))
    await desk.act("accept")
    promised = (await twin.clocks())[0, "K12", 1].due_at
    assert (await desk.clocks())[0, "K12", 1].due_at > promised
    await twin.act("merge", into=desk.number, reason=WHY)
    clocks = await desk.clocks()
    assert clocks[0, "K12", 1].stop_reason == "case:merge_taken"
    assert (clocks[0, "K12", 2].due_at, clocks[0, "K12", 2].stopped_at) == (promised, None)
    assert "不晚于" in clocks[0, "K12", 2].trace[-1].note
    told = (await history(desk))["case:merge_taken"]
    assert told["promised_by"] == (await twin.case()).number
    assert [one["code"] for one in told["sooner"]] == ["K12"]


async def history(desk: Desk) -> dict[str, dict[str, Any]]:
    """Give what the last event of each verb says."""
    from models.db import events

    async with desk.db.city(desk.city.adcode) as conn:
        found = await events.history(conn, desk.city.adcode, desk.number)
    return {event.verb: event.data for event in found}


async def test_a_promise_of_a_platform_is_kept_by_a_main_case_that_goes_out_later(
    desk: Desk,
) -> None:
    """A main case that is dispatched after the merge is due when the merged one was promised."""
    stated = datetime.now(CHINA).replace(microsecond=0) + timedelta(days=3)
    twin = await third(desk, source_due_at=stated)
    await twin.act("merge", into=desk.number, reason=WHY)
    await desk.act("accept")
    assert (await desk.clocks())[0, "K12", 1].due_at == stated


async def test_a_later_promise_changes_nothing(desk: Desk, twin: Desk) -> None:
    """A main case that is due first keeps its clock."""
    await desk.act("accept")
    await twin.act("accept")
    await twin.act("merge", into=desk.number, reason=WHY)
    assert (0, "K12", 2) not in await desk.clocks()


async def test_taken_apart_it_stands_as_it_stood_with_the_time_left(
    desk: Desk, twin: Desk, time_machine: Any
) -> None:
    """Tasks are as they were, clocks later by the days that they stood, the main one as before."""
    time_machine.move_to(FRIDAY)
    await twin.act("accept")
    await twin.act("sign", handler(ECO), handler="张工")
    due = (await twin.clocks())[0, "K12", 1].due_at
    time_machine.move_to(FRIDAY + timedelta(days=4))
    await desk.act("accept")
    mains = (await desk.clocks())[0, "K12", 1].due_at
    await twin.act("merge", into=desk.number, reason=WHY)
    time_machine.move_to(FRIDAY + timedelta(days=6))
    case = await twin.act("unmerge", reason="不是同一家厂")
    assert (case.state, case.merged_into, case.lead_unit) == (State.IN_PROGRESS, None, ECO)
    assert await units_at_work(twin) == {f"*{ECO}": "SIGNED", UMA: "DISPATCHED"}
    assert (await twin.clocks())[0, "K12", 2].due_at == due + timedelta(days=4)
    clocks = await desk.clocks()
    assert clocks[0, "K12", 2].stop_reason == "case:merge_left"
    assert clocks[0, "K12", 3].due_at == mains
    assert (await desk.verbs())[-1] == "case:merge_left"
    assert all(link.undone_at for link in await links_of(twin))
    await sound(desk)
    await finish(twin)
    assert await state(desk) is State.DISPATCHED


async def test_what_waited_comes_back_to_the_desk_accepted(desk: Desk, twin: Desk) -> None:
    """A report that was merged unread has been accepted: it waits to be dispatched."""
    await desk.act("accept")
    await twin.act("merge", into=desk.number, reason=WHY)
    case = await twin.act("unmerge", reason="不是同一家厂")
    assert (case.state, case.queue) == (State.ACCEPTED, Queue.REVIEW)
    assert case.review_reasons[-1:] == ("unmerged",)
    assert (await twin.clocks())[0, "K03", 1].stopped_at is None
    assert (await twin.act("dispatch")).state is State.DISPATCHED


async def test_nobody_answers_to_a_merged_case(desk: Desk, twin: Desk) -> None:
    """Merging into a merged case goes to its main; what a merged case had follows it."""
    one, two = await third(desk), await third(desk, 4)
    await one.act("merge", into=twin.number, reason=WHY)
    await twin.act("merge", into=desk.number, reason=WHY)
    assert (await one.case()).merged_into == desk.number
    assert (await one.verbs())[-1] == "case:merged:moved"
    await two.act("merge", into=one.number, reason=WHY)
    assert (await two.case()).merged_into == desk.number
    with pytest.raises(Conflict, match="merge_cycle"):
        await desk.act("merge", into=two.number, reason=WHY)
    with pytest.raises(Conflict, match="merge_cycle"):
        await desk.act("merge", into=desk.number, reason=WHY)
    await sound(desk)
    await twin.act("unmerge", reason="不是同一家厂")
    assert (await one.case()).merged_into == desk.number


async def test_what_cannot_answer_takes_nothing(desk: Desk, twin: Desk) -> None:
    """Closed cases, those under review or still being read, and strange numbers take no others."""
    with pytest.raises(NotFound, match="main_not_found"):
        await twin.act("merge", into=CaseNo(desk.number + 77), reason=WHY)
    with pytest.raises(NotFound, match="case_not_found"):
        await twin.act("merge", into="ENV-430100-20261120-000001", reason=WHY)
    with pytest.raises(Invalid, match="case_no_malformed"):
        await twin.act("merge", into="somewhere", reason=WHY)
    reading = await third(desk, queue="route")
    with pytest.raises(Conflict, match="main_not_read"):
        await twin.act("merge", into=reading.number, reason=WHY)
    await desk.act("accept")
    await desk.act("sign", handler(ECO), handler="张工")
    await desk.act("submit", handler(ECO), **RESULT)
    with pytest.raises(Conflict, match="main_stands_still"):
        await twin.act("merge", into=desk.number, reason=WHY)
    await desk.act("approve")
    await desk.act("withdraw", task_no=2, reason="无须协办")
    await desk.act("close")
    with pytest.raises(Conflict, match="main_over"):
        await twin.act("merge", into=desk.number, reason=WHY)
    with pytest.raises(Conflict, match="wrong_state"):
        await desk.act("merge", into=twin.number, reason=WHY)


async def test_an_emergency_never_goes_into_an_ordinary_case(desk: Desk) -> None:
    """What is urgent is merged the other way round."""
    urgent = await third(desk, urgency="P0")
    with pytest.raises(Conflict, match="main_less_urgent"):
        await urgent.act("merge", into=desk.number, reason=WHY)
    await desk.act("merge", into=urgent.number, reason=WHY)
    assert await state(desk) is State.MERGED


async def test_split_cases_are_not_merged_and_parts_may_answer(desk: Desk, twin: Desk) -> None:
    """A split case is taken together first; what was merged into a part follows it back."""
    parts = await split(desk, PARTS[0], PARTS[1])
    with pytest.raises(Conflict, match="split_already"):
        await desk.act("merge", into=twin.number, reason=WHY)
    await twin.act("merge", into=parts[1].number, reason=WHY)
    await desk.act("unsplit", reason="其实是一件事")
    assert (await twin.case()).merged_into == desk.number
    with pytest.raises(Conflict, match="not_merged"):
        await parts[0].act("unmerge", reason="不是并案来的")
    await sound(desk)


async def test_related_cases_are_handled_each_on_its_own(desk: Desk, twin: Desk) -> None:
    """A repetition of a closed case is linked to it, both know, and the link can be undone."""
    await desk.act("accept")
    await finish(desk)
    await twin.act("relate", to=desk.number, kind="repeat", reason="上次办结后又有")
    with pytest.raises(Conflict, match="related_already"):
        await twin.act("relate", to=desk.number, kind="repeat", reason="又是同一家")
    assert await state(twin) is State.SCREEN
    assert (await desk.verbs())[-1] == "case:related"
    await twin.act("unrelate", to=desk.number, reason="另一家店")
    assert all(link.undone_at for link in await links_of(desk))
    with pytest.raises(Conflict, match="not_related"):
        await twin.act("unrelate", to=desk.number, reason="还是另一家店")
    with pytest.raises(NotFound, match="other_not_found"):
        await twin.act("relate", to=twin.number, reason="同一件")


async def test_two_who_merge_each_into_the_other_at_once(desk: Desk, twin: Desk) -> None:
    """Of two merges crosswise one holds; nobody waits for ever and there is no cycle."""
    found = await asyncio.gather(
        desk.act("merge", into=twin.number, reason=WHY),
        twin.act("merge", into=desk.number, reason=WHY),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Conflict) for one in found) == 1
    states = {await state(desk), await state(twin)}
    assert states == {State.MERGED, State.SCREEN}
    await sound(desk)


async def test_acts_on_a_family_at_once_do_not_lock_each_other(town: Database, desk: Desk) -> None:
    """Parts changed while their case is taken back, and merges around them, all end."""
    parts = await split(desk)
    others = [await third(desk, n) for n in (3, 4, 5)]
    acts = [desk.act("unsplit", reason="其实是一件事")]
    acts += [part.act("redispatch", lead_unit=HUD, reason="会商确定") for part in parts[::2]]
    acts += [one.act("merge", into=parts[0].number, reason=WHY) for one in others]
    found = await asyncio.wait_for(asyncio.gather(*acts, return_exceptions=True), 20)
    assert all(isinstance(one, Conflict) or not isinstance(one, Exception) for one in found)
    await sound(desk)


async def test_a_merged_case_does_nothing_of_its_own(desk: Desk, twin: Desk) -> None:
    """No unit acts on a merged case, and the desk only takes it apart."""
    await desk.act("accept")
    await twin.act("accept")
    await twin.act("merge", into=desk.number, reason=WHY)
    with pytest.raises(Conflict, match="wrong_state"):
        await twin.act("close")
    with pytest.raises(Conflict, match="wrong_state"):
        await twin.act("redispatch", lead_unit=HUD, reason="改派")
    with pytest.raises(Conflict, match="wrong_state"):
        await twin.act("sign", handler(ECO), handler="张工")
    assert all(t.state is TaskState.WITHDRAWN for t in await twin.tasks())
