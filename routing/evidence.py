"""What a result must rest on before it is handed in, approved or closed: rules as data.

A person decides what is true; the rules only say what must have been done to know it.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any, Final, Literal, NamedTuple

import msgspec

from models.case import Case, Outcome, TaskState
from models.data_files import read_toml
from models.db import closure, inspections, links
from models.db.closure import Monitoring, SelfCheck, Visit
from models.db.pool import Connection
from models.moment import aware
from routing.matter import Matter
from routing.rules import DATA

#: Written when a look-back finds the matter back: what was seen before settles nothing any more.
REBOUND: Final = "lookback:rebound"
_ON_THE_SPOT: Final = ("site", "sampling")
_HALF: Final = timedelta(hours=12)


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours of the day, through midnight where `until` is earlier than `from`."""

    code: str
    zh: str
    begin: time = msgspec.field(name="from")
    until: time
    source: str

    def holds(self, at: datetime) -> bool:
        """Tell whether a moment lies in the hours, by the clock in China."""
        clock = aware(at).time()
        if self.begin <= self.until:
            return self.begin <= clock < self.until
        return clock >= self.begin or clock < self.until


class Need(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must have been done: `times` on different days, in which hours, by how many people.

    `found` is whether what was reported was there, None for either.
    """

    what: Literal["visit", "report"]
    zh: str
    hours: str = ""
    times: int = 1
    found: bool | None = None
    people: int = 1


class EvidenceRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For which cases and outcomes one of `any` is needed; what is empty asks for nothing.

    A type of one letter stands for all that begin with it; all the flags must be there.
    `only_online` holds where all that was noted is online data.
    """

    id: str
    zh: str
    types: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    only_online: bool = False
    any: tuple[Need, ...]
    source: str

    def fits(self, case: Case, outcome: str | None) -> bool:
        """Tell whether the rule holds for a case that ends with an outcome, None for none."""
        flags = case.tags.flags if case.tags else ()
        return (
            (not self.types or any(code.startswith(self.types) for code in case.types))
            and (not self.kinds or case.kind in self.kinds)
            and all(flag in flags for flag in self.flags)
            and (not self.outcomes or outcome in self.outcomes)
            and outcome not in self.but
        )


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item of the list that a unit goes through before it hands in its work."""

    code: str
    zh: str


class Again(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which closed cases are looked at again: after `days`, then `quarterly` times a quarter."""

    id: str
    inspection: bool = False
    key: tuple[str, ...] = ()
    any_key: bool = False
    urgencies: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    days: int
    quarterly: int = 0
    source: str

    def fits(self, case: Case, *, inspected: bool) -> bool:
        """Tell whether a closed case is looked at again by this rule."""
        outcome = (case.result or {}).get("outcome")
        return (
            (not self.inspection or inspected)
            and (not self.key or any(key in case.key_reasons for key in self.key))
            and (not self.any_key or bool(case.key_reasons))
            and (not self.urgencies or case.urgency in self.urgencies)
            and (not self.outcomes or outcome in self.outcomes)
            and (not self.types or any(code.startswith(self.types) for code in case.types))
        )


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """All that the file says."""

    windows: dict[str, Window]
    rules: tuple[EvidenceRule, ...]
    items: tuple[Item, ...]
    again: tuple[Again, ...]


class Seen(NamedTuple):
    """What was done in a case and those that belong to it, since it last came back."""

    visits: Sequence[Visit]
    reports: Sequence[Monitoring]

    @property
    def only_online(self) -> bool:
        """Tell whether online data is all there is."""
        kinds = {visit.method for visit in self.visits}
        return bool(kinds) and kinds <= {"online", "remote"} and not self.reports


@cache
def rules() -> Rules:
    """Read the rules."""
    table = read_toml(DATA / "evidence.toml")
    windows = msgspec.convert(table["window"], list[Window])
    return Rules(
        windows={window.code: window for window in windows},
        rules=tuple(msgspec.convert(table["rule"], list[EvidenceRule])),
        items=tuple(msgspec.convert(table["item"], list[Item])),
        again=tuple(msgspec.convert(table["lookback"], list[Again])),
    )


#: Read with the program: a case in hand must not wait for a file.
_RULES: Final = rules()


def missing(cases: Sequence[Case], outcome: str | None, seen: Seen) -> list[str]:
    """Say in Chinese what an end of these cases with that outcome still needs."""
    known = _RULES
    wanted = [
        rule
        for rule in known.rules
        if any(rule.fits(case, outcome) for case in cases)
        and (not rule.only_online or seen.only_online)
        and not any(_met(need, seen, known) for need in rule.any)
    ]
    return [f"{rule.zh}须有{'或'.join(need.zh for need in rule.any)}" for rule in wanted]


def _met(need: Need, seen: Seen, known: Rules) -> bool:
    window = known.windows.get(need.hours)
    if need.what == "visit":
        moments = [
            visit.at
            for visit in seen.visits
            if visit.method in _ON_THE_SPOT
            and need.found in (None, visit.found)
            and len(visit.people) >= need.people
        ]
    else:
        moments = [one.sampled_at for one in seen.reports if one.sampled_at is not None]
    fitting = [at for at in moments if window is None or window.holds(at)]
    return len({_day(at, window) for at in fitting}) >= need.times


def _day(at: datetime, window: Window | None) -> Any:  # noqa: ANN401
    """Give the day of a moment; of hours through midnight, the day of the evening."""
    local = aware(at)
    through = window is not None and window.begin > window.until
    return (local - _HALF).date() if through else local.date()


async def sufficient(conn: Connection, matter: Matter, request: Any) -> None:  # noqa: ANN401
    """Refuse to hand in, approve or close what rests on too little, and say what is missing."""
    found, outcome = _outcome(matter, request)
    bare = not getattr(request, "evidence", True)
    if not found or (bare and outcome == Outcome.NOT_TRUE.value):
        return  # "not true" without a file is refused by the act itself
    case = matter.case
    around = [
        *await links.parts(conn, case.city, case.case_no),
        *await links.merged(conn, case.city, case.case_no),
    ]
    numbers = [case.case_no, *(one.case_no for one in around)]
    since = max((event.at for event in matter.past(REBOUND)), default=None)
    seen = Seen(
        [v for v in await closure.visits(conn, case.city, numbers) if _after(v.at, since)],
        [
            m
            for m in await closure.monitorings(conn, case.city, numbers)
            if m.reported_at is not None and _after(m.sampled_at, since)
        ],
    )
    answered = [one for one in around if one.merged_into is not None]
    if wanting := missing([case, *answered], outcome, seen):
        detail = f"办结依据不足:{';'.join(wanting)}。请先登记现场核查或监测报告。"
        raise matter.conflict("evidence_missing", detail)


def _after(at: datetime | None, since: datetime | None) -> bool:
    return since is None or (at is not None and at > since)


def _outcome(matter: Matter, request: Any) -> tuple[bool, str | None]:  # noqa: ANN401
    """Give whether an act ends the lead's work, and with which outcome."""
    lead, unit = matter.lead, matter.actor.unit
    given = getattr(request, "outcome", None)
    task_no = getattr(request, "task_no", None)
    if unit is not None:
        mine = lead is not None and lead.unit == unit and task_no in (None, lead.task_no)
        return mine, given
    if lead is not None and task_no not in (None, lead.task_no):
        return False, None
    approving = not hasattr(request, "outcome")
    if approving and (lead is None or lead.state is not TaskState.SUBMITTED):
        return False, None
    result = (lead.result if lead else None) or {}
    return True, given or result.get("outcome")


async def self_checked(conn: Connection, matter: Matter, request: Any) -> None:  # noqa: ANN401
    """Refuse work given by an inspection, or come back, that its unit has not checked itself."""
    case, lead = matter.case, matter.lead
    if lead is None or lead.unit != matter.actor.unit:
        return
    if getattr(request, "task_no", None) not in (None, lead.task_no):
        return
    backs = matter.past(REBOUND)
    inspected = await inspections.of_case(conn, case.city, case.case_no)
    if not backs and inspected is None:
        return
    if inspected is not None and inspected.issued_at is None:
        raise matter.conflict("rectification_missing", "督察件须先下达整改(方案、责任人、时限)。")
    since = max((event.at for event in [*backs, *matter.past("case:task:reworked")]), default=None)
    done = [
        one
        for one in await closure.self_checks(conn, case.city, case.case_no)
        if one.unit == lead.unit and (since is None or one.at >= since)
    ]
    if not _complete(done):
        names = "、".join(item.zh for item in rules().items)
        raise matter.conflict("self_check_missing", f"提交办结前须完成自查:{names}。")


def _complete(done: Sequence[SelfCheck]) -> bool:
    return bool(done) and all(item.code in done[-1].items for item in rules().items)
