"""Emergencies: who is told, by when they are reported upward, and that none ends half done."""

import asyncio
from typing import Any

import msgspec
import pytest

from models.city import Binding
from models.db import emergencies
from models.db.emergencies import Whole
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.moment import aware
from routing.catalogue import catalogue
from tests.routing.closing import Road
from tests.routing.kit import (
    CITY,
    EAST,
    FRIDAY,
    OPERATOR,
    SECOND,
    WEST,
    Desk,
    handler,
    put_case,
    put_city,
    small_city,
)
from tests.routing.moments import UNIT, Time

LEAK: dict[str, Any] = {"trigger": "leak", "summary": "化工厂储罐泄漏,下风向居民不适"}
FIRST: dict[str, Any] = {
    "kind": "first",
    "addressees": ["市政府", "省生态环境厅"],
    "text": "初步情况",
}
FINAL: dict[str, Any] = {"kind": "final", "addressees": ["市政府"], "text": "处置完毕"}


async def whole(desk: Desk) -> Whole:
    """Give the emergency that a case tells of."""
    async with desk.db.city(CITY) as conn:
        found = await emergencies.of_case(conn, CITY, desk.number)
    assert found is not None
    return found


async def due(desk: Desk) -> dict[str, str]:
    """Give the running clocks of the emergency with their ends in China."""
    return {
        code: aware(clock.due_at).strftime("%m-%d %H:%M")
        for (_, code, _), clock in (await desk.clocks()).items()
        if clock.stopped_at is None and code in {"K28", "K28A", "K29", "K31", "K32", "K33"}
    }


@pytest.fixture
async def known(town: Any, city: Any, time: Time) -> Desk:
    """Give a report of the golden Friday that waits at the desk."""
    return Desk(town, city, await put_case(town, 1, "A01", received_at=FRIDAY))


async def test_f67_the_time_to_report_runs_from_when_the_city_knew(known: Desk, time: Time) -> None:
    """Noted an hour late, the first report is still due four hours after the report came in."""
    time.at("2026-11-20T15:30")
    case = await known.act("open_emergency", **LEAK)
    assert case.urgency == "P0"
    assert await due(known) == {"K28": "11-20 18:30", "K32": "11-20 15:30"}


@pytest.mark.parametrize(
    ("facts", "clock", "end"),
    [
        ({"level": "II"}, "K29", "11-20 16:30"),
        ({"water": True}, "K31", "11-20 16:30"),
        ({"trigger": "drinking_water"}, "K31", "11-20 16:30"),
        ({"level": "IV"}, "K28", "11-20 18:30"),
    ],
)
async def test_f67_what_is_grave_is_reported_within_two_hours(
    known: Desk, facts: dict[str, Any], clock: str, end: str
) -> None:
    """Grave ones and those that touch drinking water have two hours, others four."""
    await known.act("open_emergency", **LEAK | facts)
    ends = await due(known)
    assert ends[clock] == end
    assert len({"K28", "K29", "K31"} & ends.keys()) == 1


async def test_a_graver_grade_leaves_less_time_from_the_same_beginning(
    known: Desk, time: Time
) -> None:
    """Raised to a major one at half past three it was due two hours after it was known."""
    await known.act("open_emergency", **LEAK)
    time.at("2026-11-20T15:30")
    await known.act("grade_emergency", level="II", reason="专家研判")
    ends = await due(known)
    assert ends["K29"] == "11-20 16:30"
    assert "K28" not in ends


async def test_the_first_report_stops_its_clock_and_reports_keep_their_order(known: Desk) -> None:
    """Nothing follows before the first, nothing comes after the final, each of them once."""
    await known.act("open_emergency", **LEAK)
    with pytest.raises(Conflict, match="wrong_report"):
        await known.act("report_emergency", **FINAL)
    await known.act("report_emergency", **FIRST)
    assert "K28" not in await due(known)
    with pytest.raises(Conflict, match="wrong_report"):
        await known.act("report_emergency", SECOND, **FIRST)
    await known.act("report_emergency", **{**FIRST, "kind": "follow", "text": "已关阀"})
    await known.act("report_emergency", **FINAL)
    with pytest.raises(Conflict, match="wrong_report"):
        await known.act("report_emergency", **{**FIRST, "kind": "follow", "text": "又来"})
    assert [one.kind for one in (await whole(known)).reports] == ["first", "follow", "final"]


