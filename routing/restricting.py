"""Restricted cases (保密件): closed by rule or by a person, seen by who is admitted by name.

Two persons see one: who handles it at the desk and who handles it in the unit that leads (golden
scenario 26; the seats are data, models/data/secrecy.toml). Nobody else has a task in it, no copy
and no neighbour is told, and it is not made part of anything that others see.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from models.case import State
from models.db import links, restricted, staff
from models.db.pool import Connection
from models.db.restricted import BY_PERSON, RESTRICTED, Admitted, Why
from models.db.staff import Account
from models.errors import Invalid
from models.secrecy import DESK, UNIT, secrecy
from routing.act import Act
from routing.handling import said
from routing.lifecycle import AT_WORK, OVER, Move
from routing.matter import Change, Matter
from routing.restoring import take_away
from routing.secrecy_verbs import Admit, LiftRestriction, Restrict

#: Read when the program starts: an act must not wait for a file.
_RULES: Final = secrecy()
ADMITTED: Final = "case:admitted"
LIFTED: Final = "case:unrestricted"
#: Roles whose people handle cases.
_HANDLING: Final = ("operator", "supervisor", "unit")
_ANY: Final = (State.SCREEN, *AT_WORK, State.CLOSED)


class Seen(NamedTuple):
    """Who is named, and who is admitted already."""

    account: Account | None
    admitted: list[Admitted]


def restrict(matter: Matter, request: Restrict, change: Change) -> None:
    """Close a case to all but who does it, and whom they name."""
    if matter.case.restricted:
        raise matter.conflict("restricted_already", "该件已是保密件。")
    reason = said(request.reason, "reason_required", "列为保密件须写明理由。")
    change.data |= {"rule": BY_PERSON, "reason": reason}
    _close(change, Why(rule=BY_PERSON, reason=reason))


def lift(matter: Matter, request: LiftRestriction, change: Change) -> None:
    """Open a case again; no rule closes it a second time."""
    if not matter.case.restricted:
        raise matter.conflict("not_restricted", "该件不是保密件。")
    change.data["reason"] = said(request.reason, "reason_required", "解除保密须写明理由。")
    change.on_case(restricted=False)

    async def open_(conn: Connection, done: Change) -> None:
        case = done.case
        await restricted.lift(conn, case.city, case.case_no, matter.at, matter.actor.name)

    change.effects.append(open_)


async def look(conn: Connection, matter: Matter, request: Admit) -> Seen:
    """Read whose name it is, and who is admitted."""
    city = matter.case.city
    return Seen(
        account=await staff.account(conn, city, request.username.strip()),
        admitted=await restricted.admitted(conn, city, matter.case.case_no),
    )


def admit(matter: Matter, request: Admit, change: Change) -> None:
    """Name somebody who may see a case: at the desk, or in the unit that leads."""
    if not matter.case.restricted:
        raise matter.conflict("not_restricted", "该件不是保密件。")
    reason = said(request.reason, "reason_required", "指定知悉人须写明理由。")
    seen: Seen = change.seen
    person = _person(matter, seen.account)
    if any(one.staff == person.staff for one in seen.admitted):
        raise matter.conflict("admitted_already", "该人员已可查看此件。")
    left = _leaving(matter, person, seen.admitted)
    change.data |= {"staff": person.staff, "side": person.side, "left": left, "note": reason}

    async def seat(conn: Connection, done: Change) -> None:
        city, case_no = done.case.city, done.case.case_no
        await restricted.dismiss(conn, city, case_no, left, matter.at)
        await restricted.admit(conn, city, case_no, person, reason)

    change.effects.append(seat)


def _person(matter: Matter, account: Account | None) -> Admitted:
    """Give the seat that fits an account; a unit's people only where their unit leads."""
    if account is None or not account.active or account.role not in _HANDLING:
        raise Invalid("staff_unknown", "没有这个可办件的账号,或该账号已停用。")
    if account.unit is not None and account.unit != matter.case.lead_unit:
        raise Invalid("not_of_the_lead", "承办一侧只能指定主办单位的人员。")
    return Admitted(
        side=UNIT if account.unit else DESK,
        staff=account.username,
        unit=account.unit,
        from_at=matter.at,
        admitted_by=matter.actor.name,
    )


