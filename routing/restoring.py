"""Taking back what an act on several cases did: tasks and clocks as they were."""

from collections.abc import Collection
from typing import Any

from models.case import Case, Queue, Task, TaskState
from routing import clocking
from routing.matter import Change


def was(case: Case) -> dict[str, Any]:
    """Keep in an event how a case stood before it."""
    return {
        "state": case.state.value,
        "queue": case.queue.value if case.queue else None,
        "reasons": list(case.review_reasons),
        "lead_unit": case.lead_unit,
        "accepted": case.accepted_at is not None,
    }


def restore_task(change: Change, task: Task, state: TaskState) -> None:
    """Put a task back to the state that it was taken out of."""
    change.on_other(task, state=state, returned_at=None)


def take_away(change: Change, task: Task, why: str) -> None:
    """Take a task from its unit, also one that the same change was to bring back."""
    brought_back = any(old is task for old, _ in change.others)
    change.others = [pair for pair in change.others if pair[0] is not task]
    if brought_back:
        change.starts = [clock for clock in change.starts if clock.task_no != task.task_no]
    else:
        change.on_other(task, state=TaskState.WITHDRAWN, returned_at=change.matter.at)
        change.stop_all(why, task.task_no)


def restore_clocks(change: Change, why: str, tasks: Collection[int]) -> None:
    """Let the clocks that an event stopped run on, each with the time that was left.

    `tasks` are the tasks whose clocks are meant, 0 those of the case itself.
    """
    matter = change.matter
    last: dict[tuple[int, str], int] = {}
    for clock in matter.clocks:
        key = (clock.task_no, clock.code)
        last[key] = max(last.get(key, 0), clock.attempt)
    for clock in matter.clocks:
        latest = last[clock.task_no, clock.code] == clock.attempt
        if latest and clock.stop_reason == why and clock.task_no in tasks:
            change.starts.append(clocking.resumed(matter.book, change.case, clock, matter.at))


def done_with(change: Change, reason: str) -> None:
    """Take a reason off the case; without any it need not wait at the desk."""
    left = tuple(one for one in change.case.review_reasons if one != reason)
    waits = change.case.queue if left or change.case.queue is not Queue.REVIEW else None
    change.on_case(review_reasons=left, queue=waits)
