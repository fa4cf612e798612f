"""Random lives of several cases together: split, merged, taken apart; the promises hold."""

import itertools
import random
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.case import Actor, Case, CaseNo, State, Task
from models.db import cases, events, invariants
from models.db.clocks import Clock, of_case
from models.errors import JiesuError
from routing.acts import ACTS
from tests.routing.kit import OPERATOR, Desk, handler, put_case
from tests.routing.test_lifecycle import OUTLIVE, OVER
from tests.routing.together import AGR, ECO, HUD, PARTS, RESULT, UMA

UNITS = (ECO, UMA, HUD, AGR)
#: What a case may see said of it when its end comes nearer.
CAUSES = {"case:merge_taken", "case:merge_left", "clock:recounted"}
ENDED = (State.CLOSED, State.ARCHIVED)
#: Acts with data; what is left empty is filled with a unit, `into` and `to` with a case.
TRIED: list[tuple[str, dict[str, Any]]] = [
    ("accept", {}),
    ("accept", {"dispatch": False}),
    ("correct", {"urgency": "P1"}),
    ("dispatch", {}),
    ("approve", {}),
    ("rework", {"reason": "证据不足"}),
    ("redispatch", {"lead_unit": "", "reason": "改派"}),
    ("withdraw", {"task_no": 2, "reason": "无须协办"}),
    ("withdraw", {"task_no": 3, "reason": "无须协办"}),
    ("waive", {"task_no": 2, "reason": "不回复"}),
    ("close", {}),
    ("close", {"reply_text": "一并答复"}),
    ("sign", {"handler": "张工"}),
    ("contact", {"method": "phone", "result": "reached"}),
    ("submit", {"outcome": "true", **{k: v for k, v in RESULT.items() if k != "outcome"}}),
    ("request_return", {"reason": "R1", "basis": "三定规定"}),
    ("approve_return", {}),
    ("deny_return", {"note": "属本单位职责"}),
    ("urge_helper", {"helper_no": 2}),
    ("ask_waiver", {"helper_no": 2, "reason": "不回复"}),
    ("split", {"parts": PARTS[:2], "reason": "两件事"}),
    ("unsplit", {"reason": "一件事"}),
    ("consolidate", {}),
    ("merge", {"into": 0, "reason": "同一家厂"}),
    ("unmerge", {"reason": "不是同一家"}),
    ("relate", {"to": 0, "kind": "repeat", "reason": "同一家厂"}),
    ("unrelate", {"to": 0, "reason": "另一家"}),
]
#: What brings cases on is tried more often.
FORWARD = {"sign": 8, "submit": 12, "approve": 12, "close": 5, "consolidate": 5, "waive": 4}
_STEPS = 45
numbers = itertools.count(1)


class Seen(msgspec.Struct, frozen=True):
    """How a case stood at one moment."""

    case: Case
    tasks: list[Task]
    clocks: list[Clock]
    verbs: list[str]


class World:
    """A few cases of the small city, with all that were split from them."""

    def __init__(self, desk: Desk, first: list[CaseNo]) -> None:
        """Begin with some cases."""
        self.desk = desk
        self.first = first

    async def look(self) -> dict[int, Seen]:
        """See how all cases stand, and that what must hold holds."""
        city = self.desk.city.adcode
        async with self.desk.db.city(city) as conn:
            rows = await conn.fetch(
                "SELECT case_no FROM cases WHERE case_no = ANY($1) OR parent_no = ANY($1)",
                self.first,
            )
            found = [v for v in await invariants.violations(conn, city) if not _put_in(v.invariant)]
            assert found == []
            return {row["case_no"]: await self._seen(conn, city, row["case_no"]) for row in rows}

    async def _seen(self, conn: Any, city: str, number: int) -> Seen:
        case = await cases.get(conn, city, number)
        assert case is not None
        return Seen(
            case=case,
            tasks=await cases.tasks(conn, city, number),
            clocks=await of_case(conn, city, number),
            verbs=[event.verb for event in await events.history(conn, city, number)],
        )

    async def attempt(self, number: int, verb: str, data: dict[str, Any], actor: Actor) -> bool:
        """Try one act; tell whether it was done."""
        one = Desk(self.desk.db, self.desk.city, CaseNo(number))
        try:
            await one.act(verb, actor, **data)
        except JiesuError:
            return False
        return True


def _put_in(invariant: str) -> bool:
    """Tell whether an invariant cannot hold of cases that a test put into the store."""
    return invariant in ("case_numbers_have_no_gap", "every_case_has_history")


