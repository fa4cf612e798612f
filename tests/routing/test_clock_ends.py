"""Every clock ends where it should: what nobody could end any more is never left running."""

from typing import Any

import pytest

from models.case import Actor, State
from models.city import City
from models.db.invariants import violations
from models.db.pool import Database
from models.errors import Conflict
from routing.resuming import Resumer
from routing.tracking import Sweeper
from tests.routing.kit import CITY, EAST, SECOND, Desk, put_case
from tests.routing.moments import RESULT, UNIT, Time
from tests.routing.standing import LONGER, RIVER, UMA, WAIT, beside, latest, running

HEAD = Actor(kind="staff", name="head-office", unit=f"{EAST}-ECO")
CRIME: dict[str, Any] = {"facts": "夜间倾倒废液约五吨", "items": ["勘验笔录", "采样记录"]}
UP: dict[str, Any] = {"addressees": ["区政府"], "text": "情况报告"}


async def test_a_helpers_result_leaves_the_wish_for_more_time_to_the_desk(working: Desk) -> None:
    """Only whoever decides on an extension ends the time to decide on it (K15)."""
    await working.act("request_extension", UNIT, **LONGER)
    await working.act("sign", UMA, handler="李工")
    await working.act("submit", UMA, **RESULT)
    assert "K15" in await running(working)
    await working.act("grant_extension")
    assert (await latest(working, "K15")).stop_reason == "case:extension:granted"


async def test_wishes_about_clocks_are_moot_once_the_result_is_in(working: Desk) -> None:
    """Sent back for rework the unit may wish anew; nothing old waits for anybody."""
    await working.act("request_extension", UNIT, **LONGER)
    await working.act("suspend", UNIT, **WAIT)
    await working.act("submit", UNIT, **RESULT)
    assert (await latest(working, "K15")).stop_reason == "case:extension:denied"
    assert "case:suspension:denied" in await working.verbs()
    for verb, said in (("deny_extension", "extension"), ("deny_suspension", "suspension")):
        with pytest.raises(Conflict, match=f"no_{said}_pending"):
            await working.act(verb, note="不同意")
    await working.act("rework", task_no=1, reason="缺少照片")
    await working.act("request_extension", UNIT, **LONGER)
    await working.act("suspend", UNIT, **WAIT)
    assert "K15" in await running(working)


async def test_a_case_that_stands_is_not_merged(working: Desk, city: City, time: Time) -> None:
    """In another case its promise would count for nothing and run on for nobody."""
    await working.act("suspend", UNIT, **WAIT)
    await working.act("grant_suspension")
    main = await beside(working)
    with pytest.raises(Conflict, match="suspended"):
        await working.act("merge", into=main.number, reason="同一家厂")
    time.at("2026-11-25T10:00")
    await working.act("resume", reason="监测完成")
    await working.act("merge", into=main.number, reason="同一家厂")
    await working.act("unmerge", reason="不是同一家")
    assert "K12" in await running(working)
    assert await Resumer(working.db, {CITY: city}).run_once(CITY) == 0


async def test_a_case_that_stands_is_neither_split_nor_answered_for_its_parts(
    working: Desk,
) -> None:
    """Its promise runs on first, so that it can be kept or broken."""
    parts = [{"types": ["A01"], "lead_unit": UNIT.unit}, {"types": ["A05"], "lead_unit": UMA.unit}]
    await working.act("suspend", UNIT, **WAIT)
    await working.act("grant_suspension")
    with pytest.raises(Conflict, match="suspended"):
        await working.act("split", parts=parts, reason="两件事")
    await working.act("resume", reason="监测完成")
    await working.act("split", parts=parts, reason="两件事")
    await working.act("suspend", UNIT, **WAIT)
    await working.act("grant_suspension")
    with pytest.raises(Conflict, match="suspended"):
        await working.act("consolidate")


async def test_a_case_that_waits_for_its_citizen_goes_out_once_it_runs(
    desk: Desk, city: City
) -> None:
    """Else the time to accept it (K02) would begin again after it was accepted."""
    await Sweeper(desk.db, {CITY: city}).run_once(CITY)
    await desk.act("ask_supplement", question="何时最重?")
    with pytest.raises(Conflict, match="suspended"):
        await desk.act("accept")
    await desk.act("note_supplement", text="夜里最重")
    assert "K02" in await running(desk)
    await desk.act("accept", dispatch=False)
    await desk.act("dispatch")
    assert {"K02", "K03"}.isdisjoint(await running(desk))


