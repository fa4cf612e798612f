"""From a decision to what goes out: the case as dispatched, its tasks and their clocks."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from models.case import Actor, Case, CaseNo, Event, State, Task, TaskState
from models.db.clocks import Clock
from models.db.outbox import Outgoing
from models.decision import Assignee, Decision
from models.ids import uuid7
from models.moment import aware
from routing import clocking
from routing.catalogue import Catalogue
from routing.plan import ACCEPTED, DISPATCHED, is_closing


def kept(decision: Decision) -> Decision:
    """Give the decision as a case keeps it: the counts of its clocks are kept with the clocks."""
    clocks = tuple(msgspec.structs.replace(clock, trace=()) for clock in decision.clocks)
    return msgspec.structs.replace(decision, clocks=clocks)


def decided(book: Catalogue, case: Case, decision: Decision, at: datetime) -> Case:
    """Put a decision into the case: its urgency, and its place with abolished codes replaced."""
    place = book.directory.place(case.adcode, case.township, case.zone, aware(at).date())
    return msgspec.structs.replace(
        case,
        decision=kept(decision),
        urgency=decision.urgency,
        adcode=place.adcode,
        township=place.township,
        zone=place.zone,
    )


def dispatched(book: Catalogue, case: Case, decision: Decision, at: datetime) -> Case:
    """Give the case as it stands once dispatched by the decision, which must name a lead's unit."""
    return msgspec.structs.replace(
        decided(book, case, decision, at),
        state=State.DISPATCHED,
        queue=None,
        lead_unit=decision.lead.unit if decision.lead else None,
        review_reasons=(),
        accepted_at=case.accepted_at or at,
        dispatched_at=case.dispatched_at or at,
    )


def tasks_of(
    book: Catalogue, case: Case, decision: Decision, at: datetime, first: int = 1
) -> list[Task]:
    """Give each unit of the decision its task, the lead's first, numbered from `first`.

    Units outside the city's government get no task: they are told by letter. Of a restricted case
    its lead alone has one.
    """
    units = book.directory.units
    helpers = [
        helper
        for helper in (() if case.restricted else decision.cooperating)
        if helper.unit and (unit := units.get(helper.unit)) and unit.level != "external"
    ]
    parts = [*([decision.lead] if decision.lead else []), *helpers]
    return [
        _task(case, part, at, first + n, lead=part is decision.lead) for n, part in enumerate(parts)
    ]


def clocks_of(book: Catalogue, case: Case, tasks: list[Task], at: datetime) -> list[Clock]:
    """Give the clocks that accepting and dispatching the case at once starts."""
    return clocking.starts(book, case, tasks, (ACCEPTED, DISPATCHED), at)


def acceptance(book: Catalogue, case: Case, clocks: Iterable[Clock], at: datetime) -> Outgoing:
    """Tell the platform that the case is accepted, who leads and until when."""
    return Outgoing(
        case_no=case.case_no,
        kind="ACCEPT",
        dedupe=f"{ACCEPTED}:{case.revision + 1}",
        body={"at": aware(at).isoformat(timespec="seconds"), **accepted(book, case, clocks)},
    )


def accepted(book: Catalogue, case: Case, clocks: Iterable[Clock]) -> dict[str, Any]:
    """Say of an accepted case what a platform may know."""
    body: dict[str, Any] = {"accepted": True}
    unit = book.directory.units.get(case.lead_unit or "")
    if unit is not None:
        body["unit"] = unit.name
    due = [clock.due_at for clock in clocks if is_closing(book.clocks[clock.code])]
    if due:
        body["due_at"] = aware(min(due)).isoformat(timespec="seconds")
    return body


def summary(case: Case, tasks: Iterable[Task]) -> dict[str, Any]:
    """Say of a dispatch what its event keeps."""
    said = {
        "lead": case.lead_unit,
        "units": [task.unit for task in tasks],
        "types": list(case.types),
        "urgency": case.urgency,
        "version": case.decision.version if case.decision else "",
    }
    copies = [copy.unit for copy in case.decision.copies] if case.decision else []
    return said | ({"copies": copies} if copies else {})


def event(case: Case, verb: str, at: datetime, actor: Actor, data: dict[str, Any]) -> Event:
    """Make an event of a case."""
    return Event(
        city=case.city,
        event_id=uuid7(),
        case_no=case.case_no,
        at=at,
        verb=verb,
        actor=actor,
        data=data,
    )


def _task(case: Case, part: Assignee, at: datetime, task_no: int, *, lead: bool) -> Task:
    return Task(
        city=case.city,
        case_no=CaseNo(case.case_no),
        task_no=task_no,
        unit=part.unit or "",
        role=part.role,
        is_lead=lead,
        state=TaskState.DISPATCHED,
        revision=1,
        dispatched_at=at,
        signed_at=None,
        handler=None,
        contacted_at=None,
        submitted_at=None,
        returned_at=None,
        result=None,
    )
