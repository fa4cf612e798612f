"""Golden scenarios that take several cases: the repetition, one call with four matters, one part.

Told of whichever city the scenario is told of, by role, with the dates of Friday 20 November 2026.
"""

from datetime import timedelta
from typing import Any

import pytest

from models.case import Queue, State
from models.city_load import load_city
from models.db.pool import Database
from models.errors import Conflict
from models.moment import aware, now
from routing.acts import ACTS
from routing.catalogue import catalogue
from tests.gold.test_scenarios import ALL, DISPATCHED
from tests.routing.kit import Desk, handler, put_case, put_city
from tests.routing.together import finish, parts_of, sound, units_at_work

OF = {one.n: one for one in ALL}
CITIES = {OF[n].city: load_city(OF[n].city) for n in (8, 10, 31)}
for read in CITIES.values():
    catalogue(read)  # the program reads its files before it serves


@pytest.fixture(autouse=True)
def friday(time_machine: Any) -> Any:
    """Let it be the golden Friday."""
    time_machine.move_to(DISPATCHED)
    return time_machine


async def told(db: Database, n: int, number: int, **changed: Any) -> Desk:
    """Put the report of a scenario before the desk of its city, read as meant."""
    one = OF[n]
    city = CITIES[one.city]
    async with db.city(city.adcode) as conn:
        known = await conn.fetchval("SELECT count(*) FROM unit WHERE city = $1", city.adcode)
    if not known:
        await put_city(db, city)
    fields: dict[str, Any] = {
        "city": city.adcode,
        "adcode": one.facts.adcode,
        "kind": one.facts.kind,
        "urgency": one.facts.urgency,
        "flags": one.facts.flags,
        "received_at": DISPATCHED,
    }
    no = await put_case(db, number, *one.facts.types, **(fields | changed))
    return Desk(db, city, no)


async def role(desk: Desk) -> str:
    """Name the role of the lead."""
    return next(task.role for task in await desk.tasks() if task.is_lead)


async def due(desk: Desk, code: str) -> str:
    """Say when a clock of the case ends."""
    clocks = await desk.clocks()
    (found,) = [c.due_at for (_, name, _), c in clocks.items() if name == code]
    return f"{aware(found):%m-%d %H:%M}"


async def test_08_an_anonymous_repetition_goes_into_the_case_in_hand(
    db: Database, friday: Any
) -> None:
    """Anonymous is no reason to refuse: it is merged, answered there, and keeps its own end."""
    first = await told(db, 8, 1, kind="TS")
    await first.act("accept")
    assert await role(first) == "ECO"
    assert await due(first, "K12") == "12-11 23:59"
    friday.move_to(DISPATCHED + timedelta(days=3))
    again = await told(db, 8, 2)
    main = await first.case()
    merged = await again.act("merge", into=main.number, reason="同一食堂同一事,在办")
    assert (merged.state, merged.merged_into) == (State.MERGED, first.number)
    assert merged.accepted_at is not None
    assert await due(first, "K12") == "12-11 23:59"
    assert await units_at_work(again) == {}
    third = await told(db, 8, 3)
    await third.act("merge", into=merged.number, reason="同一食堂第三次")
    assert (await third.case()).merged_into == first.number
    assert (await finish(first)).state is State.CLOSED
    await sound(first)


async def test_10_one_call_four_matters(db: Database, friday: Any) -> None:
    """Four parts and one answer: night work urgent, the rest ordinary, the question answered."""
    desk = await told(db, 10, 1)
    parts: list[dict[str, Any]] = [
        {"types": ["N02"], "title": "工地夜里噪声"},
        {"types": ["A05"], "title": "渣土车撒土", "urgency": "P2"},
        {"types": ["S01"], "title": "楼下垃圾", "urgency": "P2"},
        {"types": ["Z99"], "kind": "ZX", "title": "问隔音窗补贴", "dispatch": False},
    ]
    await desk.act("split", parts=parts, reason="一个电话四件事")
    night, dirt, waste, question = await parts_of(desk)
    assert [await role(one) for one in (desk, night, dirt, waste)] == ["ECO", "ECO", "UMA", "SAN"]
    assert [(await one.case()).urgency for one in (night, dirt, waste)] == ["P1", "P2", "P2"]
    assert await due(night, "K09") == "11-20 16:30"
    assert await due(night, "K12") == "11-25 23:59"
    for one in (desk, dirt, waste):
        assert await due(one, "K12") == "12-11 23:59"
    asked = await question.case()
    assert (asked.state, asked.queue) == (State.ACCEPTED, Queue.REVIEW)
    assert all(name.startswith("*") for name in await units_at_work(desk))
    with pytest.raises(Conflict, match="parts_open"):
        await desk.act("consolidate")
    await question.act("close", reply_text="隔音窗没有补贴,可向住建部门咨询改造政策。")
    with pytest.raises(Conflict, match="evidence_missing"):
        await finish(night)
    friday.move_to(DISPATCHED + timedelta(hours=9))
    lead = next(task for task in await night.tasks() if task.is_lead)
    seen = {"at": now(), "people": ["张工"], "place": "工地", "found": True, "finding": "仍在施工"}
    await night.act("visit", handler(lead.unit), **seen)
    for one in (night, dirt, waste):
        await finish(one)
    await desk.act("consolidate")
    case = await desk.act("close")
    assert case.result is not None
    assert all(f"{n}. " in case.result["reply_text"] for n in (1, 2, 3, 4))
    await sound(desk)


async def test_31_only_the_part_that_was_not_solved_is_done_again(
    db: Database, friday: Any
) -> None:
    """Of two closed parts one is not solved: it alone has five days more, and nothing is filed."""
    desk = await told(db, 31, 1)
    await desk.act("split")
    fumes, waste = await parts_of(desk)
    assert [await role(one) for one in (desk, fumes, waste)] == ["UMA", "UMA", "SAN"]
    assert await due(desk, "K12") == "12-11 23:59"
    for one in (fumes, waste):
        await finish(one)
    await desk.act("consolidate")
    await desk.act("close")
    friday.move_to(DISPATCHED + timedelta(days=3))
    await waste.act("rework", reason="诉求人回访不满意:垃圾仍未清运")
    assert [(await one.case()).state for one in (desk, fumes, waste)] == [
        State.IN_PROGRESS,
        State.CLOSED,
        State.IN_PROGRESS,
    ]
    assert await due(waste, "K16") == "11-30 23:59"
    assert State.IN_PROGRESS not in [
        state for verb, act in ACTS.items() if verb == "archive" for state in act.move.cases
    ]
    await sound(desk)
