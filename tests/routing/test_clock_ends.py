"""Every clock ends where it should: what nobody could end any more is never left running."""

from typing import Any

import pytest

from models.case import Actor, State
from models.city import City
from models.db.clocks import Clock
from models.db.invariants import violations
from models.db.pool import Database
from models.errors import Conflict, Invalid
from models.moment import aware
from routing.calendar import WorkCalendar
from routing.catalogue import catalogue
from routing.clocks import deadline, parse_span, span_clock
from routing.recounting import recount
from routing.resuming import Resumer
from routing.tracking import Sweeper
from tests.routing.kit import CITY, EAST, FRIDAY, SECOND, Desk, handler, put_case
from tests.routing.moments import RESULT, UNIT, Time, day

UMA = handler(f"{EAST}-UMA")
HEAD = Actor(kind="staff", name="head-office", unit=f"{EAST}-ECO")
LONGER: dict[str, Any] = {"n": 3, "reason": "待检测报告", "told": "phone"}
WAIT: dict[str, Any] = {"reason": "monitoring", "ends_when": "监测报告出具", "days": 5}
CRIME: dict[str, Any] = {"facts": "夜间倾倒废液约五吨", "items": ["勘验笔录", "采样记录"]}
RIVER: dict[str, Any] = {"trigger": "river", "summary": "河面大面积死鱼"}
UP: dict[str, Any] = {"addressees": ["区政府"], "text": "情况报告"}


async def latest(desk: Desk, code: str) -> Clock:
    """Give the clock of a code that began last."""
    found = [clock for (_, name, _), clock in (await desk.clocks()).items() if name == code]
    return max(found, key=lambda clock: clock.attempt)


async def running(desk: Desk) -> set[str]:
    """Name the clocks that run."""
    clocks = await desk.clocks()
    return {code for (_, code, _), clock in clocks.items() if clock.stopped_at is None}


async def beside(desk: Desk) -> Desk:
    """Give one more case of the same city, out with its unit."""
    other = Desk(desk.db, desk.city, await put_case(desk.db, 2))
    await other.act("accept")
    return other


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


async def test_what_became_urgent_while_it_stood_has_the_short_time_after(
    working: Desk, time: Time
) -> None:
    """Three working days from when it runs on, not the fifteen that it began with."""
    await working.act("suspend", UNIT, **WAIT)
    await working.act("grant_suspension")
    time.at("2026-11-24T10:00")
    await working.act("correct", urgency="P1", reason="紧邻学校")
    await working.act("resume", reason="不能再等")
    assert day((await latest(working, "K12")).due_at) == "2026-11-27"
    assert day((await latest(working, "K12A")).due_at) == "2026-11-26"


async def test_what_became_an_emergency_while_it_was_looked_at_has_a_day(
    working: Desk, time: Time
) -> None:
    """A result that is sent back then is due within twenty-four hours."""
    await working.act("submit", UNIT, **RESULT)
    await working.act("open_emergency", **RIVER)
    moment = time.at("2026-11-24T10:00")
    await working.act("rework", task_no=1, reason="情况有变")
    assert aware((await latest(working, "K12")).due_at).isoformat() == "2026-11-25T10:00:00+08:00"
    assert moment < (await latest(working, "K12")).due_at


async def test_each_clock_of_the_desks_own_has_its_own_extensions(
    town: Database, city: City, time: Time
) -> None:
    """One that was prolonged takes nothing from another."""
    desk = Desk(town, city, await put_case(town, 2, kind="XF"))
    await desk.act("accept", lead_unit=UNIT.unit, reason="指定")
    await desk.act("sign", UNIT, handler="张工")
    wish: dict[str, Any] = {"reason": "R3", "basis": "三定规定", "proposed_unit": UMA.unit}
    await desk.act("request_return", UNIT, **wish)
    await desk.act("deny_return", note="职责明确")
    await desk.act("request_return", UNIT, **wish | {"basis": "新证据"})
    assert "K08" in await running(desk)
    await desk.act("extend_clock", code="K08", n=3, reason="等待勘界")
    with pytest.raises(Conflict, match="extension_limit"):
        await desk.act("extend_clock", code="K08", n=1, reason="再等")
    await desk.act("register_disclosure", note="申请公开环评批复")
    await desk.act("extend_clock", code="K39", n=20, reason="资料多")


