"""The grid verifies first (F23): who is asked, by when, what comes back, and what silence does."""

import asyncio
from typing import Any

import pytest

from models.case import SYSTEM, Actor, State
from models.city import City
from models.db import clocks, grids
from models.db.pool import Database
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.grid import scope_of
from models.moment import aware
from routing.catalogue import catalogue
from routing.grid_lapses import GridLapses, let_go
from routing.tracking import sweep, watch_desk
from tests.routing.closing import ECO, RESULT, UMA
from tests.routing.grid import FAR, NEAR, PHOTO, Beat, worker
from tests.routing.kit import CITY, EAST, OPERATOR, SECOND, TOWN, WEST, handler
from tests.routing.moments import Time

OWN_CLOCKS = ("G01", "G02")


@pytest.fixture
async def beat(town: Database, city: City, time: Time) -> Beat:
    """Give a case at work in a township with workers in it and in its two communities."""
    return await Beat.start(town, city, time)


async def lapse(beat: Beat, text: str) -> int:
    """Let go what is over at that moment."""
    at = beat.time.at(text)
    async with beat.db.city(CITY) as conn:
        return await let_go(conn, catalogue(beat.city), at, 10)


async def test_f23_the_community_that_the_place_names_is_asked(beat: Beat) -> None:
    """Its clock starts and no other clock of the case stops; the case stays as it is."""
    before = await beat.clocks()
    case = await beat.ask()
    check = await beat.check()
    assert (check.grid, check.state, check.asked_unit) == (NEAR, "asked", ECO)
    assert (check.types, check.unannounced) == (("A01",), False)
    after = await beat.clocks()
    assert {key: clock for key, clock in after.items() if key in before} == before
    (own,) = [clock for key, clock in after.items() if key not in before]
    assert (own.code, own.unit, own.due_at) == ("G01", None, check.due_at)
    assert case.state is State.IN_PROGRESS
    assert (await beat.verbs())[-1] == "grid:asked"


@pytest.mark.parametrize(
    ("place", "asked"),
    [
        ("东塘社区工业路", NEAR),
        ("新东塘社区二组", FAR),
        ("东塘社区与新东塘社区之间", FAR),
        ("工业路 8 号", TOWN),
    ],
)
async def test_f23_a_name_within_another_is_not_taken_for_it(
    beat: Beat, place: str, asked: str
) -> None:
    """The longest name counts; a place that names no community is the township's."""
    await beat.ask(place=place)
    assert (await beat.check()).grid == asked


async def test_f23_where_nobody_works_the_cell_above_is_asked(
    town: Database, city: City, time: Time
) -> None:
    """Up the tree to the nearest worker; where there is none, the asker is told."""
    beat = await Beat.start(town, city, time, EAST)
    await beat.ask()
    assert (await beat.check()).grid == EAST
    await beat.act("withdraw_grid", n=1, reason="改派西区")
    with pytest.raises(Conflict, match="grid_without_worker"):
        await beat.ask(grid=WEST)


async def test_f23_a_case_without_a_place_needs_the_grid_named(beat: Beat) -> None:
    """The desk may ask before anyone has the case; where the place is open it names the grid."""
    await beat.fresh("A01", n=9, adcode=None)
    assert (await beat.case()).state is State.SCREEN
    with pytest.raises(Invalid, match="grid_required"):
        await beat.ask(OPERATOR)
    with pytest.raises(Invalid, match="grid_unknown"):
        await beat.ask(OPERATOR, grid="990102009")
    await beat.ask(OPERATOR, grid=TOWN)
    check = await beat.check()
    assert (check.grid, check.asked_unit) == (TOWN, None)


async def test_f23_asking_at_once_leaves_the_desks_own_clock(beat: Beat) -> None:
    """A case that the grid was asked of before anything watched it is watched all the same."""
    await beat.fresh("A01", n=10)
    await beat.ask(OPERATOR, grid=TOWN)
    await watch_desk(beat.db, catalogue(beat.city), 10)
    assert {code for _, code, _ in await beat.clocks()} == {"G01", "K02"}
    assert await watch_desk(beat.db, catalogue(beat.city), 10) == 0


