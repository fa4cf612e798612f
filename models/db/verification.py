"""Callbacks, how verifications ended and spot checks, as rows; never shown to units."""

from datetime import datetime
from typing import Final

import msgspec

from models.case import Case
from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("verification")


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to ask, or what the citizen said: `said_by` is desk or citizen.

    `satisfaction` goes from 1 (not at all) over 3 (by and large) to 5 (very); `waits` while a
    person must decide whether the case is done again.
    """

    at: datetime
    said_by: str
    staff: str | None
    connected: bool
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: int | None = None
    opinion: str = ""
    waits: bool = False


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How the verification of a closing ended: judged, unreached, exempt or parts."""

    how: str
    at: datetime
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: int | None = None
    redo: bool = False


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Whether there is someone to ask, and whether that is over for the present closing.

    `divided` says whether there are parts, `open_parts` which of them are not archived, `others`
    whether somebody is to be asked whose report was merged into the case.
    """

    callable: bool
    settled: bool
    divided: bool
    open_parts: tuple[int, ...]
    others: bool

    @property
    def to_ask(self) -> bool:
        """Whether the citizen of the case itself is still to be asked, once it is closed."""
        return self.callable and not self.settled and not self.divided


class ToCall(msgspec.Struct, frozen=True, kw_only=True):
    """A closed case whose citizen is to be called; of a part, whoever reported the parent.

    A case that was `merged_into` another has its own citizen, who is told of that one's result.
    """

    case_no: int
    title: str | None
    gist: str
    lead_unit: str | None
    closed_at: datetime
    parent_no: int | None
    merged_into: int | None
    tries: int
    last_at: datetime | None
    waits: bool


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """What a citizen said against a result, undecided."""

    case_no: int
    round: int
    at: datetime
    solved: bool
    satisfaction: int
    opinion: str


async def keep(conn: Connection, case: Case, nth: int, one: Attempt) -> None:
    """Keep an attempt of the case's nth round."""
    said = (one.at, one.said_by, one.staff, one.connected, one.contacted, one.solved)
    rest = (one.satisfaction, one.opinion, one.waits)
    await conn.execute(_SQL["keep"], case.city, case.case_no, nth, *said, *rest)


async def of_round(conn: Connection, case: Case, nth: int) -> list[Attempt]:
    """Give the attempts of a round, in order."""
    rows = await conn.fetch(_SQL["of_round"], case.city, case.case_no, nth)
    return [to_struct(row, Attempt) for row in rows]


async def settle(conn: Connection, case: Case, nth: int, end: Ending) -> None:
    """Write how a round ended."""
    said = (end.how, end.contacted, end.solved, end.satisfaction, end.redo, end.at)
    await conn.execute(_SQL["settle"], case.city, case.case_no, nth, *said)


async def decided(conn: Connection, case: Case) -> None:
    """Write that nobody need decide on what was said any more."""
    await conn.execute(_SQL["decided"], case.city, case.case_no)


async def standing(conn: Connection, case: Case) -> Standing:
    """Say how a case stands as to asking; it must exist."""
    row = await conn.fetchrow(_SQL["standing"], case.city, case.case_no)
    return msgspec.convert(dict(row.items() if row else {}), Standing)


async def queue(conn: Connection, city: str, limit: int) -> list[ToCall]:
    """Give whom to call, what a person must decide on first."""
    return [to_struct(row, ToCall) for row in await conn.fetch(_SQL["queue"], city, limit)]


async def waiting(conn: Connection, city: str, limit: int) -> list[Objection]:
    """Give what citizens said that a person must decide on."""
    return [to_struct(row, Objection) for row in await conn.fetch(_SQL["waiting"], city, limit)]


async def to_archive(conn: Connection, city: str, before: datetime, limit: int) -> list[int]:
    """Give closed cases that nobody is to be asked about, closed before a moment."""
    rows = await conn.fetch(_SQL["to_archive"], city, before, limit)
    return [row["case_no"] for row in rows]


async def spot_check(
    conn: Connection, case: Case, *, passed: bool, note: str, staff: str, at: datetime
) -> None:
    """Keep the result of a spot check."""
    await conn.execute(_SQL["spot_check"], case.city, case.case_no, passed, note, staff, at)
