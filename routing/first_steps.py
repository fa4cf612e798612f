"""What must come first: words before orders, the ban before the fine, the scene before the broom.

Which step has to be noted before which result is handed in is data; whether it was in vain, or
enough, a person says.
"""

from typing import Final

import msgspec

from models.case import Case, Task
from models.data_files import read_toml
from models.db.pool import Connection
from routing.dispute_verbs import Step
from routing.matter import Matter
from routing.rules import DATA
from routing.verbs import Submit

#: Written when a unit notes a step.
SECURED: Final = "case:task:secured"


class FirstRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For which types, measures and roles one of the `steps` comes first; see the data."""

    id: str
    zh: str
    types: tuple[str, ...]
    measures: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    steps: tuple[Step, ...]
    source: str

    def fits(self, case: Case, task: Task, result: Submit) -> bool:
        """Tell whether the rule holds for what a task's unit hands in."""
        return (
            any(code in self.types for code in case.types)
            and (task.is_lead or task.role in self.helpers)
            and (not self.measures or any(one in self.measures for one in result.measures))
            and result.outcome.value not in self.but
        )


def _read() -> tuple[FirstRule, ...]:
    table = read_toml(DATA / "first_steps.toml")
    return tuple(msgspec.convert(table["first"], list[FirstRule]))


#: Read with the program: a case in hand must not wait for a file.
RULES: Final = _read()


async def done_first(_conn: Connection, matter: Matter, request: Submit) -> None:
    """Refuse a result that came before what must come first, whichever unit noted it."""
    task = _task(matter, request)
    if task is None:
        return
    noted = {event.data.get("step") for event in matter.past(SECURED)}
    wanting = [
        rule.zh
        for rule in RULES
        if rule.fits(matter.case, task, request) and not noted & {step.value for step in rule.steps}
    ]
    if wanting:
        detail = f"{';'.join(wanting)}。请先登记先行处置。"
        raise matter.conflict("first_step_missing", detail)


def _task(matter: Matter, request: Submit) -> Task | None:
    """Find the task whose result is handed in: the one named, else the unit's own."""
    own = [task for task in matter.open_tasks if task.unit == matter.actor.unit]
    if request.task_no is not None:
        return next((task for task in own if task.task_no == request.task_no), None)
    return next((task for task in own if task.is_lead), own[0] if own else None)
