"""Orders, the ledger of tracked cases, letters that press, the list of names, key complaints."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from models.case import Case
from models.db import queries
from models.db.escalations import Breach
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("supervision")
_T = TypeVar("_T", bound=msgspec.Struct)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order on a case: `grade` is urge (催办), general (一般督办) or key (重点督办).

    It is to be answered by `due_at`; `ended_why` is answered, graver or settled.
    """

    case_no: int
    n: int
    grade: str
    unit: str | None
    demand: str
    ordered_at: datetime
    ordered_by: str
    due_at: datetime
    answered_at: datetime | None = None
    answered_by: str | None = None
    answer: str | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_why: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A case in the ledger, with the `conditions` for its release and the `keeper` who watches."""

    case_no: int
    n: int
    conditions: str
    keeper: str
    opened_at: datetime
    opened_by: str
    released_at: datetime | None = None
    released_by: str | None = None
    evidence: tuple[UUID, ...] | None = None
    note: str | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that presses a unit: remind (提醒), interview (约谈) or notice (通报).

    `sha256` is of title and body in UTF-8 with a line feed between; `skip_reason` says why a
    milder one was left out.
    """

    document_id: UUID
    case_no: int
    number: str
    kind: str
    to_unit: str
    title: str
    body: str
    sha256: str
    issued_at: datetime
    issued_by: str
    skip_reason: str | None = None
    received_at: datetime | None = None
    received_by: str | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that did not report progress in time."""

    case_no: int
    code: str
    attempt: int
    unit: str | None
    listed_at: datetime


class KeyCase(msgspec.Struct, frozen=True, kw_only=True):
    """A key complaint: why, how often it was raised, and the leader who took it on."""

    case_no: int
    state: str
    lead_unit: str | None
    key_reasons: tuple[str, ...]
    level: int
    leader: str | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A case that tells of the same matter, who leads it, and who told: blind indexes alone."""

    case_no: int
    lead_unit: str | None
    received_at: datetime
    people: tuple[bytes, ...] = ()


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """What is open in supervision, as far as the connection may see it."""

    orders: tuple[Order, ...]
    ledger: tuple[Entry, ...]
    documents: tuple[Document, ...]
    names: tuple[Listed, ...]
    key: tuple[KeyCase, ...]


async def orders(conn: Connection, city: str, case_no: int) -> list[Order]:
    """Give the orders on a case, oldest first."""
    return [to_struct(row, Order) for row in await conn.fetch(_SQL["orders"], city, case_no)]


async def order(conn: Connection, case: Case, made: Order, clock: str) -> None:
    """Give an order in place of the open one; where its `clock` runs, that says until when."""
    await end_order(conn, case, made.ordered_at, made.ordered_by, "graver")
    await conn.execute(
        _SQL["order"],
        case.city,
        case.case_no,
        made.n,
        made.grade,
        made.unit,
        made.demand,
        made.ordered_at,
        made.ordered_by,
        made.due_at,
        clock,
    )


async def pass_on(conn: Connection, case: Case) -> Order | None:
    """Give the open, unanswered order of a case to who leads it now; None where nothing changes."""
    row = await conn.fetchrow(_SQL["pass_on"], case.city, case.case_no, case.lead_unit)
    return to_struct(row, Order) if row else None


async def end_order(conn: Connection, case: Case, at: datetime, by: str, why: str) -> None:
    """End the open order of a case, if there is one."""
    await conn.execute(_SQL["end_order"], case.city, case.case_no, at, by, why)


async def answer(conn: Connection, case: Case, at: datetime, by: str, said: str) -> None:
    """Note what the open order was answered."""
    await conn.execute(_SQL["answer"], case.city, case.case_no, at, by, said)


async def entries(conn: Connection, city: str, case_no: int) -> list[Entry]:
    """Give the entries of a case in the ledger, oldest first."""
    return [to_struct(row, Entry) for row in await conn.fetch(_SQL["entries"], city, case_no)]


async def enter(conn: Connection, case: Case, entry: Entry) -> None:
    """Put a case into the ledger."""
    values = (entry.n, entry.conditions, entry.keeper, entry.opened_at, entry.opened_by)
    await conn.execute(_SQL["enter"], case.city, case.case_no, *values)


async def release(  # noqa: PLR0917  # when, by whom and on what reads in this order
    conn: Connection, case: Case, at: datetime, by: str, evidence: Sequence[UUID], note: str
) -> None:
    """Release a case from the ledger."""
    await conn.execute(_SQL["release"], case.city, case.case_no, at, by, list(evidence), note)


async def documents(conn: Connection, city: str, case_no: int) -> list[Document]:
    """Give the letters that pressed units over a case, oldest first."""
    return [to_struct(row, Document) for row in await conn.fetch(_SQL["documents"], city, case_no)]


async def number(conn: Connection, city: str, kind: str, year: int) -> int:
    """Draw the next number of a kind of letter; it is given back if the transaction fails."""
    return int(await conn.fetchval(_SQL["number"], city, kind, year))


async def issue(conn: Connection, city: str, made: Document) -> None:
    """Keep a letter as it goes out."""
    await conn.execute(
        _SQL["issue"],
        city,
        made.document_id,
        made.case_no,
        made.number,
        made.kind,
        made.to_unit,
        made.title,
        made.body,
        made.sha256,
        made.skip_reason,
        made.issued_at,
        made.issued_by,
    )


async def receive(
    conn: Connection, city: str, number: str, unit: str, *, at: datetime, by: str
) -> None:
    """Note who received a letter."""
    await conn.execute(_SQL["receive"], city, number, unit, at, by)


async def list_name(conn: Connection, city: str, late: Breach) -> None:
    """Put who did not report progress on the list."""
    await conn.execute(_SQL["list_name"], city, late.case_no, late.code, late.attempt, late.unit)


async def is_listed(conn: Connection, city: str, case_no: int) -> bool:
    """Tell whether somebody is on the list for a case."""
    return bool(await conn.fetchval(_SQL["is_listed"], city, case_no))


async def clear_names(conn: Connection, case: Case, at: datetime, by: str) -> None:
    """Take what is listed of a case off the list."""
    await conn.execute(_SQL["clear_names"], case.city, case.case_no, at, by)


async def key_check(conn: Connection, city: str) -> int | None:
    """Take up a case that may be a key complaint; None where there is none."""
    found: int | None = await conn.fetchval(_SQL["key_checks"], city)
    return found


async def told_again(conn: Connection, city: str, case_no: int, since: datetime) -> list[Told]:
    """Give the cases received since that tell of the same matter, this one among them."""
    rows = await conn.fetch(_SQL["told_again"], city, case_no, since)
    return [to_struct(row, Told) for row in rows]


async def open_items(conn: Connection, city: str, limit: int) -> Items:
    """Give what is open, up to `limit` of each kind."""

    async def some(name: str, kind: type[_T]) -> tuple[_T, ...]:
        return tuple(to_struct(row, kind) for row in await conn.fetch(_SQL[name], city, limit))

    return Items(
        orders=await some("open_orders", Order),
        ledger=await some("open_entries", Entry),
        documents=await some("waiting_documents", Document),
        names=await some("listed_names", Listed),
        key=await some("key_cases", KeyCase),
    )
