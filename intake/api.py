"""REST for staff and partner systems, tracking for citizens, and what the operator looks at."""

import re
from contextlib import suppress
from typing import Any, Final

import msgspec
from aiohttp import web

from classifier.tokens import cutter
from intake import answers, auth
from intake.auth import Staff
from intake.channels import fields, signature
from intake.keys import CLIENT, LIMITS, SERVICES
from intake.pages.city_words import CITY_WORDS
from intake.track import look_up
from models.case import CaseNo, State, read_case_no
from models.db import outbox, restricted
from models.errors import Forbidden, Invalid, NotFound
from models.moment import now
from routing.acts import act_of
from routing.commands import act

#: The same people as on the pages.
_READERS: Final = ("operator", "unit", "supervisor")
_MOST_NUMBERS: Final = 1_000
_PAGE: Final = 50
_LARGEST_PAGE: Final = 200
_LARGEST_CURSOR: Final = 1 << 60
_LONGEST_QUERY: Final = 100
#: What may be a telephone: no unit finds out by searching whose report it handles.
_LONG: Final = re.compile(r"\d{7}")


class Reconcile(msgspec.Struct, frozen=True, kw_only=True):
    """A source's question: which of these ticket numbers are held, and how do they stand."""

    city: str
    source: str
    numbers: tuple[str, ...]


