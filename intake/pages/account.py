"""Signing in and out, and one's own password."""

import re
from typing import Final

from aiohttp import web

from intake import asked, auth
from intake.auth import Staff
from intake.keys import SERVICES
from intake.pages.render import page, see
from models.db import staff as store
from models.errors import Forbidden, Invalid, JiesuError, TooMany, Unauthenticated

#: Where each role starts.
#: An address of ours as browsers send it; they drop tabs and line feeds before they read one.
_INSIDE: Final = re.compile(r"/(?![/\\])[\x21-\x7e]*")
HOME: Final = {
    "operator": "/desk",
    "unit": "/unit",
    "supervisor": "/watch",
    "admin": "/admin",
    "grid": "/account",
}


async def login_form(request: web.Request) -> web.Response:
    """Ask for name and password."""
    return await _form(request, next_page=request.query.get("next", ""))


async def login(request: web.Request) -> web.Response:
    """Sign in and go where the person wanted to."""
    _same_site(request)
    form = await asked.form(request)
    city, username = str(form.get("city", "")), str(form.get("username", "")).strip()[:64]
    wanted = str(form.get("next", ""))
    try:
        _known(request, city)
        cookie = await auth.sign_in(request, city, username, str(form.get("password", "")))
    except (Unauthenticated, TooMany, Invalid) as error:
        return await _form(request, next_page=wanted, city=city, username=username, error=error)
    response = see(_safe(wanted))
    auth.keep_cookie(request, response, cookie)
    return response


async def logout(request: web.Request, staff: Staff) -> web.Response:
    """End the session."""
    await auth.sign_out(request, staff)
    response = see("/login")
    auth.keep_cookie(request, response, "")
    return response


async def home(request: web.Request, staff: Staff) -> web.Response:  # noqa: ARG001 - a page's form
    """Lead staff to where their role starts."""
    return see(HOME[staff.role])


async def account(request: web.Request, staff: Staff) -> web.Response:
    """Show one's account and the form for another password."""
    return page(request, "account.html", staff=staff, error=None)


async def password(request: web.Request, staff: Staff) -> web.Response:
    """Change one's password."""
    form = await asked.form(request)
    new = str(form.get("new", ""))
    try:
        _same(new, str(form.get("again", "")))
        await auth.change_password(request, staff, str(form.get("old", "")), new)
    except (Invalid, Unauthenticated, TooMany) as error:
        return page(request, "account.html", staff=staff, status=error.status, error=error)
    return see("/account?done=password")


async def _form(
    request: web.Request,
    *,
    next_page: str,
    city: str = "",
    username: str = "",
    error: JiesuError | None = None,
) -> web.Response:
    services = request.app[SERVICES]
    demo = []
    for adcode in services.cities:
        async with services.db.city(adcode) as conn:
            demo += await store.demo_accounts(conn, adcode)
    return page(
        request,
        "login.html",
        status=error.status if error else 200,
        cities=list(services.cities.values()),
        chosen=city,
        next=next_page,
        username=username,
        error=error,
        demo=demo,
    )


def _known(request: web.Request, city: str) -> None:
    if city not in request.app[SERVICES].cities:
        raise Invalid("city_unknown", "请选择城市。")


def _same(new: str, again: str) -> None:
    if new != again:
        raise Invalid("password_differs", "两次输入的新密码不一致。")


def _safe(target: str) -> str:
    """Give the wanted page if it is one of ours, the start of the role otherwise."""
    inside = _INSIDE.fullmatch(target) is not None
    return target if inside and not target.startswith("/login") else "/home"


def _same_site(request: web.Request) -> None:
    """Refuse a sign-in that another site's page sends: it could sign someone in unawares."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("csrf_failed", "请从本站的登录页登录。")
