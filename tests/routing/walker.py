"""A walk: cases of a random city, on which anything is tried in any order; what must hold is seen.

What must hold is asked of the store in words of its own, not by the program's own checks.
"""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from models.case import SYSTEM, Actor, Case, CaseNo, Task
from models.city import City
from models.db import cases
from models.db.pool import Connection, Database
from models.errors import JiesuError
from models.moment import CHINA
from routing.acts import ACTS
from routing.catalogue import catalogue
from routing.commands import act
from routing.stage import RouteStage
from tests.routing.kit import CITY, OPERATOR, SECOND, handler, put_case, put_city
from tests.routing.moments import Time
from tests.routing.sayings import ASKED, NEXT, SAY, Scene, flags
from tests.routing.towns import TYPES

BOSS: Final = Actor(kind="staff", name="supervisor")
GRID: Final = Actor(kind="staff", name="grid-one", unit=f"grid:{CITY}")
OVER: Final = ("REJECTED", "TRANSFERRED", "MERGED", "CLOSED", "ARCHIVED")
#: What brings a case on is tried more often than what happens beside it.
_FORWARD: Final = {"accept": 8, "dispatch": 10, "sign": 16, "submit": 20, "approve": 24}
_FORWARD_LATE: Final = {"close": 24, "waive": 10, "withdraw": 10, "consolidate": 6, "visit": 6}
_DISPUTED: Final = {"request_return": 6, "approve_return": 6, "adjudicate": 1, "callback": 8}
_RARE: Final = {"reject": 0.4, "transfer": 0.4, "restrict": 0.1, "strike_name": 0.2, "relate": 0.2}
#: How many things are tried before it counts as a step in which nothing could be done.
_TRIES: Final = 5
#: How often the thing done last is followed by what mostly comes next.
_GOES_ON: Final = 0.6
_WEIGHTS: Final = _FORWARD | _FORWARD_LATE | _DISPUTED | _RARE

#: What is not over though its case is: parts, tasks, disputes; told as (case, state, what).
_OPEN_BELOW: Final = """
WITH ended AS (SELECT * FROM cases WHERE state = ANY($1))
SELECT c.case_no, c.state, 'part ' || p.state AS what
  FROM ended c JOIN cases p ON p.parent_no = c.case_no WHERE NOT p.state = ANY($1)
UNION ALL
SELECT c.case_no, c.state, 'task ' || t.state FROM ended c JOIN task t USING (city, case_no)
 WHERE t.state IN ('DISPATCHED', 'SIGNED', 'IN_PROGRESS', 'SUBMITTED', 'RETURN_REQ')
UNION ALL
SELECT c.case_no, c.state, 'dispute' FROM ended c JOIN dispute d USING (city, case_no)
 WHERE d.settled_at IS NULL
UNION ALL
SELECT c.case_no, c.state, 'clock ' || k.code FROM ended c JOIN clock k USING (city, case_no)
 WHERE k.stopped_at IS NULL AND NOT k.code = ANY($2)
UNION ALL
SELECT c.case_no, c.state, 'clock ' || k.code FROM ended c JOIN clock k USING (city, case_no)
 WHERE k.stopped_at IS NULL AND c.state IN ('REJECTED', 'TRANSFERRED', 'MERGED')
   AND k.code = ANY($3) AND (c.state <> 'TRANSFERRED' OR NOT k.code = ANY($4))
UNION ALL
SELECT case_no, state, 'stands since ' || suspended_at FROM ended WHERE suspended_at IS NOT NULL
UNION ALL
SELECT c.case_no, c.state, 'stands for good' FROM cases c WHERE c.suspended_at IS NOT NULL
   AND NOT EXISTS (SELECT FROM suspension s WHERE s.city = c.city AND s.case_no = c.case_no
                      AND s.state = 'granted')
UNION ALL
SELECT c.case_no, c.state, 'ledger' FROM ended c JOIN ledger_entry l USING (city, case_no)
 WHERE l.released_at IS NULL
UNION ALL
SELECT c.case_no, c.state, 'emergency' FROM ended c JOIN emergency e ON emergency_no = case_no
 WHERE e.ended_at IS NULL AND c.state IN ('REJECTED', 'MERGED')
"""
#: What keeps a case from being closed, and may come up again afterwards.
_OPEN_BESIDE: Final = """
SELECT 'order ' || grade AS what FROM supervision_order
 WHERE case_no = $1 AND ended_at IS NULL AND answered_at IS NULL AND grade <> 'urge'
UNION ALL SELECT 'crime' FROM crime_transfer
 WHERE case_no = $1 AND approved IS NOT FALSE AND transferred_at IS NULL
UNION ALL SELECT 'emergency' FROM emergency e JOIN emergency_case j USING (city, emergency_no)
 WHERE j.case_no = $1 AND e.ended_at IS NULL
UNION ALL SELECT 'rectification' FROM inspection WHERE case_no = $1 AND issued_at IS NULL
"""
_LED: Final = """
SELECT c.case_no, c.state, c.queue, c.lead_unit, array_remove(array_agg(t.unit), NULL) AS leads
  FROM cases c LEFT JOIN task t ON t.city = c.city AND t.case_no = c.case_no AND t.is_lead
       AND t.state NOT IN ('RETURNED', 'WITHDRAWN')
 GROUP BY c.case_no, c.state, c.queue, c.lead_unit
"""
_CLOCKS: Final = """
SELECT case_no, task_no, code, attempt, started_at, due_at, stopped_at, stop_reason FROM clock
"""


