"""What every test may ask for: a server, a fresh database, the two cities.

One server per session (embedded, fsync off, or the one of JIESU_TEST_DSN) and one migrated
template; a test that asks for `db` gets a copy of it, or one that an earlier test has given back.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from deploy.embedded import EmbeddedPostgres
from models.city import City
from models.db.migrate import migrate
from models.db.pool import Database
from tests.kit import TEMPLATE, Server


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
        await made.drop(TEMPLATE)
        await made.run(f"CREATE DATABASE {TEMPLATE}")
        await migrate(made.database(TEMPLATE))
        yield made
        for lent in made.spare:
            await made.give_up(lent)
        await made.drop(TEMPLATE)


@pytest.fixture
async def db(server: Server) -> AsyncIterator[Database]:
    """Give an empty, migrated database of the test's own."""
    lent = await server.lend()
    yield lent.db
    await server.take_back(lent)


@pytest.fixture(scope="module")
async def filed(server: Server) -> AsyncIterator[Database]:
    """Give a database that the tests of a file share: what takes long to fill is filled once."""
    lent = await server.lend()
    yield lent.db
    await server.take_back(lent)


@pytest.fixture(autouse=True)
def no_blocking(request: pytest.FixtureRequest) -> Iterator[BlockBuster | None]:
    """Fail an async test in which a part that serves requests blocks the event loop."""
    if request.node.get_closest_marker("asyncio") is None:
        yield None
        return
    with blockbuster_ctx(scanned_modules=["intake", "routing", "classifier"]) as guard:
        # A growing pool lets asyncpg look for a password file: one stat that it does not await.
        guard.functions["os.stat"].can_block_in("asyncpg/connect_utils.py", "_read_password_file")
        yield guard


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
