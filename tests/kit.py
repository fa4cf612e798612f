"""What tests share beside fixtures: the server on which they make databases."""

import itertools
import os
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from models.db.pool import Database

#: The migrated database that every test gets a copy of.
TEMPLATE: Final = f"jiesu_template_{os.getpid()}"
_numbers = itertools.count(1)


#: Empties every table that a test has written to; a large one whole, so that its statistics go too.
_EMPTY: Final = """
DO $$
DECLARE
    held regclass;
    written boolean;
BEGIN
    SET LOCAL lock_timeout = '2s';
    SET LOCAL session_replication_role = replica;
    FOR held IN SELECT c.oid FROM pg_class c
                 WHERE c.relkind = 'r' AND c.relname <> 'schema_migration'
                   AND c.relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', held) INTO written;
        IF pg_relation_size(held) > 65536 THEN
            EXECUTE format('TRUNCATE %s CASCADE', held);
        ELSIF written THEN
            EXECUTE format('DELETE FROM %s', held);
        END IF;
    END LOOP;
END $$
"""
#: What the application never does: changing history, with the triggers that refuse it off.
_OFF: Final = "ALTER TABLE event DISABLE TRIGGER USER; ALTER TABLE event_seal DISABLE TRIGGER USER;"
_ON: Final = "ALTER TABLE event ENABLE TRIGGER USER; ALTER TABLE event_seal ENABLE TRIGGER USER;"
_ALONE: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL ($1::int[])
"""


@dataclass(frozen=True)
class Lent:
    """A database that one test after another gets, by connections that stay open.

    A new connection of PostgreSQL knows nothing yet: what it looks up for its first statements
    takes longer than most tests do.
    """

    name: str
    db: Database
    keeper: "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True)
class Server:
    """A server on which tests make databases; `dsn` leads to one where they may be made."""

    dsn: str
    spare: list[Lent] = field(default_factory=list)

    def database(self, name: str) -> str:
        """Give the address of another database of the same server."""
        return urlunsplit(urlsplit(self.dsn)._replace(path=f"/{name}"))

    async def run(self, statement: str) -> None:
        """Run one statement that no transaction may hold, such as CREATE DATABASE."""
        conn = await asyncpg.connect(self.dsn)
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    async def copy_template(self) -> str:
        """Make a database out of the migrated template and give its name."""
        name = f"jiesu_test_{os.getpid()}_{next(_numbers)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return name

    async def lend(self) -> Lent:
        """Give an empty, migrated database that nobody else uses."""
        return self.spare.pop() if self.spare else await self._open(await self.copy_template())

    async def take_back(self, lent: Lent) -> None:
        """Empty a lent database for the next test, or drop it where that is not allowed."""
        try:
            pids = await _rest(lent.db)
            await lent.keeper.fetch(_ALONE, pids)
            await lent.keeper.execute(_EMPTY)
            self.spare.append(lent if pids else await self._reopen(lent))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await self.give_up(lent)

    async def give_up(self, lent: Lent) -> None:
        """Close and drop a lent database."""
        await lent.db.close()
        lent.keeper.terminate()
        await self.drop(lent.name)

    async def _open(self, name: str) -> Lent:
        dsn = self.database(name)
        keeper = await asyncpg.connect(dsn)
        return Lent(name, await Database.connect(dsn, min_size=1, max_size=10), keeper)

    async def _reopen(self, lent: Lent) -> Lent:
        db = await Database.connect(self.database(lent.name), min_size=1, max_size=10)
        return Lent(lent.name, db, lent.keeper)

    async def drop(self, name: str) -> None:
        """Drop a database with whoever is still on it."""
        await self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _rest(db: Database) -> list[int]:
    """Reset the pool's sessions and give their processes; close it and give none if one is busy."""
    pool = db.pool
    pids: list[int] = []
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        async with AsyncExitStack() as stack:
            if pool.get_idle_size() == pool.get_size():
                for _ in range(pool.get_size()):
                    conn = await stack.enter_async_context(pool.acquire(timeout=5))
                    await conn.reset(timeout=5)
                    pids.append(conn.get_server_pid())
        if pids:
            return pids
    await db.close()
    return []


async def tamper(db: Database, statement: str) -> None:
    """Change what is append-only, as the owner of the tables could."""
    async with db.system() as conn:
        await conn.execute(f"{_OFF}{statement};{_ON}")
