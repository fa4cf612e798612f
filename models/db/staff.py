"""Staff accounts and sessions, as stored."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from models.db import queries
from models.db.pool import Connection
from models.db.rows import Row, to_struct

_SQL: Final = queries.load("staff")
#: How the name of every demonstration account begins.
DEMO_PREFIX: Final = "demo-"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A staff account; `unit` is set for the role `unit`, `grid` for `grid`, for no other."""

    city: str
    username: str
    display_name: str
    role: str
    unit: str | None
    active: bool
    created_at: datetime
    unit_name: str | None = None
    grid: str | None = None
    grid_name: str | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, with the secret that the session's forms carry."""

    city: str
    username: str
    display_name: str
    role: str
    unit: str | None
    csrf: str
    grid: str | None = None


async def password_hash(conn: Connection, city: str, username: str) -> str | None:
    """Give the hash of an active account's password, None where there is no such account."""
    row = await conn.fetchrow(_SQL["account"], city, username)
    return str(row["password_hash"]) if row and row["active"] else None


async def account(conn: Connection, city: str, username: str) -> Account | None:
    """Give one account, None where there is none of that name."""
    row = await conn.fetchrow(_SQL["account"], city, username)
    return to_struct(row, Account) if row else None


async def accounts(conn: Connection, city: str) -> list[Account]:
    """List the accounts of a city."""
    return _accounts(await conn.fetch(_SQL["accounts"], city))


async def demo_accounts(conn: Connection, city: str) -> list[Account]:
    """List the active demonstration accounts of a city."""
    return _accounts(await conn.fetch(_SQL["demo_accounts"], city))


async def any_account(conn: Connection, city: str) -> bool:
    """Say whether the city has an account."""
    return bool(await conn.fetchval(_SQL["any_account"], city))


async def add_account(conn: Connection, account: Account, password: str) -> bool:
    """Make an account with the hash `password`; False where the name is taken."""
    a = account
    values = (a.city, a.username, a.display_name, a.role, a.unit, password, a.grid)
    return await conn.fetchval(_SQL["add_account"], *values) is not None


async def set_active(conn: Connection, city: str, username: str, *, active: bool) -> bool:
    """Open or close an account and end its sessions; False where there is none of that name."""
    await conn.execute(_SQL["close_sessions"], city, username, None)
    return await conn.fetchval(_SQL["set_active"], city, username, active) is not None


async def set_password(
    conn: Connection, city: str, username: str, password: str, keep: bytes | None = None
) -> bool:
    """Replace the hash of a password and end the account's sessions but the one kept."""
    await conn.execute(_SQL["close_sessions"], city, username, keep)
    return await conn.fetchval(_SQL["set_password"], city, username, password) is not None


async def open_session(
    conn: Connection,
    city: str,
    username: str,
    *,
    token_hash: bytes,
    csrf: str,
    begins: datetime,
    ends: datetime,
) -> None:
    """Begin a session and forget those of the city that have run out."""
    await conn.execute(_SQL["sweep_sessions"], city, begins)
    await conn.execute(_SQL["open_session"], city, token_hash, username, csrf, begins, ends)


async def session(conn: Connection, city: str, token_hash: bytes, at: datetime) -> Session | None:
    """Find whose session this is at that moment."""
    row = await conn.fetchrow(_SQL["session"], city, token_hash, at)
    return to_struct(row, Session) if row else None


async def close_session(conn: Connection, city: str, token_hash: bytes) -> None:
    """End one session."""
    await conn.execute(_SQL["close_session"], city, token_hash)


def _accounts(rows: Iterable[Row]) -> list[Account]:
    return [to_struct(row, Account) for row in rows]
