"""One report, several matters: split, handled apart, answered as one, and taken back."""

from datetime import timedelta
from typing import Any

import pytest

from models.case import Queue, State
from models.errors import Conflict, Invalid
from models.moment import aware
from routing.catalogue import catalogue
from routing.recounting import RECOUNTED
from tests.routing.kit import FRIDAY, OPERATOR, Desk, handler
from tests.routing.together import (
    AGR,
    ECO,
    HUD,
    PARTS,
    RESULT,
    UMA,
    finish,
    links_of,
    parts_of,
    sound,
    split,
    state,
    units_at_work,
)


async def test_f13_each_case_has_one_lead_however_it_was_split(desk: Desk) -> None:
    """A case and each of its parts have one lead; the most urgent part's answers for all."""
    parts = await split(desk)
    for one, unit in zip([desk, *parts], [HUD, UMA, HUD, ECO], strict=True):
        leads = [task.unit for task in await one.tasks() if task.is_lead]
        assert leads == [unit]
        assert (await one.case()).lead_unit == unit
    assert await state(desk) is State.DISPATCHED
    await sound(desk)


async def test_parts_are_cases_of_their_own(desk: Desk) -> None:
    """Parts have gapless numbers, their own tasks, words, clocks and urgency, and a parent."""
    parent = await desk.case()
    parts = await split(desk)
    cases = [await part.case() for part in parts]
    assert [case.case_no - cases[0].case_no for case in cases] == [0, 1, 2]
    assert {case.parent_no for case in cases} == {desk.number}
    assert [case.title for case in cases] == ["渣土车撒土", "夜间施工", "厂里冒烟"]
    assert [case.urgency for case in cases] == ["P2", "P1", "P2"]
    assert all(case.text == parent.text for case in cases)
    assert [await units_at_work(part) for part in parts] == [
        {f"*{UMA}": "DISPATCHED", AGR: "DISPATCHED"},
        {f"*{HUD}": "DISPATCHED"},
        {f"*{ECO}": "DISPATCHED"},
    ]
    for part in parts:
        clocks = await part.clocks()
        assert {(0, "K12", 1), (1, "K04", 1), (1, "K09", 1)} <= set(clocks)
        verbs = await part.verbs()
        assert verbs[:3] == ["case:split_off", "case:accepted", "case:dispatched"]
    assert [link.kind for link in await links_of(desk)] == ["split"] * 3


async def test_a_parts_promise_is_its_own_and_never_after_its_parents(
    desk: Desk, time_machine: Any
) -> None:
    """An urgent part ends in three working days; none ends after what was promised for all."""
    time_machine.move_to(FRIDAY)
    await desk.act("accept")
    due = (await desk.clocks())[0, "K12", 1].due_at
    time_machine.move_to(FRIDAY + timedelta(days=4))
    parts = await split(desk)
    ends = [(await part.clocks())[0, "K12", 1].due_at for part in parts]
    assert ends == [due, ends[1], due]
    assert f"{ends[1]:%m-%d}" == "11-27"
    assert (await desk.clocks())[0, "K12", 1].due_at == due


async def test_units_that_were_at_work_go_home_and_their_lead_stays(desk: Desk) -> None:
    """A helper whose work goes into a part is withdrawn; a lead that answers for all stays."""
    await desk.act("accept")
    await desk.act("sign", handler(ECO), handler="张工")
    await split(desk, {"types": ["A01"], "lead_unit": ECO}, PARTS[0])
    assert await units_at_work(desk) == {f"*{ECO}": "SIGNED"}
    assert await state(desk) is State.IN_PROGRESS
    await sound(desk)


async def test_the_catalogues_own_parts_are_the_default(desk: Desk) -> None:
    """Without parts those of the decision are taken: another lead, another part."""
    await desk.act("correct", types=["A01", "A08"], reason="一件两事")
    decision = (await desk.case()).decision
    assert decision is not None
    assert [part.types for part in decision.split] == [("A08",)]
    await desk.act("split")
    parts = [await part.case() for part in await parts_of(desk)]
    assert [(part.types, part.lead_unit) for part in parts] == [
        (("A01",), ECO),
        (("A08",), decision.split[0].lead.unit),
    ]


