"""Restricted cases: which they are, who is admitted to them by name, and who has looked.

Row-level security hides them from every other reader (migration 0014); what is written here decides
whom it lets through.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from models.case import SYSTEM, Case, CaseNo, Event
from models.db import events, queries
from models.db.pool import Connection
from models.db.rows import to_struct
from models.ids import uuid7
from models.moment import now
from models.secrecy import secrecy

_SQL: Final = queries.load("restricted")
#: Read when the program starts: a batch must not wait for a file.
_RULES: Final = secrecy()
#: What is written when a case is restricted.
RESTRICTED: Final = "case:restricted"
#: The rule of a case that a person restricted.
BY_PERSON: Final = "person"
_SHOWN: Final = 200


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a case is restricted: the rule's name, and what it says in Chinese."""

    rule: str
    reason: str


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may see a case, on the desk's side or, of which unit, on the lead's."""

    side: str
    staff: str
    unit: str | None
    from_at: datetime
    admitted_by: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A restricted case that lacks somebody at the desk or in the unit that leads it."""

    case_no: CaseNo
    since: datetime
    desk: bool
    unit: bool
    lead_unit: str | None


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a case: at its `page`, a `file`, a `clock`, over the `api`, or one `refused`."""

    staff: str
    what: str
    at: datetime


async def close(conn: Connection, city: str, batch: Sequence[Case], at: datetime) -> list[Case]:
    """Restrict those of a batch, as they were read, that a rule says are; give the batch as it is.

    What a person has opened again stays open.
    """
    open_ones = [case for case in batch if not case.restricted]
    found = {int(case.case_no): rule for case in open_ones if (rule := _RULES.rule_for(case))}
    if not found:
        return list(batch)
    free = await lifted(conn, city, list(found))
    wanted = {
        no: Why(rule=rule.id, reason=rule.reason) for no, rule in found.items() if no not in free
    }
    new = set(await restrict(conn, city, wanted, at, SYSTEM.name))
    closed = [
        msgspec.structs.replace(case, restricted=case.restricted or case.case_no in wanted)
        for case in batch
    ]
    told = [_event(case, wanted[case.case_no], at) for case in closed if case.case_no in new]
    await events.append(conn, told)
    return closed


async def restrict(
    conn: Connection, city: str, cases: Mapping[int, Why], at: datetime, by: str
) -> list[int]:
    """Restrict cases; give those that were open until now.

    Whoever does it as a person must be admitted first, or could not write what they cannot see.
    """
    if not cases:
        return []
    said = [cases[case_no] for case_no in cases]
    rows = await conn.fetch(
        _SQL["restrict"],
        city,
        list(cases),
        [why.rule for why in said],
        [why.reason for why in said],
        at,
        by,
    )
    return [row["case_no"] for row in rows]


async def lift(conn: Connection, city: str, case_no: int, at: datetime, by: str) -> None:
    """Open a case to all who may see cases again."""
    await conn.execute(_SQL["lift"], city, case_no, at, by)


async def lifted(conn: Connection, city: str, cases: Sequence[int]) -> frozenset[int]:
    """Tell which cases a person has opened again."""
    if not cases:
        return frozenset()
    rows = await conn.fetch(_SQL["lifted"], city, list(cases))
    return frozenset(row["case_no"] for row in rows)


async def admit(conn: Connection, city: str, case_no: int, person: Admitted, reason: str) -> None:
    """Let a person see a case from now on."""
    side, staff, unit = person.side, person.staff, person.unit
    values = (side, staff, unit, person.from_at, person.admitted_by, reason)
    await conn.execute(_SQL["admit"], city, case_no, *values)


async def dismiss(
    conn: Connection, city: str, case_no: int, staff: Collection[str], at: datetime
) -> None:
    """Let persons see a case no more."""
    await conn.execute(_SQL["dismiss"], city, case_no, list(staff), at)


async def dismiss_units(
    conn: Connection, city: str, case_no: int, lead: str | None, at: datetime
) -> None:
    """Let nobody see a case any more for a unit that does not lead it."""
    await conn.execute(_SQL["dismiss_units"], city, case_no, lead, at)


async def admitted(conn: Connection, city: str, case_no: int) -> list[Admitted]:
    """Name who may see a case."""
    return [to_struct(row, Admitted) for row in await conn.fetch(_SQL["admitted"], city, case_no)]


async def waiting(conn: Connection, city: str, limit: int = _SHOWN) -> list[Waiting]:
    """List the restricted cases that lack somebody; only a transaction that sees all sees them."""
    return [to_struct(row, Waiting) for row in await conn.fetch(_SQL["waiting"], city, limit)]


async def note_access(conn: Connection, city: str, case_no: int, what: str) -> None:
    """Write down who looks at a case, or tries to, where it is a restricted one."""
    await conn.execute(_SQL["note_access"], city, case_no, uuid7(), what, now())


async def note_file(conn: Connection, city: str, file_id: UUID) -> None:
    """Write down who opens a file, where it is one of a restricted case that they may see."""
    case_no = await conn.fetchval(_SQL["case_of_file"], city, file_id)
    if case_no is not None:
        await note_access(conn, city, case_no, "file")


async def accesses(conn: Connection, city: str, case_no: int) -> list[Access]:
    """Tell who looked at a case, the latest first."""
    rows = await conn.fetch(_SQL["accesses"], city, case_no, _SHOWN)
    return [to_struct(row, Access) for row in rows]


def _event(case: Case, why: Why, at: datetime) -> Event:
    return Event(
        city=case.city,
        event_id=uuid7(),
        case_no=case.case_no,
        at=at,
        verb=RESTRICTED,
        actor=SYSTEM,
        data=msgspec.to_builtins(why),
    )
