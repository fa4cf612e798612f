"""Crimes, hazardous waste, penalties and what is dealt with together (F54-F57, K34-K37)."""

from typing import Any

import pytest

from models.case import SYSTEM, Actor, State
from models.db import closure
from models.errors import Conflict, Forbidden, Invalid
from models.moment import aware
from routing.acts import ACTS
from routing.engine import decide
from tests.routing.closing import ECO, HUD, RESULT, UMA, Road
from tests.routing.kit import CITY, OPERATOR, SECOND, facts, handler

HEAD = Actor(kind="staff", name="head-office", unit=ECO)
CRIME: dict[str, Any] = {
    "facts": "夜间倾倒蓝桶废液约五吨,涉嫌污染环境罪",
    "items": ["现场勘验笔录", "蓝桶照片", "采样记录"],
}
DECIDED: dict[str, Any] = {"approved": True, "head": "陈局长", "reason": "事实清楚"}


async def due(road: Road, code: str) -> str:
    """Say when the last clock of a code ends."""
    clocks = await road.clocks()
    found = [clock for (_, name, _), clock in clocks.items() if name == code]
    return f"{aware(found[-1].due_at):%m-%d %H:%M}"


async def runs(road: Road, code: str) -> bool:
    """Tell whether a clock runs."""
    return any(
        name == code and clock.stopped_at is None
        for (_, name, _), clock in (await road.clocks()).items()
    )


async def test_f54_a_crime_goes_to_the_police_within_3_days_24_hours_and_3_days(
    road: Road,
) -> None:
    """Scenario 15: the head approves, the letter goes out, the police decide, each in time."""
    await road.begin("S04", kind="JB")
    with pytest.raises(Invalid, match="evidence_list_required"):
        await road.unit("report_crime", **CRIME | {"items": [" "]})
    await road.unit("report_crime", **CRIME)
    assert await due(road, "K35") == "11-23 23:59"
    with pytest.raises(Conflict, match="wrong_step"):
        await road.unit("transfer_crime", document="移送书1号", recipient="市公安局")
    road.time.at("2026-11-21T09:00")
    await road.act("decide_crime", HEAD, **DECIDED)
    assert await due(road, "K35A") == "11-22 09:00"
    road.time.at("2026-11-21T17:00")
    await road.unit("transfer_crime", document="移送书1号", recipient="市公安局", receipt="回执1")
    assert await due(road, "K35B") == "11-24 23:59"
    await road.act("note_police", filed=True, document="立案决定书1号")
    assert not any([await runs(road, code) for code in ("K35", "K35A", "K35B")])
    async with road.db.city(CITY) as conn:
        (kept,) = await closure.crimes(conn, CITY, road.number)
    assert (kept.approved, kept.head, kept.psb_filed) == (True, "陈局长", True)
    assert kept.evidence == ("现场勘验笔录", "蓝桶照片", "采样记录")


async def test_f54_people_alone_decide_and_not_the_one_who_reported(road: Road) -> None:
    """Neither the system, nor the desk, nor whoever reported it, nor a helper."""
    await road.begin("S04", kind="JB")
    await road.unit("report_crime", **CRIME)
    for actor in (SYSTEM, OPERATOR):
        with pytest.raises(Forbidden, match="not_your_part"):
            await road.act("decide_crime", actor, **DECIDED)
    with pytest.raises(Conflict, match="second_person_needed"):
        await road.unit("decide_crime", **DECIDED)
    with pytest.raises(Conflict, match="lead_only"):
        await road.act("decide_crime", handler(UMA), **DECIDED)
    with pytest.raises(Conflict, match="transfer_open"):
        await road.unit("report_crime", **CRIME | {"facts": "又发现一处倾倒点"})
    await road.act("decide_crime", HEAD, **DECIDED | {"approved": False, "reason": "证据不足"})
    assert not await runs(road, "K35A")
    await road.unit("report_crime", **CRIME)


async def test_f54_a_case_is_not_closed_over_a_transfer_that_waits(road: Road) -> None:
    """What the head has not decided, and what has not gone out, keeps the case open."""
    await road.begin("S04", kind="JB")
    road.time.at("2026-11-20T16:00")
    await road.look("2026-11-20T15:30", found=True)
    await road.unit("report_crime", **CRIME)
    await road.unit("submit", **RESULT)
    await road.act("approve", SECOND, task_no=1)
    with pytest.raises(Conflict, match="still_open"):
        await road.close()
    await road.act("decide_crime", HEAD, **DECIDED)
    with pytest.raises(Conflict, match="still_open"):
        await road.close()
    await road.unit("transfer_crime", document="移送书1号", recipient="市公安局")
    assert (await road.close()).state is State.CLOSED
    assert await runs(road, "K35B")
    await road.act("note_police", filed=False, document="不予立案通知书")


