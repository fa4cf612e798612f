"""The database as the house sees it: short transactions that say whose rows they may see.

Row-level security shows nothing until `jiesu.city` is set, so the only ways to a table are
`Database.city` (one city, perhaps one unit of it) and `Database.system` (all of them).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Self, TypeAlias

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from models.db import queries
from models.db.listener import Listener
from models.errors import Unavailable

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection | PoolConnectionProxy
    Pool = asyncpg.Pool

#: Whose eyes a transaction reads with: an account of staff, "" for the program itself. Set once for
#: a request, so that no page can forget it: restricted cases are closed to who is not admitted.
READER: Final[ContextVar[str]] = ContextVar("reader", default="")
#: The role that owns the tables and has no way around row-level security.
OWNER: Final = "jiesu"
_SQL = queries.load("pool")
_ACQUIRE_S: Final = 15.0
#: A burst's connections go soon after it: each costs the server memory.
_IDLE_S: Final = 60.0
_JSONB_VERSION: Final = b"\x01"
_SETTINGS: Final = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
}
#: What says that the server is gone or going, not that a statement was wrong.
_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)
#: What may end an attempt to connect.
_NO_CONNECTION: Final = (
    *_LOST,
    OSError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InterfaceError,
)


class Json(msgspec.Struct, frozen=True):
    """A jsonb list within a `jsonb[]` argument, which asyncpg would else take for a dimension."""

    value: object


class Database:
    """A pool of connections on which jsonb is Python objects; `connect` makes it."""

    def __init__(self, dsn: str, pool: Pool, settings: dict[str, str]) -> None:
        """Keep what `connect` made."""
        self.dsn = dsn
        self.pool = pool
        self._settings = settings

    @classmethod
    async def connect(
        cls, dsn: str, *, min_size: int = 2, max_size: int = 10, name: str = "jiesu"
    ) -> Self:
        """Open the pool; `name` shows in pg_stat_activity. Unavailable when nobody answers."""
        settings = await session_settings(dsn, name)
        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=min_size,
                max_size=max_size,
                init=prepare,
                reset=_keep,
                server_settings=settings,
                max_inactive_connection_lifetime=_IDLE_S,
            )
        except _NO_CONNECTION as error:
            raise _unavailable(error) from error
        return cls(dsn, pool, settings)

    @asynccontextmanager
    async def system(self) -> AsyncIterator[Connection]:
        """Run one transaction that sees every city: the machine's own work, never a person's."""
        async with self._scoped("*", "", "") as conn:
            yield conn

    @asynccontextmanager
    async def city(
        self, city: str, unit: str | None = None, *, reader: str | None = None
    ) -> AsyncIterator[Connection]:
        """Run one transaction that sees one city; with `unit`, only what that unit has part in.

        It reads as whoever READER names unless `reader` does, "" being the program itself.
        """
        person = READER.get() if reader is None else reader
        async with self._scoped(city, unit or "", person) as conn:
            yield conn

    async def listen(self, channel: str, callback: Callable[[str], None]) -> Listener:
        """Call back with each payload of a channel, over a connection of its own that heals itself.

        After a healed loss it is called with "" once, for what may have been missed.
        """
        return await Listener.start(self.dsn, self._settings, channel, callback)

    async def close(self) -> None:
        """Close all connections; those still busy after five seconds are cut."""
        try:
            await asyncio.wait_for(self.pool.close(), timeout=5)
        except TimeoutError:
            self.pool.terminate()

    @asynccontextmanager
    async def _scoped(self, city: str, unit: str, person: str) -> AsyncIterator[Connection]:
        conn = await self._acquire()
        try:
            async with conn.transaction():
                await conn.execute(_SQL["scope"], city, unit, person)
                yield conn
        except (*_LOST, OSError, asyncpg.InterfaceError) as error:
            if isinstance(error, _LOST) or _is_gone(conn):
                raise _unavailable(error) from error
            raise
        finally:
            await self.pool.release(conn)

    async def _acquire(self) -> "PoolConnectionProxy[asyncpg.Record]":
        try:
            return await self.pool.acquire(timeout=_ACQUIRE_S)
        except TimeoutError as error:
            code = "database_busy"
            raise Unavailable(code, "数据库连接全部占用,请稍后重试。") from error
        except _NO_CONNECTION as error:
            raise _unavailable(error) from error


async def connect_one(dsn: str, name: str = "jiesu") -> "asyncpg.Connection[asyncpg.Record]":
    """Open one connection outside any pool, with the same codecs; the caller closes it."""
    settings = await session_settings(dsn, name)
    try:
        conn = await asyncpg.connect(dsn, server_settings=settings)
    except _NO_CONNECTION as error:
        raise _unavailable(error) from error
    await prepare(conn)
    return conn


async def session_settings(dsn: str, name: str) -> dict[str, str]:
    """Give the settings of our sessions; a login that bypasses isolation takes the owner's role.

    The role is made where it is missing, so that a superuser's DSN is as safe as any other.
    """
    try:
        conn = await asyncpg.connect(dsn, server_settings={"application_name": name})
    except _NO_CONNECTION as error:
        raise _unavailable(error) from error
    try:
        settings = {"application_name": name, **_SETTINGS}
        if await conn.fetchval(_SQL["bypasses_isolation"]):
            await conn.execute(_SQL["make_owner"])
            settings["role"] = OWNER
        return settings
    finally:
        await conn.close()


async def prepare(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Teach a new connection to speak jsonb as Python objects, in PostgreSQL's binary form."""
    await conn.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_jsonb, decoder=_from_jsonb, format="binary"
    )


async def _keep(_conn: object) -> None:
    """Leave the session as it is: what we set ends with its transaction, a reset would be idle."""


def _to_jsonb(value: object) -> bytes:
    plain = value.value if isinstance(value, Json) else value
    return _JSONB_VERSION + msgspec.json.encode(plain)


def _from_jsonb(raw: bytes) -> object:
    return msgspec.json.decode(memoryview(raw)[1:])


def _is_gone(conn: Connection) -> bool:
    """Tell whether a connection is closed; one that was lost has even been taken from us."""
    try:
        return conn.is_closed()
    except asyncpg.InterfaceError:
        return True


def _unavailable(error: BaseException) -> Unavailable:
    code = "database_unavailable"
    detail = "数据库暂时无法连接,请检查数据库服务与连接地址。"
    return Unavailable(code, detail, cause=type(error).__name__)
