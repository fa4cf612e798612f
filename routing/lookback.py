"""Looking again at closed cases: planned at the end, opened when due; a rebound reopens (F40, F44).

A look-back is a row with one of its kind ahead at a time, planned in the transaction that closes
the case: none is lost and none is doubled, however many stages run.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from models.case import SYSTEM, Case, CaseNo, Event, State, TaskState
from models.db import events, inspections, lookbacks
from models.db.lookbacks import Lookback
from models.db.pool import Connection
from models.errors import Invalid
from models.ids import uuid7
from models.moment import aware, now
from routing import desk, key_cases
from routing.act import Act
from routing.catalogue import Catalogue
from routing.closure_verbs import LookBack
from routing.evidence import REBOUND, Again, rules
from routing.handling import said
from routing.lifecycle import Move
from routing.matter import Change, Matter
from routing.verbs import Close
from routing.watch import Watch

LEASE: Final = "lookback"
HELD: Final = "lookback:held"
OPENED: Final = "lookback:opened"
_REWORKED: Final = "case:task:reworked"
_BATCH: Final = 200
_MONTHS: Final = 3
_YEAR: Final = 12
_OVER: Final = (State.CLOSED, State.ARCHIVED)


class Seen(NamedTuple):
    """The look-backs of a case, and who is above its lead."""

    past: list[Lookback]
    above: key_cases.Above


class Lookbacks(Watch):
    """Opens the look-backs that have come due, as one of the worker's stages."""

    name = "lookback"
    lease = LEASE
    batch = _BATCH

    async def _take_up(self, book: Catalogue) -> int:
        """Open what is due."""
        city = book.city.adcode
        async with self._db.city(city) as conn:
            return await open_due(conn, city, now(), self._batch)


async def open_due(conn: Connection, city: str, at: datetime, batch: int) -> int:
    """Open the look-backs that have come due by `at`, each once; give how many."""
    due = await lookbacks.open_due(conn, city, at, batch)
    told = [
        Event(
            city=city,
            event_id=uuid7(),
            case_no=CaseNo(one.case_no),
            at=at,
            verb=OPENED,
            actor=SYSTEM,
            data={"n": one.n, "kind": one.kind, "rule": one.rule},
        )
        for one in due
    ]
    await events.append(conn, told)
    return len(due)


def close(matter: Matter, request: Close, change: Change) -> None:
    """End a case, and plan the look-back that its end asks for."""
    desk.close(matter, request, change)
    if matter.lead is not None:
        change.effects.append(_plan)


async def _plan(conn: Connection, change: Change) -> None:
    case, at = change.case, change.matter.at
    inspected = await inspections.of_case(conn, case.city, case.case_no) is not None
    rule = _rule(case, inspected=inspected)
    if rule is not None:
        due = at + timedelta(days=rule.days)
        await lookbacks.plan(conn, case.city, _planned(case, "after_close", rule, at, due))


def _rule(case: Case, *, inspected: bool) -> Again | None:
    return next((one for one in rules().again if one.fits(case, inspected=inspected)), None)


def _planned(case: Case, kind: str, rule: Again, at: datetime, due: datetime) -> Lookback:
    return Lookback(case_no=case.case_no, n=0, kind=kind, rule=rule.id, planned_at=at, due_at=due)


async def seen(conn: Connection, matter: Matter, request: LookBack) -> Seen:
    """Read the look-backs of a case, and who is above its lead."""
    past = await lookbacks.of_case(conn, matter.case.city, matter.case.case_no)
    return Seen(past, await key_cases.look(conn, matter, request))


def look_back(matter: Matter, request: LookBack, change: Change) -> None:
    """Note what a look-back found: it held, or the matter is back and the case with it.

    That it is back may be found at any time, that it held only once its days have passed.
    """
    past: list[Lookback] = change.seen.past
    ahead = min((one for one in past if one.done_at is None), key=_due, default=None)
    if ahead is None:
        raise matter.conflict("no_lookback", "该件没有待办的回头看。")
    _another(matter, request.unit)
    if request.result == "held" and matter.at < ahead.due_at:
        due = f"{aware(ahead.due_at):%Y-%m-%d}"
        raise matter.conflict("lookback_not_due", f"回头看 {due} 到期,此前不能认定未反弹。")
    finding = said(request.finding, "finding_required", "回头看须写明核查情况。")
    change.data |= {"n": ahead.n, "unit": request.unit, "note": finding}
    done = msgspec.structs.replace(
        ahead,
        done_at=matter.at,
        done_by=matter.actor.name,
        unit=request.unit,
        result=request.result,
        finding=finding,
        files=request.evidence,
    )
    back = request.result == "rebound"
    if back:
        _reopen(matter, change, finding)

    async def keep(conn: Connection, _change: Change) -> None:
        city, no = matter.case.city, matter.case.case_no
        await lookbacks.done(conn, city, done)
        if back:
            await lookbacks.void(conn, city, no, matter.at, matter.actor.name)
        elif (further := _next(matter.case, past, ahead, matter.at)) is not None:
            await lookbacks.plan(conn, city, further)

    change.effects.append(keep)


def _due(one: Lookback) -> tuple[datetime, int]:
    return one.due_at, one.n


def _another(matter: Matter, unit: str) -> None:
    """Refuse a look-back by a unit that worked on the case, or that there is not."""
    if unit not in matter.book.directory.units:
        raise Invalid("unit_unknown", f"没有单位 {unit}。")
    if any(task.unit == unit for task in matter.tasks):
        raise Invalid("own_work", "回头看须由未承办过本件的单位或上一级单位进行。")


def _next(case: Case, past: list[Lookback], done: Lookback, at: datetime) -> Lookback | None:
    """Give the look-back of the next quarter, while the rule asks for more of them."""
    rule = next((one for one in rules().again if one.id == done.rule), None)
    held = sum(one.kind == "quarterly" and one.result == "held" for one in past)
    held += done.kind == "quarterly"
    if rule is None or held >= rule.quarterly:
        return None
    return _planned(case, "quarterly", rule, at, _quarter_after(at))


def _quarter_after(at: datetime) -> datetime:
    month = at.month + _MONTHS
    year, month = at.year + (month - 1) // _YEAR, (month - 1) % _YEAR + 1
    return at.replace(year=year, month=month, day=min(at.day, 28))


def _reopen(matter: Matter, change: Change, finding: str) -> None:
    """Put the case back to work one level up, with a short promise of its own."""
    case, lead = matter.case, matter.lead
    if lead is None:
        raise matter.conflict("no_lead", "该件没有主办单位,不能重启。")
    change.event = REBOUND
    change.data["answered"] = case.result
    change.on_other(lead, state=TaskState.IN_PROGRESS)
    change.on_case(
        state=State.IN_PROGRESS,
        closed_at=None,
        archived_at=None,
        result=None,
    )
    key_cases.raise_again(matter, change, change.seen.above)
    again = {"task_no": lead.task_no, "unit": lead.unit, "reason": f"回头看发现反弹:{finding}"}
    change.more_events.append((_REWORKED, again))
    change.tells = "REWORK"
    change.body["text"] = "回头看发现问题反弹,重新办理。"


ACTS: Final[Mapping[str, Act]] = {
    "look_back": Act(Move(who="operator", data=LookBack, cases=_OVER, event=HELD), look_back, seen),
}