class Seen(msgspec.Struct, frozen=True):
    """How all cases stood: their states, their clocks, how much history there was."""

    states: dict[int, str]
    clocks: dict[tuple[int, int, str, int], dict[str, Any]]
    events: int


class Walk:
    """Some cases of a city, and all that comes of them."""

    def __init__(self, db: Database, city: City, dice: random.Random, time: Time) -> None:
        """Begin with an empty store and the golden Friday."""
        self.db, self.city, self.dice, self.time = db, city, dice, time
        self.moment = datetime(2026, 11, 20, 14, 30, tzinfo=CHINA)
        self.done: Counter[str] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()
        book = catalogue(city)
        outlive = [clock for clock in book.clocks.values() if clock.outlives]
        self.outlive = [clock.code for clock in outlive]
        self.beside = [c.code for c in outlive if not c.window and c.start != "reward:verified"]
        self.emergency = [c.code for c in outlive if c.start.startswith("emergency:")]
        self.chain: tuple[int, str] | None = None
        self.units = [unit.code for unit in city.units]
        self.counties = [d.code for d in city.divisions if d.level == "county"]

    async def begin(self, reports: int) -> None:
        """Let some reports come in, read by machine, and be sent out as the machine decides."""
        await put_city(self.db, self.city)
        for n in range(1, reports + 1):
            await put_case(
                self.db,
                n,
                *self.dice.sample(TYPES, self.dice.randint(1, 2)),
                adcode=self.dice.choice([*self.counties, None]),
                flags=flags(self.dice),
                kind=self.dice.choice(("TS", "TS", "JB", "ZX", "XF", "JC")),
                urgency=self.dice.choice(("P1", "P2", "P2")),
                queue=self.dice.choice(("route", "review")),
                received_at=self.moment - timedelta(hours=1),
            )
        async with self.db.city(CITY) as conn:
            await _somebody(conn, self.moment)
        await RouteStage(self.db, {CITY: self.city}).run_once(CITY)

    async def step(self) -> str | None:
        """Try a few things until one is done; give its verb."""
        self.moment += timedelta(minutes=self.dice.choice((1, 20, 240, 900)))
        self.time.at(self.moment.replace(tzinfo=None).isoformat())
        for _ in range(_TRIES):
            if done := await self._try():
                return done
        return None

    async def _try(self) -> str | None:
        scene, verb, actor = await self._choose()
        said = SAY[verb](scene)
        try:
            async with self.db.city(CITY) as conn:
                await act(conn, self.city, scene.case.case_no, verb, said, actor)
        except JiesuError as refusal:
            self.refused[verb, refusal.code] += 1
            return None
        self.done[verb] += 1
        follows = NEXT.get(verb, ())
        self.chain = (scene.case.case_no, self.dice.choice(follows)) if follows else None
        return verb

    async def _choose(self) -> tuple[Scene, str, Actor]:
        """Pick a case, something to do with it that its state allows, and who does it."""
        async with self.db.city(CITY) as conn:
            rows = await conn.fetch("SELECT case_no FROM cases ORDER BY case_no")
            numbers = [row["case_no"] for row in rows]
            going_on = self.chain if self.dice.random() < _GOES_ON else None
            number = CaseNo(going_on[0] if going_on else self.dice.choice(numbers))
            case = await cases.get(conn, CITY, number)
            tasks = await cases.tasks(conn, CITY, number)
            assert case is not None
            verb = going_on[1] if going_on else self._verb(case, tasks)
            asked = ASKED.get(verb)
            found = [row[0] for row in await conn.fetch(asked, number)] if asked else []
        scene = Scene(
            *(self.dice, self.moment, case, tasks, self.units, self.counties, numbers, found)
        )
        return scene, verb, self._actor(verb, case, tasks)

    def _verb(self, case: Case, tasks: list[Task]) -> str:
        if self.dice.random() < 0.03:
            return self.dice.choice(sorted(ACTS))
        fitting = [
            verb
            for verb, known in ACTS.items()
            if case.state in known.move.cases
            and (not known.move.tasks or any(task.state in known.move.tasks for task in tasks))
        ]
        if not fitting:
            return self.dice.choice(sorted(ACTS))
        return self.dice.choices(fitting, [_WEIGHTS.get(verb, 1) for verb in fitting])[0]

    def _actor(self, verb: str, case: Case, tasks: list[Task]) -> Actor:
        move = ACTS[verb].move
        wanted = [t for t in tasks if t.state in move.tasks and (t.is_lead or not move.lead_only)]
        unit = self.dice.choice([t.unit for t in wanted or tasks] or self.units)
        if move.by_system and self.dice.random() < 0.5:
            return SYSTEM
        if move.who == "unit" or (move.who == "anyone" and case.lead_unit == unit):
            name = self.dice.choice(("", "-two"))
            return msgspec.structs.replace(handler(unit), name=f"staff-of-{unit}{name}")
        people = {"supervisor": (BOSS,), "grid": (GRID,)}.get(move.who, (OPERATOR, SECOND))
        return self.dice.choice(people)

    async def look(self) -> Seen:
        """See how all cases stand, and that none is over with anything open, nor led by two."""
        async with self.db.system() as conn:
            open_ones = await conn.fetch(
                _OPEN_BELOW, list(OVER), self.outlive, self.beside, self.emergency
            )
            assert not open_ones, [tuple(row) for row in open_ones]
            led = await conn.fetch(_LED)
            clocks = await conn.fetch(_CLOCKS)
            events = await conn.fetchval("SELECT count(*) FROM event")
        assert [said for row in led for said in _misled(row)] == []
        return Seen(
            states={row["case_no"]: row["state"] for row in led},
            clocks={tuple(row)[:4]: dict(row) for row in clocks},
            events=events,
        )

    async def check_step(self, before: Seen, after: Seen, verb: str | None) -> None:
        """Assert what a step may do: nothing where it was refused; no end over what is open."""
        if verb is None or after == before:
            assert after == before  # refused, or the same request once more
            return
        assert after.events > before.events, verb
        async with self.db.system() as conn:
            for number, state in after.states.items():
                if state == "CLOSED" and before.states.get(number) not in ("CLOSED", "ARCHIVED"):
                    left = await conn.fetch(_OPEN_BESIDE, number)
                    assert [row["what"] for row in left] == [], (number, verb)
            fresh = await conn.fetch(
                "SELECT case_no, verb, data FROM event WHERE event_id IN"
                " (SELECT event_id FROM event ORDER BY event_id DESC LIMIT $1)",
                after.events - before.events,
            )
        unsaid = list(moved(before, after, [dict(row) for row in fresh]))
        assert not unsaid, (verb, unsaid)