async def test_a_part_without_a_lead_waits_at_the_desk(desk: Desk) -> None:
    """A question is answered at the desk, as a part of its own, without a unit."""
    question = {"types": ["Z99"], "kind": "ZX", "title": "问补贴", "dispatch": False}
    parts = await split(desk, PARTS[1], PARTS[0], question)
    case = await parts[2].case()
    assert (case.state, case.queue, case.lead_unit) == (State.ACCEPTED, Queue.REVIEW, None)
    assert "part_to_place" in case.review_reasons
    case = await parts[2].act("close", reply_text="补贴办法见市生态环境局网站")
    assert case.state is State.CLOSED
    assert await state(desk) is State.DISPATCHED


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([PARTS[0]], "parts_required"),
        ([], "parts_required"),
        ([PARTS[0], {"types": ["A99X"]}], "issue_type_unknown"),
        ([PARTS[0], {"types": ["A01"], "kind": "QQ"}], "request_type_unknown"),
        ([PARTS[0], {"types": ["A01"], "lead_unit": "NOBODY"}], "unit_unknown"),
        ([PARTS[0], PARTS[0] | {"types": ["A06"]}], "same_lead_twice"),
        ([{"types": ["A01"], "dispatch": False}] * 2, "lead_required"),
    ],
)
async def test_what_is_no_split_is_refused(
    desk: Desk, parts: list[dict[str, Any]], code: str
) -> None:
    """One part, unknown codes, the same lead twice or no lead at all make no split."""
    with pytest.raises((Invalid, Conflict), match=code):
        await desk.act("split", parts=parts)
    assert await parts_of(desk) == []
    async with desk.db.city(desk.city.adcode) as conn:
        assert await conn.fetchval("SELECT sum(n) FROM case_counter") == 1


async def test_neither_a_part_nor_a_split_case_is_split(desk: Desk) -> None:
    """There is one level of parts."""
    parts = await split(desk)
    with pytest.raises(Conflict, match="split_already"):
        await desk.act("split", parts=PARTS[:2])
    with pytest.raises(Conflict, match="part_of_another"):
        await parts[0].act("split", parts=PARTS[:2])


async def test_a_case_does_not_end_before_its_parts(desk: Desk) -> None:
    """Neither handing in nor closing nor answering is possible over an open part."""
    parts = await split(desk)
    await desk.act("sign", handler(HUD), handler="王工")
    with pytest.raises(Conflict, match="parts_open"):
        await desk.act("submit", handler(HUD), **RESULT)
    for part in parts[:2]:
        await finish(part)
    with pytest.raises(Conflict, match="parts_open"):
        await desk.act("consolidate")
    assert (await desk.clocks())[0, "K12", 1].stopped_at is None
    await finish(parts[2])
    case = await desk.case()
    assert (case.queue, case.review_reasons) == (Queue.REVIEW, ("parts_done",))


async def test_one_answer_is_made_of_all_and_can_be_worded_anew(desk: Desk) -> None:
    """The answer names each part with its unit and outcome; partly true where they differ."""
    parts = await split(desk)
    for part, outcome in zip(parts, ("true", "unverifiable", "true"), strict=True):
        await finish(part, outcome=outcome, reply_text=f"处理情况{outcome}")
    case = await desk.act("consolidate")
    assert (case.state, case.queue, case.review_reasons) == (State.SUBMITTED, None, ())
    lead = next(task for task in await desk.tasks() if task.is_lead)
    assert lead.result is not None
    assert lead.result["outcome"] == "partly_true"
    text = lead.result["reply_text"]
    assert [text.count(word) for word in ("1.", "2.", "3.", "无法核实", "属实)")] == [1, 1, 1, 1, 2]
    assert f"{HUD[:6]}HUD局" in text
    await desk.act("consolidate", reply_text="三件事都已处理")
    case = await desk.act("close")
    assert case.result is not None
    assert (case.state, case.result["reply_text"]) == (State.CLOSED, "三件事都已处理")
    assert all(clock.stopped_at for clock in (await desk.clocks()).values() if clock.code != "K17")
    await sound(desk)


async def answered(desk: Desk) -> list[Desk]:
    """Bring a split case to its end and give its parts."""
    parts = await split(desk)
    for part in parts:
        await finish(part)
    await desk.act("consolidate")
    await desk.act("close")
    return parts


async def test_only_the_part_that_was_not_solved_is_done_again(
    desk: Desk, time_machine: Any
) -> None:
    """One part goes back to work with five days, its case with it; the other parts stay closed."""
    time_machine.move_to(FRIDAY)
    parts = await answered(desk)
    with pytest.raises(Conflict, match="rework_the_part"):
        await desk.act("rework", reason="诉求人不满意")
    await parts[0].act("rework", reason="诉求人反映仍在撒土")
    assert [await state(part) for part in parts] == [State.IN_PROGRESS, State.CLOSED, State.CLOSED]
    case = await desk.case()
    assert (case.state, case.closed_at, case.result) == (State.IN_PROGRESS, None, None)
    for one in (desk, parts[0]):
        again = (await one.clocks())[0, "K16", 1]
        assert f"{aware(again.due_at):%m-%d}" == "11-27"
    with pytest.raises(Conflict, match="parts_open"):
        await desk.act("consolidate")
    await parts[0].act("submit", handler(UMA), **(RESULT | {"reply_text": "已清洗路面"}))
    await parts[0].act("approve")
    await parts[0].act("close")
    await desk.act("consolidate")
    case = await desk.act("close")
    assert case.result is not None
    assert "已清洗路面" in case.result["reply_text"]
    await sound(desk)


