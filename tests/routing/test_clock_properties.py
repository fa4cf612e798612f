"""What holds of clocks whatever happens: random days of a case, sweepers that disagree."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from models.case import Actor
from models.city import City
from models.clock import CalendarDay
from models.db import events
from models.db.clocks import Clock
from models.db.pool import Database
from models.errors import JiesuError
from models.moment import CHINA
from routing.calendar import WorkCalendar
from routing.catalogue import Catalogue, catalogue
from routing.recounting import recount
from routing.tracking import sweep
from tests.routing.kit import CITY, EAST, OPERATOR, SECOND, Desk, handler, put_case
from tests.routing.moments import RESULT, UNIT, Time
from tests.routing.test_sweeper import DUE, clock, put, told

UMA, HUD = handler(f"{EAST}-UMA"), handler(f"{EAST}-HUD")
#: What may be tried at any moment; most of it is refused most of the time.
TRIES: list[tuple[str, Actor, dict[str, Any]]] = [
    ("accept", OPERATOR, {}),
    ("correct", OPERATOR, {"urgency": "P1", "reason": "居民不适"}),
    ("correct", OPERATOR, {"urgency": "P2", "reason": "已排除"}),
    ("sign", UNIT, {"handler": "张工"}),
    ("sign", UMA, {"handler": "李工"}),
    ("sign", HUD, {"handler": "王工"}),
    ("contact", UNIT, {"method": "phone", "result": "reached"}),
    ("submit", UNIT, RESULT),
    ("submit", UMA, RESULT),
    ("rework", OPERATOR, {"reason": "证据不足"}),
    ("approve", OPERATOR, {}),
    ("close", SECOND, {}),
    ("request_return", UNIT, {"reason": "R1", "basis": "三定规定", "proposed_unit": HUD.unit}),
    ("approve_return", OPERATOR, {}),
    ("deny_return", OPERATOR, {"note": "属你单位职责"}),
    ("redispatch", OPERATOR, {"lead_unit": HUD.unit, "reason": "会商确定"}),
    ("suspend", UNIT, {"reason": "monitoring", "ends_when": "监测报告", "days": 10}),
    ("grant_suspension", OPERATOR, {}),
    ("resume", OPERATOR, {"reason": "监测完成"}),
    ("ask_supplement", UNIT, {"question": "何时最重"}),
    ("note_supplement", UNIT, {"text": "夜里"}),
    ("request_extension", UNIT, {"n": 4, "reason": "设备未到", "told": "phone"}),
    ("grant_extension", OPERATOR, {}),
    ("deny_extension", OPERATOR, {"note": "时间足够"}),
]


#: What ends the days of a case early.
LATE = {"submit", "approve", "close", "approve_return"}
#: What may bring an end nearer: a matter found urgent, work found wanting, a unit's own new task.
SOONER = {"case:corrected", "case:task:reworked", "case:redispatched"}
#: What must have happened in all the days together, or they would prove little.
HAPPENED = {
    *("case:extension:granted", "case:suspended", "case:resumed", "case:task:returned"),
    *("case:redispatched", "case:corrected", "case:task:reworked", "case:supplement:asked"),
    *("clock:recounted", "case:task:return_denied"),
}


async def state(desk: Desk) -> tuple[dict[tuple[int, str, int], Clock], list[Any]]:
    """Give the clocks and the history of a case."""
    async with desk.db.city(CITY) as conn:
        return await desk.clocks(), await events.history(conn, CITY, desk.number)


def moved_without_cause(
    before: dict[tuple[int, str, int], Clock],
    after: dict[tuple[int, str, int], Clock],
    fresh: list[Any],
) -> Iterator[str]:
    """Name the clocks that moved, stopped or went on otherwise than this step wrote down."""
    verbs = {event.verb for event in fresh}
    said = {
        (e.data["task_no"], e.data["code"], e.data["attempt"], e.data["due_at"])
        for e in fresh
        if e.verb == "clock:recounted"
    }
    for key, old in before.items():
        new = after[key]
        if new.due_at != old.due_at and (*key, local(new.due_at)) not in said:
            yield f"{key} moved from {old.due_at} to {new.due_at}"
        if new.started_at != old.started_at or (old.stopped_at and new.stopped_at is None):
            yield f"{key} began again"
        stopped = old.stopped_at is None and new.stopped_at is not None
        if stopped and new.stop_reason not in {*verbs, "lapsed"}:
            yield f"{key} was stopped by {new.stop_reason}, which nobody wrote down"
    for task, code, attempt in after.keys() - before.keys():
        last = after.get((task, code, attempt - 1))
        if last is not None and last.stopped_at is None:
            yield f"{code} {attempt} runs beside the attempt before it"
        if last is not None and _nearer(last, after[task, code, attempt], verbs):
            yield f"{code} {attempt} ends before {last.due_at} for {sorted(verbs)}"


def _nearer(last: Clock, new: Clock, verbs: set[str]) -> bool:
    """Tell whether an attempt ends before the one it follows, by the same calendar, unexplained."""
    return new.due_at < last.due_at and new.counted_by == last.counted_by and not verbs & SOONER


def local(moment: datetime) -> str:
    """Write a moment as events do."""
    return moment.astimezone(CHINA).isoformat()


def another(book: Catalogue, dice: random.Random) -> Catalogue:
    """Give a catalogue whose calendar has a day of rest more."""
    made = Catalogue(book.city)
    day = dice.choice(("2026-11-26", "2026-12-02", "2026-12-08", "2026-12-16"))
    made.calendar = WorkCalendar([CalendarDay(day=day, working=False, note="停工")])
    return made


async def one_of(desk: Desk, dice: random.Random) -> bool:
    """Do something that may be done now: often what is about more time, the end less often."""
    answers = [one for one in TRIES if one[0].startswith(("grant_", "request_ext"))]
    others = [one for one in TRIES if one[0] not in LATE or dice.random() < 0.3]
    first = answers if dice.random() < 0.5 else []
    for verb, actor, data in (*first, *dice.sample(others, 8)):
        try:
            await desk.act(verb, actor, **data)
        except JiesuError:
            continue
        return True
    return False


async def test_no_clock_moves_without_a_recorded_cause(
    town: Database, city: City, time: Time
) -> None:
    """Whatever people try in whatever order, each move of a deadline is in the history."""
    happened: set[str] = set()
    for seed in range(8):
        dice = random.Random(seed)  # noqa: S311 - the same days in every run
        desk = Desk(town, city, await put_case(town, seed + 1))
        await days_of(desk, dice, time)
        happened |= set(await desk.verbs())
    assert happened >= HAPPENED


async def days_of(desk: Desk, dice: random.Random, time: Time) -> None:
    """Let some days of a case pass; at each step its clocks are looked at."""
    moment, done = datetime(2026, 11, 20, 14, 30, tzinfo=CHINA), 0
    before, old = await state(desk)
    for _ in range(25):
        moment += timedelta(hours=dice.choice((0, 1, 5, 20, 30)))
        time.at(moment.replace(tzinfo=None).isoformat())
        done += await one_of(desk, dice)
        if dice.random() < 0.2:
            await recount(desk.db, another(catalogue(desk.city), dice), 100)
        await sweep(desk.db, catalogue(desk.city), moment, 100)
        after, history = await state(desk)
        assert history[: len(old)] == old
        assert list(moved_without_cause(before, after, history[len(old) :])) == []
        assert sum(c.stopped_at is None and c.code == "K12" for c in after.values()) <= 1
        before, old = after, history
    assert done >= 10


async def test_sweepers_whose_clocks_differ_note_each_alarm_once(
    town: Database, city: City
) -> None:
    """Three sweepers, hours apart in their own eyes, at once: no alarm twice and none lost."""
    await put(town, *(clock(n) for n in range(1, 121)))
    book = catalogue(city)
    skews = [timedelta(hours=h) for h in (-30, 0, 26)]

    async def work(skew: timedelta) -> None:
        for step in range(6):
            at = DUE - timedelta(days=4) + timedelta(days=step) + skew
            while await sweep(town, book, at, 17):
                await asyncio.sleep(0)

    await asyncio.gather(*(work(skew) for skew in skews))
    await work(timedelta())
    noted = await told(town)
    assert max(Counter(noted).values()) == 1
    levels = Counter(level for _, level in noted)
    assert levels["warn1"] == levels["warn2"] == levels["breach"] == 120
