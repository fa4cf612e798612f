"""The pool: jsonb as Python objects, and row-level security that really isolates."""

import asyncio

import asyncpg
import pytest

from models.db.pool import Database, Json
from models.errors import Unavailable
from tests.kit import Server

LEASE = "INSERT INTO lease VALUES ($1, $2, 'somebody', now(), now())"


async def put_unit(db: Database, city: str, *codes: str) -> None:
    """Store units of a city."""
    async with db.city(city) as conn:
        for code in codes:
            await conn.execute("INSERT INTO unit VALUES ($1, $2, $2, $2, 'county')", city, code)


async def put_case(db: Database, city: str, case_no: int, *units: str) -> None:
    """Store a case with a task for each unit, the first one leading."""
    async with db.city(city) as conn:
        await conn.execute(
            "INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash)"
            " VALUES ($1, $2, 'portal', 'web', '河水发黑', now(), $3)",
            city,
            case_no,
            str(case_no).encode(),
        )
        for number, unit in enumerate(units, 1):
            await conn.execute(
                "INSERT INTO task (city, case_no, task_no, unit, role, is_lead, dispatched_at)"
                " VALUES ($1, $2, $3, $4, 'R', $5, now())",
                city,
                case_no,
                number,
                unit,
                number == 1,
            )


async def test_a_transaction_of_one_city_sees_no_other_city(db: Database) -> None:
    """Rows of another city are neither read nor changed nor deleted."""
    for city in ("430100", "530100"):
        async with db.city(city) as conn:
            await conn.execute(LEASE, city, "sweeper")
    async with db.city("430100") as conn:
        assert await conn.fetchval("SELECT array_agg(city) FROM lease") == ["430100"]
        assert await conn.execute("UPDATE lease SET holder = 'x'") == "UPDATE 1"
        assert await conn.execute("DELETE FROM lease WHERE city = '530100'") == "DELETE 0"
    async with db.system() as conn:
        assert await conn.fetchval("SELECT count(*) FROM lease") == 2


async def test_a_row_of_another_city_cannot_be_written(db: Database) -> None:
    """Writing under another city's name is refused by the database."""
    async with db.city("430100") as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(LEASE, "530100", "sweeper")


async def test_nothing_is_visible_without_a_scope(db: Database) -> None:
    """A connection on which no city was set sees no row and can write none."""
    async with db.city("430100") as conn:
        await conn.execute(LEASE, "430100", "sweeper")
    async with db.pool.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM lease") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(LEASE, "430100", "other")


async def test_a_unit_sees_only_cases_in_which_it_has_a_task(db: Database) -> None:
    """Another unit's case is invisible to it, the city's own view has both."""
    await put_unit(db, "430100", "A", "B")
    await put_case(db, "430100", 1, "A")
    await put_case(db, "430100", 2, "B", "A")
    await put_case(db, "430100", 3, "B")
    async with db.city("430100", "A") as conn:
        assert await conn.fetchval("SELECT array_agg(case_no ORDER BY 1) FROM cases") == [1, 2]
        assert await conn.fetchval("SELECT array_agg(unit) FROM task") == ["A", "A"]
    async with db.city("430100") as conn:
        assert await conn.fetchval("SELECT count(*) FROM cases") == 3


async def test_a_unit_never_sees_who_reported(db: Database) -> None:
    """The vault is closed to a unit's connection even for its own case."""
    await put_unit(db, "430100", "A")
    await put_case(db, "430100", 1, "A")
    async with db.city("430100") as conn:
        await conn.execute(
            "INSERT INTO identity (city, case_no, reporter_no, key_version, anonymous,"
            " confidential, want_callback, created_at)"
            " VALUES ('430100', 1, 1, 1, false, true, true, now())"
        )
    async with db.city("430100", "A") as conn:
        assert await conn.fetchval("SELECT count(*) FROM identity") == 0


