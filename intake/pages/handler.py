"""What every page passes through: who may open it, and errors as pages people can read."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias
from urllib.parse import quote

import structlog
from aiohttp import web

from intake import auth
from intake.auth import Staff
from intake.pages.render import error_page
from models.errors import JiesuError, NotFound, TooLarge, Unauthenticated
from models.faults import trace

_LOG: Final = structlog.get_logger()
_TOO_LARGE: Final = TooLarge(
    "body_too_large",
    "上传的内容太大。请用浏览器的“返回”回到上一页,填写的内容还在,减少附件后再提交。",
)
_UNKNOWN: Final = NotFound("page_unknown", "没有这个页面,请核对地址。")
_BROKEN: Final = JiesuError("page_failed", "系统出了点问题,我们已经记录。请稍后再试。")

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
_MACHINE: Final = ("/api/", "/hooks/", "/open311/")
StaffHandler: TypeAlias = Callable[[web.Request, Staff], Awaitable[web.StreamResponse]]


def public(handler: Handler) -> Handler:
    """Let anyone open a page."""

    async def wrapped(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return error_page(request, _TOO_LARGE)
        except (web.HTTPException, web.RequestPayloadError):
            raise
        except JiesuError as error:
            return error_page(request, error)
        except Exception as error:  # noqa: BLE001 - people get a page, the log gets the rest
            _LOG.error("page_failed", route=_route(request), trace=trace(error))
            return error_page(request, _BROKEN)

    return wrapped


def staff_only(handler: StaffHandler, roles: tuple[str, ...]) -> Handler:
    """Let staff of the roles open a page; who is not signed in is led to the sign-in page."""

    async def wrapped(request: web.Request) -> web.StreamResponse:
        try:
            staff = await auth.require(request, *roles)
        except Unauthenticated:
            if request.method == "GET":
                return _to_login(request)
            raise
        return await handler(request, staff)

    return public(wrapped)


@web.middleware
async def friendly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a browser that asks for an address that is not there with a page."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        machine = request.path.startswith(_MACHINE)
        if machine or "text/html" not in request.headers.get("Accept", ""):
            raise
        return error_page(request, _UNKNOWN)


def _to_login(request: web.Request) -> web.Response:
    target = f"/login?next={quote(request.path_qs, safe='')}"
    if "HX-Request" in request.headers:
        return web.Response(status=200, headers={"HX-Redirect": target})
    return web.Response(status=303, headers={"Location": target})


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"
