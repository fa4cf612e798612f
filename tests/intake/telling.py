"""What the tests of the way back share: cases of a platform, messages about them, their states."""

from collections.abc import Callable
from typing import Any

from intake.callbacks import Courier
from intake.receive import Receiver
from intake.services import Settings
from models.case import CaseNo
from models.db import outbox
from models.db.outbox import Outgoing
from models.db.pool import Database
from tests.intake.kit import CITY, make_delivery, make_services, rows

FAST = Settings(
    callback_timeout_s=0.5,
    callback_attempts=3,
    callback_backoff_s=0.02,
    callback_backoff_max_s=0.05,
)
Start = Callable[..., Courier]


async def open_case(db: Database, source: str = "12345", **given: Any) -> CaseNo:
    """Open a case that a platform sent."""
    delivery = make_delivery(source=source, **given)
    return (await Receiver(make_services(db)).receive(delivery)).case_no


async def tell(db: Database, case_no: CaseNo, *kinds: str, **body: Any) -> int:
    """Put messages about a case, one transaction for each as transitions do."""
    count = 0
    for kind in kinds:
        async with db.city(CITY) as conn:
            message = Outgoing(
                case_no=case_no,
                kind=kind,
                dedupe=f"{kind}:{body.get('n', '')}",
                body={"at": "2026-11-21T10:00:00+08:00"} | body,
            )
            count += await outbox.put(conn, CITY, [message])
    return count


async def states(db: Database) -> list[str]:
    """List the states of all messages, in order."""
    found = await rows(db, "SELECT state FROM outbox ORDER BY case_no, target, seq")
    return [row["state"] for row in found]
