"""Callbacks, citizens' own judgement, figures with their cases, and rewards paid out by a code."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from aiohttp import web

from intake import auth
from intake.channels import fields
from intake.keys import CLIENT, LIMITS, SERVICES
from intake.track import look_up
from models.case import SYSTEM, CaseNo, show_case_no
from models.db import exclusions, rewards, verification
from models.db import marks as store
from models.db.exclusions import Exclusion
from models.db.marks import Run
from models.db.verification import Objection, ToCall
from models.errors import Conflict, Invalid, NotFound
from models.moment import now
from routing import marks
from routing.commands import act
from routing.excluding import Used, used_in
from routing.formulas import measures
from routing.reward_rules import reward_rules
from routing.rewarding import case_of_code, digest, fresh_code
from routing.verify_verbs import Judge

_MOST: Final = 100
_SCOPES: Final = ("city", "county", "unit")


class Callbacks(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to call, at most a hundred, and what citizens said that someone must decide on.

    `numbers` gives the case numbers as people read them.
    """

    to_call: tuple[ToCall, ...]
    objections: tuple[Objection, ...]
    numbers: dict[int, str]


class Exclusions(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked to be left out of the marks, and which units have used how much of a month.

    `numbers` gives the case numbers as people read them.
    """

    open: tuple[Exclusion, ...]
    used: tuple[Used, ...]
    numbers: dict[int, str]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """That a citizen's judgement was kept, and how the case stands now."""

    state: str


class MarkLine(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its name and the version of its formula; `cases` is where its cases are."""

    code: str
    name: str
    version: str
    scope: str
    area: str
    numerator: int
    denominator: int
    share: float | None
    cases: str


class MarkList(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the newest count of a month; a unit sees its own alone."""

    run: Run
    figures: tuple[MarkLine, ...]


class MarkCases(msgspec.Struct, frozen=True, kw_only=True):
    """The cases behind a figure: those that count in the numerator, and the others."""

    counting: tuple[str, ...]
    others: tuple[str, ...]


class OwnReward(msgspec.Struct, frozen=True, kw_only=True):
    """A reward as its citizen sees it; `code` is shown this once and pays whoever holds it."""

    amount: Decimal
    code: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim code, as its holder says it."""

    code: str


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid out, in yuan; to whom, nobody is told."""

    amount: Decimal


_JUDGE: Final = msgspec.json.Decoder(Judge)
_CLAIM: Final = msgspec.json.Decoder(Claim)


def add_marks(app: web.Application) -> None:
    """Give the endpoints their routes; reads the rules now, which serving must not wait for."""
    measures()
    reward_rules()
    app.router.add_get("/api/v1/callbacks", callbacks)
    app.router.add_post("/api/v1/track/{code}/judgement", judge)
    app.router.add_post("/api/v1/track/{code}/reward", claim)
    app.router.add_post("/api/v1/rewards/pay", pay)
    app.router.add_get("/api/v1/exclusions", excluded)
    app.router.add_get("/api/v1/marks", figures)
    app.router.add_get("/api/v1/marks/{run}/cases", cases)


async def callbacks(request: web.Request) -> web.Response:
    """List whom to call and what citizens object to; never for units."""
    staff = await auth.require(request, "operator", "supervisor")
    async with request.app[SERVICES].db.city(staff.city) as conn:
        to_call = await verification.queue(conn, staff.city, _MOST)
        objections = await verification.waiting(conn, staff.city, _MOST)
    numbers = [one.case_no for one in to_call] + [one.case_no for one in objections]
    told = Callbacks(
        to_call=tuple(to_call),
        objections=tuple(objections),
        numbers=_numbers(staff.city, numbers),
    )
    return _json(told)


async def excluded(request: web.Request) -> web.Response:
    """List what waits to be left out or not, and how far ceilings are used in a `month`."""
    staff = await auth.require(request, "operator", "supervisor")
    asked = request.query.get("month") or f"{now():%Y-%m}"
    month = marks.month_of(asked).since.date()
    async with request.app[SERVICES].db.city(staff.city) as conn:
        waiting = await exclusions.open_ones(conn, staff.city, _MOST)
        used = await used_in(conn, staff.city, month)
    numbers = [one.case_no for one in waiting] + [no for one in used for no in one.cases]
    told = Exclusions(open=tuple(waiting), used=tuple(used), numbers=_numbers(staff.city, numbers))
    return _json(told)


async def judge(request: web.Request) -> web.Response:
    """Keep what the holder of a tracking code says of the result."""
    await request.app[LIMITS].spend("track", request[CLIENT])
    services = request.app[SERVICES]
    said = msgspec.to_builtins(fields.decode(_JUDGE, await request.read()))
    adcode, case_no = await look_up(services, request.match_info["code"])
    async with services.db.city(adcode) as conn:
        case = await act(conn, services.cities[adcode], case_no, "judge", said, SYSTEM)
    return _private(Judged(state=case.state.value))


async def claim(request: web.Request) -> web.Response:
    """Give the holder of a tracking code a claim code; an earlier one leads nowhere then."""
    await request.app[LIMITS].spend("track", request[CLIENT])
    services = request.app[SERVICES]
    adcode, case_no = await look_up(services, request.match_info["code"])
    code = fresh_code()
    data = {"digest": digest(adcode, code).hex()}
    async with services.db.city(adcode) as conn:
        await act(conn, services.cities[adcode], case_no, "claim_reward", data, SYSTEM)
        found = await rewards.get(conn, adcode, case_no)
    amount = found.amount if found else Decimal(0)
    return _private(OwnReward(amount=amount, code=code))


async def pay(request: web.Request) -> web.Response:
    """Pay out to whoever holds a claim code: neither case nor name is shown."""
    staff = await auth.require(request, "operator")
    services = request.app[SERVICES]
    await request.app[LIMITS].spend("login", f"{staff.city}/{staff.username}/reward")
    code = fields.decode(_CLAIM, await request.read()).code
    city = services.cities[staff.city]
    async with services.db.city(staff.city) as conn:
        case_no = await case_of_code(conn, city, code)
        try:
            await act(conn, city, case_no, "pay_reward", {"code": code}, auth.actor(staff))
        except Conflict as error:
            raise Conflict(error.code, error.detail) from None
        found = await rewards.get(conn, staff.city, case_no)
    return _private(Paid(amount=found.amount if found else Decimal(0)))


async def figures(request: web.Request) -> web.Response:
    """Give the figures of the newest count of a `month`."""
    staff = await auth.require(request, "operator", "supervisor", "unit")
    period = marks.month_of(request.query.get("month", ""))
    async with request.app[SERVICES].db.city(staff.city, staff.unit) as conn:
        run = await store.newest(conn, staff.city, period.since, period.until)
        if run is None:
            raise NotFound("month_not_counted", "该月尚未统计(jiesu marks report)。")
        found = await store.figures(conn, staff.city, run.run_id)
    known = measures()
    lines = tuple(
        MarkLine(
            code=one.formula,
            name=known.version(one.formula, one.version).zh,
            version=one.version,
            scope=one.scope,
            area=one.area,
            numerator=one.numerator,
            denominator=one.denominator,
            share=one.share,
            cases=(
                f"/api/v1/marks/{run.run_id}/cases"
                f"?formula={one.formula}&scope={one.scope}&area={one.area}"
            ),
        )
        for one in found
    )
    return _json(MarkList(run=run, figures=lines))


async def cases(request: web.Request) -> web.Response:
    """List the cases behind one figure: `formula`, `scope` and `area` say which."""
    staff = await auth.require(request, "operator", "supervisor")
    query, run_id = request.query, _run_id(request.match_info["run"])
    scope = query.get("scope", "city")
    if scope not in _SCOPES:
        raise Invalid("scope_unknown", f"scope 须为:{'、'.join(_SCOPES)}。", path="scope")
    area = query.get("area", staff.city)
    async with request.app[SERVICES].db.city(staff.city) as conn:
        formula = query.get("formula", "")
        one = await marks.figure_of(
            conn, staff.city, run_id, formula=formula, scope=scope, area=area
        )
        behind = await marks.cases_of(conn, staff.city, run_id, one)
    shown = [(show_case_no(staff.city, CaseNo(case.case_no)), case.counts) for case in behind]
    counting = tuple(number for number, counts in shown if counts)
    return _json(MarkCases(counting=counting, others=tuple(n for n, counts in shown if not counts)))


def _numbers(city: str, numbers: Iterable[int]) -> dict[int, str]:
    return {no: show_case_no(city, CaseNo(no)) for no in numbers}


def _run_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid("run_malformed", "统计编号格式不对。") from error


def _json(value: Any) -> web.Response:  # noqa: ANN401
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def _private(value: Any) -> web.Response:  # noqa: ANN401
    response = _json(value)
    response.headers["Cache-Control"] = "no-store"
    return response
