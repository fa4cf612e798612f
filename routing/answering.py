"""Parts answered as one: the answers together, and what a case learns of its parts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from models.case import OUTCOME_NAMES, Case, Outcome, Queue, State, TaskState
from models.db import cases, clocks, links
from models.db.pool import Connection
from models.taxonomy import ISSUE_TYPES
from routing import clocking, returns
from routing.act import Act
from routing.handling import rest
from routing.lifecycle import Move
from routing.link_verbs import Consolidate
from routing.matter import Change, Matter
from routing.recounting import Cause, follow_parts
from routing.rejoining import ENDED, Family, hold_parts, look_parts
from routing.restoring import done_with
from routing.writing import aside, matter_of, write

CONSOLIDATED: Final = "case:consolidated"
REOPENED: Final = "case:reopened"
REWORKED: Final = "case:task:reworked"
_ALL_OVER: Final = "case:parts_done"
#: Why a case whose parts are all over is at the desk (models.tags.REVIEW_REASONS).
PARTS_DONE: Final = "parts_done"
_AT_WORK: Final = (State.DISPATCHED, State.IN_PROGRESS)
_TRUE: Final = frozenset((Outcome.TRUE.value, Outcome.MOSTLY_TRUE.value, Outcome.PARTLY_TRUE.value))


def consolidate(matter: Matter, request: Consolidate, change: Change) -> None:
    """Make one answer of those of the parts; it is sent when the case is closed."""
    family: Family = change.seen
    if family.open:
        numbers = "、".join(part.case.number for part in family.open)
        raise matter.conflict("parts_open", f"子单尚未办结:{numbers}。")
    lead = matter.lead
    if lead is None:
        raise matter.conflict("lead_required", "该件没有主办单位,请先改派。")
    returns.refuse_while_asked(matter)
    results = [part.case.result or {} for part in family.parts]
    outcome = together([one["outcome"] for one in results if one.get("outcome")])
    mine = {"by": matter.actor.name, "at": matter.at.isoformat(), "note": ""}
    result = {
        "outcome": outcome,
        "measures": list(dict.fromkeys(m for one in results for m in one.get("measures") or ())),
        "reply_text": (request.reply_text or "").strip() or answer(matter, family.parts),
        "reply_method": "platform",
        "consolidated": [part.case.number for part in family.parts],
        "reviews": [mine],
    }
    change.on_other(lead, state=TaskState.DONE, submitted_at=matter.at, result=result)
    change.stop_all(CONSOLIDATED, lead.task_no)
    change.on_case(state=State.SUBMITTED)
    done_with(change, PARTS_DONE)
    rest(matter, change)
    change.data |= {"outcome": outcome, "parts": result["consolidated"]}


def together(outcomes: Sequence[str]) -> str | None:
    """Sum up what the parts proved: what all say, partly true where they differ on that."""
    if not outcomes:
        return None
    if len(set(outcomes)) == 1:
        return outcomes[0]
    partly = not _TRUE.isdisjoint(outcomes)
    return Outcome.PARTLY_TRUE.value if partly else Outcome.UNVERIFIABLE.value


def answer(matter: Matter, parts: Sequence[Matter]) -> str:
    """Write the answer for all parts, each with its unit, outcome and reply."""
    lines = [f"您反映的 {len(parts)} 个问题办理情况如下:"]
    for n, part in enumerate(parts, 1):
        result = part.case.result or {}
        outcome = result.get("outcome")
        about = "、".join(ISSUE_TYPES[code].zh for code in part.case.types)
        marks = [matter.unit_name(part.case.lead_unit)]
        marks += [OUTCOME_NAMES[Outcome(outcome)]] if outcome else []
        known = ",".join(mark for mark in marks if mark)
        reply = str(result.get("reply_text") or result.get("notice") or "").strip()
        lines.append(f"{n}. {about}{f'({known})' if known else ''}:{reply}")
    return "\n".join(lines)


async def no_open_parts(conn: Connection, matter: Matter, _request: Any) -> None:  # noqa: ANN401
    """Refuse to hand in or close what has open parts: its promise must not stand still for them."""
    if still := await open_parts(conn, matter):
        raise matter.conflict("parts_open", f"{'、'.join(still)}。")


async def rework_parts(conn: Connection, matter: Matter, _request: Any) -> None:  # noqa: ANN401
    """Refuse to have a whole closed case done again where only a part of it need be."""
    case = matter.case
    if case.closed_at is None or case.parent_no is not None:
        return
    if parts := await links.parts(conn, case.city, case.case_no):
        numbers = "、".join(part.number for part in parts)
        raise matter.conflict("rework_the_part", f"请只退回不满意的子单重办:{numbers}。")


async def open_parts(conn: Connection, matter: Matter) -> list[str]:
    """Say which parts of a case are not over."""
    case = matter.case
    parts = await links.parts(conn, case.city, case.case_no) if case.parent_no is None else []
    return [f"子单 {part.number} 未办结" for part in parts if part.state not in ENDED]


async def after(conn: Connection, change: Change) -> None:
    """Let a case know what became of its part: that it is over, open again, or promised later."""
    old, new = change.matter.case, change.case
    if new.parent_no is None or new.state is State.MERGED:
        return
    held = await cases.get(conn, new.city, new.parent_no)
    if held is None:
        return
    matter = change.matter
    parent = await matter_of(conn, matter.book, held, matter.actor, matter.at)
    if (old.state in ENDED) == (new.state in ENDED):
        own = await clocks.of_case(conn, new.city, new.case_no)
        open_ones = [clock for clock in own if clock.stopped_at is None]
        cause = Cause(kind="children", at=matter.at, actor=matter.actor)
        await follow_parts(conn, matter.book, parent.clocks, open_ones, cause)
    elif new.state in ENDED:
        await _say_all_over(conn, parent)
    else:
        await _reopen(conn, parent, new)


async def _say_all_over(conn: Connection, parent: Matter) -> None:
    """Bring a case to the desk once its last part is over."""
    parts = await links.parts(conn, parent.case.city, parent.case.case_no)
    if parent.case.state not in _AT_WORK or any(one.state not in ENDED for one in parts):
        return
    change = aside(parent, _ALL_OVER)
    reasons = dict.fromkeys((*parent.case.review_reasons, PARTS_DONE))
    change.on_case(queue=Queue.REVIEW, review_reasons=tuple(reasons))
    await write(conn, change)


async def _reopen(conn: Connection, parent: Matter, part: Case) -> None:
    """Put a case back to work when one of its parts is; the other parts stay as they are."""
    change = aside(parent, REOPENED)
    change.data |= {"part": part.number, "result": parent.case.result}
    done_with(change, PARTS_DONE)
    if parent.case.state in _AT_WORK:
        await write(conn, change)
        return
    lead = parent.lead
    if lead is not None:
        change.on_other(lead, state=TaskState.IN_PROGRESS)
    change.on_case(state=State.IN_PROGRESS, closed_at=None, archived_at=None, result=None)
    if parent.case.closed_at is None:
        change.starts += [
            clocking.resumed(parent.book, change.case, clock, parent.at)
            for clock in clocking.under_review(parent.book, parent.clocks)
        ]
    else:
        change.tells = "REWORK"
        if lead is not None:
            again = {
                "task_no": lead.task_no,
                "unit": lead.unit,
                "reason": f"子单 {part.number} 重办",
            }
            change.more_events.append((REWORKED, again))
        change.body["text"] = "其中部分问题重新办理。"
    await write(conn, change)


ACTS: Final[Mapping[str, Act]] = {
    "consolidate": Act(
        Move(
            who="operator",
            data=Consolidate,
            cases=(*_AT_WORK, State.SUBMITTED),
            event=CONSOLIDATED,
        ),
        consolidate,
        look_parts,
        hold_parts,
    ),
}
