"""Random lives of a case: whatever is tried in whatever order, the promises about it hold."""

import itertools
import random
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.case import Actor, Case, State, Task, TaskState
from models.db.clocks import Clock
from models.errors import JiesuError
from routing.acts import ACTS
from routing.catalogue import catalogue
from tests.routing.kit import (
    EAST,
    OPERATOR,
    SECOND,
    WEST,
    Desk,
    handler,
    put_case,
    small_city,
)

UNITS = (f"{EAST}-ECO", f"{EAST}-UMA", f"{EAST}-HUD", f"{WEST}-ECO")
RESULT = {"reply_text": "已处理", "reply_method": "phone"}
#: Verbs with data; an empty place is filled with a unit.
DESK: list[tuple[str, dict[str, Any]]] = [
    ("accept", {}),
    ("accept", {"types": ["A04"], "reason": "误判"}),
    ("accept", {"dispatch": False}),
    ("correct", {"urgency": "P1"}),
    ("dispatch", {}),
    ("reject", {"code": "NA4", "notice": "已依法处理"}),
    ("transfer", {"destination": "住建部门"}),
    ("approve_return", {}),
    ("deny_return", {"note": "属本单位职责"}),
    ("redispatch", {"lead_unit": "", "reason": "改派"}),
    ("withdraw", {"task_no": 2, "reason": "无须协办"}),
    ("approve", {}),
    ("approve", {"task_no": 2}),
    ("rework", {"reason": "证据不足"}),
    ("close", {}),
]
FIELD: list[tuple[str, dict[str, Any]]] = [
    ("sign", {"handler": "张工"}),
    ("sign", {"handler": "张工"}),
    ("contact", {"method": "phone", "result": "reached"}),
    ("contact", {"method": "phone", "result": "not_reached"}),
    ("submit", {"outcome": "true", **RESULT}),
    ("submit", {"outcome": "partly_true", **RESULT}),
    ("request_return", {"reason": "R1", "basis": "三定规定"}),
]
ACTORS = (OPERATOR, SECOND, *(handler(unit) for unit in UNITS))
LEAD_STATES = (State.DISPATCHED, State.IN_PROGRESS, State.SUBMITTED)
OVER = (TaskState.DONE, TaskState.RETURNED, TaskState.WITHDRAWN)
GONE = (TaskState.RETURNED, TaskState.WITHDRAWN)
#: Clocks that run on when a case is closed: to call back, to keep.
OUTLIVE = {code for code, clock in catalogue(small_city()).clocks.items() if clock.outlives}
#: What ends a life early or changes little is left to chance.
_RARE = ("reject", "transfer", "correct")
_STEPS = 40
numbers = itertools.count(1)


class Seen(msgspec.Struct, frozen=True):
    """How a case stood at one moment."""

    case: Case
    tasks: list[Task]
    clocks: dict[tuple[int, str, int], Clock]
    verbs: list[str]


async def look(desk: Desk) -> Seen:
    """See how the case stands."""
    return Seen(await desk.case(), await desk.tasks(), await desk.clocks(), await desk.verbs())


def check(seen: Seen) -> None:
    """Assert what must hold of a case at any moment."""
    leads = [task for task in seen.tasks if task.is_lead and task.state not in GONE]
    assert len(leads) <= 1
    if seen.case.state in LEAD_STATES:
        assert [task.unit for task in leads] == [seen.case.lead_unit]
    if seen.case.closed_at is not None:
        assert all(task.state in OVER for task in seen.tasks)
        assert all(clock.stopped_at for clock in seen.clocks.values() if clock.code not in OUTLIVE)


def check_step(before: Seen, after: Seen, *, done: bool) -> None:
    """Assert what an act may change: one revision and an event, or nothing at all."""
    check(after)
    if not done:
        assert after == before
        return
    assert after.case.revision == before.case.revision + 1
    assert after.verbs[: len(before.verbs)] == before.verbs
    assert len(after.verbs) > len(before.verbs)
    if "clock:recounted" not in after.verbs[len(before.verbs) :]:
        assert all(after.clocks[key].due_at == one.due_at for key, one in before.clocks.items())
    for old in before.tasks:
        (new,) = [task for task in after.tasks if task.task_no == old.task_no]
        assert new.revision >= old.revision
        assert (new.state is old.state) or new.revision > old.revision


async def attempt(desk: Desk, verb: str, data: dict[str, Any], actor: Actor) -> bool:
    """Try one act; tell whether it was done."""
    try:
        await desk.act(verb, actor, **data)
    except JiesuError:
        return False
    return True


def fitting(seen: Seen, rng: random.Random) -> tuple[str, dict[str, Any], Actor]:
    """Pick an act that the table allows now, by someone who may do it."""
    choices: list[tuple[str, dict[str, Any], Actor]] = []
    for verb, data in (*DESK, *FIELD):
        move = ACTS[verb].move
        tasks = [task for task in seen.tasks if task.state in move.tasks]
        if seen.case.state not in move.cases or (move.tasks and not tasks) or verb in _RARE:
            continue
        who = [handler(task.unit) for task in tasks] if move.who == "unit" else [OPERATOR, SECOND]
        choices += [(verb, data, actor) for actor in who]
    return rng.choice(choices or [("close", {}, OPERATOR)])


def anything(rng: random.Random) -> tuple[str, dict[str, Any], Actor]:
    """Pick any act by anyone."""
    return (*rng.choice((*DESK, *FIELD)), rng.choice(ACTORS))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
async def test_no_order_of_acts_breaks_a_promise(desk: Desk, seed: int) -> None:
    """One lead at most, no end with work open, a revision and an event each, no clock moved."""
    rng = random.Random(seed)  # noqa: S311  # a life is told by its seed
    life = Desk(desk.db, desk.city, await put_case(desk.db, next(numbers) + 100))
    before = await look(life)
    for _ in range(_STEPS):
        verb, data, actor = fitting(before, rng) if rng.random() < 0.8 else anything(rng)
        filled = {name: rng.choice(UNITS) if value == "" else value for name, value in data.items()}
        done = await attempt(life, verb, filled, actor)
        after = await look(life)
        check_step(before, after, done=done and after.case.revision != before.case.revision)
        before = after
        if after.case.closed_at is not None:
            return
