"""Which cases may be of the same event as one, for operators: suggestions, never acts."""

from typing import Final

import msgspec
from aiohttp import web

from intake import answers, auth
from intake.keys import SERVICES
from models.case import read_case_no, show_case_no
from models.errors import Invalid
from routing import sameness
from routing.resemblance import Reason
from routing.sameness import ADVICE, Candidate

_READERS: Final = ("operator",)
_USUAL: Final = 5
_MOST: Final = 20


class Similar(msgspec.Struct, frozen=True, kw_only=True):
    """One case that may be of the same event; `score` runs from 0 to 1, the caller is not named.

    `advice` is merge, same_fact, ask_news or group; `advice_zh` says it in words.
    """

    number: str
    state: str
    title: str | None
    gist: str
    received_at: str
    closed_at: str | None
    types: tuple[str, ...]
    adcode: str | None
    township: str | None
    score: float
    advice: str
    advice_zh: str
    reasons: tuple[Reason, ...]
    merged: int


class SimilarCases(msgspec.Struct, frozen=True, kw_only=True):
    """What is found for a case, the surest first.

    `repeats` counts how often its caller has told of the matter within a year, this time included;
    `reports` counts the reports of the event.
    """

    number: str
    candidates: tuple[Similar, ...]
    repeats: int
    reports: int


def add_similar(app: web.Application) -> None:
    """Give the endpoint its route."""
    app.router.add_get("/api/v1/cases/{no}/similar", similar)


async def similar(request: web.Request) -> web.Response:
    """Give the cases that may be of the same event, at most `limit`."""
    staff = await auth.require(request, *_READERS)
    city, case_no = read_case_no(request.match_info["no"])
    if city != staff.city:
        raise answers.no_such_case()
    limit = _limit(request.query.get("limit", ""))
    async with request.app[SERVICES].db.city(city) as conn:
        found = await sameness.find(conn, city, case_no, limit=limit)
    if found is None:
        raise answers.no_such_case()
    told = SimilarCases(
        number=show_case_no(city, case_no),
        candidates=tuple(_told(one) for one in found.candidates),
        repeats=found.repeats,
        reports=found.reports,
    )
    return web.Response(body=msgspec.json.encode(told), content_type="application/json")


def _told(one: Candidate) -> Similar:
    return Similar(
        number=one.number,
        state=one.state,
        title=one.title,
        gist=one.gist,
        received_at=one.received_at.isoformat(),
        closed_at=one.closed_at.isoformat() if one.closed_at else None,
        types=one.types,
        adcode=one.adcode,
        township=one.township,
        score=one.score,
        advice=one.advice,
        advice_zh=ADVICE[one.advice][1],
        reasons=one.reasons,
        merged=one.merged,
    )


def _limit(given: str) -> int:
    if not given:
        return _USUAL
    if not (given.isascii() and given.isdigit() and 0 < int(given[:9]) <= _MOST):
        code = "query_malformed"
        raise Invalid(code, f"limit 须为 1 至 {_MOST} 的整数。", path="limit")
    return int(given)