async def test_what_a_helper_answered_meanwhile_is_not_waited_for_again(
    working: Desk, time: Time
) -> None:
    """Its clock (K12A) stood with the case's and has nothing more to run for."""
    await working.act("suspend", UNIT, **WAIT)
    await working.act("grant_suspension")
    await working.act("sign", UMA, handler="李工")
    await working.act("submit", UMA, **RESULT)
    time.at("2026-11-24T10:00")
    await working.act("resume", reason="监测完成")
    assert "K12" in await running(working)
    assert "K12A" not in await running(working)


@pytest.mark.parametrize(
    ("by", "verb", "said", "what"),
    [
        (UNIT, "report_crime", CRIME, "涉嫌犯罪移送批准"),
        (UNIT, "find_hazwaste", {"note": "废液渗入土壤"}, "危废严重污染上报"),
        (UNIT, "register_evidence", {"note": "封存账册", "document": "登1号"}, "先行登记保存处理"),
        (UNIT, "find_offence", {"note": "无证排污"}, "行政处罚立案审查"),
    ],
)
async def test_a_case_with_a_procedure_under_way_is_not_merged(
    working: Desk, by: Actor, verb: str, said: dict[str, Any], what: str
) -> None:
    """Its next step could be noted nowhere; the other case may be merged into this one."""
    await working.act(verb, by, **said)
    main = await beside(working)
    with pytest.raises(Conflict, match="procedure_open") as refusal:
        await working.act("merge", into=main.number, reason="同一家厂")
    assert what in str(refusal.value)
    await main.act("merge", into=working.number, reason="同一家厂")


async def test_parts_are_not_taken_back_over_a_procedure(working: Desk) -> None:
    """A part that is taken back could not report its hazardous waste any more."""
    parts = [{"types": ["A01"], "lead_unit": UNIT.unit}, {"types": ["A05"], "lead_unit": UMA.unit}]
    await working.act("split", parts=parts, reason="两件事")
    async with working.db.city(CITY) as conn:
        number = await conn.fetchval("SELECT min(case_no) FROM cases WHERE parent_no IS NOT NULL")
    part = Desk(working.db, working.city, number)
    await part.act("find_hazwaste", note="废液渗入土壤")
    with pytest.raises(Conflict, match="procedure_open"):
        await working.act("unsplit", reason="是一件事")
    both = ["区人民政府", "省生态环境厅"]
    await part.act("report_hazwaste", note="已书面报告", addressees=both)
    await working.act("unsplit", reason="是一件事")
    assert (await part.case()).state is State.MERGED


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("reject", {"code": "NA4", "notice": "已依法处理"}),
        ("transfer", {"destination": "水务部门"}),
    ],
)
async def test_f39_what_is_to_be_reported_upward_is_neither_refused_nor_passed_on(
    desk: Desk, verb: str, said: dict[str, Any]
) -> None:
    """Nobody could report on it after (K23)."""
    await desk.act(
        "list_inspection",
        ref="X3YN202611200059",
        assigned_at="2026-11-20T09:00:00",
        pollution="大气",
        content="某厂夜间排放刺鼻气体",
    )
    with pytest.raises(Conflict, match="procedure_open"):
        await desk.act(verb, **said)


async def test_f67_the_clocks_of_an_emergency_end_with_it(working: Desk) -> None:
    """Also where nobody had to go to the spot."""
    await working.act("open_emergency", **RIVER)
    await working.act("report_emergency", kind="first", **UP)
    await working.act("report_emergency", kind="final", **UP)
    async with working.db.city(CITY) as conn:
        rows = await conn.fetch("SELECT n FROM emergency_notice")
    await working.act("tell_emergency", notices=[row["n"] for row in rows], how="电话")
    await working.act("end_emergency", note="已处置")
    assert (await latest(working, "K32")).stop_reason == "emergency:ended"
    assert {"K28", "K32", "K33"}.isdisjoint(await running(working))


