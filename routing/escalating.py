"""Alarms reach people, and breaches bring orders: both by machine, each once (F17, F27, F29, F32).

One at a time per city by a lease; even two at once do each thing once: alarms are taken up under a
lock in the same transaction that tells of them, and what follows a breach is an act on a held case.
"""

from datetime import date
from typing import Final

from models.case import SYSTEM, Case, show_case_no
from models.db import cases, clocks, escalations, supervision
from models.db.escalations import Alarm, Breach, Escalation, Notice
from models.db.pool import Connection, Database
from models.errors import JiesuError
from models.moment import aware
from models.taxonomy import ISSUE_TYPES
from routing.catalogue import Catalogue
from routing.chain import Rung, addressee, policy
from routing.commands import act
from routing.key_cases import found, needs_company, told_again
from routing.plan import is_closing
from routing.supervising import next_grade
from routing.watch import Watch

LEASE: Final = "escalation"
_BATCH: Final = 200
_LATE: Final = {"warn": "临近到期", "breach": "已超期", "overdue": "超期第{n}天"}


class Escalator(Watch):
    """Brings alarms to people and follows breaches, as one of the worker's stages."""

    name = "escalate"
    lease = LEASE
    batch = _BATCH

    async def _take_up(self, book: Catalogue) -> int:
        """Tell of alarms, then follow breaches and watch what is told again."""
        done = await escalate(self._db, book, self._batch)
        for step in (follow, watch):
            for _ in range(self._batch):
                if not await step(self._db, book):
                    break
                done += 1
        return done


async def escalate(db: Database, book: Catalogue, batch: int) -> int:
    """Tell of up to `batch` alarms in one transaction; give how many were taken up."""
    city = book.city.adcode
    async with db.city(city) as conn:
        waiting = await escalations.alarms(conn, city, batch)
        if waiting:
            on = aware(await clocks.moment(conn)).date()
            made = [_told(book, alarm, _rung(book, alarm, on)) for alarm in waiting]
            await escalations.escalate(conn, city, made)
    return len(waiting)


async def follow(db: Database, book: Catalogue) -> bool:
    """Follow the oldest breach by an order or a place on the list; False where there is none."""
    city = book.city.adcode
    async with db.city(city) as conn:
        late = await escalations.breach(conn, city)
        if late is None:
            return False
        await _follow(conn, book, late)
        await escalations.acted(conn, city, late)
    return True


async def watch(db: Database, book: Catalogue) -> bool:
    """See whether the next case to look at is a key complaint; False where there is none."""
    city = book.city.adcode
    async with db.city(city) as conn:
        number = await supervision.key_check(conn, city)
        if number is None:
            return False
        case = await cases.get(conn, city, number)
        if case is not None and case.merged_into is not None:
            case = await cases.get(conn, city, case.merged_into)
        if case is not None:
            await _watch(conn, book, case)
    return True


async def _follow(conn: Connection, book: Catalogue, late: Breach) -> None:
    terms, known = policy().orders, book.clocks.get(late.code)
    if late.code == terms.progress:
        await supervision.list_name(conn, book.city.adcode, late)
        return
    closing = known is not None and is_closing(known)
    if known is None or not (closing or late.code in (*terms.also, *terms.clock.values())):
        return
    if closing:
        await _try(conn, book, late.case_no, "mark_key", reason="overdue")
    given = await supervision.orders(conn, book.city.adcode, late.case_no)
    grade = next_grade(given, late.due_at)
    due = aware(late.due_at)
    demand = f"{known.zh}已于{due:%Y-%m-%d %H:%M}到期仍未完成,请立即办理并按时反馈。"
    if grade == "urge":
        await _try(conn, book, late.case_no, "urge", demand=demand)
    elif grade is not None:
        await _try(conn, book, late.case_no, "supervise", grade=grade, demand=demand)


async def _watch(conn: Connection, book: Catalogue, case: Case) -> None:
    for reason in found(case, await told_again(conn, case)):
        await _try(conn, book, case.case_no, "mark_key", reason=reason)
    if needs_company(case):
        await _try(conn, book, case.case_no, "elevate")


async def _try(conn: Connection, book: Catalogue, case_no: int, verb: str, **data: str) -> None:
    """Do an act where it is still to be done; a case that has gone on needs nothing more."""
    try:
        async with conn.transaction():
            await act(conn, book.city, case_no, verb, data, SYSTEM)
    except JiesuError:
        return


def _rung(book: Catalogue, alarm: Alarm, on: date) -> Rung:
    return addressee(book, alarm.code, alarm.level, alarm.unit, on, alarm.barred)


def _told(book: Catalogue, alarm: Alarm, rung: Rung) -> tuple[Escalation, Notice]:
    made = Escalation(
        case_no=alarm.case_no,
        task_no=alarm.task_no,
        code=alarm.code,
        attempt=alarm.attempt,
        level=alarm.level,
        unit=alarm.unit,
        rung=rung.place,
        to_unit=rung.unit,
        to_post=rung.post,
    )
    return made, _notice(book, alarm, rung)


def _notice(book: Catalogue, alarm: Alarm, rung: Rung) -> Notice:
    """Say what is late, of which case and unit; never the words of a report."""
    kind = alarm.level.rstrip("0123456789")
    n = alarm.level.removeprefix(kind)
    known = book.clocks.get(alarm.code)
    number = show_case_no(book.city.adcode, alarm.case_no)
    types = "、".join(ISSUE_TYPES[code].zh for code in alarm.types or () if code in ISSUE_TYPES)
    unit = book.directory.units.get(alarm.unit or "")
    holder = f"{unit.name if unit else '受理台'}承办,{types or '类型待定'}"
    due = f"应于{aware(alarm.due_at):%Y-%m-%d %H:%M}前完成," if alarm.due_at else ""
    late = _LATE[kind].format(n=n)
    return Notice(
        case_no=alarm.case_no,
        kind=kind,
        about="alarm:" + ":".join(map(str, alarm.key)),
        to_unit=rung.unit,
        to_post=rung.post,
        title=f"【{late}】{number} {known.zh if known else alarm.code}",
        body=f"{holder},{due}{late}。",
    )
