"""A server that has just started: whether it answers, and the login and database it must have."""

import asyncio
from collections.abc import Callable
from typing import Final

import asyncpg

from models.db import queries

_SQL = queries.load("cluster")
_POLL_S: Final = 0.01
_CONNECT_S: Final = 5.0


async def wait_until_ready(dsn: str, alive: Callable[[], bool]) -> bool:
    """Wait until the server takes connections, recovery included; False when it dies before."""
    while alive():
        try:
            conn = await asyncpg.connect(dsn, timeout=_CONNECT_S)
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            await asyncio.sleep(_POLL_S)
        else:
            await conn.close()
            return True
    return False


async def prepare_application(admin_dsn: str) -> None:
    """Make the login and the database `jiesu` where they are missing, with indexed search."""
    conn = await asyncpg.connect(admin_dsn, timeout=_CONNECT_S)
    try:
        if not await conn.fetchval(_SQL["login_exists"]):
            await conn.execute(_SQL["make_login"])
        if not await conn.fetchval(_SQL["database_exists"]):
            await conn.execute(_SQL["make_database"])
    finally:
        await conn.close()
    conn = await asyncpg.connect(admin_dsn, database="jiesu", timeout=_CONNECT_S)
    try:
        if not await conn.fetchval(_SQL["search_indexed"]):
            await conn.execute(_SQL["index_search"])
    finally:
        await conn.close()
