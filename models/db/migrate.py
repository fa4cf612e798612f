"""Bring a database to the schema of this code: numbered files, each once, each in one transaction.

The files are `migrations/<number>_<name>.sql`, numbered from 1 without gaps and never edited once
released. PgQueuer's own tables are installed and upgraded under the same lock, noted as number 0.
"""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from models.db import queries
from models.db.pool import connect_one
from models.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg

_SQL = queries.load("migrate")
_FOLDER: Final = Path(__file__).with_name("migrations")
_PGQUEUER: Final = 0


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One file; `checksum` is the SHA-256 of its text."""

    number: int
    name: str
    checksum: str
    sql: str


async def migrate(dsn: str, folder: Path = _FOLDER) -> list[str]:
    """Apply what is missing and give the names of what was applied; safe to run anywhere at once.

    Raises Unavailable: `database_newer` when newer code made the database, `migration_changed` when
    a file is not what it was, `migration_gap` when one is missing.
    """
    known = read_migrations(folder)
    conn = await connect_one(dsn, "jiesu migrate")
    try:
        await conn.execute(_SQL["be_patient"])
        await conn.execute(_SQL["lock"])
        try:
            return await _apply_missing(conn, known)
        finally:
            await conn.execute(_SQL["unlock"])
    finally:
        await conn.close()


async def pending(dsn: str, folder: Path = _FOLDER) -> list[str]:
    """Give the names of the migrations a database lacks, changing nothing; raises like migrate."""
    known = read_migrations(folder)
    conn = await connect_one(dsn, "jiesu doctor")
    try:
        done = await _record(conn)
    finally:
        await conn.close()
    return [migration.name for migration in _missing(known, done)]


def read_migrations(folder: Path) -> list[Migration]:
    """Read the files in order; raises Unavailable `migration_gap` when the numbers have one."""
    found = [_read(path) for path in sorted(folder.glob("[0-9]*_*.sql"))]
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        code = "migration_gap"
        raise Unavailable(code, "迁移文件编号不连续,安装可能不完整,请重新安装。")
    return found


def _read(path: Path) -> Migration:
    sql = path.read_text(encoding="utf-8")
    return Migration(
        number=int(path.name.split("_", 1)[0]),
        name=path.stem,
        checksum=hashlib.sha256(sql.encode()).hexdigest(),
        sql=sql,
    )


async def _apply_missing(
    conn: "asyncpg.Connection[asyncpg.Record]", known: Sequence[Migration]
) -> list[str]:
    done = await _record(conn)
    missing = _missing(known, done)
    if not done:
        await conn.execute(_SQL["make_record"])
    applied = await _settle_pgqueuer(conn, done.get(_PGQUEUER))
    for migration in missing:
        async with conn.transaction():
            await conn.execute(_SQL["be_brief"])
            # A file of comments alone is no statement at all, which the driver trips over.
            await conn.execute(f"{migration.sql}\n;SELECT 1")
            await _note(conn, migration)
        applied.append(migration.name)
    return applied


async def _note(conn: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    await conn.execute(_SQL["note"], migration.number, migration.name, migration.checksum)


async def _record(conn: "asyncpg.Connection[asyncpg.Record]") -> dict[int, str]:
    if not await conn.fetchval(_SQL["has_record"]):
        return {}
    return {row["number"]: row["checksum"] for row in await conn.fetch(_SQL["record"])}


def _missing(known: Sequence[Migration], done: dict[int, str]) -> list[Migration]:
    numbers = sorted(number for number in done if number != _PGQUEUER)
    if numbers and numbers[-1] > len(known):
        detail = f"数据库已升级到第 {numbers[-1]} 版,程序只到第 {len(known)} 版,请升级程序。"
        raise Unavailable("database_newer", detail)
    if numbers != list(range(1, len(numbers) + 1)):
        code = "migration_gap"
        raise Unavailable(code, "数据库的迁移记录不连续,请从备份恢复或联系维护者。")
    for migration in known[: len(numbers)]:
        if done[migration.number] != migration.checksum:
            detail = f"迁移 {migration.name} 在执行后被修改,请恢复原文件并新增迁移。"
            raise Unavailable("migration_changed", detail)
    return list(known[len(numbers) :])


async def _settle_pgqueuer(
    conn: "asyncpg.Connection[asyncpg.Record]", installed: str | None
) -> list[str]:
    """Install or upgrade the outbox's engine; it is not even imported when nothing changed."""
    wanted = version("pgqueuer")
    if installed == wanted:
        return []
    from pgqueuer.queries import Queries  # noqa: PLC0415

    queue = Queries.from_asyncpg_connection(conn)
    if await queue.schema_is_installed():
        await queue.upgrade()
    else:
        await queue.install()
    name = f"pgqueuer-{wanted}"
    await _note(conn, Migration(number=_PGQUEUER, name=name, checksum=wanted, sql=""))
    return [name]