async def test_the_scope_ends_with_its_transaction(db: Database) -> None:
    """A pooled connection carries no scope into its next use."""
    async with db.city("430100") as conn:
        await conn.execute(LEASE, "430100", "sweeper")
    for _ in range(20):
        async with db.pool.acquire() as conn:
            assert await conn.fetchval("SELECT count(*) FROM lease") == 0


async def test_jsonb_round_trips_as_python_objects(db: Database) -> None:
    """What goes in as dict or list comes out equal, Chinese and null included."""
    value = {"镇": ["莲花", None, 1.5, True], "n": {"深": []}}
    async with db.system() as conn:
        assert await conn.fetchval("SELECT $1::jsonb", value) == value
        assert await conn.fetchval("SELECT $1::jsonb ->> '镇'", value) == (
            '["莲花", null, 1.5, true]'
        )


async def test_lists_can_be_elements_of_a_jsonb_array(db: Database) -> None:
    """A batch of lists is passed as Json, because the driver takes bare ones for dimensions."""
    lists = [[{"日": 1}], [], [1, 2, 3]]
    async with db.system() as conn:
        sent = [Json(value) for value in lists]
        assert await conn.fetchval("SELECT $1::jsonb[]", sent) == lists


async def test_an_error_rolls_everything_back(db: Database) -> None:
    """Nothing of a transaction stays when its block raises."""

    async def write_and_fail() -> None:
        async with db.city("430100") as conn:
            await conn.execute(LEASE, "430100", "sweeper")
            raise KeyError

    with pytest.raises(KeyError):
        await write_and_fail()
    async with db.system() as conn:
        assert await conn.fetchval("SELECT count(*) FROM lease") == 0


async def test_a_cut_connection_is_told_as_unavailable_and_the_pool_heals(
    db: Database, server: Server
) -> None:
    """Whoever was cut is told so; the next transaction works."""

    async def be_cut() -> None:
        async with db.system() as conn:
            pid = await conn.fetchval("SELECT pg_backend_pid()")
            await server.run(f"SELECT pg_terminate_backend({pid}, 5000)")
            await conn.execute("SELECT 1")

    with pytest.raises(Unavailable, match="database_unavailable"):
        await be_cut()
    async with db.system() as conn:
        assert await conn.fetchval("SELECT 1") == 1


async def test_a_wrong_address_is_told_as_unavailable() -> None:
    """Nobody at the address: an error with a stable code, not a traceback of the driver."""
    with pytest.raises(Unavailable, match="database_unavailable"):
        await Database.connect("postgresql://nobody@127.0.0.1:1/none")


async def test_a_wrong_statement_keeps_its_own_error(db: Database) -> None:
    """A mistake in a statement or its arguments is not taken for a lost connection."""
    async with db.system() as conn:
        with pytest.raises(asyncpg.DataError):
            await conn.fetchval("SELECT $1::integer", "not a number")


async def test_the_application_is_no_superuser_and_bypasses_nothing(db: Database) -> None:
    """Even over a superuser's address the sessions run under the owner's role."""
    async with db.system() as conn:
        flags = await conn.fetchrow(
            "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
    assert flags is not None
    assert tuple(flags) == (False, False)


async def test_a_listener_hears_and_comes_back_after_a_loss(db: Database, server: Server) -> None:
    """Payloads arrive; after its connection was cut it says so with an empty one, then hears on."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await db.listen("jiesu_work", heard.put_nowait)
    async with db.system() as conn:
        await conn.execute("SELECT pg_notify('jiesu_work', 'tag')")
    assert await asyncio.wait_for(heard.get(), 5) == "tag"
    async with db.system() as conn:
        name = await conn.fetchval("SELECT current_database()")
    await server.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{name}' AND query LIKE 'LISTEN%'"
    )
    assert await asyncio.wait_for(heard.get(), 5) == ""
    async with db.system() as conn:
        await conn.execute("SELECT pg_notify('jiesu_work', 'route')")
    assert await asyncio.wait_for(heard.get(), 5) == "route"
    await listener.close()