async def test_f54_units_do_not_read_transfers(road: Road) -> None:
    """Row-level security: not even a helper reads the transfer."""
    await road.begin("S04", kind="JB")
    await road.unit("report_crime", **CRIME)
    async with road.db.city(CITY, UMA) as conn:
        assert await closure.crimes(conn, CITY, road.number) == []


async def test_15_hazardous_waste_is_secured_and_reported_upward(road: Road) -> None:
    """A visit fixes the spot; what pollutes badly is reported to both within half an hour (K34)."""
    await road.begin("S04", kind="JB")
    with pytest.raises(Conflict, match="evidence_missing"):
        await road.unit("submit", **RESULT)
    await road.unit("find_hazwaste", note="约五吨废液渗入土壤")
    assert await due(road, "K34") == "11-20 15:00"
    road.time.at("2026-11-20T14:50")
    with pytest.raises(Invalid, match="addressees_required"):
        await road.act("report_hazwaste", note="已电话报告", addressees=["县人民政府"])
    await road.look("2026-11-20T14:40", found=True)
    await road.unit("submit", **RESULT)
    await road.act("approve", SECOND, task_no=1)
    with pytest.raises(Conflict, match="still_open"):
        await road.close()
    both = ["区人民政府", "省生态环境厅"]
    await road.act("report_hazwaste", note="已书面报告", addressees=both)
    assert not await runs(road, "K34")
    assert (await road.close()).state is State.CLOSED


async def test_steps_of_a_procedure_go_in_their_order(road: Road) -> None:
    """Kept evidence is decided on in seven working days (K37), a penalty in fifteen (K36)."""
    await road.begin("A01")
    with pytest.raises(Conflict, match="wrong_step"):
        await road.unit("decide_evidence", note="解除", document="1号")
    with pytest.raises(Invalid, match="document_required"):
        await road.unit("register_evidence", note="登记保存账册")
    await road.unit("register_evidence", note="登记保存账册", document="登记1号")
    assert await due(road, "K37") == "12-01 23:59"
    with pytest.raises(Conflict, match="wrong_step"):
        await road.unit("register_evidence", note="又登记", document="登记2号")
    await road.unit("decide_evidence", note="解除登记保存", document="决定1号")
    assert not await runs(road, "K37")
    await road.unit("find_offence", note="无证排污")
    assert await due(road, "K36") == "12-07 23:59"
    await road.unit("open_penalty", note="立案", document="立案1号")
    assert await runs(road, "K36A")
    await road.unit("decide_penalty", note="罚款", document="处罚1号")
    assert not await runs(road, "K36A")


JOINT: dict[str, Any] = {"kind": "consultation", "topic": "主办单位会商", "invited": [ECO, HUD]}


def concluded(**changed: Any) -> dict[str, Any]:
    """Say what a consultation came to."""
    known = {
        "n": 1,
        "held_at": "2026-11-20T14:00:00",
        "participants": [ECO, HUD, "市检察院"],
        "conclusion": "由区住建部门主办",
        "document": "会商纪要3号",
    }
    return known | changed


async def test_f55_a_conclusion_is_the_basis_of_a_dispatch(road: Road) -> None:
    """Who took part, the conclusion and its document; then the unit it names leads for good."""
    await road.begin("A04")
    await road.unit("propose_joint", **JOINT)
    with pytest.raises(Conflict, match="no_conclusion"):
        await road.act("dispatch_joint", n=1)
    with pytest.raises(Invalid, match="participants_required"):
        await road.act("conclude_joint", **concluded(participants=[ECO]))
    with pytest.raises(Invalid, match="document_required"):
        await road.act("conclude_joint", **concluded(document=" "))
    await road.act("conclude_joint", **concluded(lead_unit=HUD))
    with pytest.raises(Conflict, match="concluded_already"):
        await road.act("conclude_joint", **concluded())
    case = await road.act("dispatch_joint", n=1)
    assert (case.lead_unit, case.no_return) == (HUD, True)
    async with road.db.city(CITY) as conn:
        (kept,) = await closure.joint_actions(conn, CITY, road.number)
    assert kept.participants == (ECO, HUD, "市检察院")


