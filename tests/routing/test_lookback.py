"""Looking again at closed cases: planned, opened and done once; a rebound reopens (F40, F44)."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.case import State, TaskState
from models.city import City
from models.db import escalations, lookbacks
from models.db.lookbacks import Lookback
from models.db.pool import Database
from models.errors import Conflict, Invalid, JiesuError
from models.moment import now
from routing.catalogue import catalogue
from routing.evidence import rules
from routing.lookback import Lookbacks, open_due
from tests.routing.closing import ECO, FAR, NIGHT, RESULT, UMA, Road
from tests.routing.kit import CITY, FRIDAY, SECOND, put_case, put_city, small_city
from tests.routing.moments import Time, day
from tests.routing.test_supervision import COORD, HOT, TOP, with_line

HELD: dict[str, Any] = {"result": "held", "unit": FAR, "finding": "现场未见反弹"}
BACK: dict[str, Any] = {"result": "rebound", "unit": FAR, "finding": "现场又在排放"}
ITEMS = {item.code: "已落实" for item in rules().items}


async def plans(road: Road) -> list[Lookback]:
    """Give the look-backs of the case."""
    async with road.db.city(CITY) as conn:
        return await lookbacks.of_case(conn, CITY, road.number)


async def opened(road: Road, text: str) -> int:
    """Open what is due by a moment, and let it be that moment."""
    at = road.time.at(text)
    async with road.db.city(CITY) as conn:
        return await open_due(conn, CITY, at, 50)


async def closed(road: Road, **said: Any) -> None:
    """Close an urgent case that was found true."""
    await road.begin("A01", urgency="P1", **said)
    await road.finish()


async def test_f40_a_look_back_is_made_when_its_days_have_passed(road: Road) -> None:
    """Thirty days after an urgent case that proved true is closed, once, and no day before."""
    await closed(road)
    (one,) = await plans(road)
    assert (one.kind, one.rule, day(one.due_at)) == ("after_close", "urgent", "2026-12-20")
    assert await opened(road, "2026-12-19T23:00") == 0
    assert await opened(road, "2026-12-21T08:00") == 1
    assert await opened(road, "2026-12-22T08:00") == 0
    await road.act("look_back", SECOND, **HELD)
    (one,) = await plans(road)
    assert (one.result, one.unit, one.done_by) == ("held", FAR, SECOND.name)
    assert (await road.case()).state is State.CLOSED
    with pytest.raises(Conflict, match="no_lookback"):
        await road.act("look_back", SECOND, **BACK)


async def test_f40_an_ordinary_case_is_not_looked_at_again(road: Road) -> None:
    """The rules are data: an ordinary case has none."""
    await road.begin("A01")
    await road.finish()
    assert await plans(road) == []


async def test_f40_nobody_looks_at_own_work(road: Road) -> None:
    """Neither the lead nor a helper; a unit of another district or one above may."""
    await closed(road)
    for unit in (ECO, UMA):
        with pytest.raises(Invalid, match="own_work"):
            await road.act("look_back", SECOND, **HELD | {"unit": unit})
    with pytest.raises(Invalid, match="unit_unknown"):
        await road.act("look_back", SECOND, **HELD | {"unit": "nobody"})
    road.time.at("2026-12-21T08:00")
    await road.act("look_back", SECOND, **HELD | {"unit": f"{CITY}-ECO"})


async def test_f40_a_rebound_reopens_the_original_one_level_up(road: Road) -> None:
    """The same case, its lead at work, a level higher, a new promise; nothing planned is left."""
    await closed(road)
    await opened(road, "2026-12-21T08:00")
    case = await road.act("look_back", SECOND, **BACK)
    assert (case.state, case.level, case.key_reasons) == (State.IN_PROGRESS, 1, ("rebound",))
    assert (case.closed_at, case.result) == (None, None)
    assert {t.unit: t.state for t in await road.tasks() if t.is_lead} == {
        ECO: TaskState.IN_PROGRESS
    }
    running = {code for (_, code, _), c in (await road.clocks()).items() if c.stopped_at is None}
    assert "K16" in running
    assert (await road.verbs())[-2:] == ["lookback:rebound", "case:task:reworked"]
    assert [one.result for one in await plans(road)] == ["rebound"]


async def test_f40_after_a_rebound_what_was_seen_before_settles_nothing(road: Road) -> None:
    """It takes a new visit and the unit's own check; then it is looked at sooner, each quarter."""
    await road.begin("N02", urgency="P1", flags=NIGHT)
    road.time.at("2026-11-20T23:50")
    await road.look("2026-11-20T23:30", found=True)
    await road.finish()
    await opened(road, "2026-12-21T08:00")
    await road.act("look_back", SECOND, **BACK)
    with pytest.raises(Conflict, match="self_check_missing"):
        await road.unit("submit", **RESULT)
    await road.unit("self_check", items=ITEMS)
    with pytest.raises(Conflict, match="evidence_missing"):
        await road.unit("submit", **RESULT)
    road.time.at("2026-12-22T08:00")
    await road.look("2026-12-21T23:30")
    await road.finish()
    ahead = (await plans(road))[-1]
    assert (ahead.rule, day(ahead.due_at)) == ("rebound", "2027-01-06")


