"""The administrators' page: accounts of the city, the release of its data."""

import re
import secrets
from typing import Any, Final

from aiohttp import web

from intake import asked, auth
from intake.auth import Staff
from intake.keys import SERVICES
from intake.pages.city_words import CITY_WORDS
from intake.pages.render import page, see
from models.db import grids, views
from models.db import staff as store
from models.db.pool import Connection
from models.db.staff import DEMO_PREFIX, Account
from models.errors import Conflict, Invalid, JiesuError, NotFound
from models.moment import now

_USERNAME: Final = re.compile(r"[a-z][a-z0-9._-]{2,31}")
_LONGEST_NAME: Final = 40


async def show(request: web.Request, staff: Staff) -> web.Response:
    """List the accounts, offer a new one, name the city's data."""
    return await _page(request, staff)


async def add(request: web.Request, staff: Staff) -> web.Response:
    """Make an account; its first password is shown once, here."""
    form = await asked.form(request)
    typed = {name: str(form.get(name, "")).strip() for name in _FIELDS}
    password = secrets.token_urlsafe(9)
    try:
        account = _account(staff.city, typed)
        await _add(request, account, await auth.hash_password(password))
    except (Invalid, Conflict) as error:
        return await _page(request, staff, status=error.status, problem=error, typed=typed)
    return await _page(request, staff, fresh=(account.username, password))


async def change(request: web.Request, staff: Staff) -> web.Response:
    """Close or open an account, or give it another password, which is shown once."""
    username, verb = request.match_info["username"], request.match_info["verb"]
    if username == staff.username:
        problem = Invalid("own_account", "不能停用自己的账号;改密码请到“我的账号”。")
        return await _page(request, staff, status=problem.status, problem=problem)
    password = secrets.token_urlsafe(9)
    hashed = await auth.hash_password(password) if verb == "password" else ""
    async with request.app[SERVICES].db.city(staff.city) as conn:
        if verb == "password":
            found = await store.set_password(conn, staff.city, username, hashed)
        else:
            found = await store.set_active(conn, staff.city, username, active=verb == "open")
    if not found:
        raise NotFound("account_unknown", "没有这个账号。")
    if verb == "password":
        return await _page(request, staff, fresh=(username, password))
    return see("/admin?done=account")


async def _add(request: web.Request, account: Account, hashed: str) -> None:
    async with request.app[SERVICES].db.city(account.city) as conn:
        if account.grid:
            await _must_be_there(conn, account.city, account.grid)
        if not await store.add_account(conn, account, hashed):
            raise Conflict("username_taken", "这个用户名已有人用,请换一个。")


async def _must_be_there(conn: Connection, city: str, code: str) -> None:
    found = await grids.one(conn, city, code)
    if found is None or not found.active:
        raise Invalid("grid_unknown", "没有这个网格,或已停用;请核对编码,或先导入网格。")


_FIELDS: Final = ("username", "display_name", "role", "unit", "grid")


def _account(city: str, typed: dict[str, str]) -> Account:
    if not _USERNAME.fullmatch(typed["username"]):
        raise Invalid(
            "username_malformed", "用户名为 3 至 32 个小写字母、数字、点或横线,字母开头。"
        )
    if typed["username"].startswith(DEMO_PREFIX):
        raise Invalid("username_reserved", f"以 {DEMO_PREFIX} 开头的用户名留给演示账号。")
    if not 0 < len(typed["display_name"]) <= _LONGEST_NAME:
        raise Invalid("name_missing", "请填写姓名或岗位,不超过 40 个字。")
    if typed["role"] not in auth.ROLES:
        raise Invalid("role_unknown", "请选择角色。")
    if (typed["role"] == "unit") != bool(typed["unit"]):
        raise Invalid("unit_missing", "承办单位账号要选单位,其他角色不选单位。")
    if (typed["role"] == "grid") != bool(typed["grid"]):
        raise Invalid("grid_missing", "网格员账号要填网格编码,其他角色不填。")
    return Account(
        city=city,
        username=typed["username"],
        display_name=typed["display_name"],
        role=typed["role"],
        unit=typed["unit"] or None,
        grid=typed["grid"] or None,
        active=True,
        created_at=now(),
    )


async def _page(
    request: web.Request,
    staff: Staff,
    *,
    status: int = 200,
    problem: JiesuError | None = None,
    typed: dict[str, str] | None = None,
    fresh: tuple[str, str] | None = None,
) -> web.Response:
    words = request.app[CITY_WORDS][staff.city]
    async with request.app[SERVICES].db.city(staff.city) as conn:
        context: dict[str, Any] = {
            "accounts": await store.accounts(conn, staff.city),
            "releases": await views.releases(conn, staff.city),
            "demo": bool(await store.demo_accounts(conn, staff.city)),
        }
    return page(
        request,
        "admin/accounts.html",
        staff=staff,
        status=status,
        problem=problem,
        typed=typed or dict.fromkeys(_FIELDS, ""),
        fresh=fresh,
        city_words=words,
        units=words.unit_groups(),
        version=words.city.version,
        **context,
    )