def chosen(world: dict[int, Seen], rng: random.Random) -> tuple[int, str, dict[str, Any], Actor]:
    """Pick an act that the table allows now, mostly, and who may do it."""
    number = rng.choice(sorted(world))
    seen = world[number]
    fitting = [(verb, data) for verb, data in TRIED if _fits(seen, verb)]
    weights = [FORWARD.get(verb, 1) for verb, _ in fitting]
    if fitting and rng.random() < 0.95:
        verb, data = rng.choices(fitting, weights)[0]
    else:
        verb, data = rng.choice(TRIED)
    move = ACTS[verb].move
    units = [task.unit for task in seen.tasks if task.state in move.tasks] or list(UNITS)
    actor = handler(rng.choice(units)) if move.who == "unit" else OPERATOR
    fill = {"lead_unit": rng.choice(UNITS), "into": rng.choice(sorted(world))}
    fill["to"] = fill["into"]
    return number, verb, {k: fill.get(k, v) if v in ("", 0) else v for k, v in data.items()}, actor


def _fits(seen: Seen, verb: str) -> bool:
    """Tell whether the table of moves allows an act now."""
    move = ACTS[verb].move
    tasks = [task for task in seen.tasks if task.state in move.tasks]
    leads = [task for task in tasks if task.is_lead]
    return seen.case.state in move.cases and (
        not move.tasks or bool(leads if move.lead_only else tasks)
    )


def check(before: dict[int, Seen], after: dict[int, Seen], verb: str, *, done: bool) -> None:
    """Assert what an act may change in the cases."""
    assert set(before) <= set(after)
    if not done:
        assert after == before
    for number, new in after.items():
        _check_one(new)
        if number in before:
            _check_step(before[number], new, verb)
    for seen in after.values():
        parts = [one.case for one in after.values() if one.case.parent_no == seen.case.case_no]
        if seen.case.state in ENDED:
            assert all(
                part.state in (*ENDED, "MERGED", "REJECTED", "TRANSFERRED") for part in parts
            )


def _check_one(seen: Seen) -> None:
    leads = [task for task in seen.tasks if task.is_lead and task.state not in OVER]
    assert len(leads) <= 1
    if seen.case.state in (*ENDED, State.MERGED):
        assert all(task.state in OVER for task in seen.tasks)
        running = [clock.code for clock in seen.clocks if clock.stopped_at is None]
        assert set(running) <= OUTLIVE
    if seen.case.state in (State.DISPATCHED, State.IN_PROGRESS):
        # What is promised runs, or stands still with a reason: no promise dies quietly.
        assert any(c.stopped_at is None for c in seen.clocks if c.task_no == 0)


def _check_step(old: Seen, new: Seen, verb: str) -> None:
    assert new.verbs[: len(old.verbs)] == old.verbs
    assert (new.case.revision == old.case.revision) or len(new.verbs) > len(old.verbs)
    said = set(new.verbs[len(old.verbs) :])
    for key, was in _latest(old).items():
        now = _latest(new)[key]
        assert now.attempt >= was.attempt
        if now.due_at < was.due_at:
            assert said & CAUSES or "不晚于" in now.trace[-1].note, (verb, key, said)
    kept = {(c.task_no, c.code, c.attempt): c for c in new.clocks}
    for clock in old.clocks:
        again = kept[clock.task_no, clock.code, clock.attempt]
        assert again.due_at == clock.due_at or "clock:recounted" in said
        assert clock.stopped_at is None or again == clock


def _latest(seen: Seen) -> dict[tuple[int, str], Clock]:
    latest: dict[tuple[int, str], Clock] = {}
    for clock in sorted(seen.clocks, key=lambda clock: clock.attempt):
        latest[clock.task_no, clock.code] = clock
    return latest


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
async def test_no_order_of_acts_leaves_two_leads_or_an_end_over_open_work(
    desk: Desk, seed: int
) -> None:
    """One lead each, no end over open parts or tasks, history grows, ends move with a cause."""
    rng = random.Random(seed)  # noqa: S311 - a life is told by its seed
    first = [await put_case(desk.db, next(numbers) + 1000, "A01") for _ in range(3)]
    world = World(desk, first)
    before = await world.look()
    for _ in range(_STEPS):
        number, verb, data, actor = chosen(before, rng)
        done = await world.attempt(number, verb, data, actor)
        after = await world.look()
        check(before, after, verb, done=done)
        before = after