async def test_f66_everyone_who_must_be_told_is_on_the_list(known: Desk) -> None:
    """Units of the city by their role, authorities outside it by name, each once."""
    await known.act("open_emergency", **LEAK | {"crossing": True, "neighbours": ["下游某县"]})
    notices = (await whole(known)).notices
    assert [notice.n for notice in notices] == list(range(1, len(notices) + 1))
    assert f"{EAST}-ECO" in {notice.unit for notice in notices}
    assert {"本级人民政府", "下游某县"} <= {notice.addressee for notice in notices}
    units = [notice.unit for notice in notices if notice.unit]
    assert len(units) == len(set(units))
    assert all(notice.told_at is None for notice in notices)


async def test_neighbours_are_told_within_half_an_hour(known: Desk) -> None:
    """Their clock stops once the last of them is told, not before."""
    near: dict[str, Any] = {"crossing": True, "neighbours": ["下游甲县", "下游乙县"]}
    await known.act("open_emergency", **LEAK | near)
    assert (await due(known))["K33"] == "11-20 15:00"
    first, second = (n.n for n in (await whole(known)).notices if n.kind == "neighbour")
    await known.act("tell_emergency", notices=[first], how="电话")
    assert "K33" in await due(known)
    await known.act("tell_emergency", notices=[second], how="传真")
    assert "K33" not in await due(known)


async def test_k33_runs_from_when_it_was_found_that_others_are_reached(
    known: Desk, time: Time
) -> None:
    """Hours after the report: half an hour from then, for whoever is on the list by then."""
    await known.act("open_emergency", **LEAK)
    time.at("2026-11-20T17:30")
    await known.act("grade_emergency", crossing=True, reason="流向下游")
    assert (await due(known))["K33"] == "11-20 18:00"
    time.at("2026-11-20T17:40")
    await known.act("grade_emergency", neighbours=["下游甲县"], reason="明确范围")
    assert (await due(known))["K33"] == "11-20 18:00"
    near = [n.n for n in (await whole(known)).notices if n.kind == "neighbour"]
    await known.act("tell_emergency", notices=near, how="电话")
    time.at("2026-11-20T19:00")
    await known.act("grade_emergency", level="III", reason="专家研判")
    assert "K33" not in await due(known)
    await known.act("grade_emergency", neighbours=["下游甲县", "下游乙县"], reason="继续下泄")
    assert (await due(known))["K33"] == "11-20 19:30"
    await known.act("grade_emergency", crossing=False, reason="已截流,未出境")
    assert "K33" not in await due(known)


async def test_naming_neighbours_says_that_they_are_reached(known: Desk) -> None:
    """Their clock runs whether or not somebody ticked the box; both ways at once is refused."""
    await known.act("open_emergency", **LEAK | {"neighbours": ["下游甲县"]})
    assert (await due(known))["K33"] == "11-20 15:00"
    with pytest.raises(Invalid, match="crossing_unclear"):
        await known.act("grade_emergency", neighbours=["下游乙县"], crossing=False, reason="未出境")


async def test_one_unit_with_two_roles_stands_on_the_list_once_and_neighbours_follow(
    db: Any, time: Time
) -> None:
    """Where the radiation station is the ecology branch, the next number is still free."""
    city = small_city(version="two-roles")
    both = Binding(role="NUC", territory=EAST, unit=f"{EAST}-ECO")
    city = msgspec.structs.replace(city, bindings=(*city.bindings, both))
    catalogue(city)
    await put_city(db, city)
    desk = Desk(db, city, await put_case(db, 1, "R01", received_at=FRIDAY))
    await desk.act("open_emergency", trigger="radiation", summary="放射源丢失,疑被拾走")
    await desk.act("grade_emergency", neighbours=["相邻某县"], reason="可能外运")
    notices = (await whole(desk)).notices
    assert [notice.n for notice in notices] == list(range(1, len(notices) + 1))
    assert [n.unit for n in notices].count(f"{EAST}-ECO") == 1


async def test_f67_until_the_final_report_one_follows_each_day(known: Desk, time: Time) -> None:
    """The next is due a day after the last one; the final one ends it."""
    await known.act("open_emergency", **LEAK)
    assert "K28A" not in await due(known)
    time.at("2026-11-20T15:30")
    await known.act("report_emergency", **FIRST)
    assert (await due(known))["K28A"] == "11-21 15:30"
    time.at("2026-11-20T20:00")
    await known.act("report_emergency", **{**FIRST, "kind": "follow", "text": "已关阀"})
    assert (await due(known))["K28A"] == "11-21 20:00"
    await known.act("report_emergency", **FINAL)
    assert "K28A" not in await due(known)
    with pytest.raises(Conflict, match="reported_finally"):
        await known.act("grade_emergency", level="II", reason="又有泄漏")