async def test_a_case_that_somebody_acts_on_is_counted_again_later(
    working: Desk, city: City
) -> None:
    """An act writes by what it read: nothing may move under it."""
    book = catalogue(city)
    async with working.db.city(CITY) as conn:
        await conn.execute("UPDATE clock SET counted_by = 'old' WHERE counted_by IS NOT NULL")
    async with working.db.city(CITY) as conn:
        await conn.execute("SELECT FROM cases FOR UPDATE")
        assert await recount(working.db, book, 100) == 0
    assert await recount(working.db, book, 100) > 0


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


@pytest.mark.parametrize(
    ("start", "span", "last"),
    [
        ("2024-02-29T12:00", "3Y", "2027-02-28"),
        ("2024-02-29T12:00", "4Y", "2028-02-29"),
        ("2025-02-28T12:00", "3Y", "2028-02-28"),
    ],
)
def test_years_end_on_the_same_day_or_the_last_of_the_month(
    start: str, span: str, last: str, time: Time
) -> None:
    """A leap day ends on one where the year has it (civil code 202)."""
    clock = span_clock(parse_span(span))
    assert day(deadline(clock, time.at(start), None, WorkCalendar()).due_at) == last


@pytest.mark.parametrize("span", ["9999Y", "K12"])
def test_a_count_beyond_the_calendar_is_refused(span: str) -> None:
    """Said in words, with a code of its own."""
    from deploy.due import count

    with pytest.raises(Invalid, match="date_out_of_range"):
        count("430100", span, FRIDAY.replace(year=9999, month=12, day=30), None)


async def test_a_clock_of_the_desks_own_stands_while_a_third_party_is_asked(
    desk: Desk, time: Time
) -> None:
    """Its end moves at once by the longest wait and back to what it took (K39); the case runs."""
    time.at("2026-11-20T14:30")
    await desk.act("register_disclosure", note="申请公开环评批复")
    assert day((await latest(desk, "K39")).due_at) == "2026-12-18"
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    with pytest.raises(Invalid, match="pause_reason_unknown"):
        await desk.act("suspend", UNIT, reason="third_party", ends_when="第三方回复")
    asked: dict[str, Any] = {"code": "K39", "reason": "third_party", "ends_when": "第三方回复"}
    await desk.act("pause_clock", **asked)
    assert day((await latest(desk, "K39")).due_at) == "2027-01-11"
    assert (await desk.case()).suspended_at is None
    with pytest.raises(Conflict, match="suspended"):
        await desk.act("pause_clock", **asked | {"ends_when": "再等"})
    time.at("2026-11-25T10:00")
    await desk.act("resume_clock", code="K39", reason="第三方已回复")
    assert day((await latest(desk, "K39")).due_at) == "2026-12-23"
    with pytest.raises(Conflict, match="not_suspended"):
        await desk.act("resume_clock", code="K39", reason="再次恢复")
    with pytest.raises(Conflict, match="wrong_step"):
        await desk.act("register_disclosure", note="又一申请")
    await desk.act("answer_disclosure", note="已答复", document="公开〔2026〕1号")
    assert (await latest(desk, "K39")).stop_reason == "disclosure:answered"


