"""What a grid's worker may see and do, whatever is tried (F23): the grid's own questions alone."""

import itertools
import random
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.city import City
from models.db.pool import Database
from models.errors import Forbidden, JiesuError
from models.grid import scope_of
from models.moment import CHINA
from routing.acts import ACTS
from routing.catalogue import catalogue
from routing.grid_lapses import let_go
from tests.routing.closing import ECO
from tests.routing.grid import FAR, NEAR, TREE, Beat, worker
from tests.routing.kit import CITY, OPERATOR, TOWN, handler
from tests.routing.moments import Time

_numbers = itertools.count(100)
_ENDS = ("reported", "withdrawn", "lapsed")
_TEXTS: Final = ("某某", "100", "a" * 64)
_PLAIN: Final[Mapping[type, Any]] = {
    msgspec.inspect.IntType: 1,
    msgspec.inspect.FloatType: 1.0,
    msgspec.inspect.BoolType: True,
    msgspec.inspect.DateType: date(2026, 11, 20).isoformat(),
    msgspec.inspect.DateTimeType: datetime(2026, 11, 20, 12, tzinfo=CHINA).isoformat(),
    msgspec.inspect.UUIDType: str(UUID(int=1)),
}


@pytest.fixture
async def beat(town: Database, city: City, time: Time) -> Beat:
    """Give a case at work with a question to the community that it is in."""
    made = await Beat.start(town, city, time)
    await made.ask()
    return made


def some(kind: Any) -> Any:
    """Make a value of a type as a request may hold it."""
    match kind:
        case msgspec.inspect.StructType():
            made: Any = {f.encode_name: some(f.type) for f in kind.fields if f.required}
        case msgspec.inspect.UnionType():
            made = some(kind.types[0])
        case msgspec.inspect.EnumType():
            made = next(iter(kind.cls)).value
        case msgspec.inspect.LiteralType():
            made = kind.values[0]
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            made = [some(kind.item_type)]
        case msgspec.inspect.DictType():
            made = {"x": some(kind.value_type)}
        case msgspec.inspect.StrType():
            made = next(text for text in _TEXTS if re.search(kind.pattern or "", text))
        case _:
            made = _PLAIN[type(kind)]
    return made


async def test_f23_a_grids_worker_does_no_other_act_on_a_case(beat: Beat) -> None:
    """Of all acts that there are each but the answer is refused, with good data, as not theirs."""
    before = await beat.case()
    for verb in ACTS.keys() - {"grid_report"}:
        data = some(msgspec.inspect.type_info(ACTS[verb].move.data))
        with pytest.raises(Forbidden, match="not_your_part"):
            await beat.act(verb, worker(NEAR), **data)
    assert await beat.case() == before


async def test_f23_nobody_else_does_what_the_grid_does(beat: Beat) -> None:
    """The acts of the grid are the grid's."""
    own = [verb for verb, act in ACTS.items() if act.move.who == "grid"]
    assert own == ["grid_report"]
    for actor in (OPERATOR, handler(ECO), handler(NEAR)):
        with pytest.raises(JiesuError):
            await beat.answer(actor)


async def test_f23_a_workers_connection_sees_the_grids_questions_and_nothing_of_the_case(
    beat: Beat,
) -> None:
    """Row-level security: no case, task, event, clock, report, file or identity of any city."""
    async with beat.db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO identity (city, case_no, reporter_no, key_version, anonymous,"
            " confidential, want_callback, created_at)"
            " VALUES ($1, $2, 1, 1, false, true, true, now())",
            *(CITY, beat.number),
        )
        tables = [
            row["tablename"]
            for row in await conn.fetch(
                "SELECT t.tablename FROM pg_tables t JOIN information_schema.columns c"
                " ON c.table_name = t.tablename AND c.table_schema = t.schemaname"
                " WHERE t.schemaname = current_schema() AND c.column_name = 'case_no'"
            )
        ]
    assert {"cases", "event", "identity", "grid_check", "report"} <= set(tables)
    seen = {}
    async with beat.db.city(CITY, scope_of(NEAR)) as conn:
        for table in tables:
            seen[table] = await conn.fetchval(f"SELECT count(*) FROM {table}")
        seen["staff"] = await conn.fetchval("SELECT count(*) FROM staff")
    assert {table: n for table, n in seen.items() if n} == {"grid_check": 1}
    for other in (FAR, TOWN):
        assert await beat.checks(scope_of(other)) == []


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
async def test_f23_no_order_of_acts_leaves_two_questions_or_opens_one_again(
    beat: Beat, seed: int
) -> None:
    """One open question at most, its clock with it; what has ended well or ill stays ended."""
    await beat.begin("A01", n=next(_numbers))
    await beat.settle(TOWN)
    rng = random.Random(seed)  # noqa: S311  # a life is told by its seed
    moments = sorted(rng.randrange(9 * 60) for _ in range(10))
    past: dict[int, str] = {}
    for minute in moments:
        at = beat.time.at(f"2026-11-20T{15 + minute // 60:02d}:{minute % 60:02d}:00")
        await _try(beat, rng, at)
        checks = await beat.checks()
        running = [c for c in (await beat.clocks()).values() if c.stopped_at is None]
        own = [clock for clock in running if clock.code in ("G01", "G02")]
        is_open = [check for check in checks if check.state == "asked"]
        assert len(is_open) <= 1
        assert [clock.due_at for clock in own] == [check.due_at for check in is_open]
        for n, state in past.items():
            now = checks[n - 1].state
            assert now == state or (state, now) == ("lapsed", "reported")
        past = {check.n: check.state for check in checks if check.state in _ENDS}


async def _try(beat: Beat, rng: random.Random, at: datetime) -> None:
    n = rng.randint(1, len(await beat.checks()) or 1)
    try:
        match rng.choice(("ask", "ask", "answer", "withdraw", "lapse")):
            case "ask":
                await beat.ask(rng.choice((OPERATOR, beat.worker)), grid=rng.choice(TREE).code)
            case "answer":
                await beat.answer(worker(rng.choice((NEAR, FAR, TOWN))), n=n, found_at=str(at))
            case "withdraw":
                await beat.act(
                    "withdraw_grid", rng.choice((OPERATOR, beat.worker)), n=n, reason="撤"
                )
            case "lapse":
                due = [one.due_at for one in await beat.checks() if one.state == "asked"]
                async with beat.db.city(CITY) as conn:
                    await let_go(conn, catalogue(beat.city), max(due, default=at), 10)
    except JiesuError:
        return
