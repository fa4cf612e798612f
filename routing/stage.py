"""The routing stage: claims tagged cases in batches, decides them all, and sends them out.

What the catalogue decides goes to its units, what a person must decide to the desk with reasons.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from models.case import SYSTEM, Case, Event, Queue, Task
from models.city import City
from models.db import clocks, copies, dispatch, events, outbox, restricted, stages
from models.db.clocks import Clock
from models.db.pool import Connection, Database
from models.decision import Decision
from models.faults import trace
from models.moment import now
from routing import clocking
from routing.border import with_neighbours
from routing.catalogue import Catalogue, catalogue
from routing.dispatch import (
    acceptance,
    clocks_of,
    decided,
    dispatched,
    event,
    summary,
    tasks_of,
)
from routing.engine import decide
from routing.facts import facts_of
from routing.live import live
from routing.plan import ACCEPTED, DISPATCHED

_BATCH: Final = 200
_LEASE_S: Final = 20


class _Outbound(msgspec.Struct, frozen=True, kw_only=True):
    """A case on its way to its units."""

    case: Case
    tasks: list[Task]
    clocks: list[Clock]


class RouteStage:
    """Takes the cases of the routing queue to their units or to the desk."""

    name = "route"

    def __init__(self, db: Database, cities: Mapping[str, City], batch: int = _BATCH) -> None:
        """Keep the store, the cities by adcode, and how many cases one transaction takes."""
        self._db = db
        self._cities = live(cities)
        self._batch = batch

    async def run_once(self, city: str) -> int:
        """Route one batch of a city; give how many cases were claimed."""
        async with self._db.city(city) as conn:
            book = catalogue(await self._cities.follow(conn, city))
            batch = await stages.claim(conn, city, Queue.ROUTE, self._batch, _LEASE_S)
            batch = await restricted.close(conn, city, batch, now())
        if not batch:
            return 0
        try:
            failed = await self._route(city, book, batch)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one must not stop all
            await self._fail(city, batch, trace(error))
            return len(batch)
        for case, said in failed:
            await self._fail(city, [case], said)
        return len(batch)

    async def _route(
        self, city: str, book: Catalogue, batch: Sequence[Case]
    ) -> list[tuple[Case, str]]:
        """Decide and write a batch by the release in force; give what could not be decided."""
        at = now()
        found = _decide_all(book, batch, at)
        async with self._db.city(city) as conn:
            current = catalogue(await self._cities.follow(conn, city, held=True))
            if current is not book:
                found = _decide_all(current, batch, at)
            going, staying, failed = found
            await self._write(conn, current, going, staying, at)
        return failed

    async def _write(
        self,
        conn: Connection,
        book: Catalogue,
        going: Sequence[_Outbound],
        staying: Sequence[Case],
        at: datetime,
    ) -> None:
        city = book.city.adcode
        if going or staying:
            gone = await dispatch.dispatch(conn, city, [out.case for out in going], at)
            kept = await dispatch.to_review(conn, city, staying)
            out = [one for one in going if one.case.case_no in gone]
            await dispatch.add_tasks(conn, city, [t for one in out for t in one.tasks], at)
            waited = clocking.before_dispatch(book)
            await clocks.stop_many(conn, city, gone, waited, at=at, why=ACCEPTED)
            await clocks.start(conn, city, [c for one in out for c in one.clocks])
            told = [e for one in out for e in _told(one, at)]
            told += [_kept(case, at) for case in staying if case.case_no in kept]
            await events.append(conn, told)
            await copies.send(conn, city, [one.case for one in out], at)
            await outbox.put(
                conn, city, [acceptance(book, one.case, one.clocks, at) for one in out]
            )

    async def _fail(self, city: str, cases: Sequence[Case], error: str) -> None:
        if cases:
            async with self._db.city(city) as conn:
                await stages.fail(conn, city, cases, error)


def _decide_all(
    book: Catalogue, batch: Sequence[Case], at: datetime
) -> tuple[list[_Outbound], list[Case], list[tuple[Case, str]]]:
    """Decide a batch: those that go out, those for the desk, those that could not be decided."""
    going: list[_Outbound] = []
    staying: list[Case] = []
    failed: list[tuple[Case, str]] = []
    for case in batch:
        try:
            decision = with_neighbours(book, case, decide(book.city, facts_of(case, at)), at)
        except Exception as error:  # noqa: BLE001  # a case that cannot be decided harms no other
            failed.append((case, trace(error)))
            continue
        if needs_person(decision):
            staying.append(_for_desk(book, case, decision, at))
        else:
            going.append(_outbound(book, case, decision, at))
    return going, staying, failed


def needs_person(decision: Decision) -> bool:
    """Tell whether the desk must decide: no lead's unit, or a reason against the machine's word."""
    return decision.pool or bool(decision.reasons) or not (decision.lead and decision.lead.unit)


def _for_desk(book: Catalogue, case: Case, decision: Decision, at: datetime) -> Case:
    reasons = decision.reasons or ("no_rule",)
    return msgspec.structs.replace(decided(book, case, decision, at), review_reasons=reasons)


def _outbound(book: Catalogue, case: Case, decision: Decision, at: datetime) -> _Outbound:
    out = dispatched(book, case, decision, at)
    tasks = tasks_of(book, out, decision, at)
    return _Outbound(case=out, tasks=tasks, clocks=clocks_of(book, out, tasks, at))


def _told(out: _Outbound, at: datetime) -> list[Event]:
    case = out.case
    said = {"automatic": True, "kind": case.kind, "types": list(case.types)}
    return [
        event(case, ACCEPTED, at, SYSTEM, said),
        event(case, DISPATCHED, at, SYSTEM, summary(case, out.tasks)),
    ]


def _kept(case: Case, at: datetime) -> Event:
    said = {"reasons": list(case.review_reasons)}
    return event(case, "case:routing:pooled", at, SYSTEM, said)