class Revive(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which messages to send again: None restricts nothing."""

    target: str | None = None
    ticket_no: str | None = None


_REVIVE: Final = msgspec.json.Decoder(Revive)
_RECONCILE: Final = msgspec.json.Decoder(Reconcile)
_ACTION: Final = msgspec.json.Decoder(dict[str, Any])


def add_api(app: web.Application) -> None:
    """Give the API its routes."""
    app.router.add_get("/api/v1/cases", list_cases)
    app.router.add_get("/api/v1/cases/{no}", get_case)
    app.router.add_post("/api/v1/cases/{no}/actions/{verb}", act_on_case)
    app.router.add_get("/api/v1/track/{code}", track)
    app.router.add_post("/api/v1/reconcile", reconcile)
    app.router.add_get("/api/v1/outbox/dead", list_dead)
    app.router.add_post("/api/v1/outbox/revive", revive)
    app.router.add_get("/healthz", health)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", metrics)


async def list_cases(request: web.Request) -> web.Response:
    """List the newest cases; filters `state`, `unit`, `q`, paged by `cursor` and `limit`."""
    staff = await auth.require(request, *_READERS)
    query = request.query
    asked = answers.Asked(
        state=_state(query.get("state")),
        unit=staff.unit or query.get("unit") or None,
        q=query.get("q", "").replace("\x00", "").strip()[:_LONGEST_QUERY],
        before=_whole(query.get("cursor"), "cursor", _LARGEST_CURSOR),
        limit=_whole(query.get("limit"), "limit", _LARGEST_PAGE) or _PAGE,
    )
    cut = (word.strip() for word in cutter().cut(asked.q.lower()))
    words = [word for word in cut if word.isalnum() and not (staff.unit and _LONG.search(word))]
    async with request.app[SERVICES].db.city(staff.city, staff.unit) as conn:
        found = await answers.find_cases(conn, staff.city, asked, words)
    return _json(answers.list_for_unit(found) if staff.unit else found)


async def get_case(request: web.Request) -> web.Response:
    """Give a case with its tasks, clocks and history, as far as the asker may see it."""
    staff = await auth.require(request, *_READERS)
    return _json(await _page(request, staff, _case_no(request, staff)))


async def act_on_case(request: web.Request) -> web.Response:
    """Do one verb of domain section 4.2 on a case; Conflict carries the fresh state."""
    staff = await auth.require(request, *_READERS)
    services = request.app[SERVICES]
    case_no, verb = _case_no(request, staff), request.match_info["verb"]
    if (staff.role == "supervisor") != (act_of(verb).move.who == "supervisor"):
        raise Forbidden("role_forbidden", "这个操作不属于您的岗位。")
    data = fields.decode(_ACTION, await request.read())
    revision = data.pop("revision", None)
    if revision is not None and type(revision) is not int:
        code = "revision_malformed"
        raise Invalid(code, "revision 须为整数,即您所见工单的版本号。", path="revision")
    city = services.cities[staff.city]
    # Not scoped to the unit: messages to platforms need to know where the case came from, which
    # units may not see. The act itself keeps a unit to its own tasks.
    async with services.db.city(staff.city) as conn:
        await act(conn, city, case_no, verb, data, auth.actor(staff), revision)
    return _json(await _page(request, staff, case_no))


async def track(request: web.Request) -> web.Response:
    """Tell whoever holds a tracking code how the case stands."""
    await request.app[LIMITS].spend("track", request[CLIENT])
    services = request.app[SERVICES]
    adcode, case_no = await look_up(services, request.match_info["code"])
    async with services.db.city(adcode) as conn:
        told = await answers.tracked(conn, request.app[CITY_WORDS][adcode], adcode, case_no)
    response = _json(told)
    response.headers["Cache-Control"] = "no-store"
    return response


async def reconcile(request: web.Request) -> web.Response:
    """Tell a platform which of its numbers are held; signed like a message to its hook."""
    body = await request.read()
    asked = fields.decode(_RECONCILE, body)
    services = request.app[SERVICES]
    hooks = [hook for hook in services.secrets.hooks if hook.source == asked.source]
    signature.verify(request.headers, body, hooks, asked.city, now())
    if asked.city not in services.cities:
        code = "city_unknown"
        raise NotFound(code, f"本系统未开通 {asked.city}。")
    if len(asked.numbers) > _MOST_NUMBERS:
        code = "numbers_too_many"
        raise Invalid(code, f"一次最多核对 {_MOST_NUMBERS} 个编号,请分批。", path="$.numbers")
    async with services.db.city(asked.city) as conn:
        return _json(await answers.reconciled(conn, asked.city, asked.source, asked.numbers))


async def list_dead(request: web.Request) -> web.Response:
    """List the messages to platforms that were given up, the oldest first."""
    staff = await auth.require(request, "admin")
    async with request.app[SERVICES].db.city(staff.city) as conn:
        dead = await outbox.dead(conn, staff.city)
    return _json(answers.DeadLetters(dead=tuple(dead)))


async def revive(request: web.Request) -> web.Response:
    """Send messages again that were given up: of one `target` or `ticketNo`, or all of them."""
    staff = await auth.require(request, "admin")
    asked = fields.decode(_REVIVE, await request.read())
    case_no = _own_case(asked.ticket_no, staff) if asked.ticket_no else None
    async with request.app[SERVICES].db.city(staff.city) as conn:
        count = await outbox.revive(conn, staff.city, asked.target, case_no)
    return _json(answers.Revived(revived=count))


async def health(_request: web.Request) -> web.Response:
    """Say that this process answers."""
    return _json({"status": "ok"})


async def ready(request: web.Request) -> web.Response:
    """Say whether this process can do its work, and what it lacks."""
    lacking = await request.app[SERVICES].ready()
    status = "ready" if not lacking else "not_ready"
    return _json({"status": status, "lacking": lacking}, 503 if lacking else 200)


async def metrics(request: web.Request) -> web.Response:
    """Give the metrics in Prometheus' text form."""
    text = await request.app[SERVICES].metrics()
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return web.Response(body=text.encode(), headers={"Content-Type": kind})


async def _page(request: web.Request, staff: Staff, case_no: CaseNo) -> answers.CasePage:
    """Give a case as staff may see it, a unit without what tells who reported."""
    page = None
    async with request.app[SERVICES].db.city(staff.city, staff.unit) as conn:
        await restricted.note_access(conn, staff.city, case_no, "api")
        with suppress(NotFound):
            page = await answers.case_page(conn, staff.city, case_no)
    if page is None:
        raise answers.no_such_case()
    return answers.page_for_unit(page) if staff.unit else page


def _case_no(request: web.Request, staff: Staff) -> CaseNo:
    return _own_case(request.match_info["no"], staff)


def _own_case(number: str, staff: Staff) -> CaseNo:
    city, case_no = read_case_no(number)
    if city != staff.city:
        raise answers.no_such_case()
    return case_no


def _state(given: str | None) -> str | None:
    if not given:
        return None
    if given not in list(State):
        code = "state_unknown"
        raise Invalid(code, f"state 须为:{'、'.join(State)}。", path="state")
    return given


def _whole(given: str | None, name: str, largest: int) -> int | None:
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and 0 < int(given[:20]) <= largest):
        code = "query_malformed"
        raise Invalid(code, f"{name} 须为 1 至 {largest} 的整数。", path=name)
    return int(given)


def _json(value: object, status: int = 200) -> web.Response:
    body = msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json")
