"""The vault's rows: sealed fields only; whoever reveals one is written down before it is shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from models.case import CaseNo
from models.db import queries
from models.db.pool import Connection
from models.db.rows import as_json, to_struct
from models.errors import Invalid, NotFound
from models.ids import uuid7
from models.moment import now

_SQL = queries.load("identity")

#: The fields that can be revealed, each under a reason of its own.
FIELDS: Final = ("name", "phone", "address", "wechat")
SHORTEST_REASON: Final = 4


class IdentityRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reporter as stored: sealed fields and their blind indexes."""

    case_no: CaseNo
    key_version: int
    name: bytes | None = None
    phone: bytes | None = None
    address: bytes | None = None
    wechat: bytes | None = None
    phone_index: bytes | None = None
    wechat_index: bytes | None = None
    anonymous: bool
    confidential: bool
    want_callback: bool
    contact_time: str | None = None


class Access(NamedTuple):
    """One look at one field."""

    field: str
    reason: str
    staff: str
    at: datetime


async def put(conn: Connection, city: str, rows: Sequence[IdentityRow], at: datetime) -> None:
    """Keep the first reporter of each case."""
    if rows:
        await conn.execute(_SQL["put"], city, as_json(rows), at)


async def get(conn: Connection, city: str, case_no: int) -> IdentityRow | None:
    """Give the sealed row of a case's reporter, None when nobody gave anything."""
    row = await conn.fetchrow(_SQL["get"], city, case_no)
    return to_struct(row, IdentityRow) if row else None


async def reveal(  # noqa: PLR0917 - the row, then who looks and why
    conn: Connection, city: str, case_no: int, field: str, reason: str, staff: str
) -> tuple[int, bytes | None]:
    """Give a sealed field and its key version, after writing down who looks and why.

    The note and the look are one transaction: what cannot be noted is not shown. Invalid on a
    reason of fewer than four characters or a field that is none, NotFound when the case has no
    identity.
    """
    if field not in FIELDS:
        code = "identity_field_unknown"
        raise Invalid(code, f"可查看的字段为:{'、'.join(FIELDS)}。")
    if len(reason.strip()) < SHORTEST_REASON:
        code = "identity_reason_missing"
        raise Invalid(code, f"请填写查看理由(不少于 {SHORTEST_REASON} 个字)。")
    row = await get(conn, city, case_no)
    if row is None:
        code = "identity_absent"
        raise NotFound(code, "该工单没有诉求人信息。")
    at = now()
    await conn.execute(_SQL["log_access"], city, uuid7(), case_no, field, reason.strip(), staff, at)
    value: bytes | None = getattr(row, field)
    return row.key_version, value


async def accesses(conn: Connection, city: str, case_no: int) -> list[Access]:
    """Tell who looked at a case's identity, newest first."""
    rows = await conn.fetch(_SQL["accesses"], city, case_no)
    return [Access(row["field"], row["reason"], row["staff"], row["at"]) for row in rows]


async def same_phone(
    conn: Connection, city: str, phone_index: bytes, limit: int = 20
) -> list[CaseNo]:
    """List the newest cases whose caller has the phone number of this blind index."""
    rows = await conn.fetch(_SQL["same_phone"], city, phone_index, limit)
    return [CaseNo(row["case_no"]) for row in rows]
