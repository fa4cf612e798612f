"""The ledger of who held a case: no gap, no overlap, and hours charged to whoever held it."""

import itertools
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.case import Actor, Case, Event, Task, TaskState
from models.db import custody as store
from models.db import disputes
from models.db.custody import Held
from models.db.events import history
from models.db.pool import Database
from models.errors import JiesuError
from models.moment import CHINA, aware, now
from routing.calendar import WorkCalendar
from routing.catalogue import catalogue
from routing.custody import accounts, ledger, working_seconds
from routing.umpire import take_up
from tests.routing.kit import CITY, EAST, FRIDAY, OPERATOR, SECOND, WEST, Desk, handler, put_case

ECO, UMA, HUD, FAR = f"{EAST}-ECO", f"{EAST}-UMA", f"{EAST}-HUD", f"{WEST}-ECO"
UNITS = (ECO, UMA, HUD, FAR)
GONE = (TaskState.RETURNED, TaskState.WITHDRAWN)
WORK: dict[str, Any] = {"outcome": "true", "reply_text": "已处理", "reply_method": "phone"}
#: Verbs with data; an empty place is filled with a unit.
DESK: list[tuple[str, dict[str, Any]]] = [
    ("approve_return", {}),
    ("deny_return", {"note": "属本单位职责"}),
    ("deny_return", {"note": "请先办理"}),
    ("redispatch", {"lead_unit": "", "reason": "改派"}),
    ("adjudicate", {"lead_unit": "", "document": "纪要1号", "reason": "会商指定"}),
    ("escalate_dispute", {"reason": "职责空白"}),
    ("adjudicate", {"lead_unit": "", "document": "纪要2号", "reason": "指定", "body": "COORD"}),
    ("approve", {}),
    ("rework", {"reason": "证据不足"}),
    ("close", {}),
]
FIELD: list[tuple[str, dict[str, Any]]] = [
    ("sign", {"handler": "张工"}),
    ("secure", {"step": "evidence", "note": "已取证"}),
    ("request_return", {"reason": "R1", "basis": "三定规定", "proposed_unit": ""}),
    ("request_return", {"reason": "R1", "basis": "另有规定"}),
    ("negotiate", {"lead_unit": "", "note": "协商一致"}),
    ("negotiate", {"lead_unit": "", "note": "同意"}),
    ("submit", WORK),
]
numbers = itertools.count(1)


async def rows_of(desk: Desk) -> list[Held]:
    """Give the ledger of the case."""
    async with desk.db.city(CITY) as conn:
        return await store.of_case(conn, CITY, desk.number)


async def past_of(desk: Desk) -> list[Event]:
    """Give the history of the case."""
    async with desk.db.city(CITY) as conn:
        return await history(conn, CITY, desk.number)


def told(past: Sequence[Event], tasks: Sequence[Task]) -> list[tuple[datetime, str | None]]:
    """Derive from the history alone who held the case from when on; None is nobody at work."""
    leads = {task.task_no: task.unit for task in tasks if task.is_lead}
    found: list[tuple[datetime, str | None]] = []
    lead: str | None = None
    at_work = False
    for event in past:
        said = event.data
        mine = said.get("task_no") in leads
        if event.verb == "case:dispatched":
            lead, at_work = said["lead"], True
        elif event.verb == "case:redispatched":
            lead, at_work = said["unit"], True
        elif event.verb == "case:task:returned" and lead == leads.get(said["task_no"]):
            lead = None if event.data.get("request", "").startswith("approve_return") else lead
        elif event.verb == "case:task:submitted" and mine:
            at_work = False
        elif event.verb == "case:task:reworked" and mine:
            at_work = True
        elif event.verb == "case:closed":
            break
        elif event.verb != "case:accepted":
            continue
        found.append((event.at, lead if at_work else None))
    return found


def at_moments(found: list[tuple[datetime, str | None]]) -> list[tuple[datetime, str | None]]:
    """Keep the last word of each moment, and of those only what changes something."""
    last = dict(found)
    changes = [(at, who) for at, who in sorted(last.items(), key=lambda one: one[0])]
    return [one for n, one in enumerate(changes) if n == 0 or one[1] != changes[n - 1][1]]


def check_ledger(case: Case, rows: list[Held], past: list[Event], tasks: list[Task]) -> None:
    """Assert that the ledger covers the accepted case without gap or overlap, as history tells."""
    if case.accepted_at is None:
        assert rows == []
        return
    assert rows[0].from_at == case.accepted_at
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    for one, after in itertools.pairwise(rows):
        assert one.until_at == after.from_at
    assert rows[-1].until_at == case.closed_at
    assert [(row.from_at, row.unit) for row in merged(rows)] == at_moments(told(past, tasks))


