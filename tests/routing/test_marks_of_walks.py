"""Figures of random walks over all acts: counted once more from what was written into history."""

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import pytest

from models.case import Event
from models.db import events
from models.db import marks as store
from models.db.marks import Figure
from models.db.pool import Connection, Database
from models.moment import CHINA
from routing.catalogue import catalogue
from routing.marks import cases_of, count, month_of
from tests.routing.kit import CITY
from tests.routing.moments import Time
from tests.routing.towns import walked_cities
from tests.routing.walker import Walk

SEEDS: Final = (11, 12)
_STEPS: Final = 160
_GONE: Final = ("REJECTED", "TRANSFERRED", "MERGED")
_CASES: Final = """
SELECT c.case_no, c.state, c.lead_unit, c.adcode, c.types, c.dispatched_at,
       EXISTS (SELECT FROM cases p
                WHERE p.parent_no = c.case_no AND p.state <> 'MERGED') AS divided,
       ARRAY(SELECT DISTINCT t.unit FROM task t WHERE t.case_no = c.case_no AND t.is_lead) AS led
  FROM cases c
"""
_WORDS: Final = """
SELECT at, solved, satisfaction FROM callback
 WHERE case_no = $1 AND connected AND NOT waits ORDER BY round, n
"""


CITIES: Final = walked_cities(SEEDS)


class Told:
    """One case as its history tells it."""

    def __init__(self, case: Any, history: list[Event], words: list[Any]) -> None:
        """Go through what happened, in order."""
        self.no, self.lead, self.adcode = case["case_no"], case["lead_unit"], case["adcode"]
        self.units = {*case["led"], *([self.lead] if self.lead else [])}
        self.single = not case["divided"]
        self.counts = case["state"] not in _GONE and case["types"] != ["N13"]
        self.closed: datetime | None = None
        self.excluded = False
        self.dispatched = case["dispatched_at"]
        self.reworked: set[str] = set()
        self.returned: set[str] = set()
        self.repeats: set[str] = set()
        self.check: bool | None = None
        for one in history:
            self._hear(one)
        if case["state"] not in ("CLOSED", "ARCHIVED"):
            self.closed = None
        said = [word for word in words if self.closed and word["at"] >= self.closed]
        self.word = said[-1] if said else None

    def _hear(self, one: Event) -> None:
        data = one.data
        match one.verb:
            case "case:closed":
                self.closed, self.excluded = one.at, False
            case "marks:exclusion:granted":
                self.excluded = True
            case "marks:exclusion:revoked":
                self.excluded = False
            case "case:task:reworked":
                self.reworked.add(data["unit"])
            case "case:task:returned":
                self.returned.add(data["unit"])
            case "case:related" if data["kind"] == "repeat" and "to" in data:
                self.repeats.add(data["to"])
            case "case:unrelated" if "to" in data:
                self.repeats.discard(data["to"])
            case "case:spot_checked":
                self.check = data["passed"]
            case _:
                pass

    def of(self, formula: str, unit: str | None, month: str) -> tuple[bool, bool] | None:
        """Say whether the case is in a figure, and whether it counts; None for others."""
        own = self.lead is not None and unit in (None, self.lead)
        given = self.counts and self.single and _in(self.dispatched, month)
        closed = self.counts and self.single and own and _in(self.closed, month)
        kept, word = closed and not self.excluded, self.word
        who = self.units if unit is None else {unit}
        return {
            "returned": (given and bool(who & self.units), bool(self.returned & who)),
            "repeated": (given and own and not self.excluded, bool(self.repeats)),
            "reworked": (kept, bool(self.reworked & who)),
            "solved": (kept and word is not None, word is not None and word["solved"]),
            "satisfied": (kept and word is not None, word is not None and word["satisfaction"] > 2),
            "spot_checks": (closed and self.check is not None, self.check is True),
        }.get(formula)


def _in(at: datetime | None, month: str) -> bool:
    return at is not None and f"{at.astimezone(CHINA):%Y-%m}" == month


async def _told(conn: Connection) -> list[Told]:
    found = []
    for case in await conn.fetch(_CASES):
        history = await events.history(conn, CITY, case["case_no"])
        found.append(Told(case, history, await conn.fetch(_WORDS, case["case_no"])))
    return found


def _wanted(told: list[Told], month: str) -> Iterator[tuple[str, str, str, set[int], set[int]]]:
    """Give each figure that there must be: formula, scope, area, its cases, those that count."""
    areas = [("city", CITY)]
    areas += [("unit", unit) for unit in sorted({u for one in told for u in one.units})]
    areas += [("county", code) for code in sorted({one.adcode for one in told if one.adcode})]
    for formula in ("returned", "repeated", "reworked", "solved", "satisfied", "spot_checks"):
        for scope, area in areas:
            within = [one for one in told if scope != "county" or one.adcode == area]
            unit = area if scope == "unit" else None
            said = {one.no: one.of(formula, unit, month) or (False, False) for one in within}
            base = {no for no, (there, _) in said.items() if there}
            yield formula, scope, area, base, {no for no in base if said[no][1]}


@pytest.mark.parametrize("seed", SEEDS)
async def test_f34_figures_of_any_acts_are_what_history_tells(
    db: Database, time: Time, seed: int
) -> None:
    """For the month in which all begins and the next, the city, its counties and every unit."""
    dice = random.Random(seed)  # noqa: S311 - a walk is told by its seed
    walk = Walk(db, CITIES[seed], dice, time)
    await walk.begin(6)
    for _ in range(_STEPS):
        await walk.step()
    checked = 0
    for month in ("2026-11", "2026-12"):
        async with db.city(CITY) as conn:
            at = datetime(2027, 2, 1, tzinfo=CHINA)
            run = await count(conn, catalogue(walk.city), month_of(month), "x", at)
            made = await store.figures(conn, CITY, run.run_id)
            by_key: dict[tuple[str, str, str], Figure] = {
                (one.formula, one.scope, one.area): one for one in made
            }
            for formula, scope, area, base, top in _wanted(await _told(conn), month):
                one = by_key.get((formula, scope, area))
                behind = await cases_of(conn, CITY, run.run_id, one) if one else []
                where = (month, formula, scope, area)
                assert ({case.case_no for case in behind}, where) == (base, where)
                assert ({case.case_no for case in behind if case.counts}, where) == (top, where)
                checked += bool(base)
    assert checked > 12