async def test_f23_a_restricted_case_is_not_told_to_the_grid(beat: Beat) -> None:
    """Nobody asks of one; what was asked before it became one is out of the worker's sight."""
    await beat.ask()
    async with beat.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET restricted = true WHERE case_no = $1", beat.number)
        await conn.execute(
            "INSERT INTO restriction (city, case_no, since, rule, reason, made_by)"
            " VALUES ($1, $2, now(), 'person', 'x', 'x')",
            *(CITY, beat.number),
        )
    async with beat.db.city(CITY, scope_of(NEAR), reader=worker(NEAR).name) as conn:
        assert await grids.of_case(conn, CITY, beat.number) == []
    await beat.act("withdraw_grid", n=1, reason="列为保密件")
    with pytest.raises(Conflict, match="restricted_alone"):
        await beat.ask(OPERATOR)


@pytest.mark.parametrize(
    ("grid", "urgency", "due"),
    [
        (NEAR, "P2", "11-23 23:59"),
        (NEAR, "P1", "11-20 18:30"),
        (NEAR, "P0", "11-20 15:30"),
        (FAR, "P2", "11-20 22:30"),
        (FAR, "P1", "11-20 16:30"),
        (FAR, "P0", "11-20 15:00"),
    ],
)
async def test_f23_a_grid_of_higher_grade_has_less_time(
    beat: Beat, grid: str, urgency: str, due: str
) -> None:
    """The grade of responsibility and the urgency settle the time; there is one clock."""
    await beat.fresh("A01", n=8, urgency=urgency)
    await beat.ask(OPERATOR, grid=grid)
    check = await beat.check()
    assert f"{aware(check.due_at):%m-%d %H:%M}" == due
    running = [c for (_, code, _), c in (await beat.clocks()).items() if code in OWN_CLOCKS]
    assert [clock.due_at for clock in running] == [check.due_at]


async def test_f23_what_the_worker_found_is_seen_by_all_who_work_on_the_case(beat: Beat) -> None:
    """Result, words, photos and position; the question's clock stops and the lead's runs on."""
    await beat.ask()
    before = await beat.clocks()
    beat.time.at("2026-11-20T16:20:00")
    await beat.answer()
    for unit in (None, ECO, UMA, scope_of(NEAR)):
        (check,) = await beat.checks(unit)
        assert (check.state, check.result, check.late) == ("reported", "true", False)
        assert (check.photos, check.lon, check.datum) == ((PHOTO,), 112.98, "GCJ-02")
        assert check.ended_by == worker(NEAR).name
    assert await beat.checks(f"{WEST}-ECO") == []
    after = await beat.clocks()
    stopped = {k for k, clock in after.items() if clock.stopped_at != before[k].stopped_at}
    assert {code for _, code, _ in stopped} == {"G01"}
    assert (await beat.verbs())[-1] == "grid:reported"


async def test_f23_a_finding_is_no_visit_of_the_unit(beat: Beat) -> None:
    """A worker's "not true" alone does not let the unit say so: its own evidence is asked for."""
    await beat.ask()
    beat.time.at("2026-11-20T16:20:00")
    await beat.answer(result="not_true", finding="未闻到气味")
    with pytest.raises(Invalid, match="evidence"):
        await beat.unit("submit", **(RESULT | {"outcome": "not_true"}))


async def test_f23_a_question_is_answered_by_its_own_grid_alone(beat: Beat) -> None:
    """Another grid's worker, the desk and units cannot; another's question is as if not there."""
    await beat.ask()
    beat.time.at("2026-11-20T16:20:00")
    for other in (FAR, TOWN, EAST):
        with pytest.raises(NotFound, match="grid_check_not_found"):
            await beat.answer(worker(other))
    for actor in (OPERATOR, handler(ECO), SYSTEM, Actor(kind="citizen", name="x")):
        with pytest.raises(Forbidden, match="not_your_part"):
            await beat.answer(actor)
    assert (await beat.check()).state == "asked"