async def test_taking_parts_back_gives_their_work_to_the_case(desk: Desk) -> None:
    """Who led or helped in a part helps in the case; the parts are over and say where to."""
    parts = await split(desk)
    await parts[0].act("sign", handler(UMA), handler="李工")
    await desk.act("unsplit", reason="其实是一件事")
    assert await units_at_work(desk) == {
        f"*{HUD}": "DISPATCHED",
        UMA: "DISPATCHED",
        AGR: "DISPATCHED",
        ECO: "DISPATCHED",
    }
    for part in parts:
        case = await part.case()
        assert (case.state, case.merged_into, case.parent_no) == (
            State.MERGED,
            desk.number,
            desk.number,
        )
        assert await units_at_work(part) == {}
        assert all(clock.stopped_at for clock in (await part.clocks()).values())
    assert all(link.undone_at for link in await links_of(desk))
    await sound(desk)
    again = await split(desk, PARTS[0], PARTS[1])
    assert len(again) == 5


async def test_taking_back_restores_lead_and_helpers_with_the_time_left(
    desk: Desk, time_machine: Any
) -> None:
    """Units taken out by the split have their tasks again as they were, clocks later by the gap."""
    time_machine.move_to(FRIDAY)
    await desk.act("accept")
    await desk.act("sign", handler(ECO), handler="张工")
    first = (await desk.clocks())[1, "K09", 1].due_at
    await split(desk, PARTS[0], PARTS[1])
    assert await units_at_work(desk) == {f"*{HUD}": "DISPATCHED"}
    time_machine.move_to(FRIDAY + timedelta(days=3))
    case = await desk.act("unsplit", reason="其实是一件事")
    assert (case.lead_unit, case.state) == (ECO, State.IN_PROGRESS)
    units = await units_at_work(desk)
    assert (units[f"*{ECO}"], units[UMA]) == ("SIGNED", "DISPATCHED")
    clocks = await desk.clocks()
    assert clocks[1, "K09", 1].stop_reason == "case:split"
    assert clocks[1, "K09", 2].due_at == first + timedelta(days=1)
    assert clocks[0, "K12", 1].unit == ECO
    await sound(desk)


async def test_parts_with_a_result_are_not_taken_back(desk: Desk) -> None:
    """Once a part has a result the split stands."""
    parts = await split(desk)
    await parts[1].act("sign", handler(HUD), handler="王工")
    await parts[1].act("submit", handler(HUD), **RESULT)
    with pytest.raises(Conflict, match="part_has_result"):
        await desk.act("unsplit", reason="其实是一件事")
    with pytest.raises(Conflict, match="not_split"):
        await parts[0].act("unsplit", reason="没有拆过")


async def test_a_part_given_to_another_unit_is_answered_by_it(desk: Desk) -> None:
    """A part has returns and redispatches of its own; the case's lead does not change with it."""
    parts = await split(desk)
    await parts[0].act("redispatch", lead_unit=AGR, reason="会商确定")
    assert (await parts[0].case()).lead_unit == AGR
    assert (await desk.case()).lead_unit == HUD
    with pytest.raises(Conflict, match="part_of_another"):
        await parts[0].act("merge", into=desk.number, reason="同一件事")


async def test_a_split_is_held_by_whoever_is_first(desk: Desk) -> None:
    """The same request again changes nothing; an old revision is told how the case stands."""
    await desk.act("split", OPERATOR, 1, parts=PARTS, reason="一件多事")
    with pytest.raises(Conflict, match="stale_revision"):
        await desk.act("split", OPERATOR, 1, parts=PARTS[:2], reason="一件两事")
    await desk.act("split", OPERATOR, 1, parts=PARTS, reason="一件多事")
    assert len(await parts_of(desk)) == 3


async def test_a_case_reaches_to_a_part_that_is_promised_later(desk: Desk) -> None:
    """Where a part's promise moves beyond the case's, the case's moves with it, and says why."""
    parts = await split(desk)
    await finish(parts[1])
    part = parts[0]
    await part.act("sign", handler(UMA), handler="李工")
    await part.act("submit", handler(UMA), **RESULT)
    async with desk.db.city(desk.city.adcode) as conn:
        await conn.execute(
            "UPDATE clock SET stopped_at = stopped_at - interval '9 days'"
            " WHERE case_no = $1 AND code = 'K12'",
            part.number,
        )
    await part.act("rework", reason="没有夜间到场记录")
    theirs = (await part.clocks())[0, "K12", 2].due_at
    assert (await desk.clocks())[0, "K12", 1].due_at == theirs
    assert RECOUNTED in await desk.verbs()


def test_a_helpers_clock_is_known(desk: Desk) -> None:
    """The reply of a cooperating unit has a clock of its own."""
    scopes = {clock.scope for clock in catalogue(desk.city).clocks.values()}
    assert "helper" in scopes
