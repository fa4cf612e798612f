"""Whose matter a case is, for operators and supervisors: its disputes, letters and ledger."""

from typing import Final

import msgspec
from aiohttp import web

from intake import answers, auth
from intake.keys import SERVICES
from models.case import read_case_no, show_case_no
from models.db import cases, disputes, events, letters
from models.db.disputes import Dispute
from models.db.letters import Letter
from models.moment import now
from routing.accused import barred, candidates, superiors
from routing.catalogue import catalogue
from routing.custody import Charge, ledger

_READERS: Final = ("operator", "supervisor")


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that may be asked to lead."""

    code: str
    name: str
    level: str


class Dealings(msgspec.Struct, frozen=True, kw_only=True):
    """Whose matter a case is: the ledger of who held it, its disputes and its letters.

    `candidates` may be asked to lead, never a unit complained of; `superiors` are those above the
    units complained of.
    """

    number: str
    custody: tuple[Charge, ...]
    disputes: tuple[Dispute, ...]
    letters: tuple[Letter, ...]
    candidates: tuple[Choice, ...]
    superiors: tuple[str, ...]


def add_disputes(app: web.Application) -> None:
    """Give the endpoint its route."""
    app.router.add_get("/api/v1/cases/{no}/dealings", dealings)


async def dealings(request: web.Request) -> web.Response:
    """Say who held a case, who disputes it, who was written to and who may lead."""
    staff = await auth.require(request, *_READERS)
    city, case_no = read_case_no(request.match_info["no"])
    if city != staff.city:
        raise answers.no_such_case()
    services = request.app[SERVICES]
    book = catalogue(services.cities[city])
    async with services.db.city(city) as conn:
        case = await cases.get(conn, city, case_no)
        if case is None:
            raise answers.no_such_case()
        past = await events.history(conn, city, case_no)
        told = Dealings(
            number=show_case_no(city, case_no),
            custody=tuple(await ledger(conn, book, case_no, now())),
            disputes=tuple(await disputes.of_case(conn, city, case_no)),
            letters=tuple(await letters.of_case(conn, city, case_no)),
            candidates=tuple(
                Choice(code=unit.code, name=unit.name, level=unit.level)
                for unit in candidates(book, case, past)
            ),
            superiors=tuple(superiors(book, barred(book, case, past))),
        )
    return web.Response(body=msgspec.json.encode(told), content_type="application/json")