async def test_f23_one_question_at_a_time(beat: Beat) -> None:
    """A second one waits for the first; two at once leave one; the same again is no second."""
    await beat.ask()
    await beat.ask()
    with pytest.raises(Conflict, match="grid_asked_already"):
        await beat.ask(OPERATOR)
    assert len(await beat.checks()) == 1
    await beat.act("withdraw_grid", n=1, reason="换一处")
    asks = (beat.ask(OPERATOR, grid=NEAR), beat.ask(SECOND, grid=FAR))
    found = await asyncio.gather(*asks, return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in found) == 1
    assert [one.state for one in await beat.checks()] == ["withdrawn", "asked"]


async def test_f23_a_question_is_taken_back_by_who_asked_or_the_desk(beat: Beat) -> None:
    """Another unit cannot; what was taken back cannot be answered."""
    await beat.ask()
    with pytest.raises(Conflict, match="not_asked_by_you"):
        await beat.act("withdraw_grid", handler(UMA), n=1, reason="不需要")
    await beat.unit("withdraw_grid", n=1, reason="已到现场")
    check = await beat.check()
    assert (check.state, check.reason) == ("withdrawn", "已到现场")
    clock = (await beat.clocks())[0, "G01", 1]
    assert clock.stop_reason == "grid:withdrawn"
    beat.time.at("2026-11-20T16:20:00")
    with pytest.raises(Conflict, match="grid_check_over"):
        await beat.answer()
    with pytest.raises(Conflict, match="grid_check_over"):
        await beat.act("withdraw_grid", n=1, reason="再撤一次")


async def test_f23_silence_lapses_and_charges_nobody(beat: Beat) -> None:
    """When its clock ends the question is over, once under two at it; no breach, no alarm."""
    await beat.ask()
    assert await lapse(beat, "2026-11-23T23:58:00") == 0
    due = (await beat.check()).due_at
    async with beat.db.city(CITY) as conn:
        await conn.execute("DELETE FROM clock WHERE code NOT IN ('G01', 'G02')")
    await sweep(beat.db, catalogue(beat.city), due, 10)
    done = await asyncio.gather(*(lapse(beat, "2026-11-24T00:10:00") for _ in range(2)))
    assert sorted(done) == [0, 1]
    assert (await beat.check()).state == "lapsed"
    assert (await beat.verbs()).count("grid:lapsed") == 1
    clock = (await beat.clocks())[0, "G01", 1]
    assert (clock.breached_at, clock.stopped_at is None) == (None, False)
    async with beat.db.city(CITY) as conn:
        assert await conn.fetchval("SELECT count(*) FROM clock_alarm") == 0
        assert await clocks.ripe(conn, CITY, beat.time.at("2026-12-24T00:00:00"), 10) == []


@pytest.mark.parametrize(
    ("found_at", "late"), [("2026-11-23T17:00:00", False), ("2026-11-24T08:00:00", True)]
)
async def test_f23_what_was_seen_is_taken_even_after_the_question_lapsed(
    beat: Beat, found_at: str, late: bool
) -> None:
    """A device without a network sends later; late is who looked late, not who sent late."""
    await beat.ask()
    await lapse(beat, "2026-11-24T08:10:00")
    await beat.answer(found_at=found_at)
    check = await beat.check()
    assert (check.state, check.late) == ("reported", late)
    assert (await beat.verbs())[-2:] == ["grid:lapsed", "grid:reported:later"]


async def test_f23_what_comes_later_leaves_the_next_question_alone(beat: Beat) -> None:
    """An answer to a question that lapsed stops no clock of the one that was asked since."""
    await beat.ask()
    await lapse(beat, "2026-11-24T08:10:00")
    await beat.ask(OPERATOR, grid=FAR)
    await beat.answer(found_at="2026-11-23T17:00:00")
    running = {k for k, clock in (await beat.clocks()).items() if clock.stopped_at is None}
    assert (0, "G02", 1) in running
    assert [one.state for one in await beat.checks()] == ["reported", "asked"]