async def test_f10_a_hearing_does_not_count_in_a_recheck(
    town: Database, city: City, time: Time
) -> None:
    """The case is closed and only the recheck (K27) waits; it runs on by itself at the limit."""
    desk = Desk(town, city, await put_case(town, 2, channel="XF_LETTER", kind="ZX"))
    await desk.act("close", reply_text="已答复")
    for verb in ("ask_review", "decide_review", "ask_recheck"):
        await desk.act(verb, text="不服" if verb.startswith("ask") else "维持")
    assert day((await latest(desk, "K27")).due_at) == "2026-12-21"
    for reason, why in (("third_party", "nothing_to_suspend"), ("weather", "pause_reason_unknown")):
        with pytest.raises((Conflict, Invalid), match=why):
            await desk.act("pause_clock", code="K27", reason=reason, ends_when="听证结束")
    with pytest.raises(Invalid, match="suspension_too_long"):
        await desk.act("pause_clock", code="K27", reason="hearing", ends_when="听证结束", days=31)
    await desk.act("pause_clock", code="K27", reason="hearing", ends_when="听证结束", days=10)
    assert day((await latest(desk, "K27")).due_at) == "2026-12-31"
    time.at("2026-12-10T10:00")
    with pytest.raises(Conflict, match="not_suspended"):
        await desk.act("resume_clock", code="K27", reason="听证结束")
    with pytest.raises(Conflict, match="nothing_to_suspend"):
        await desk.act("pause_clock", code="K17", reason="hearing", ends_when="听证结束")


async def test_an_application_for_information_is_answered_before_its_report_is_refused(
    desk: Desk,
) -> None:
    """Told to go elsewhere without an answer, its time (K39) would run out on nobody."""
    await desk.act("register_disclosure", note="申请公开环评批复")
    refused: dict[str, Any] = {"code": "NA1", "notice": "请依申请公开途径提出"}
    with pytest.raises(Conflict, match="procedure_open"):
        await desk.act("reject", **refused)
    await desk.act("answer_disclosure", note="已答复", document="公开〔2026〕1号")
    await desk.act("reject", **refused)
    assert await running(desk) == set()


async def test_nothing_granted_is_not_everything(working: Desk) -> None:
    """No days at all are no answer: neither of an extension nor of a suspension."""
    with pytest.raises(Invalid, match="suspension_too_long"):
        await working.act("suspend", UNIT, **WAIT | {"days": 0})
    await working.act("suspend", UNIT, **WAIT)
    await working.act("request_extension", UNIT, **LONGER)
    with pytest.raises(Invalid, match="suspension_too_long"):
        await working.act("grant_suspension", days=0)
    with pytest.raises(Invalid, match="extension_too_long"):
        await working.act("grant_extension", n=0)


async def test_what_was_granted_after_it_became_urgent_stays_granted(
    working: Desk, time: Time
) -> None:
    """A promise that was near when it became urgent keeps its end, and the days granted later."""
    time.at("2026-12-09T10:00")
    await working.act("request_extension", UNIT, **LONGER | {"n": 5})
    await working.act("correct", urgency="P1", reason="紧邻学校")
    assert day((await latest(working, "K12")).due_at) == "2026-12-11"
    await working.act("grant_extension")
    await working.act("suspend", UNIT, **WAIT)
    await working.act("grant_suspension")
    await working.act("resume", reason="监测完成")
    assert day((await latest(working, "K12")).due_at) == "2026-12-18"


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


async def test_a_main_case_prolonged_meanwhile_has_its_own_time_back(
    working: Desk, time: Time
) -> None:
    """What it kept for a case that has left is taken off, what was granted to it stays."""
    time.at("2026-11-27T10:00")
    main = await beside(working)
    await main.act("sign", UNIT, handler="张工")
    assert day((await latest(main, "K12")).due_at) == "2026-12-18"
    await working.act("merge", into=main.number, reason="同一家厂")
    assert day((await latest(main, "K12")).due_at) == "2026-12-11"
    await main.act("request_extension", UNIT, **LONGER)
    await main.act("grant_extension")
    assert day((await latest(main, "K12")).due_at) == "2026-12-16"
    await working.act("unmerge", reason="不是同一家")
    assert day((await latest(main, "K12")).due_at) == "2026-12-23"
