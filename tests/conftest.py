"""What every test may ask for: a server, a fresh database, the two cities.

One server per session (embedded, fsync off, or the one of JIESU_TEST_DSN), one migrated template, and a
copy of it for each test that asks for `db`.
"""

import itertools
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from deploy.embedded import EmbeddedPostgres
from models.city import City
from models.db.migrate import migrate
from models.db.pool import Database

_TEMPLATE = f"jiesu_template_{os.getpid()}"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Server:
    """A server on which tests make databases; `dsn` leads to one where they may be made."""

    dsn: str

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
        await self.run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy")
        return name

    async def drop(self, name: str) -> None:
        """Drop a database with whoever is still on it."""
        await self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Server]:
    """Start the session's server and make the migrated template on it."""
    async with AsyncExitStack() as stack:
        dsn = os.environ.get("JIESU_TEST_DSN")
        if not dsn:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="jiesu "))
            embedded = EmbeddedPostgres(Path(folder, "data"), durable=False)
            dsn = (await stack.enter_async_context(embedded)).admin_dsn
        made = Server(dsn)
        await made.drop(_TEMPLATE)
        await made.run(f"CREATE DATABASE {_TEMPLATE}")
        await migrate(made.database(_TEMPLATE))
        yield made
        await made.drop(_TEMPLATE)


@pytest.fixture
async def db(server: Server) -> AsyncIterator[Database]:
    """Give an empty, migrated database of the test's own."""
    name = await server.copy_template()
    database = await Database.connect(server.database(name), min_size=1, max_size=10)
    yield database
    await database.close()
    await server.drop(name)


@pytest.fixture(scope="session")
def changsha() -> City:
    """Give Changsha as shipped."""
    from models.city_load import load_city

    return load_city("430100")


@pytest.fixture(scope="session")
def kunming() -> City:
    """Give Kunming as shipped."""
    from models.city_load import load_city

    return load_city("530100")