def _misled(row: Any) -> Iterator[str]:
    """Say what is wrong with who leads a case: one unit, or people at the desk, never neither."""
    leads, state = row["leads"] or [], row["state"]
    if state in ("DISPATCHED", "IN_PROGRESS", "SUBMITTED"):
        if leads != [row["lead_unit"]]:
            yield f"{row['case_no']} {state} is led by {leads}, named {row['lead_unit']}"
    elif state in ("SCREEN", "ACCEPTED") and (leads or row["queue"] != "review"):
        yield f"{row['case_no']} {state} is led by {leads} and waits at {row['queue']}"


def moved(before: Seen, after: Seen, fresh: list[dict[str, Any]]) -> Iterator[str]:
    """Name the clocks that were changed in what is past, or stopped or begun anew unsaid."""
    said = {(event["case_no"], event["verb"]) for event in fresh}
    recounted = {
        (e["case_no"], e["data"]["task_no"], e["data"]["code"], e["data"]["attempt"])
        for e in fresh
        if e["verb"] == "clock:recounted"
    }
    for key, was in before.clocks.items():
        now = after.clocks.get(key)
        if now is None:
            yield f"{key} is gone"
            continue
        if now["started_at"] != was["started_at"]:
            yield f"{key} began at another time"
        if now["due_at"] != was["due_at"] and key not in recounted:
            yield f"{key} moved from {was['due_at']} to {now['due_at']}"
        if was["stopped_at"] is not None and now != was:
            yield f"{key} was over and is not"
        stopped = was["stopped_at"] is None and now["stopped_at"] is not None
        if stopped and (key[0], now["stop_reason"]) not in said:
            yield f"{key} stopped for {now['stop_reason']}, which nothing tells of: {sorted(said)}"
    for key in after.clocks.keys() - before.clocks.keys():
        case, task, code, attempt = key
        earlier = after.clocks.get((case, task, code, attempt - 1))
        if attempt > 1 and (earlier is None or earlier["stopped_at"] is None):
            yield f"{key} runs beside the attempt before it"