async def test_f55_a_case_not_dispatched_yet_goes_where_the_conclusion_says(road: Road) -> None:
    """A case that waits for a unit is dispatched on the basis of the conclusion."""
    await road.fresh("A04")
    await road.act("accept", dispatch=False)
    await road.act("propose_joint", **JOINT)
    await road.act("conclude_joint", **concluded(lead_unit=HUD))
    case = await road.act("dispatch_joint", n=1)
    assert (case.state, case.lead_unit) == (State.DISPATCHED, HUD)


async def test_f55_a_conclusion_is_carried_out_once_and_lies_behind(road: Road) -> None:
    """A meeting yet to come concludes nothing; an older conclusion undoes no newer one."""
    await road.begin("A04")
    await road.act("propose_joint", **JOINT)
    await road.act("propose_joint", SECOND, **JOINT)
    with pytest.raises(Invalid, match="moment_in_future"):
        await road.act("conclude_joint", **concluded(held_at="2026-11-20T15:00:00"))
    await road.act("conclude_joint", **concluded(lead_unit=HUD))
    await road.act("conclude_joint", **concluded(n=2, lead_unit=ECO, document="会商纪要4号"))
    assert (await road.act("dispatch_joint", n=1)).lead_unit == HUD
    case = await road.act("dispatch_joint", n=2)
    assert case.lead_unit == ECO
    with pytest.raises(Conflict, match="conclusion_used"):
        await road.act("dispatch_joint", n=1)
    left = {task.unit: task.state for task in await road.tasks() if task.is_lead}
    assert left == {HUD: "WITHDRAWN", ECO: "DISPATCHED"}
    assert [t.unit for t in await road.tasks() if t.state == "DISPATCHED"] == [UMA, ECO]


async def test_f56_a_disputed_case_goes_to_the_meeting_and_comes_back_decided(
    road: Road,
) -> None:
    """It waits in the pool of topics; the meeting's conclusion ends the dispute."""
    await road.begin("A04")
    await road.unit("request_return", reason="R1", basis="三定规定", proposed_unit=HUD)
    await road.act("approve_return", task_no=1)
    await road.act("redispatch", lead_unit=HUD, reason="改派")
    await road.act("redispatch", lead_unit=ECO, reason="又改派")
    with pytest.raises(Conflict, match="dispute"):
        await road.act("redispatch", lead_unit=HUD, reason="再改派")
    await road.act("propose_joint", **JOINT | {"kind": "meeting"})
    async with road.db.city(CITY) as conn:
        assert [topic.case_no for topic in await closure.topics(conn, CITY, 9)] == [road.number]
    await road.act("conclude_joint", **concluded(lead_unit=HUD, document="联席会议纪要1号"))
    case = await road.act("dispatch_joint", n=1)
    assert (case.lead_unit, case.no_return) == (HUD, True)
    async with road.db.city(CITY) as conn:
        assert await closure.topics(conn, CITY, 9) == []
        settled = await conn.fetchval(
            "SELECT document FROM dispute WHERE case_no = $1", case.case_no
        )
    assert settled == "联席会议纪要1号"


def test_f57_the_police_help_where_hazardous_waste_is_dumped(changsha: Any) -> None:
    """The catalogue proposes the police as a helper of its own accord."""
    decision = decide(changsha, facts("S04", kind="JB", adcode="430102", flags=("dumping",)))
    assert "PSB" in {helper.role for helper in decision.cooperating}


async def test_f57_the_police_are_called_at_once(road: Road) -> None:
    """An urgent joint check with the police is one act of the unit, open until concluded."""
    await road.begin("S04", kind="JB")
    await road.unit("propose_joint", kind="police", topic="请公安现场联动", invited=["市公安局"])
    async with road.db.city(CITY) as conn:
        (topic,) = await closure.topics(conn, CITY, 9)
    assert (topic.kind, topic.invited) == ("police", ("市公安局",))


async def test_who_is_complained_of_takes_no_part(road: Road) -> None:
    """A unit complained of is never invited nor named as a participant."""
    await road.fresh("P06", kind="JC", flags=("authority:eco",))
    await road.act("accept", lead_unit=HUD, reason="人工指定", cooperating=[])
    with pytest.raises((Invalid, Conflict), match="unit_complained_of"):
        await road.act("propose_joint", **JOINT)


def test_the_system_does_none_of_these() -> None:
    """No act of closure is the machine's to do."""
    parts = ("crime:", "joint:", "lookback:", "inspection:", "hazwaste:", "evidence:", "penalty:")
    found = [act.move for act in ACTS.values() if act.move.event.startswith(parts)]
    assert len(found) >= 16
    assert not any(move.by_system for move in found)
