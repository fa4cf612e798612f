"""After a case is closed: citizens are asked, some things are done again, the rest is archived."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from intake import answers
from models.case import SYSTEM, Actor, State
from models.db import verification
from models.db.events import history
from models.db.pool import Database
from models.errors import Conflict, Forbidden, Invalid
from routing.archiving import Archiver
from routing.catalogue import catalogue
from routing.verifying import kept_until
from tests.routing.kit import CITY, OPERATOR, Desk
from tests.routing.moments import ECO, RESULT, UNIT, Time
from tests.routing.together import finish, split, state

HAPPY: dict[str, Any] = {
    "connected": True,
    "contacted": True,
    "solved": True,
    "satisfaction": 4,
    "opinion": "处理及时",
}
ANGRY = HAPPY | {"solved": False, "satisfaction": 1, "opinion": "我家窗前仍旧很吵"}
SUPERVISOR = Actor(kind="staff", name="chief")


async def name(desk: Desk, **changed: Any) -> None:
    """Give a case someone who reported it, sealed."""
    known = {"anonymous": False, "want_callback": True, "phone": b"sealed"} | changed
    async with desk.db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO identity (city, case_no, reporter_no, key_version, name, phone, anonymous,"
            " confidential, want_callback, created_at)"
            " VALUES ($1, $2, 1, 1, 'sealed', $3, $4, true, $5, $6)",
            CITY,
            desk.number,
            known["phone"],
            known["anonymous"],
            known["want_callback"],
            datetime.now(UTC),
        )


@pytest.fixture
async def closed(working: Desk, time: Time) -> Desk:
    """Give a case of someone named, closed on the Monday after."""
    await name(working)
    await close(working, time)
    return working


async def close(desk: Desk, time: Time, at: str = "2026-11-23T10:00") -> None:
    """Hand a case in and close it."""
    time.at(at)
    await desk.act("submit", UNIT, **RESULT)
    await desk.act("approve")
    for task in await desk.tasks():
        if not task.is_lead and task.state == "DISPATCHED":
            await desk.act("withdraw", task_no=task.task_no, reason="无须协办")
    await desk.act("close")


async def ending(desk: Desk) -> list[tuple[int, str, bool]]:
    """Give how the rounds of a case ended."""
    async with desk.db.city(CITY) as conn:
        rows = await conn.fetch("SELECT round, how, redo FROM verification ORDER BY round")
    return [tuple(row) for row in rows]


async def test_who_is_satisfied_lets_the_case_be_archived(closed: Desk, time: Time) -> None:
    """K17 ends with the callback, and the five years that cases are kept (K40) begin."""
    at = time.at("2026-11-24T09:30")
    assert (0, "K17", 1) in await closed.clocks()
    case = await closed.act("callback", **HAPPY)
    assert (case.state, case.archived_at is not None) == (State.ARCHIVED, True)
    clocks = await closed.clocks()
    assert clocks[0, "K17", 1].stop_reason == "case:callback:done"
    async with closed.db.city(CITY) as conn:
        told = [one.data for one in await history(conn, CITY, closed.number)]
    assert [data["kept_until"] for data in told if "kept_until" in data] == ["2031-11-24"]
    inspection = msgspec.structs.replace(case, channel="INSPECTION")
    assert kept_until(catalogue(closed.city), inspection, at) is None
    assert await ending(closed) == [(1, "judged", False)]


async def test_three_calls_at_different_times(closed: Desk, time: Time) -> None:
    """Nobody is called twice in one part of a day; after the third call the case is archived."""
    time.at("2026-11-23T14:00")
    await closed.act("callback", connected=False)
    time.at("2026-11-23T17:30")
    with pytest.raises(Conflict, match="same_time_of_day"):
        await closed.act("callback", connected=False, opinion="占线")
    time.at("2026-11-23T18:30")
    await closed.act("callback", connected=False)
    assert await state(closed) is State.CLOSED
    time.at("2026-11-24T09:00")
    await closed.act("callback", connected=False)
    assert await state(closed) is State.ARCHIVED
    assert await ending(closed) == [(1, "unreached", False)]


async def test_good_grounds_have_it_done_again(closed: Desk, time: Time) -> None:
    """K16 starts with five working days; closed again, the citizen is asked again."""
    time.at("2026-11-24T10:00")
    with pytest.raises(Invalid, match="decision_required"):
        await closed.act("callback", **ANGRY)
    case = await closed.act("callback", **ANGRY, redo=True, reason="现场核实噪声仍在")
    assert (case.state, case.closed_at) == (State.IN_PROGRESS, None)
    clocks = await closed.clocks()
    assert clocks[0, "K16", 1].due_at.isoformat()[:10] == "2026-12-01"
    assert clocks[0, "K17", 1].stopped_at is not None
    await close(closed, time, "2026-11-27T10:00")
    await closed.act("callback", **HAPPY)
    assert await ending(closed) == [(1, "judged", True), (2, "judged", False)]
    assert await state(closed) is State.ARCHIVED


async def test_grounds_that_do_not_hold_are_archived_with_a_reason(
    closed: Desk, time: Time
) -> None:
    """Dissatisfaction alone sends nothing back, but someone must say why not."""
    time.at("2026-11-24T10:00")
    with pytest.raises(Invalid, match="reason_required"):
        await closed.act("callback", **ANGRY, redo=False)
    await closed.act("callback", **ANGRY, redo=False, reason="诉求超出法定范围")
    assert await state(closed) is State.ARCHIVED


@pytest.mark.parametrize("given", [{"connected": True}, {"connected": False, "solved": True}])
async def test_answers_belong_to_calls_that_were_answered(
    closed: Desk, given: dict[str, Any]
) -> None:
    """A call that was answered has all answers, another one has none."""
    with pytest.raises(Invalid):
        await closed.act("callback", **given)


@pytest.mark.parametrize("said", [{"anonymous": True}, {"want_callback": False}, {"phone": None}])
async def test_who_cannot_or_will_not_be_called_is_not(
    working: Desk, time: Time, said: dict[str, Any]
) -> None:
    """The stage archives what nobody is to be asked about, after a day."""
    await name(working, **said)
    await close(working, time)
    with pytest.raises(Conflict, match="nobody_to_call"):
        await working.act("callback", **HAPPY)
    stage = Archiver(working.db, {CITY: working.city})
    async with working.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET closed_at = now() - interval '23 hours'")
    assert await stage.run_once(CITY) == 0
    async with working.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET closed_at = now() - interval '25 hours'")
    assert await stage.run_once(CITY) == 1
    assert await stage.run_once(CITY) == 0
    assert await state(working) is State.ARCHIVED
    assert await ending(working) == [(1, "exempt", False)]


async def test_who_is_to_be_called_is_not_archived_unasked(closed: Desk) -> None:
    """Neither the stage nor a person archives a case whose citizen waits for a call."""
    async with closed.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET closed_at = now() - interval '30 days'")
        queue = await verification.queue(conn, CITY, 10)
    assert [(one.case_no, one.tries) for one in queue] == [(closed.number, 0)]
    assert await Archiver(closed.db, {CITY: closed.city}).run_once(CITY) == 0
    with pytest.raises(Conflict, match="callback_due"):
        await closed.act("archive")


async def test_scenario_31_only_the_part_is_done_again(desk: Desk, time: Time) -> None:
    """Each part is asked about by itself; the whole is not archived before its parts."""
    await name(desk)
    first, second, third = await split(desk)
    for part in (first, second, third):
        await finish(part)
    await desk.act("consolidate")
    await desk.act("close")
    time.at("2026-11-24T10:00")
    with pytest.raises(Conflict, match="ask_about_the_parts"):
        await desk.act("callback", **HAPPY)
    await first.act("callback", **HAPPY)
    await second.act("callback", **ANGRY, redo=True, reason="夜间仍在施工")
    await third.act("callback", **HAPPY)
    states = [await state(one) for one in (desk, first, second, third)]
    assert states == ["IN_PROGRESS", "ARCHIVED", "IN_PROGRESS", "ARCHIVED"]
    lead = next(task for task in await second.tasks() if task.is_lead)
    actor = Actor(kind="staff", name="x", unit=lead.unit)
    await second.act("submit", actor, **RESULT)
    await second.act("approve", task_no=lead.task_no)
    await second.act("close")
    await desk.act("consolidate")
    await desk.act("close")
    with pytest.raises(Conflict, match="parts_not_archived"):
        await desk.act("archive")
    await second.act("callback", **HAPPY)
    assert await Archiver(desk.db, {CITY: desk.city}).run_once(CITY) == 1
    assert await state(desk) is State.ARCHIVED


async def test_a_citizens_own_word_counts_as_a_callback(closed: Desk, time: Time) -> None:
    """A good word archives the case; the same citizen is not asked twice."""
    time.at("2026-11-23T20:00")
    await closed.act("judge", SYSTEM, solved=True, satisfaction=5)
    assert await state(closed) is State.ARCHIVED
    with pytest.raises(Conflict, match="judged_already"):
        await closed.act("judge", SYSTEM, solved=False, satisfaction=1)


async def test_a_citizens_bad_word_waits_for_a_person(closed: Desk, time: Time) -> None:
    """No machine puts a case back to work; who settles it must say why."""
    time.at("2026-11-23T20:00")
    await closed.act("judge", SYSTEM, solved=False, satisfaction=2, opinion="打13800000000找我")
    assert await state(closed) is State.CLOSED
    async with closed.db.city(CITY) as conn:
        waiting = await verification.waiting(conn, CITY, 10)
    assert [one.case_no for one in waiting] == [closed.number]
    assert "13800000000" not in waiting[0].opinion
    await closed.act("settle_judgement", redo=True, reason="群众反映属实")
    assert await state(closed) is State.IN_PROGRESS
    async with closed.db.city(CITY) as conn:
        assert await verification.waiting(conn, CITY, 10) == []


async def test_an_anonymous_citizen_may_still_object(working: Desk, time: Time) -> None:
    """What was archived without asking is opened again where the citizen's grounds hold."""
    await close(working, time)
    await working.act("archive", SYSTEM)
    await working.act("judge", SYSTEM, solved=False, satisfaction=1)
    assert await state(working) is State.ARCHIVED
    await working.act("settle_judgement", redo=True, reason="夜间复测超标")
    case = await working.case()
    assert (case.state, case.archived_at) == (State.IN_PROGRESS, None)
    assert await ending(working) == [(1, "judged", True)]