async def test_f23_a_silent_worker_never_keeps_a_case_open(beat: Beat) -> None:
    """It closes over an open question, which ends with it."""
    await beat.ask()
    beat.time.at("2026-11-20T17:00:00")
    assert (await beat.finish()).state is State.CLOSED
    assert (await beat.check()).state == "asked"
    assert await lapse(beat, "2026-11-20T17:01:00") == 1
    check = await beat.check()
    assert (check.state, check.reason, check.ended_by) == ("withdrawn", "工单已结束", SYSTEM.name)
    assert (await beat.clocks())[0, "G01", 1].stopped_at is not None
    with pytest.raises(Conflict, match="wrong_state"):
        await beat.answer()


async def test_f23_the_worker_stage_lets_go_what_is_over(
    beat: Beat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of the worker's stages, by its lease."""
    await beat.ask()
    late = beat.time.at("2026-11-25T08:00:00")
    monkeypatch.setattr("routing.grid_lapses.now", lambda: late)
    cities = {CITY: beat.city}
    first, second = GridLapses(beat.db, cities, "a"), GridLapses(beat.db, cities, "b")
    assert [await first.run_once(CITY), await second.run_once(CITY)] == [1, 0]
    assert await first.run_once(CITY) == 0


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"photos": [], "lon": None, "lat": None, "datum": None}, "proof_required"),
        ({"lon": None}, "position_incomplete"),
        ({"datum": None}, "position_incomplete"),
        ({"lon": 28.19, "lat": 112.98}, "position_outside"),
        ({"lon": 0.0, "lat": 0.0}, "position_outside"),
        ({"found_at": "2026-11-20T16:25:00"}, "moment_in_future"),
        ({"found_at": "2026-11-20T14:00:00"}, "moment_before_asked"),
        ({"finding": " 有 "}, "finding_required"),
        ({"result": "perhaps"}, "action_malformed"),
        ({"photos": ["https://a/b.jpg"]}, "action_malformed"),
        ({"photos": [PHOTO] * 10}, "action_malformed"),
        ({"datum": "CGCS"}, "action_malformed"),
    ],
)
async def test_f23_an_answer_that_does_not_hold_is_refused(
    beat: Beat, said: dict[str, Any], code: str
) -> None:
    """Without proof, with a position nowhere, at a moment that cannot be."""
    await beat.ask()
    beat.time.at("2026-11-20T16:20:00")
    with pytest.raises(Invalid, match=code):
        await beat.answer(**said)
    assert (await beat.check()).state == "asked"


async def test_f23_who_could_not_look_says_so_without_proof(beat: Beat) -> None:
    """A closed gate is an answer, too."""
    await beat.ask()
    beat.time.at("2026-11-20T16:20:00")
    bare: dict[str, list[str] | None] = {"photos": [], "lon": None, "lat": None, "datum": None}
    await beat.answer(result="unverifiable", finding="大门紧闭,无人应答", **bare)
    assert (await beat.check()).result == "unverifiable"


async def test_f23_a_report_of_an_offence_is_verified_unannounced(beat: Beat) -> None:
    """The worker is told not to tell whoever is looked at."""
    await beat.fresh("A01", n=11, kind="JB")
    await beat.ask(OPERATOR, grid=NEAR)
    assert (await beat.check()).unannounced is True


async def test_f23_the_grid_of_who_is_complained_of_is_not_asked(beat: Beat) -> None:
    """A complaint about a street office is not told to the workers of that street."""
    await beat.fresh("P06", n=12, kind="JC")
    await beat.act("name_accused", units=[f"{TOWN}-STR"], reason="诉求写明")
    for code in (NEAR, TOWN):
        with pytest.raises(Invalid, match="unit_complained_of"):
            await beat.ask(OPERATOR, grid=code)


async def test_f23_numbers_that_lead_to_a_person_do_not_reach_the_worker(beat: Beat) -> None:
    """A telephone number that an asker typed is taken out of what the worker reads."""
    await beat.ask(what="联系 13900001111 后查看", place="东塘社区,报料人 13900002222")
    check = await beat.check()
    assert "1390000" not in check.what + check.place
    async with beat.db.city(CITY) as conn:
        told = await conn.fetchval("SELECT string_agg(data::text, '') FROM event")
    assert "1390000" not in told
