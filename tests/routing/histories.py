"""Random lives of cases as rows, and what each figure is over them, counted case by case."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.case import CaseNo, case_no
from models.db.pool import Connection
from models.moment import CHINA
from tests.routing.kit import CITY, EAST, WEST

UNITS = (f"{EAST}-ECO", f"{EAST}-UMA", f"{WEST}-ECO")
SINCE = datetime(2026, 11, 1, tzinfo=CHINA)
UNTIL = datetime(2026, 12, 1, tzinfo=CHINA)
_HOUR = timedelta(hours=1)
_LEAST = timedelta(microseconds=1)
#: The values of a row, in the order of its columns.
Row = tuple[object, ...]


@dataclass
class Life:
    """What happened to one case; `former` led it before, `unit` is None while it waits."""

    no: CaseNo
    unit: str | None
    former: str | None
    adcode: str
    callable: bool
    dispatched: datetime
    closed: datetime | None
    parent: CaseNo | None
    divided: bool
    how: str | None
    solved: bool | None
    satisfaction: int | None
    contact: bool | None
    denied: bool
    sign: bool | None
    due: bool | None
    returned: bool
    reworked: bool
    repeated: bool
    ping_pong: bool
    former_returned: bool
    former_reworked: bool
    former_ping_pong: bool
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
        if self.divided or self.closed is None:
            return False
        return self.callable if self.how is None else self.how in ("judged", "unreached")


def lives(seed: int, count: int) -> list[Life]:
    """Make up the lives of cases."""
    rng = random.Random(seed)  # noqa: S311  # the same lives in every run
    found = [_life(rng, n) for n in range(1, count + 1)]
    for n in range(5, count, 9):
        found[n].parent, found[n - 1].divided = found[n - 1].no, True
        found[n].divided, found[n].callable = False, found[n - 1].callable
    return found


def _life(rng: random.Random, n: int) -> Life:
    hours = SINCE + timedelta(hours=rng.randint(-400, 900))
    dispatched = rng.choice((*[hours] * 6, SINCE, SINCE - _LEAST, UNTIL))
    later = dispatched + timedelta(hours=rng.randint(1, 500))
    edge = rng.choice((UNTIL, UNTIL - _LEAST)) if dispatched < UNTIL - _LEAST else later
    closed = rng.choice((*[later] * 6, edge, edge, None, None))
    how = rng.choice((None, "judged", "judged", "unreached", "exempt")) if closed else None
    unit = rng.choice(UNITS)
    waits = closed is None and rng.random() < 0.3
    others = [one for one in UNITS if waits or one != unit]
    former = rng.choice(others) if waits or rng.random() < 0.3 else None
    judged = how == "judged"
    maybe = (None, True, False)
    return Life(
        no=case_no(dispatched.date(), n),
        unit=None if waits else unit,
        former=former,
        adcode=unit[:6],
        callable=rng.random() < 0.6,
        dispatched=dispatched,
        closed=closed,
        parent=None,
        divided=False,
        how=how,
        solved=rng.random() < 0.6 if judged else None,
        satisfaction=rng.randint(1, 5) if judged else None,
        contact=rng.choice(maybe),
        denied=judged and rng.random() < 0.2,
        sign=rng.choice(maybe),
        due=rng.choice(maybe),
        returned=not waits and rng.random() < 0.2,
        reworked=not waits and rng.random() < 0.2,
        repeated=rng.random() < 0.2,
        ping_pong=not waits and rng.random() < 0.1,
        former_returned=former is not None and (waits or rng.random() < 0.6),
        former_reworked=former is not None and rng.random() < 0.2,
        former_ping_pong=former is not None and rng.random() < 0.2,
        excluded=closed is not None and rng.random() < 0.1,
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
    if one.closed:
        return "ARCHIVED" if one.how else "CLOSED"
    return "IN_PROGRESS" if one.unit else "ACCEPTED"


_COLUMNS = {
    "identity": "case_no, reporter_no, key_version, phone, anonymous, confidential, want_callback,"
    " created_at",
    "task": "case_no, task_no, unit, role, is_lead, state, dispatched_at",
    "verification": "case_no, round, how, solved, satisfaction, contacted, at",
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


def _rows(found: list[Life]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {table: [] for table in _COLUMNS}
    for n, one in enumerate(found):
        at, no, unit = one.dispatched, one.no, one.unit or one.former
        _said(rows, n, one)
        rows["clock"] += _clocks(one)
        if one.callable and one.parent is None:
            rows["identity"].append((no, 1, 1, b"x", False, True, True, at))
        if one.former:
            rows["task"].append((no, 9, one.former, "ECO", True, "RETURNED", at))
        gave_back = [(one.returned and one.unit, 1), (one.former_returned and one.former, 9)]
        rows["return_request"] += [
            (no, task, 1, who, "R1", "x", at, at, True) for who, task in gave_back if who
        ]
        sent_back = (one.reworked and one.unit, one.former_reworked and one.former)
        rows["event"] += [
            (_uuid(2 * n + k), no, at, "case:task:reworked", "staff", "x", {"unit": who})
            for k, who in enumerate(sent_back)
            if who
        ]
        if one.repeated:
            rows["case_link"].append((_uuid(n), no, no - 1, "repeat", "x", "x", at))
        bounced = (one.ping_pong and one.unit, one.former_ping_pong and one.former)
        if parties := [who for who in bounced if who]:
            told = ("ping_pong", "negotiation", "hotline", unit, parties, at, at)
            rows["dispute"].append((no, 1, *told))
        if one.check is not None:
            rows["spot_check"].append((no, 1, one.check, "x", "x", at))
    return rows


def _said(rows: dict[str, list[Row]], n: int, one: Life) -> None:
    """Add what was said and decided of the present closing, and of one before it."""
    before, after = one.dispatched, (one.closed or one.dispatched) + _HOUR
    if one.closed and n % 3 == 0:
        rows["verification"].append((one.no, 1, "judged", False, 1, False, before))
    if one.how:
        called = not one.denied if one.how == "judged" else None
        said = (one.how, one.solved, one.satisfaction, called, after)
        rows["verification"].append((one.no, 2, *said))
    if one.excluded or n % 7 == 0:
        asked = after if one.excluded else before - _HOUR
        why = ("force_majeure", "x", "a", asked, True, "b", asked)
        rows["exclusion"].append((one.no, 1, one.unit or one.former, SINCE.date(), *why))


def _clocks(one: Life) -> list[Row]:
    """Give the clocks of the present lead; who led before signed and called in time."""
    at, due = one.dispatched, one.dispatched + 2 * _HOUR
    terms = (
        ("K09", 1, one.contact, "case:task:contacted"),
        ("K04", 1, one.sign, "case:task:signed"),
        ("K12", 0, one.due, "case:task:submitted"),
    )
    own: list[Row] = [
        (one.no, task, code, one.unit, at, due, "H", {}, at + _HOUR * (1 if good else 3), why)
        for code, task, good, why in terms
        if good is not None
    ]
    former: list[Row] = [
        (one.no, 9, code, one.former, at, due, "H", {}, at + _HOUR, why)
        for code, task, _, why in terms
        if one.former and task
    ]
    return own + former


def _uuid(n: int) -> str:
    return f"00000000-0000-0000-0000-{n:012d}"


def recount(
    formula: str, found: list[Life], unit: str | None = None
) -> tuple[set[CaseNo], set[CaseNo]]:
    """Give the cases in numerator and denominator of a figure, straight from the lives.

    Of a unit only what it did itself counts; of the city what any of a case's units did.
    """
    of = {one.no for one in found if _in_denominator(formula, one, unit)}
    return {one.no for one in found if one.no in of and _counts(formula, one, unit)}, of


def _in_denominator(formula: str, one: Life, unit: str | None) -> bool:
    if one.types == ["N13"]:
        return False
    given = one.is_dispatched and not one.divided
    if formula in ("returned", "ping_pong"):
        return given
    leads = one.unit is not None and unit in (None, one.unit)
    if not leads or (one.excluded and formula != "spot_checks"):
        return False
    closed = one.is_closed and not one.divided
    return {
        "signed_in_time": given,
        "repeated": given,
        "response": one.is_closed and one.asked,
        "solved": one.is_closed and one.asked and one.how == "judged",
        "satisfied": one.is_closed and one.asked and one.how == "judged",
        "closed_in_time": closed and one.due is not None,
        "reworked": closed,
        "spot_checks": closed and one.check is not None,
    }[formula]


def _counts(formula: str, one: Life, unit: str | None) -> bool:
    own, before = unit in (None, one.unit), unit in (None, one.former)
    return {
        "response": one.contact is True and not one.denied,
        "solved": one.solved is True,
        "satisfied": (one.satisfaction or 0) >= 3,
        "signed_in_time": one.sign is True,
        "closed_in_time": one.due is True,
        "returned": (own and one.returned) or (before and one.former_returned),
        "reworked": (own and one.reworked) or (before and one.former_reworked),
        "repeated": one.repeated,
        "ping_pong": (own and one.ping_pong) or (before and one.former_ping_pong),
        "spot_checks": one.check is True,
    }[formula]
