"""Orders on a case: urges and supervision orders, their answers and their end (F29).

A case has one open order. A graver one takes its place, a milder one is refused; each must be
answered in time, and one that is not brings the next by itself.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from models.db import escalations
from models.db import supervision as store
from models.db.escalations import Notice
from models.db.pool import Connection
from models.db.supervision import Order
from models.errors import Forbidden, Invalid
from models.moment import aware
from routing.chain import Grade, held, policy
from routing.clocks import deadline
from routing.handling import said
from routing.matter import Change, Effect, Matter
from routing.officials import refuse_numbers
from routing.supervision_verbs import Feedback, SettleOrder, Supervise, Urge

URGED: Final = "case:urged"
SUPERVISED: Final = "case:supervised"
SUPERVISED_KEY: Final = "case:supervised:key"
ANSWERED: Final = "case:supervision:answered"
ENDED: Final = "case:supervision:ended"
GRADES: Final[tuple[Grade, ...]] = ("urge", "general", "key")


async def look(conn: Connection, matter: Matter, _request: msgspec.Struct) -> list[Order]:
    """Read the orders on the case."""
    return await store.orders(conn, matter.case.city, matter.case.case_no)


def urge(matter: Matter, request: Urge, change: Change) -> None:
    """Urge the unit that leads a case, or the desk where none does."""
    _order(matter, change, "urge", request.demand, request.due_at)


def supervise(matter: Matter, request: Supervise, change: Change) -> None:
    """Put a case under supervision, general or key."""
    if request.grade == "key":
        change.event = SUPERVISED_KEY
    _order(matter, change, request.grade, request.demand, request.due_at)


def feedback(matter: Matter, request: Feedback, change: Change) -> None:
    """Answer the open order: the unit that leads the case, or the desk where none does."""
    if matter.actor.unit != matter.case.lead_unit:
        raise Forbidden("not_your_part", "督办反馈由主办单位(未派单时由受理人员)完成。")
    last = _open(matter, change.seen)
    if last.answered_at is not None:
        raise matter.conflict("answered_already", "该督办已反馈,等待督办员销号。")
    answer = said(request.answer, "answer_required", "反馈须写明办理进展和下一步安排。")
    change.data |= {"n": last.n, "grade": last.grade, "note": answer}

    async def write(conn: Connection, _change: Change) -> None:
        await store.answer(conn, matter.case, matter.at, matter.actor.name, answer)

    change.effects.append(write)


def settle(matter: Matter, request: SettleOrder, change: Change) -> None:
    """End an order (销号)."""
    note = said(request.note, "note_required", "销号须写明理由。")
    last = _open(matter, change.seen)
    change.data |= {"n": last.n, "grade": last.grade, "note": note}

    async def write(conn: Connection, _change: Change) -> None:
        await store.end_order(conn, matter.case, matter.at, matter.actor.name, "settled")

    change.effects.append(write)


async def unanswered(conn: Connection, matter: Matter) -> list[str]:
    """Say that a supervision order waits for its answer: the case is not over."""
    orders = await store.orders(conn, matter.case.city, matter.case.case_no)
    return [
        f"{policy().orders.name[_grade(one)]}未反馈"
        for one in orders
        if one.ended_at is None and one.answered_at is None and one.grade != "urge"
    ]


async def pass_on(conn: Connection, change: Change) -> None:
    """Let an order go with its case: whoever leads now is told of it and answers it."""
    passed = await store.pass_on(conn, change.case)
    if passed is not None:
        await escalations.tell(conn, change.case.city, [_notice(change.matter, passed)])


def open_order(orders: Sequence[Order]) -> Order | None:
    """Give the order that is open."""
    return next((one for one in orders if one.ended_at is None), None)


def next_grade(orders: Sequence[Order], breached_at: datetime) -> Grade | None:
    """Say which order follows a breach: one graver than the last; None where nothing does.

    What was breached before the last order was given has been answered by that order.
    """
    if not orders:
        return "urge"
    last = orders[-1]
    if breached_at <= last.ordered_at or last.grade == GRADES[-1]:
        return None
    return GRADES[GRADES.index(_grade(last)) + 1]


def _order(
    matter: Matter, change: Change, grade: Grade, demand: str, due_at: datetime | None
) -> None:
    text = said(demand, "demand_required", "须写明督办要求。")
    refuse_numbers(text)
    before: list[Order] = change.seen
    last = open_order(before)
    if last is not None and GRADES.index(_grade(last)) >= GRADES.index(grade):
        raise matter.conflict("order_open", "已有同级或更高等级的督办未结束。")
    due = aware(due_at) if due_at else None
    if due is not None and due <= matter.at:
        raise Invalid("due_past", "要求反馈时间须晚于现在。")
    terms, book = policy().orders, matter.book
    usual = deadline(book.clocks[terms.clock[grade]], matter.at, matter.case.urgency, book.calendar)
    made = Order(
        case_no=matter.case.case_no,
        n=len(before) + 1,
        grade=grade,
        unit=matter.case.lead_unit,
        demand=text,
        ordered_at=matter.at,
        ordered_by=matter.actor.name,
        due_at=due or usual.due_at,
    )
    change.data |= {"n": made.n, "grade": grade, "note": text}
    change.data |= {"due_at": due.isoformat()} if due else {}
    change.effects += [_write(made, terms.clock[grade]), _tell(made)]


def _write(made: Order, clock: str) -> Effect:
    async def write(conn: Connection, change: Change) -> None:
        await store.order(conn, change.matter.case, made, clock)

    return write


def _tell(made: Order) -> Effect:
    async def tell(conn: Connection, change: Change) -> None:
        await escalations.tell(conn, change.case.city, [_notice(change.matter, made)])

    return tell


def _notice(matter: Matter, order: Order) -> Notice:
    terms, grade = policy().orders, _grade(order)
    return Notice(
        case_no=order.case_no,
        kind="order",
        about=f"order:{order.case_no}:{order.n}:{matter.case.revision}",
        to_unit=order.unit or held(matter.book, "HOT", matter.at.date()),
        to_post=terms.post[grade],
        title=f"【{terms.name[grade]}】{matter.case.number}",
        body=order.demand,
    )


def _open(matter: Matter, orders: Sequence[Order]) -> Order:
    found = open_order(orders)
    if found is None:
        raise matter.conflict("no_order", "该件没有未结束的督办。")
    return found


def _grade(order: Order) -> Grade:
    return next(grade for grade in GRADES if grade == order.grade)
