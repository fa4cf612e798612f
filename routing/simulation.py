"""A draft of the catalogue tried on past cases: who would get what, what would be overdue.

The same facts are decided by the release in force and by the draft; only what differs is shown.
Facts are those that people have set right; the urgency is the reader's, before rules raised it.
"""

import time as clock
from collections import Counter
from collections.abc import Hashable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from models.case import show_case_no
from models.city import City
from models.db import releases
from models.db.pool import Database
from models.db.releases import Past
from models.decision import Decision
from models.moment import aware, now
from routing.catalogue import Catalogue, catalogue
from routing.engine import judge
from routing.facts import Facts, known_moment
from routing.plan import closing_due
from routing.stage import needs_person

_SHOWN: Final = 200
_MOST_KEPT: Final = 50_000
#: Who has a case that the machine leaves to people.
DESK: Final = "人工"


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one release makes of a case: `lead` is a unit, or the desk; `overdue` by its own due."""

    lead: str
    helpers: tuple[str, ...]
    urgency: str
    rule: str
    due_at: datetime | None
    overdue: bool


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A past case that the two releases see differently; `differs` names the fields of Side."""

    case: str
    types: tuple[str, ...]
    differs: tuple[str, ...]
    before: Side
    after: Side


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How many cases a unit (or the desk) would lose and gain as lead."""

    unit: str
    name: str
    loses: int
    gains: int


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft would have changed; counts are of cases, `seconds` what trying it took."""

    before: str
    after: str
    at: datetime
    cases: int
    changed: int
    lead_changed: int
    to_desk: int
    from_desk: int
    helpers_changed: int
    urgency_changed: int
    due_changed: int
    overdue_before: int
    overdue_after: int
    newly_overdue: int
    no_longer_overdue: int
    units: tuple[Share, ...]
    examples: tuple[Changed, ...]
    seconds: float


async def simulate(db: Database, old: City, new: City, limit: int) -> Simulation:
    """Decide up to `limit` past cases by both releases and tell what differs."""
    started, at = clock.perf_counter(), now()
    tally = _Tally(_Judge(catalogue(old), at), _Judge(catalogue(new), at))
    async for page in releases.past(db, old.adcode, limit):
        for past in page:
            tally.add(past)
    return tally.done(at, clock.perf_counter() - started)


class _Judge:
    """One release's word on past cases; facts that look alike are judged once."""

    def __init__(self, book: Catalogue, at: datetime) -> None:
        self.book = book
        self._at = at
        self._judged: dict[Hashable, tuple[Decision, Side]] = {}

    def see(self, facts: Facts, past: Past) -> Side:
        decision, side = self._judge(facts)
        due = closing_due(self.book, facts, decision)
        ended = past.closed_at or self._at
        return msgspec.structs.replace(
            side, due_at=due, overdue=due is not None and aware(ended) > due
        )

    def _judge(self, facts: Facts) -> tuple[Decision, Side]:
        key = (
            facts.types,
            facts.kind,
            facts.urgency,
            facts.flags,
            facts.adcode,
            facts.township,
            facts.zone,
            facts.channel,
            facts.categories,
            facts.day,
            facts.report_day,
            facts.dispatch_day,
            facts.hour,
        )
        found = self._judged.get(key)
        if found is None:
            if len(self._judged) >= _MOST_KEPT:
                self._judged.clear()
            decision = judge(self.book, facts)
            found = self._judged[key] = (decision, _side(decision))
        return found


class _Tally:
    """The differences so far."""

    def __init__(self, before: _Judge, after: _Judge) -> None:
        self._before, self._after = before, after
        self._n: Counter[str] = Counter()
        self._loses: Counter[str] = Counter()
        self._gains: Counter[str] = Counter()
        self._examples: list[Changed] = []

    def add(self, past: Past) -> None:
        """Judge one case by both."""
        facts = _facts(past)
        before, after = self._before.see(facts, past), self._after.see(facts, past)
        self._n.update(_overdue(before, after))
        self._n["cases"] += 1
        if before == after:
            return
        differs = tuple(_differs(before, after))
        if not differs:
            return
        self._n["changed"] += 1
        self._n.update(differs)
        if "lead" in differs:
            self._loses[before.lead] += 1
            self._gains[after.lead] += 1
            self._n["to_desk"] += after.lead == DESK
            self._n["from_desk"] += before.lead == DESK
        if len(self._examples) < _SHOWN:
            number = show_case_no(self._before.book.city.adcode, past.case_no)
            self._examples.append(
                Changed(case=number, types=past.types, differs=differs, before=before, after=after)
            )

    def done(self, at: datetime, seconds: float) -> Simulation:
        """Give what was found."""
        n = self._n
        return Simulation(
            before=self._before.book.version,
            after=self._after.book.version,
            at=at,
            cases=n["cases"],
            changed=n["changed"],
            lead_changed=n["lead"],
            to_desk=n["to_desk"],
            from_desk=n["from_desk"],
            helpers_changed=n["helpers"],
            urgency_changed=n["urgency"],
            due_changed=n["due_at"],
            overdue_before=n["overdue_before"],
            overdue_after=n["overdue_after"],
            newly_overdue=n["newly_overdue"],
            no_longer_overdue=n["no_longer_overdue"],
            units=self._shares(),
            examples=tuple(self._examples),
            seconds=round(seconds, 2),
        )

    def _shares(self) -> tuple[Share, ...]:
        names = self._after.book.directory.units | self._before.book.directory.units
        moved = sorted(
            {*self._loses, *self._gains}, key=lambda unit: -self._loses[unit] - self._gains[unit]
        )
        return tuple(
            Share(
                unit=unit,
                name=names[unit].name if unit in names else unit,
                loses=self._loses[unit],
                gains=self._gains[unit],
            )
            for unit in moved
        )


def _facts(past: Past) -> Facts:
    return Facts(
        types=past.types,
        kind=past.kind or "TS",
        urgency=past.urgency or "P2",
        flags=past.flags,
        adcode=past.adcode,
        township=past.township,
        zone=past.zone,
        channel=past.channel,
        categories=past.categories,
        happened_at=known_moment(past.received_at, past.happened_on),
        reported_at=past.received_at,
        dispatched_at=past.dispatched_at or past.received_at,
        source_due_at=past.source_due_at,
    )


def _side(decision: Decision) -> Side:
    lead = decision.lead.unit if decision.lead and not needs_person(decision) else None
    return Side(
        lead=lead or DESK,
        helpers=tuple(sorted(part.unit or part.role for part in decision.cooperating)),
        urgency=decision.urgency,
        rule=_leading(decision),
        due_at=None,
        overdue=False,
    )


def _leading(decision: Decision) -> str:
    """Name the rule that named the lead, or left it to people."""
    for step in decision.trace:
        if step.matched and ("主办角色:" in step.effect or "主办由人工裁量" in step.effect):
            return step.rule
    return ""


def _overdue(before: Side, after: Side) -> Iterator[str]:
    if before.overdue:
        yield "overdue_before"
    if after.overdue:
        yield "overdue_after"
    if before.overdue != after.overdue:
        yield "newly_overdue" if after.overdue else "no_longer_overdue"


def _differs(before: Side, after: Side) -> Iterator[str]:
    for name in ("lead", "helpers", "urgency", "due_at", "overdue"):
        if getattr(before, name) != getattr(after, name):
            yield name