async def test_f44_work_of_an_inspection_is_looked_at_each_quarter(road: Road) -> None:
    """Four quarters after the first look, each planned when the one before held."""
    await road.begin("A01")
    await road.act("list_inspection", **road.listed())
    await road.act("issue_rectification", **road.rectified())
    await road.unit("self_check", items=ITEMS)
    await road.finish()
    days = []
    for _ in range(5):
        ahead = next(one for one in await plans(road) if one.done_at is None)
        days.append((ahead.kind, day(ahead.due_at)))
        moment = ahead.due_at + timedelta(hours=1)
        assert await opened(road, f"{moment.astimezone(road.zone):%Y-%m-%dT%H:%M}") == 1
        await road.act("look_back", SECOND, **HELD)
    assert days == [
        ("after_close", "2026-12-20"),
        ("quarterly", "2027-03-20"),
        ("quarterly", "2027-06-20"),
        ("quarterly", "2027-09-20"),
        ("quarterly", "2027-12-20"),
    ]
    assert all(one.done_at for one in await plans(road))


async def test_two_stages_open_a_look_back_once(road: Road) -> None:
    """One event each, whoever asks; one that crashed leaves it for the next."""
    cases = []
    for n in range(20, 26):
        one = Road(road.db, road.city, road.number, road.time)
        await one.begin("A01", n=n, urgency="P1")
        await one.finish()
        cases.append(one)
    async with road.db.city(CITY) as conn:
        await conn.execute("UPDATE lookback SET due_at = $1", now() - timedelta(days=1))
    at = now()

    async def stage() -> int:
        async with road.db.city(CITY) as conn:
            return await open_due(conn, CITY, at, 3)

    async def killed() -> None:
        async with road.db.city(CITY) as conn:
            assert await open_due(conn, CITY, at, 50) == len(cases)
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        await killed()
    done = sum(await asyncio.gather(*(stage() for _ in range(4))))
    done += await Lookbacks(road.db, {CITY: road.city}, "a").run_once(CITY)
    assert await Lookbacks(road.db, {CITY: road.city}, "b").run_once(CITY) == 0
    assert done == len(cases)
    for one in cases:
        assert (await one.verbs()).count("lookback:opened") == 1


async def test_a_case_reopened_meanwhile_is_not_looked_at_before_it_is_closed_again(
    road: Road,
) -> None:
    """It is planned anew with the second end, in place of the first plan."""
    await closed(road)
    await road.act("rework", task_no=1, reason="诉求人不满意")
    assert await opened(road, "2026-12-21T08:00") == 0
    await road.finish()
    (one,) = await plans(road)
    assert day(one.due_at) == "2027-01-20"


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10_000))
async def test_no_order_of_acts_loses_or_doubles_a_look_back(road: Road, seed: int) -> None:
    """Whatever is done: a closed case has exactly one ahead, a rebound one was reopened for it."""
    rng = random.Random(seed)  # noqa: S311 - a test
    number = 1000 + seed
    await road.begin("N02", n=number, urgency="P1", flags=NIGHT)
    backs = 0
    for hour in range(rng.randint(8, 30)):
        moment = FRIDAY + timedelta(days=5, hours=hour)
        road.time.at(f"{moment:%Y-%m-%dT%H:%M}")
        verb = rng.choice(
            ["visit", "submit", "approve", "close", "rework", "check", "look", "open"]
        )
        try:
            backs += await _step(road, rng, verb, moment)
        except JiesuError:
            continue
        await _sound(road, backs)