async def _somebody(conn: Connection, at: datetime) -> None:
    """Let every other case be of somebody who may be called, and a grid have its worker."""
    await conn.execute(
        "INSERT INTO identity (city, case_no, reporter_no, key_version, name, phone, anonymous,"
        " confidential, want_callback, created_at)"
        " SELECT city, case_no, 1, 1, 'sealed', 'sealed', false, true, true, $1"
        " FROM cases WHERE case_no % 2 = 0",
        at,
    )
    await conn.execute(
        "INSERT INTO grid (city, code, name, level, grade, imported_at)"
        " VALUES ($1, $1, '测试市', 1, 'general', $2)",
        CITY,
        at,
    )
    await conn.execute(
        "INSERT INTO staff (city, username, password_hash, display_name, role, grid)"
        " VALUES ($1, 'grid-one', '', '网格员', 'grid', $1)",
        CITY,
    )
    await conn.execute(
        "INSERT INTO staff (city, username, password_hash, display_name, role)"
        " VALUES ($1, 'desk-one', '', '受理员', 'operator')",
        CITY,
    )
    await conn.execute(
        "INSERT INTO attachment (city, attachment_id, case_no, origin, name, media_type, size,"
        " sha256, created_at) SELECT city, gen_random_uuid(), case_no, 'unit', '报告.pdf',"
        " 'application/pdf', 1, 'x', $1 FROM cases",
        at,
    )
