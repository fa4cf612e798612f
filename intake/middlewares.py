"""What every request passes, from the outside in: id and metrics, errors, client address."""

import os
import re
import time
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

import structlog
from aiohttp import web

from intake import asked, problems
from intake.keys import CLIENT, REQUEST_ID, SERVICES
from models.db.pool import READER
from models.errors import Invalid, JiesuError
from models.faults import trace

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Address: TypeAlias = IPv4Address | IPv6Address
_Network: TypeAlias = IPv4Network | IPv6Network
_LOG: Final = structlog.get_logger()
_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_UNROUTED: Final = "(none)"
#: What holds for a page that says nothing of its own; machines read no policies.
_POLICY: Final = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id, bind it to the log, and count the response by route and time."""
    begun = time.perf_counter()
    given = request.headers.get("X-Request-Id", "")
    request[REQUEST_ID] = given if _ID.fullmatch(given) else os.urandom(10).hex()
    # Requests of one connection follow each other in one task: the next id takes the place of this,
    # and nobody reads until `auth.require` has found out who does.
    structlog.contextvars.bind_contextvars(request_id=request[REQUEST_ID])
    READER.set("")
    try:
        response = await handler(request)
    except web.HTTPException as redirect:
        _finish(request, redirect, begun)
        raise
    _finish(request, response, begun)
    return response


def _finish(request: web.Request, response: web.StreamResponse, begun: float) -> None:
    seconds = time.perf_counter() - begun
    request.app[SERVICES].observe(request.method, _route(request), response.status, seconds)
    if response.prepared:
        return
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.content_type == "text/html":
        response.headers.setdefault("Content-Security-Policy", _POLICY)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into problem+json; a page's own error page is made by the pages."""
    request_id = request[REQUEST_ID]
    try:
        asked.check_address(request)
        return await handler(request)
    except JiesuError as error:
        return problems.respond(error, request_id)
    except web.HTTPRequestEntityTooLarge:
        limit = request.app[SERVICES].settings.max_upload_bytes
        return problems.respond(problems.too_large(limit), request_id)
    except web.RequestPayloadError:
        return problems.respond(problems.unreadable(), request_id)
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - redirects are answers, not errors
            raise
        return problems.respond_http(error, request_id)
    except Exception as error:  # noqa: BLE001 - whatever happens, the answer is a problem document
        _LOG.error("request_failed", route=_route(request), trace=trace(error))
        return problems.respond(problems.unexpected(request_id), request_id)


def client_address(trusted: tuple[str, ...]) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Make the middleware that finds who asks.

    X-Forwarded-For is read from the right, past `trusted` proxies (addresses or networks) only:
    what stands left of the first other address was written by nobody we know. Malformed ones get
    400.
    """
    networks = tuple(ip_network(name, strict=False) for name in trusted)

    @web.middleware
    async def find_client(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[CLIENT] = _client(request, networks)
        return await handler(request)

    return find_client


def _client(request: web.Request, trusted: tuple[_Network, ...]) -> str:
    peer = request.remote or "local"
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
    if not forwarded or not trusted or not _within(peer, trusted):
        return peer
    hops = [hop.strip() for hop in forwarded.split(",")]
    for hop in reversed(hops):
        address = _parse(hop)
        if not any(address in network for network in trusted):
            return str(address)
    return str(_parse(hops[0]))


def _within(peer: str, trusted: tuple[_Network, ...]) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in trusted)


def _parse(hop: str) -> _Address:
    try:
        return ip_address(hop)
    except ValueError as error:
        code = "forwarded_malformed"
        raise Invalid(code, "X-Forwarded-For 含有无法识别的地址。") from error


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else _UNROUTED