async def _step(road: Road, rng: random.Random, verb: str, at: datetime) -> int:
    """Do one thing; give 1 for a rebound."""
    if verb == "visit":
        await road.look(f"{at - timedelta(minutes=10):%Y-%m-%dT%H:%M}", found=True)
    elif verb == "submit":
        await road.unit("submit", **RESULT)
    elif verb == "check":
        await road.unit("self_check", items=ITEMS)
    elif verb == "close":
        await road.close()
    elif verb == "look":
        found = rng.choice([HELD, BACK])
        await road.act("look_back", SECOND, **found)
        return int(found is BACK)
    elif verb == "open":
        async with road.db.city(CITY) as conn:
            await open_due(conn, CITY, datetime.now(road.zone) + timedelta(days=400), 50)
    else:
        await road.act(verb, SECOND, task_no=1, reason="再办") if verb == "rework" else None
        if verb == "approve":
            await road.act("approve", SECOND, task_no=1)
    return 0


async def _sound(road: Road, backs: int) -> None:
    case, found, verbs = await road.case(), await plans(road), await road.verbs()
    ahead = [one for one in found if one.done_at is None]
    assert len(ahead) <= 1
    assert sum(one.result == "rebound" for one in found) == verbs.count("lookback:rebound") == backs
    assert case.level == backs
    if case.state is State.CLOSED:
        since = len(verbs) - verbs[::-1].index("lookback:rebound") if backs else 0
        assert "case:task:visited" in verbs[since:]
        assert len(ahead) + sum(one.result == "held" for one in found) >= 1


@pytest.mark.parametrize("channel", ["12345_TEL", "12369_WECHAT", "GRID", "SENSOR", "INSPECTION"])
async def test_f43_whatever_the_source_it_goes_round_the_same_loop(
    road: Road, channel: str
) -> None:
    """Found, sent, put right, approved, closed, looked at again: from any source alike."""
    await closed(road, channel=channel)
    await opened(road, "2026-12-21T08:00")
    await road.act("look_back", SECOND, **HELD)
    wanted = [
        "case:accepted",
        "case:dispatched",
        "case:task:signed",
        "case:task:submitted",
        "case:task:approved",
        "case:closed",
        "lookback:opened",
        "lookback:held",
    ]
    assert [verb for verb in await road.verbs() if verb in wanted] == wanted


@pytest.fixture(scope="module")
def lined() -> City:
    """Give the small city with a line above the east's branch."""
    made = with_line()
    catalogue(made)
    return made


@pytest.fixture(scope="module")
def bare() -> City:
    """Give the small city in which nobody is above anybody."""
    made = small_city(version="bare")
    catalogue(made)
    return made


async def road_of(db: Database, city: City, time: Time) -> Road:
    """Give a case of a city that is closed and to be looked at again."""
    await put_city(db, city)
    road = Road(db, city, await put_case(db, 1), time)
    await closed(road)
    return road


async def test_f40_each_rebound_brings_in_who_is_next_above(
    db: Database, lined: City, time: Time
) -> None:
    """The unit above the first time, the coordinating body then, the topmost from there on."""
    road = await road_of(db, lined, time)
    for n, unit in enumerate((TOP, COORD, HOT, HOT), 1):
        case = await road.act("look_back", SECOND, **BACK)
        assert case.level == n
        asked = {task.unit for task in await road.tasks() if task.state is TaskState.DISPATCHED}
        assert asked == {unit}
        async with road.db.city(CITY) as conn:
            told = await escalations.notices(conn, CITY, unit, (), 9)
        assert any("回头看发现反弹" in one.body for one in told)
        await again(road, n)
    async with road.db.city(CITY) as conn:
        assert len(await escalations.notices(conn, CITY, HOT, (), 9)) == 2


async def test_f40_where_nobody_is_above_the_supervisors_are_told(
    db: Database, bare: City, time: Time
) -> None:
    """The case comes back all the same, and no task is given to nobody."""
    road = await road_of(db, bare, time)
    case = await road.act("look_back", SECOND, **BACK)
    assert (case.state, case.level) == (State.IN_PROGRESS, 1)
    async with road.db.city(CITY) as conn:
        (told,) = await escalations.notices(conn, CITY, None, (), 9)
    assert (told.to_unit, told.to_post) == (None, "supervisor")


async def again(road: Road, n: int) -> None:
    """Put a case that came back right and close it once more, some days later."""
    road.time.at(f"2026-11-{20 + n}T20:00")
    await road.unit("self_check", items=ITEMS)
    await road.finish()


async def test_f40_that_it_held_is_found_only_when_its_days_have_passed(road: Road) -> None:
    """Right after the end nobody can know it; that it is back may be found at any time."""
    await closed(road)
    with pytest.raises(Conflict, match="lookback_not_due"):
        await road.act("look_back", SECOND, **HELD)
    assert (await road.act("look_back", SECOND, **BACK)).state is State.IN_PROGRESS