async def test_nobody_judges_for_the_citizen(closed: Desk) -> None:
    """The desk calls back; only the tracking code speaks as the citizen."""
    with pytest.raises(Forbidden):
        await closed.act("judge", OPERATOR, solved=True, satisfaction=5)
    with pytest.raises(Forbidden):
        await closed.act("callback", UNIT, **HAPPY)


async def test_the_handler_never_sees_who_said_what(closed: Desk, time: Time) -> None:
    """By role: the desk reads what was said, the unit learns only that it is done again."""
    time.at("2026-11-24T10:00")
    await closed.act("callback", **ANGRY, redo=True, reason="噪声仍在")
    texts: dict[str | None, str] = {}
    for unit in (None, ECO):
        async with closed.db.city(CITY, unit) as conn:
            page = await answers.case_page(conn, CITY, closed.number)
            page = answers.page_for_unit(page) if unit else page
            rows = await conn.fetch("SELECT opinion, satisfaction FROM callback")
            rows += await conn.fetch("SELECT how, solved FROM verification")
        texts[unit] = msgspec.json.encode(page).decode() + str([tuple(row) for row in rows])
    assert "窗前" in texts[None]
    assert "case:callback:done" in texts[None]
    assert "case:task:reworked" in texts[ECO]
    for word in ("窗前", "case:callback", "judged"):
        assert word not in texts[ECO]


async def test_calls_of_another_city_are_not_seen(closed: Desk, time: Time) -> None:
    """What citizens of one city said is not there for another."""
    time.at("2026-11-24T10:00")
    await closed.act("callback", connected=False)
    other: Database = closed.db
    async with other.city("990200") as conn:
        for table in ("callback", "verification"):
            assert await conn.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_spot_check_is_a_supervisors(closed: Desk) -> None:
    """The city looks at closed cases and says what it saw."""
    await closed.act("spot_check", SUPERVISOR, passed=False, note="照片与现场不符")
    async with closed.db.city(CITY) as conn:
        assert await conn.fetchval("SELECT passed FROM spot_check") is False
    with pytest.raises(Forbidden):
        await closed.act("spot_check", UNIT, passed=True, note="很好")
