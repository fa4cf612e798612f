"""Migrations: each file once, whoever runs them, and no database that does not fit the code."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from models.db.migrate import migrate, pending, read_migrations
from models.errors import Unavailable
from tests.kit import Server


@pytest.fixture
async def empty(server: Server) -> AsyncIterator[str]:
    """Give the address of a database without any table."""
    name = "jiesu_test_migrate"
    await server.drop(name)
    await server.run(f"CREATE DATABASE {name}")
    yield server.database(name)
    await server.drop(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give thirty small migrations."""
    for number in range(1, 31):
        sql = f"CREATE TABLE t{number} (n integer); INSERT INTO t{number} VALUES ({number});"
        (tmp_path / f"{number:04d}_table.sql").write_text(sql, encoding="utf-8")
    return tmp_path


async def test_three_runners_at_once_apply_each_file_once(empty: str, folder: Path) -> None:
    """One of them does it all, the others wait and find nothing to do."""
    runs = await asyncio.gather(*(migrate(empty, folder) for _ in range(3)))
    assert sorted(len(applied) for applied in runs) == [0, 0, 31]
    assert await migrate(empty, folder) == []


async def test_the_shipped_schema_is_complete_after_one_run(empty: str) -> None:
    """Our tables and the outbox's engine are there, and nothing is pending."""
    assert "0001_foundation" in await pending(empty)
    applied = await migrate(empty)
    assert "0001_foundation" in applied
    assert await pending(empty) == []
    conn = await asyncpg.connect(empty)
    tables = {row[0] for row in await conn.fetch("SELECT tablename FROM pg_tables")}
    await conn.close()
    assert {"cases", "event_seal", "schema_migration", "pgqueuer"} <= tables


async def test_new_files_are_applied_to_an_older_database(empty: str, folder: Path) -> None:
    """Only what is missing runs, in order."""
    last = folder / "0030_table.sql"
    text = last.read_text(encoding="utf-8")
    last.unlink()
    await migrate(empty, folder)
    last.write_text(text, encoding="utf-8")
    assert await migrate(empty, folder) == ["0030_table"]


async def test_a_changed_file_is_refused(empty: str, folder: Path) -> None:
    """A migration that was edited after it ran stops everything."""
    await migrate(empty, folder)
    (folder / "0007_table.sql").write_text("SELECT 1;", encoding="utf-8")
    with pytest.raises(Unavailable, match="migration_changed"):
        await migrate(empty, folder)


async def test_a_newer_database_is_refused(empty: str, folder: Path) -> None:
    """Older code does not touch a database that newer code has made."""
    await migrate(empty, folder)
    (folder / "0030_table.sql").unlink()
    with pytest.raises(Unavailable, match="database_newer"):
        await migrate(empty, folder)


async def test_a_gap_is_refused(empty: str, folder: Path) -> None:
    """A missing file is an incomplete installation, not something to skip."""
    (folder / "0007_table.sql").unlink()
    with pytest.raises(Unavailable, match="migration_gap"):
        await migrate(empty, folder)


async def test_a_failing_file_leaves_nothing_and_can_be_mended(empty: str, folder: Path) -> None:
    """The failing file is rolled back whole, those before it stay, and a mended one goes on."""
    broken = folder / "0003_table.sql"
    good = broken.read_text(encoding="utf-8")
    broken.write_text("CREATE TABLE half (n integer); SELECT nonsense;", encoding="utf-8")
    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(empty, folder)
    conn = await asyncpg.connect(empty)
    assert await conn.fetchval(
        "SELECT to_regclass('half') IS NULL AND to_regclass('t2') IS NOT NULL"
    )
    await conn.close()
    broken.write_text(good, encoding="utf-8")
    assert len(await migrate(empty, folder)) == 28


def test_the_shipped_files_are_numbered_without_gaps() -> None:
    """Numbers start at 1 and names are unique."""
    shipped = read_migrations(Path(__file__).parents[3] / "models/db/migrations")
    assert [migration.number for migration in shipped] == list(range(1, len(shipped) + 1))
