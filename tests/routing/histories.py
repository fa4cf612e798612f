"""Random lives of cases as rows, and what each figure is over them, counted case by case."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.case import CaseNo, case_no
from models.db.pool import Connection
from models.moment import CHINA
from tests.routing.kit import CITY, EAST, WEST

UNITS = (f"{EAST}-ECO", f"{EAST}-UMA", f"{WEST}-ECO")
SINCE = datetime(2026, 11, 1, tzinfo=CHINA)
UNTIL = datetime(2026, 12, 1, tzinfo=CHINA)
_HOUR = timedelta(hours=1)


@dataclass
class Life:
    """What happened to one case."""

    no: CaseNo
    unit: str
    adcode: str
    dispatched: datetime
    closed: datetime | None
    parent: CaseNo | None
    divided: bool
    how: str | None
    solved: bool | None
    satisfaction: int | None
    contact: bool | None
    sign: bool | None
    due: bool | None
    returned: bool
    reworked: bool
    repeated: bool
    ping_pong: bool
    excluded: bool
    check: bool | None
    types: list[str]

    @property
    def is_closed(self) -> bool:
        """Whether it was closed in the month."""
        return self.closed is not None and SINCE <= self.closed < UNTIL

    @property
    def is_dispatched(self) -> bool:
        """Whether it was dispatched in the month."""
        return SINCE <= self.dispatched < UNTIL

    @property
    def asked(self) -> bool:
        """Whether its citizen was to be asked."""
        if self.divided:
            return False
        return self.closed is not None if self.how is None else self.how in ("judged", "unreached")


def lives(seed: int, count: int) -> list[Life]:
    """Make up the lives of cases."""
    rng = random.Random(seed)  # noqa: S311  # the same lives in every run
    found = [_life(rng, n) for n in range(1, count + 1)]
    for n in range(5, count, 9):
        found[n].parent, found[n - 1].divided = found[n - 1].no, True
        found[n].divided = False
    return found


def _life(rng: random.Random, n: int) -> Life:
    dispatched = SINCE + timedelta(hours=rng.randint(-400, 900))
    closed = dispatched + timedelta(hours=rng.randint(1, 500)) if rng.random() < 0.8 else None
    how = rng.choice((None, "judged", "judged", "unreached", "exempt")) if closed else None
    unit = rng.choice(UNITS)
    judged = how == "judged"
    maybe = (None, True, False)
    return Life(
        no=case_no(dispatched.date(), n),
        unit=unit,
        adcode=unit[:6],
        dispatched=dispatched,
        closed=closed,
        parent=None,
        divided=False,
        how=how,
        solved=rng.random() < 0.6 if judged else None,
        satisfaction=rng.randint(1, 5) if judged else None,
        contact=rng.choice(maybe),
        sign=rng.choice(maybe),
        due=rng.choice(maybe),
        returned=rng.random() < 0.2,
        reworked=rng.random() < 0.2,
        repeated=rng.random() < 0.2,
        ping_pong=rng.random() < 0.1,
        excluded=rng.random() < 0.1,
        check=rng.choice(maybe),
        types=rng.choice((["A01"], ["A01"], ["N13"], ["N13", "A03"], [])),
    )


async def put(conn: Connection, found: list[Life]) -> None:
    """Write lives as the rows that acts would leave."""
    await conn.executemany(
        "INSERT INTO cases (city, case_no, state, queue, channel, source, text, received_at, kind,"
        " adcode, lead_unit, dispatched_at, closed_at, parent_no, types, track_hash)"
        f" VALUES ('{CITY}', $1, $2, NULL, '12345_TEL', '12345', 'x', $3, 'TS', $4, $5, $3, $6, $7,"
        " $8,"
        " decode(md5($1::bigint::text), 'hex'))",
        [
            (
                *(one.no, _state(one), one.dispatched, one.adcode, one.unit, one.closed),
                *(one.parent, one.types),
            )
            for one in found
        ],
    )
    for table, rows in _rows(found).items():
        marks = ", ".join(f"${n}" for n in range(1, len(rows[0]) + 1)) if rows else ""
        columns = _COLUMNS[table]
        if rows:
            await conn.executemany(
                f"INSERT INTO {table} (city, {columns}) VALUES ('{CITY}', {marks})", rows
            )


def _state(one: Life) -> str:
    return ("ARCHIVED" if one.how else "CLOSED") if one.closed else "IN_PROGRESS"


_COLUMNS = {
    "verification": "case_no, round, how, solved, satisfaction, at",
    "clock": "case_no, task_no, code, unit, started_at, due_at, calendar, trace, stopped_at,"
    " stop_reason",
    "return_request": "case_no, task_no, n, unit, reason, basis, requested_at, decided_at, granted",
    "event": "event_id, case_no, at, verb, actor_kind, actor_name, data",
    "case_link": "link_id, case_no, other_no, kind, reason, made_by, made_at",
    "dispute": "case_no, dispute_no, cause, stage, level, opener, parties, opened_at,"
    " negotiate_until",
    "exclusion": "case_no, n, unit, month, cause, reason, asked_by, asked_at, granted, decided_by,"
    " decided_at",
    "spot_check": "case_no, n, passed, note, staff, at",
}


def _rows(found: list[Life]) -> dict[str, list[tuple[Any, ...]]]:
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _COLUMNS}
    for n, one in enumerate(found):
        at, no, unit = one.dispatched, one.no, one.unit
        if one.how:
            said = (one.how, one.solved, one.satisfaction, at)
            rows["verification"] += [(no, 1, "unreached", None, None, at)] if n % 3 == 0 else []
            rows["verification"].append((no, 2, *said))
        rows["clock"] += _clocks(one)
        if one.returned:
            rows["return_request"].append((no, 1, 1, unit, "R1", "x", at, at, True))
        if one.reworked:
            data: tuple[Any, ...] = (at, "case:task:reworked", "staff", "x", {})
            rows["event"].append((_uuid(n), no, *data))
        if one.repeated:
            rows["case_link"].append((_uuid(n), no, no - 1, "repeat", "x", "x", at))
        if one.ping_pong:
            told = ("ping_pong", "negotiation", "hotline", unit, [unit], at, at)
            rows["dispute"].append((no, 1, *told))
        if one.excluded:
            said_so = ("force_majeure", "x", "a", at, True, "b", at)
            rows["exclusion"].append((no, 1, unit, SINCE.date(), *said_so))
        if one.check is not None:
            rows["spot_check"].append((no, 1, one.check, "x", "x", at))
    return rows


def _clocks(one: Life) -> list[tuple[Any, ...]]:
    at, due = one.dispatched, one.dispatched + 2 * _HOUR
    terms = (
        ("K09", 1, one.contact, "case:task:contacted"),
        ("K04", 1, one.sign, "case:task:signed"),
        ("K12", 0, one.due, "case:task:submitted"),
    )
    return [
        (one.no, task, code, one.unit, at, due, "H", {}, at + _HOUR * (1 if good else 3), why)
        for code, task, good, why in terms
        if good is not None
    ]


def _uuid(n: int) -> str:
    return f"00000000-0000-0000-0000-{n:012d}"


def recount(formula: str, found: list[Life]) -> tuple[set[int], set[int]]:
    """Give the cases in numerator and denominator of a figure, straight from the lives."""
    of: set[int] = {one.no for one in found if _in_denominator(formula, one)}
    counts: set[int] = {one.no for one in found if one.no in of and _counts(formula, one)}
    return counts, of


def _in_denominator(formula: str, one: Life) -> bool:
    kept = formula in ("returned", "ping_pong", "spot_checks")
    if one.types == ["N13"] or (one.excluded and not kept):
        return False
    if formula in ("signed_in_time", "returned", "repeated", "ping_pong"):
        return one.is_dispatched and not one.divided
    if formula == "response":
        return one.is_closed and one.asked
    if formula in ("solved", "satisfied"):
        return one.is_closed and one.asked and one.how == "judged"
    closed = one.is_closed and not one.divided
    if formula == "closed_in_time":
        return closed and one.due is not None
    return closed and (formula != "spot_checks" or one.check is not None)


def _counts(formula: str, one: Life) -> bool:
    return {
        "response": one.contact is True,
        "solved": one.solved is True,
        "satisfied": (one.satisfaction or 0) >= 3,
        "signed_in_time": one.sign is True,
        "closed_in_time": one.due is True,
        "returned": one.returned,
        "reworked": one.reworked,
        "repeated": one.repeated,
        "ping_pong": one.ping_pong,
        "spot_checks": one.check is True,
    }[formula]
