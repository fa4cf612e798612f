"""Who is asking: sign-in, server-side sessions, roles, and the secret every form must carry.

A cookie holds `<city>.<token>`; the store holds only the token's hash, so a copy of the table opens
nothing, and closing an account or ending a session holds at once.
"""

import asyncio
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final

from aiohttp import web
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from intake import asked
from intake.keys import CLIENT, LIMITS, SERVICES
from models.case import Actor
from models.db import staff as store
from models.db.pool import READER
from models.db.staff import Session as Staff
from models.errors import Forbidden, Invalid, Unauthenticated
from models.grid import scope_of
from models.moment import now

__all__ = [
    "COOKIE",
    "CSRF_FIELD",
    "CSRF_HEADER",
    "LIFETIME",
    "ROLES",
    "Staff",
    "actor",
    "change_password",
    "hash_password",
    "keep_cookie",
    "known",
    "require",
    "sign_in",
    "sign_out",
]

COOKIE: Final = "jiesu_session"
CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf"
#: One working shift: whoever comes back the next day signs in again.
LIFETIME: Final = timedelta(hours=12)
#: The roles of staff with their names as people read them.
ROLES: Final = {
    "operator": "坐席",
    "unit": "承办单位",
    "supervisor": "督办员",
    "admin": "管理员",
    "grid": "网格员",
}
_STAFF: Final = web.RequestKey("staff", Staff)
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_SHORTEST_PASSWORD: Final = 8
_LONGEST_PASSWORD: Final = 200
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: What a name nobody has is checked against, so that it takes as long as one somebody has.
_NOBODY: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$PKBr64erJKZxPXm6WQfSBw$SPzhxK9EpxZEYIJVeKl+68d7C8U5BtTFR71IYDAiBeI"
)


async def require(request: web.Request, *roles: str) -> Staff:
    """Say who is asking, who must hold one of the roles (any, where none is named).

    From here on the request reads as this person. Raises Unauthenticated without a living session,
    Forbidden for another role or, on a request that changes something, without the session's secret
    (header X-CSRF-Token or form field `csrf`).
    """
    staff = request.get(_STAFF) or await _who(request)
    request[_STAFF] = staff
    READER.set(staff.username)
    if roles and staff.role not in roles:
        needed = "、".join(ROLES[role] for role in roles)
        raise Forbidden("role_forbidden", f"您的账号是“{ROLES[staff.role]}”,此处需要:{needed}。")
    if request.method not in _SAFE and not await _carries_secret(request, staff):
        raise Forbidden("csrf_failed", "页面已过期,请返回上一页刷新后重新提交。")
    return staff


def known(request: web.Request) -> Staff | None:
    """Give who is asking where `require` has found out already."""
    return request.get(_STAFF)


async def sign_in(request: web.Request, city: str, username: str, password: str) -> str:
    """Check name and password and open a session; gives the cookie's value.

    Raises Unauthenticated for a wrong pair, after the same time whether the name exists or not, and
    TooMany when one address or one account was tried too often.
    """
    limits, db = request.app[LIMITS], request.app[SERVICES].db
    await limits.spend("login", request[CLIENT])
    await limits.spend("login", f"{city}/{username}")
    async with db.city(city) as conn:
        hashed = await store.password_hash(conn, city, username)
    if not await asyncio.to_thread(_matches, hashed, password):
        raise Unauthenticated("login_failed", "用户名或密码不正确,请重新输入。")
    token, begins = secrets.token_urlsafe(32), now()
    async with db.city(city) as conn:
        await store.open_session(
            conn,
            city,
            username,
            token_hash=_hash(token),
            csrf=secrets.token_urlsafe(32),
            begins=begins,
            ends=begins + LIFETIME,
        )
    return f"{city}.{token}"


async def sign_out(request: web.Request, staff: Staff) -> None:
    """End the session that asks."""
    async with request.app[SERVICES].db.city(staff.city) as conn:
        await store.close_session(conn, staff.city, _hash(_token(request)[1]))


async def change_password(request: web.Request, staff: Staff, old: str, new: str) -> None:
    """Give staff another password and end their other sessions; raises Unauthenticated, Invalid."""
    db = request.app[SERVICES].db
    await request.app[LIMITS].spend("login", f"{staff.city}/{staff.username}")
    async with db.city(staff.city) as conn:
        stored = await store.password_hash(conn, staff.city, staff.username)
    if not await asyncio.to_thread(_matches, stored, old):
        raise Unauthenticated("password_wrong", "原密码不正确。")
    hashed = await hash_password(new)
    keep = _hash(_token(request)[1])
    async with db.city(staff.city) as conn:
        await store.set_password(conn, staff.city, staff.username, hashed, keep)


async def hash_password(password: str) -> str:
    """Hash a password with Argon2id, off the loop; Invalid when it is too short or too long."""
    if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise Invalid(
            "password_weak", f"密码须为 {_SHORTEST_PASSWORD} 至 {_LONGEST_PASSWORD} 个字符。"
        )
    return await asyncio.to_thread(_HASHER.hash, password)


def actor(staff: Staff) -> Actor:
    """Say who acts, as events keep it: the account's name, never a citizen's.

    A grid's worker acts for the grid, which no act takes for a unit or for the desk.
    """
    grid = scope_of(staff.grid) if staff.grid else None
    return Actor(kind="staff", name=staff.username, unit=staff.unit or grid)


def keep_cookie(request: web.Request, response: web.StreamResponse, value: str) -> None:
    """Set the session's cookie, or take it away where the value is empty."""
    age = int(LIFETIME.total_seconds()) if value else 0
    secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
    response.set_cookie(
        COOKIE, value, max_age=age, httponly=True, samesite="Lax", secure=secure, path="/"
    )


async def _who(request: web.Request) -> Staff:
    city, token = _token(request)
    services = request.app[SERVICES]
    if token and city in services.cities:
        async with services.db.city(city) as conn:
            found = await store.session(conn, city, _hash(token), now())
        if found is not None:
            return found
    raise Unauthenticated("not_signed_in", "请先登录;登录超过 12 小时会自动退出。")


async def _carries_secret(request: web.Request, staff: Staff) -> bool:
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.content_type in _FORMS:
        given = str((await asked.form(request)).get(CSRF_FIELD, ""))
    return hmac.compare_digest(given.encode(errors="replace"), staff.csrf.encode())


def _token(request: web.Request) -> tuple[str, str]:
    city, _, token = request.cookies.get(COOKIE, "").partition(".")
    return city, token


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _matches(stored: str | None, password: str) -> bool:
    try:
        tried = password[:_LONGEST_PASSWORD]
        return _HASHER.verify(stored or _NOBODY, tried) and stored is not None and tried == password
    except (VerificationError, InvalidHashError):
        return False
