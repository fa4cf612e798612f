"""Messages to other systems: put with the change they tell of, delivered in order per case.

`put` writes rows and wakes the sender in the caller's transaction, so a message exists exactly when
its cause does. PgQueuer says when to try; the table says what, in which order, how often and
whether.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from models.case import CaseNo
from models.db import queries
from models.db.pool import Connection
from models.moment import now

_SQL = queries.load("outbox")


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell every platform that sent the case.

    `kind` is ACCEPT, SIGN, RETURN_REQ, RETURN_RESULT, CONTACTED, SUBMIT, REWORK or CLOSE; `dedupe`
    names the cause within the case, so that the same cause tells once. `body` may hold `at` (ISO
    8601), `unit` and `handler` (names), `text` (Chinese, what people read), `accepted`, `reason`,
    `outcome`, `reply`, `measures`, `due_at`; keys that a platform does not know are left out of its
    message.
    """

    case_no: CaseNo
    kind: str
    dedupe: str
    body: dict[str, Any]


async def put(conn: Connection, city: str, messages: Sequence[Outgoing]) -> int:
    """Queue messages for each source of the cases that has an address here; give their count.

    The caller's transaction holds the row locks of the cases, which is what keeps the order. It
    must not be scoped to a unit: that could not see where a case came from (RuntimeError).
    """
    if not messages:
        return 0
    row = await conn.fetchrow(
        _SQL["put"],
        city,
        [m.case_no for m in messages],
        [m.kind for m in messages],
        [m.dedupe for m in messages],
        [m.body for m in messages],
        now(),
    )
    if row is None or row["unit"]:
        msg = "outbox.put needs a transaction that is not scoped to a unit"
        raise RuntimeError(msg)
    return int(row["n"])
