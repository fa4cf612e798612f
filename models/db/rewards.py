"""Rewards for reports that proved true, as rows without anybody's name."""

from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from models.case import Case
from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("rewards")


class Reward(msgspec.Struct, frozen=True, kw_only=True):
    """A reward in yuan by a rule; `code_hash` is the digest of the claim code given out last."""

    case_no: int
    rule: str
    fine: Decimal
    amount: Decimal
    document: str
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    code_hash: bytes | None = None
    told_at: datetime | None = None
    paid_by: str | None = None
    paid_at: datetime | None = None


class Known(NamedTuple):
    """Which case reported a matter first, and which other case of it is rewarded already."""

    first: int | None
    rewarded: int | None


async def get(conn: Connection, city: str, case_no: int) -> Reward | None:
    """Give the reward of a case."""
    row = await conn.fetchrow(_SQL["get"], city, case_no)
    return to_struct(row, Reward) if row else None


async def propose(conn: Connection, case: Case, one: Reward) -> None:
    """Propose a reward."""
    said = (one.rule, one.fine, one.amount, one.document, one.proposed_by, one.proposed_at)
    await conn.execute(_SQL["propose"], case.city, case.case_no, *said)


async def approve(conn: Connection, case: Case, by: str, at: datetime) -> None:
    """Approve a reward."""
    await conn.execute(_SQL["approve"], case.city, case.case_no, by, at)


async def told(conn: Connection, case: Case, at: datetime) -> None:
    """Note that the citizen was told."""
    await conn.execute(_SQL["told"], case.city, case.case_no, at)


async def claim(conn: Connection, case: Case, digest: bytes) -> None:
    """Keep the digest of the claim code given out last."""
    await conn.execute(_SQL["claim"], case.city, case.case_no, digest)


async def paid(conn: Connection, case: Case, by: str, at: datetime) -> None:
    """Note that a reward was paid out."""
    await conn.execute(_SQL["paid"], case.city, case.case_no, by, at)


async def by_code(conn: Connection, city: str, digest: bytes) -> int | None:
    """Find the case of a claim code."""
    found: int | None = await conn.fetchval(_SQL["by_code"], city, digest)
    return found


async def hold(conn: Connection, city: str, document: str) -> None:
    """Let those who approve rewards for one decision go one after the other."""
    await conn.execute(_SQL["hold"], city, document)


async def matter(conn: Connection, city: str, case_no: int, document: str) -> Known:
    """Give what is known of all who reported a case's matter; `document` is the decision."""
    row = await conn.fetchrow(_SQL["matter"], city, case_no, document)
    return Known(**dict(row.items())) if row else Known(None, None)