def _leaving(matter: Matter, person: Admitted, admitted: list[Admitted]) -> list[str]:
    """Say who must leave so that no more persons see the case than may."""
    beside = [one for one in admitted if one.side == person.side]
    strange = [one for one in admitted if one.unit and one.unit != matter.case.lead_unit]
    kept = [one for one in beside if one not in strange]
    over = len(kept) + 1 - _RULES.seats[person.side]
    return [one.staff for one in (*strange, *kept[: max(over, 0)])]


def keep_within(change: Change) -> None:
    """Keep a restricted case to its lead: no other unit gets a task; see what becomes one.

    A case that an operator corrects into what a rule restricts is closed by that act, and the
    operator handles it.
    """
    matter, case = change.matter, change.case
    if not case.restricted and change.facts_changed and not matter.count(LIFTED):
        rule = _RULES.rule_for(case)
        by_desk = matter.actor.kind == "staff" and matter.actor.unit is None
        if rule is not None and by_desk:
            why = Why(rule=rule.id, reason=rule.reason)
            change.more_events.append((RESTRICTED, msgspec.to_builtins(why)))
            _close(change, why)
    if change.case.restricted:
        _drop_helpers(change)
        if case.lead_unit != matter.case.lead_unit:
            change.effects.append(_only_the_lead)


def _close(change: Change, why: Why) -> None:
    """Restrict the case of a change: who does it is admitted, helpers go."""
    change.on_case(restricted=True)
    change.effects.append(_closing(why))


def _closing(why: Why) -> Any:  # noqa: ANN401
    async def close(conn: Connection, change: Change) -> None:
        matter, case = change.matter, change.case
        kin = await links.kin(conn, case)
        if case.parent_no is not None or any(one.state is not State.MERGED for one in kin):
            detail = "已拆单的件和子单由几个单位知悉,不能列为保密件:请先解除拆单。"
            raise matter.conflict("restricted_alone", detail)
        keeper = Admitted(
            side=DESK,
            staff=matter.actor.name,
            unit=None,
            from_at=matter.at,
            admitted_by=matter.actor.name,
        )
        # Parts that were taken back say the same as the case.
        numbers = [one.case_no for one in (case, *kin) if one is case or not one.restricted]
        for number in numbers:
            # Admitted first: nobody can write a row that they may not see.
            await restricted.admit(conn, case.city, number, keeper, why.reason)
        whys = dict.fromkeys(map(int, numbers), why)
        await restricted.restrict(conn, case.city, whys, matter.at, matter.actor.name)

    return close


async def _only_the_lead(conn: Connection, change: Change) -> None:
    case = change.case
    await restricted.dismiss_units(conn, case.city, case.case_no, case.lead_unit, change.matter.at)


def _drop_helpers(change: Change) -> None:
    after = {old.task_no: new for old, new in change.others}
    for task in change.matter.tasks:
        now = after.get(task.task_no, task)
        if not task.is_lead and now.state not in OVER and task is not change.target:
            take_away(change, task, RESTRICTED)
    dropped = {task.task_no for task in change.new_tasks if not task.is_lead}
    if dropped:
        change.new_tasks = [task for task in change.new_tasks if task.is_lead]
        change.starts = [clock for clock in change.starts if clock.task_no not in dropped]


async def alone(_conn: Connection, matter: Matter, _request: Any) -> None:  # noqa: ANN401
    """Refuse what would show a restricted case to others."""
    if matter.case.restricted:
        detail = "保密件不得并案、关联、拆单、跨区协办、网格核实、联合检查或公示;确需时先解除保密。"
        raise matter.conflict("restricted_alone", detail)


ACTS: Final[Mapping[str, Act]] = {
    "restrict": Act(
        Move(who="operator", data=Restrict, cases=_ANY, event=RESTRICTED),
        restrict,
    ),
    "admit": Act(Move(who="supervisor", data=Admit, cases=_ANY, event=ADMITTED), admit, look),
    "lift_restriction": Act(
        Move(who="operator", data=LiftRestriction, cases=_ANY, event=LIFTED),
        lift,
    ),
}