async def test_f67_what_turns_graver_after_the_first_report_is_reported_again(
    known: Desk, time: Time
) -> None:
    """In the time of the new grade from when it was set; a milder one asks for nothing more."""
    await known.act("open_emergency", **LEAK | {"level": "IV"})
    await known.act("report_emergency", **FIRST)
    time.at("2026-11-20T17:00")
    await known.act("grade_emergency", level="III", reason="扩散")
    assert (await due(known))["K28"] == "11-20 21:00"
    time.at("2026-11-20T17:30")
    await known.act("grade_emergency", level="I", reason="人员中毒")
    ends = await due(known)
    assert ends["K29"] == "11-20 19:30"
    assert "K28" not in ends
    await known.act("report_emergency", **{**FIRST, "kind": "follow", "text": "已升为Ⅰ级"})
    assert "K29" not in await due(known)
    await known.act("grade_emergency", level="II", reason="险情缓解")
    assert {"K28", "K29", "K31"}.isdisjoint(await due(known))


async def test_f67_what_was_found_later_was_not_known_from_the_start(
    known: Desk, time: Time
) -> None:
    """A leak found by a visit days later: four hours from then, never before the report came in."""
    time.at("2026-11-24T10:00")
    for wrong in ("2026-11-24T10:30", "2026-11-20T14:00"):
        with pytest.raises(Invalid, match="moment_"):
            await known.act("open_emergency", **LEAK | {"known_at": f"{wrong}:00"})
    await known.act("open_emergency", **LEAK | {"known_at": "2026-11-24T09:40:00"})
    assert (await due(known))["K28"] == "11-24 13:40"


async def test_a_case_that_is_over_is_no_emergency(road: Road) -> None:
    """What happens afterwards is a report of its own, with its own times."""
    await road.begin("A01")
    await road.finish()
    with pytest.raises(Conflict, match="wrong_state"):
        await road.act("open_emergency", **LEAK)
    assert (await road.case()).urgency == "P2"


async def test_a_false_alarm_is_lifted_by_a_person_and_leaves_nothing_running(known: Desk) -> None:
    """Without a report upward and without telling anybody more; it is on record as one."""
    await known.act("open_emergency", **LEAK | {"crossing": True})
    with pytest.raises(Conflict, match="final_report_missing"):
        await known.act("end_emergency", note="现场无泄漏")
    with pytest.raises(Invalid, match="note_required"):
        await known.act("end_emergency", note=" ", false_alarm=True)
    await known.act("end_emergency", note="现场核实为蒸汽", false_alarm=True)
    event = (await whole(known)).event
    assert (event.false_alarm, event.ended_by) == (True, "desk-one")
    assert await due(known) == {}


async def test_a_false_alarm_that_was_reported_is_taken_back_by_a_report(known: Desk) -> None:
    """Those above must not go on believing it."""
    await known.act("open_emergency", **LEAK)
    await known.act("report_emergency", **FIRST)
    with pytest.raises(Conflict, match="final_report_missing"):
        await known.act("end_emergency", note="现场核实为蒸汽", false_alarm=True)
    await known.act("report_emergency", **FINAL | {"text": "经核实为误报"})
    await known.act("end_emergency", note="现场核实为蒸汽", false_alarm=True)


async def test_a_call_of_several_is_on_record(known: Desk) -> None:
    """Who was on the line and what was agreed; a call of one is none."""
    await known.act("open_emergency", **LEAK)
    for lines in (["12345"], ["119", " 119"]):
        with pytest.raises(Invalid, match="lines_required"):
            await known.act("emergency_call", lines=lines, said="通报")
    await known.act("emergency_call", lines=["12345", "119", "市局值班"], said="119先到场")
    (call,) = (await whole(known)).calls
    assert call.lines == ("12345", "119", "市局值班")


async def test_what_is_sent_twice_is_on_record_once(known: Desk) -> None:
    """A call or a report whose answer was lost on its way is not noted a second time."""
    await known.act("open_emergency", **LEAK)
    await known.act("report_emergency", **FIRST)
    for _ in range(2):
        await known.act("emergency_call", lines=["12345", "119"], said="119先到场")
    for _ in range(2):
        await known.act("report_emergency", **FIRST | {"kind": "follow", "text": "已关阀"})
    found = await whole(known)
    assert [one.kind for one in found.reports] == ["first", "follow"]
    assert len(found.calls) == 1