def merged(rows: list[Held]) -> list[Held]:
    """Put rows together that differ only in why no unit held the case."""
    return [row for n, row in enumerate(rows) if n == 0 or row.unit != rows[n - 1].unit]


async def attempt(desk: Desk, verb: str, data: dict[str, Any], actor: Actor) -> bool:
    """Try one act; tell whether it was done."""
    try:
        await desk.act(verb, actor, **data)
    except JiesuError:
        return False
    return True


def pick(
    rng: random.Random, tasks: list[Task], *, disputed: bool
) -> tuple[str, dict[str, Any], Actor]:
    """Pick an act by someone who might do it; mostly one that leads on in a quarrel."""
    units = [task.unit for task in tasks if task.state not in GONE] or list(UNITS)
    lead = next((task for task in tasks if task.is_lead and task.state not in GONE), None)
    if rng.random() < 0.7:
        of_unit, verbs = _next(lead, disputed=disputed)
        choices = [one for one in (*DESK, *FIELD) if one[0] in verbs]
    else:
        of_unit = rng.random() < 0.6
        choices = [one for one in (FIELD if of_unit else DESK) if one[0] != "adjudicate"]
    verb, data = rng.choice(choices)
    wanted = UNITS[:2] if verb == "negotiate" else UNITS
    filled = {name: rng.choice(wanted) if value == "" else value for name, value in data.items()}
    mine = lead.unit if lead and verb in ("sign", "request_return", "submit") else rng.choice(units)
    return verb, filled, handler(mine) if of_unit else rng.choice((OPERATOR, SECOND))


def _next(lead: Task | None, *, disputed: bool) -> tuple[bool, tuple[str, ...]]:
    """Say what units (true) or the desk (false) may well do next."""
    if disputed:
        return (True, ("negotiate",)) if lead and lead.task_no % 2 else (False, ("adjudicate",))
    if lead is None:
        return False, ("redispatch",)
    if lead.state is TaskState.RETURN_REQ:
        return False, ("approve_return", "deny_return")
    if lead.state is TaskState.SUBMITTED:
        return False, ("approve", "rework")
    return True, ("request_return", "request_return", "sign", "submit")


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
async def test_no_order_of_returns_and_rulings_breaks_a_promise(
    desk: Desk, time_machine: Any, seed: int
) -> None:
    """One lead or the pool; the ledger adds up to wall time; designated means for good."""
    rng = random.Random(seed)  # noqa: S311  # a life is told by its seed
    time_machine.move_to(FRIDAY)
    life = Desk(desk.db, desk.city, await put_case(desk.db, next(numbers) + 200))
    await life.act("accept")
    for _ in range(35):
        time_machine.shift(timedelta(minutes=rng.choice((0, 1, 90, 600))))
        tasks = await life.tasks()
        before = await life.case()
        async with life.db.city(CITY) as conn:
            open_ones = [
                d for d in await disputes.of_case(conn, CITY, life.number) if not d.settled_at
            ]
        verb, data, actor = pick(rng, tasks, disputed=bool(open_ones))
        done = await attempt(life, verb, data, actor)
        if rng.random() < 0.1:
            async with life.db.city(CITY) as conn:
                await take_up(conn, CITY, now(), 50)
        case, tasks = await life.case(), await life.tasks()
        # Saying the very same again is answered with the case as it is: nothing was done.
        done = done and case.revision != before.revision
        assert not (before.no_return and verb == "request_return" and done)
        assert case.no_return or not before.no_return
        leads = [task.unit for task in tasks if task.is_lead and task.state not in GONE]
        assert leads == ([case.lead_unit] if case.lead_unit else [])
        check_ledger(case, await rows_of(life), await past_of(life), tasks)
        if case.closed_at is not None:
            return
    await adds_up(life)


async def adds_up(desk: Desk) -> None:
    """Assert that the hours of all who held the case are those since it was accepted."""
    book, case, at = catalogue(desk.city), await desk.case(), now()
    async with desk.db.city(CITY) as conn:
        charges = await ledger(conn, book, desk.number, at)
    assert case.accepted_at is not None
    wall = (at - case.accepted_at).total_seconds() / 3600
    assert sum(charge.hours for charge in charges) == pytest.approx(wall)
    working = working_seconds(book.calendar, case.accepted_at, at) / 3600
    assert sum(charge.working_hours for charge in charges) == pytest.approx(working)


