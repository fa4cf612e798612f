"""How long clocks run: urgent while they stood, prolonged, the desk's own, and in whole years."""

from typing import Any

import pytest

from models.city import City
from models.db.pool import Database
from models.errors import Conflict, Invalid
from models.moment import aware
from routing.calendar import WorkCalendar
from routing.catalogue import catalogue
from routing.clocks import deadline, parse_span, span_clock
from routing.recounting import recount
from tests.routing.kit import CITY, FRIDAY, Desk, put_case
from tests.routing.moments import RESULT, UNIT, Time, day
from tests.routing.standing import LONGER, RIVER, UMA, WAIT, beside, latest, running


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