async def test_f67_what_is_found_to_cross_a_border_puts_the_neighbours_on_the_list(
    working: Desk,
) -> None:
    """They are told within half an hour (K33), once: a later grade does not begin it anew."""
    await working.act("open_emergency", **RIVER)
    await working.act("grade_emergency", crossing=True, reason="流向下游")
    assert "K33" in await running(working)
    async with working.db.city(CITY) as conn:
        near = await conn.fetchval("SELECT n FROM emergency_notice WHERE kind = 'neighbour'")
    await working.act("tell_emergency", notices=[near], how="电话")
    assert (await latest(working, "K33")).stop_reason == "emergency:neighbour_told"
    await working.act("grade_emergency", level="III", reason="专家研判")
    assert "K33" not in await running(working)
    await working.act("grade_emergency", neighbours=["下游某县"], reason="继续下泄")
    assert (await latest(working, "K33")).attempt == 2


async def test_f10_an_answer_taken_back_is_not_to_be_reviewed(
    town: Database, city: City, time: Time
) -> None:
    """Its window closes (K26A); what was asked for before is decided although it is done again."""
    desk = Desk(town, city, await put_case(town, 2, kind="XF"))
    await desk.act("accept", lead_unit=UNIT.unit, cooperating=[], reason="指定")
    await desk.act("sign", UNIT, handler="张工")
    for reason in ("回访不满意", "仍不满意"):
        await desk.act("submit", UNIT, **RESULT | {"reply_text": f"答复:{reason}"})
        await desk.act("approve", SECOND)
        await desk.act("close", note=reason)
        if reason == "仍不满意":
            await desk.act("ask_review", text="不服答复")
        await desk.act("rework", task_no=1, reason=reason)
        assert "K26A" not in await running(desk)
    await desk.act("decide_review", text="维持原答复")
    assert (await latest(desk, "K26")).stop_reason == "petition:review_decided"


async def test_whoever_has_handed_in_a_result_is_not_late_to_call(working: Desk) -> None:
    """A contact cannot be noted then any more; none is counted either (K09)."""
    await working.act("submit", UNIT, **RESULT)
    clock = await latest(working, "K09")
    assert clock.stop_reason == "case:task:submitted"
    assert (await working.tasks())[0].contacted_at is None


async def test_a_question_of_the_desks_own_may_wait_beside_a_merged_case(working: Desk) -> None:
    """The store is in order: the grid's answer is still to come, and no promise."""
    async with working.db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO grid (city, code, name, level, grade, imported_at)"
            " VALUES ($1, $1, '测试市', 1, 'general', now())",
            CITY,
        )
        await conn.execute(
            "INSERT INTO staff (city, username, password_hash, display_name, role, grid)"
            " VALUES ($1, 'grid-one', '', '网格员', 'grid', $1)",
            CITY,
        )
    await working.act("ask_grid", grid=CITY, place="厂门口", what="有无排放")
    main = await beside(working)
    await working.act("merge", into=main.number, reason="同一家厂")
    assert await running(working) == {"G01"}
    assert await broken(working) == []


async def test_a_case_that_stands_for_good_is_found(working: Desk) -> None:
    """`jiesu verify` names it: nothing would let its promise run on."""
    await working.act("suspend", UNIT, **WAIT)
    await working.act("grant_suspension")
    assert await broken(working) == []
    async with working.db.city(CITY) as conn:
        await conn.execute("UPDATE suspension SET state = 'over'")
    assert await broken(working) == ["nothing_stands_for_good"]


async def broken(desk: Desk) -> list[str]:
    """Name the invariants that the stored cases break."""
    async with desk.db.city(CITY) as conn:
        return [one.invariant for one in await violations(conn, CITY)]


async def test_f67_an_emergency_is_passed_on_with_its_reports_still_due(desk: Desk) -> None:
    """It is acted on after as before, so its clocks run on."""
    await desk.act("open_emergency", **RIVER)
    await desk.act("report_emergency", kind="first", **UP)
    assert "K28A" in await running(desk)
    await desk.act("transfer", destination="水务部门")
    await desk.act("report_emergency", kind="final", **UP)
    assert "K28A" not in await running(desk)