async def test_an_emergency_ends_reported_and_with_everyone_told(known: Desk) -> None:
    """Without a final report or with somebody untold it goes on."""
    await known.act("open_emergency", **LEAK)
    await known.act("report_emergency", **FIRST)
    with pytest.raises(Conflict, match="final_report_missing"):
        await known.act("end_emergency", note="处置完毕")
    await known.act("report_emergency", **FINAL)
    with pytest.raises(Conflict, match="not_all_told"):
        await known.act("end_emergency", note="处置完毕")
    numbers = [notice.n for notice in (await whole(known)).notices]
    await known.act("tell_emergency", notices=numbers, how="电话")
    await known.act("end_emergency", note="处置完毕")
    with pytest.raises(Conflict, match="no_emergency"):
        await known.act("emergency_call", lines=["12345", "119"], said="补记")


async def test_a_case_is_not_closed_over_an_open_emergency(known: Desk) -> None:
    """The event goes on when the lead has done its part."""
    await known.act("open_emergency", **LEAK)
    await known.act("accept", reason="确认突发")
    await known.act("sign", UNIT, handler="张工")
    result: dict[str, Any] = {
        "reply_text": "已封堵",
        "reply_method": "phone",
        "measures": ["order"],
    }
    await known.act("submit", UNIT, outcome="true", **result)
    await known.act("approve")
    with pytest.raises(Conflict, match="still_open"):
        await known.act("close")


async def test_units_say_that_they_have_it_and_arrive(known: Desk) -> None:
    """Only a unit on the list can; a unit without part in the case does not learn of it."""
    await known.act("open_emergency", **LEAK)
    await known.act("accept", reason="确认突发")
    await known.act("receive_emergency", UNIT)
    await known.act("arrive_emergency", UNIT, note="已到厂门口")
    assert "K32" not in await due(known)
    assert (await whole(known)).event.arrived_at is not None
    (mine,) = [n for n in (await whole(known)).notices if n.unit == f"{EAST}-ECO"]
    assert mine.received_at is not None
    assert mine.told_at == mine.received_at
    with pytest.raises(NotFound):
        await known.act("receive_emergency", handler(f"{WEST}-ECO"))
    with pytest.raises(Forbidden):
        await known.act("open_emergency", UNIT, **LEAK)


async def test_another_report_of_it_joins_and_is_acted_on_there(known: Desk) -> None:
    """A second caller's case leads to the same event, which is worked on in the first."""
    await known.act("open_emergency", **LEAK)
    other = Desk(known.db, known.city, await put_case(known.db, 2, "A01"))
    await other.act("join_emergency", emergency_no=known.number)
    assert (await whole(other)).cases == (known.number, other.number)
    assert (await other.case()).urgency == "P0"
    with pytest.raises(Conflict, match=(await known.case()).number):
        await other.act("report_emergency", **FIRST)
    with pytest.raises(Conflict, match="emergency_open"):
        await other.act("open_emergency", **LEAK)


async def test_an_emergency_of_a_restricted_case_is_seen_by_whom_the_case_is(known: Desk) -> None:
    """What it is about, who is told and what was reported: to everyone else it is not there."""
    await known.act("open_emergency", **LEAK)
    await known.act("report_emergency", **FIRST)
    await known.act("emergency_call", lines=["12345", "119"], said="119先到场")
    await known.act("restrict", reason="举报人为在职员工")
    tables = ("emergency", "emergency_case", "emergency_notice", "emergency_report")
    for reader, seen in ((OPERATOR.name, True), (SECOND.name, False)):
        async with known.db.city(CITY, reader=reader) as conn:
            found = [await conn.fetchval(f"SELECT count(*) > 0 FROM {name}") for name in tables]
            assert found == [seen] * len(tables)
            assert bool(await emergencies.newest(conn, CITY, ended=True, limit=9)) == seen


async def test_two_operators_open_it_once(known: Desk) -> None:
    """Of two at once one opens it and the other is told."""
    found = await asyncio.gather(
        known.act("open_emergency", **LEAK),
        known.act("open_emergency", SECOND, **LEAK),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Conflict) for one in found) == 1
    assert (await known.verbs()).count("emergency:opened") == 1


async def test_an_unknown_trigger_is_told_with_those_there_are(known: Desk) -> None:
    """The answer names the triggers."""
    with pytest.raises(Invalid, match="泄漏"):
        await known.act("open_emergency", trigger="ufo", summary="不明")
