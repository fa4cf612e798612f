"""Which database a command works on: the one given, the one that runs here, or one it starts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploy.embedded import EmbeddedPostgres, running_dsn
from deploy.settings import Settings
from models.db.migrate import pending
from models.errors import Unavailable


@asynccontextmanager
async def open_database(settings: Settings, *, create: bool = False) -> AsyncIterator[str]:
    """Give an address; the embedded server is started for as long as needed where none runs.

    Raises Unavailable `data_missing` where there is no data yet, unless it may be created.
    """
    dsn = settings.database_url or running_dsn(settings.data_dir)
    if dsn:
        yield dsn
        return
    if not (create or (settings.data_dir / "pg").exists()):
        detail = f"{settings.data_dir} 中没有数据,请先运行 jiesu up,或指定 --data。"
        raise Unavailable("data_missing", detail)
    async with EmbeddedPostgres(settings.data_dir) as server:
        yield server.dsn


async def ready_database(settings: Settings) -> str:
    """Give the address for a long-running part; it must exist and fit this code.

    Raises Unavailable `database_url_missing`, or what `must_fit` raises.
    """
    dsn = settings.database_url or running_dsn(settings.data_dir)
    if dsn is None:
        detail = "没有数据库地址:请设 --database-url 或 JIESU_DATABASE_URL,或先运行 jiesu up。"
        raise Unavailable("database_url_missing", detail)
    await must_fit(dsn)
    return dsn


async def must_fit(dsn: str) -> None:
    """Raise Unavailable `database_older` or `database_newer` unless the schema is this code's."""
    if missing := await pending(dsn):
        raise Unavailable("database_older", f"数据库缺少迁移 {missing[0]}:请先运行 jiesu migrate。")
