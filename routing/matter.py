"""A case as someone acts on it: what is held, who acts when, and the change that it becomes."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from models.case import Actor, Case, Event, Task
from models.db.cases import Correction
from models.db.clocks import Clock
from models.db.outbox import Outgoing
from models.db.pool import Connection
from models.errors import Conflict
from models.moment import aware
from routing.catalogue import Catalogue
from routing.lifecycle import GONE, OVER, Move


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """A case held for an act, with its tasks, clocks and history, and who acts when."""

    book: Catalogue
    case: Case
    tasks: tuple[Task, ...]
    clocks: tuple[Clock, ...]
    history: tuple[Event, ...]
    actor: Actor
    at: datetime

    @property
    def lead(self) -> Task | None:
        """The lead's task, None while the case has no lead."""
        return next((task for task in self.tasks if task.is_lead and task.state not in GONE), None)

    @property
    def running(self) -> list[Clock]:
        """The clocks that run."""
        return [clock for clock in self.clocks if clock.stopped_at is None]

    @property
    def open_tasks(self) -> list[Task]:
        """The tasks that someone still works on."""
        return [task for task in self.tasks if task.state not in OVER]

    def going_on(self, but: str | None = None) -> list[str]:
        """Name what goes on when the case is over, unless an event of the family `but` started it.

        A right that lapses by itself does not.
        """
        running = (self.book.clocks.get(clock.code) for clock in self.running)
        known = (clock for clock in running if clock and clock.outlives and not clock.window)
        return [clock.zh for clock in known if clock.start.partition(":")[0] != but]

    def count(self, verb: str, task_no: int | None = None) -> int:
        """Count how often something happened to the case, or to one task of it."""
        return len(self.past(verb, task_no))

    def past(self, verb: str, task_no: int | None = None) -> list[Event]:
        """Give the events of a verb, of one task where named."""
        return [
            event
            for event in self.history
            if event.verb == verb and (task_no is None or event.data.get("task_no") == task_no)
        ]

    def unit_name(self, code: str | None) -> str | None:
        """Give a unit's full name, its code where the city no longer knows it."""
        unit = self.book.directory.units.get(code or "")
        return unit.name if unit else code

    def conflict(self, code: str, detail: str) -> Conflict:
        """Make a Conflict that carries the present state."""
        return Conflict(code, detail, fresh=self.fresh())

    def fresh(self) -> dict[str, Any]:
        """Say how the case stands, as a caller needs it to try again."""
        case = self.case
        return {
            "state": case.state.value,
            "queue": case.queue.value if case.queue else None,
            "revision": case.revision,
            "lead_unit": case.lead_unit,
            "no_return": case.no_return,
            "tasks": [_fresh_task(task) for task in self.tasks],
        }


#: What an act writes beside the case itself, in the same transaction, once the case has moved.
Effect: TypeAlias = Callable[[Connection, "Change"], Awaitable[None]]


class Change:
    """What an act changes: built by one move, written in one transaction.

    `seen` is what the act's `look` read for it. `effects` are written last, in order.
    """

    def __init__(self, matter: Matter, move: Move, target: Task | None, mark: str) -> None:
        """Start from the states that the move leads to; `mark` is the request's fingerprint."""
        self.seen: Any = None
        self.effects: list[Effect] = []
        self.matter = matter
        self.target = target
        self.case = matter.case
        self.task = target
        self.others: list[tuple[Task, Task]] = []
        self.new_tasks: list[Task] = []
        self.event = move.event
        self.data: dict[str, Any] = {"request": mark}
        self.more_events: list[tuple[str, dict[str, Any]]] = []
        self.starts: list[Clock] = []
        self.stops: list[tuple[Clock, str]] = []
        self.charged = False
        self.facts_changed = False
        self.tells = move.tells
        self.body: dict[str, Any] = {"at": aware(matter.at).isoformat(timespec="seconds")}
        self.correction: Correction | None = None
        if move.to_case is not None:
            self.on_case(state=move.to_case)
        if move.to_task is not None:
            self.on_task(state=move.to_task)
        if target is not None:
            self.data |= {"task_no": target.task_no, "unit": target.unit}
            self.body["unit"] = matter.unit_name(target.unit)

    def on_case(self, **fields: object) -> None:
        """Set fields of the case."""
        self.case = msgspec.structs.replace(self.case, **fields)

    def on_task(self, **fields: object) -> None:
        """Set fields of the task that the act is about."""
        if self.task is not None:
            self.task = msgspec.structs.replace(self.task, **fields)

    def on_other(self, task: Task, **fields: object) -> None:
        """Set fields of another task of the case."""
        self.others.append((task, msgspec.structs.replace(task, **fields)))

    def stop_all(self, why: str, task_no: int | None = None) -> None:
        """Stop every running clock of one task, or of the case but for those that outlive it."""
        book = self.matter.book.clocks
        for clock in self.matter.running:
            known = book.get(clock.code)
            outlives = known is not None and known.outlives
            if not outlives if task_no is None else clock.task_no == task_no:
                self.stops.append((clock, why))

    def outgoing(self) -> Iterable[Outgoing]:
        """Give the message to the platform, if the move tells it anything."""
        about_lead = self.target is None or self.target.is_lead
        if self.tells is None or not about_lead:
            return
        yield Outgoing(
            case_no=self.case.case_no,
            kind=self.tells,
            dedupe=f"{self.event}:{self.case.revision + 1}",
            body={name: value for name, value in self.body.items() if value not in (None, "", [])},
        )


def _fresh_task(task: Task) -> dict[str, Any]:
    return {
        "task_no": task.task_no,
        "unit": task.unit,
        "is_lead": task.is_lead,
        "state": task.state.value,
        "revision": task.revision,
    }