async def test_hours_are_charged_to_whoever_held_the_case(desk: Desk, time_machine: Any) -> None:
    """The unit until it is relieved, the desk while nobody leads, nobody while it is reviewed."""
    time_machine.move_to(FRIDAY)
    await desk.act("accept")
    time_machine.move_to(FRIDAY + timedelta(hours=1))
    wish = {"reason": "R1", "basis": "三定规定", "proposed_unit": HUD}
    await desk.act("request_return", handler(ECO), **wish)
    time_machine.move_to(FRIDAY + timedelta(hours=2))
    await desk.act("approve_return")
    time_machine.move_to(FRIDAY + timedelta(hours=2.5))
    await desk.act("redispatch", lead_unit=HUD, reason="改派")
    await desk.act("sign", handler(HUD), handler="李工")
    monday = datetime(2026, 11, 23, 10, tzinfo=CHINA)
    time_machine.move_to(monday)
    await desk.act("submit", handler(HUD), **WORK)
    time_machine.move_to(monday + timedelta(hours=1))
    async with desk.db.city(CITY) as conn:
        charges = await ledger(conn, catalogue(desk.city), desk.number, now())
    assert [(c.holding, c.unit, round(c.working_hours, 2)) for c in charges] == [
        ("unit", ECO, 2.0),
        ("desk", None, 0.5),
        ("unit", HUD, 1.0),
        ("review", None, 1.0),
    ]


async def test_f33_accounts_say_who_held_what_and_who_passed_it_on(
    desk: Desk, time_machine: Any
) -> None:
    """Per unit: cases, hours, wishes, ping-pongs, and disputes that left the case with it."""
    time_machine.move_to(FRIDAY)
    await desk.act("accept")
    wish = {"reason": "R1", "basis": "三定规定", "proposed_unit": HUD}
    await desk.act("request_return", handler(ECO), **wish)
    await desk.act("approve_return")
    await desk.act("redispatch", lead_unit=HUD, reason="改派")
    back = {"reason": "R1", "basis": "应归生态环境", "proposed_unit": ECO}
    await desk.act("request_return", handler(HUD), **back)
    time_machine.move_to(FRIDAY + timedelta(hours=2))
    await desk.act("adjudicate", lead_unit=HUD, document="纪要1号", reason="会商")
    time_machine.move_to(FRIDAY + timedelta(days=4))
    async with desk.db.city(CITY) as conn:
        since, until = FRIDAY - timedelta(days=1), FRIDAY + timedelta(days=3)
        found = await accounts(conn, catalogue(desk.city), since, until)
        earlier = await accounts(conn, catalogue(desk.city), since, FRIDAY)
    hud = found[HUD]
    assert (hud.cases, round(hud.hours), round(hud.working_hours, 1)) == (1, 72, 8.0)
    assert (hud.bouncing.asked, hud.bouncing.denied) == (1, 1)
    assert (hud.bouncing.ping_pongs, hud.bouncing.lost) == (1, 1)
    assert (found[ECO].bouncing.granted, found[ECO].bouncing.lost) == (1, 0)
    assert hud.index > found[ECO].index
    assert earlier == {}


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-20 14:30", "2026-11-20 16:30", 2.0),
        ("2026-11-20 16:30", "2026-11-23 09:30", 1.0),
        ("2026-11-21 00:00", "2026-11-22 23:59", 0.0),
        ("2026-09-19 12:00", "2026-09-20 12:00", 3.0),
        ("2026-09-30 16:00", "2026-10-08 10:00", 2.0),
    ],
)
def test_only_open_offices_count(start: str, end: str, hours: float) -> None:
    """Nights, weekends and holidays do not count; a Sunday that is worked does."""
    moments = [datetime.fromisoformat(text).replace(tzinfo=CHINA) for text in (start, end)]
    assert working_seconds(WorkCalendar(), *moments) == hours * 3600


async def test_a_unit_sees_the_ledger_of_its_own_cases_only(desk: Desk) -> None:
    """Row-level security keeps the ledger to those who have a part in the case."""
    await desk.act("accept")
    async with desk.db.city(CITY, ECO) as conn:
        assert len(await store.of_case(conn, CITY, desk.number)) == 1
    async with desk.db.city(CITY, HUD) as conn:
        assert await store.of_case(conn, CITY, desk.number) == []


async def test_two_stages_cannot_hold_a_case_at_once(town: Database, desk: Desk) -> None:
    """The database refuses a second open row of a case."""
    import asyncpg

    await desk.act("accept")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with town.city(CITY) as conn:
            await conn.execute(
                "INSERT INTO custody (city, case_no, seq, holding, from_at)"
                " VALUES ($1, $2, 9, 'desk', $3)",
                CITY,
                desk.number,
                aware(now()),
            )
