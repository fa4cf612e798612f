"""A unit's wish to be relieved: why, on what basis, who should have it; and what it must do anyway.

The first wish is the desk's to decide. A second one, or a case that comes back to a unit that had
it before, is a dispute and ends by agreement or designation (domain sections 3.4 and 4.5, K08).
"""

import re
from typing import Final

from models.case import Task
from models.city import Unit
from models.db import disputes as store
from models.db.disputes import Asked
from models.db.pool import Connection
from models.errors import Invalid
from routing import border, disputes
from routing.dispute_verbs import Secure
from routing.handling import said
from routing.lifecycle import GONE
from routing.matter import Change, Matter
from routing.returns import REQUESTED
from routing.verbs import RequestReturn

#: How often a case may be returned, whoever asks.
MAX_RETURNS: Final = 2
_OTHER_PLACE, _OTHER_LEAD, _TWICE = "R2", "R3", "R5"
_NUMBER: Final = re.compile(r"ENV-\d{6}-\d{8}-\d{6}", re.IGNORECASE)


def request_return(matter: Matter, request: RequestReturn, change: Change) -> None:
    """Ask to be relieved: in the window, for a listed reason, twice at most, not if designated."""
    reasons = matter.book.return_reasons
    if request.reason not in reasons:
        known = "、".join(f"{code} {label.zh}" for code, label in reasons.items())
        raise Invalid("return_reason_unknown", f"退单理由须为:{known}。")
    basis = said(request.basis, "basis_required", "退单须写明依据。")
    _may_return(matter, change)
    _check_proposed(matter, request, basis)
    change.data |= {
        "reason": request.reason,
        "basis": basis,
        "proposed_unit": request.proposed_unit,
    }
    proposed = matter.unit_name(request.proposed_unit)
    change.body |= {"reason": request.reason, "text": basis, "proposed_unit": proposed}
    if change.target is not None:
        _note(matter, request, change, change.target)
        _dispute(matter, request, change, change.target)


def secure(_matter: Matter, request: Secure, change: Change) -> None:
    """Note a first step for safety or evidence; the task stays as it is."""
    note = said(request.note, "note_required", "先行处置须写明做了什么。")
    change.data |= {"step": request.step.value, "note": note}
    change.data["evidence"] = [str(file) for file in request.evidence]


def _may_return(matter: Matter, change: Change) -> None:
    if matter.case.no_return:
        raise matter.conflict("return_forbidden", "该件已指定主办,不得再退。")
    disputes.refuse_while_open(matter)
    if matter.count(REQUESTED) >= MAX_RETURNS:
        raise matter.conflict("return_limit", f"该件已申请退单 {MAX_RETURNS} 次,不得再退。")
    task_no = change.target.task_no if change.target else 0
    windows = [
        clock.due_at
        for clock in matter.clocks
        if clock.task_no == task_no
        and (known := matter.book.clocks.get(clock.code)) is not None
        and known.window
        and REQUESTED in known.stops
    ]
    if windows and max(windows) < matter.at:
        raise matter.conflict("return_window_closed", "已超过退单申请时限。")


def _check_proposed(matter: Matter, request: RequestReturn, basis: str) -> None:
    """Ask for what the reason needs: another unit, another place, or the case that came first."""
    units, named = matter.book.directory.units, request.proposed_unit
    if named and named not in units:
        raise Invalid("unit_unknown", f"本市没有单位 {named}。")
    if named == matter.actor.unit:
        raise Invalid("proposed_unit_self", "建议主办单位不能是本单位。")
    if request.reason == _OTHER_LEAD and named is None:
        raise Invalid("proposed_unit_required", "该理由须写明建议主办单位。")
    if request.reason == _OTHER_PLACE and named is None and not border.counties_in(matter, basis):
        raise Invalid("place_required", "该理由须写明实际区县,或建议主办单位。")
    if request.reason == _TWICE and not _NUMBER.search(basis):
        raise Invalid(
            "number_required", "该理由须写明在办工单的编号,形如 ENV-430100-20261121-000123。"
        )


def _note(matter: Matter, request: RequestReturn, change: Change, task: Task) -> None:
    wish = Asked(
        case_no=task.case_no,
        task_no=task.task_no,
        n=matter.count(REQUESTED, task.task_no) + 1,
        unit=task.unit,
        reason=request.reason,
        basis=str(change.data["basis"]),
        proposed_unit=request.proposed_unit,
        requested_at=matter.at,
    )

    async def ask(conn: Connection, _change: Change) -> None:
        await store.ask(conn, matter.case.city, wish)

    change.effects.append(ask)


def _dispute(matter: Matter, request: RequestReturn, change: Change, task: Task) -> None:
    """Open a dispute where this is no simple mistake any more."""
    before = [old.unit for old in matter.tasks if old.is_lead and old.state in GONE]
    proposed = [request.proposed_unit] if request.proposed_unit else []
    across = _across(matter, request) if request.reason == _OTHER_PLACE else []
    if request.proposed_unit in before:
        cause = "ping_pong"
    elif across:
        cause = "territory"
    elif matter.count(REQUESTED):
        cause = "second_return"
    else:
        return
    parties = [task.unit, *proposed, *(across or before)]
    disputes.open_dispute(matter, change, cause=cause, opener=task.unit, parties=parties)


def _across(matter: Matter, request: RequestReturn) -> list[str]:
    """Name the units of the other districts that share the matter, where it is shared."""
    shared = border.shared_with(matter.case)
    units: dict[str, Unit] = matter.book.directory.units
    there = [
        task.unit
        for task in matter.open_tasks
        if not task.is_lead and set(units[task.unit].adcodes) & shared
    ]
    wanted = request.proposed_unit
    return there if shared and (wanted is None or wanted in there) else []
