"""What tests of clocks share: what runs in a case, and a wish to let it stand or last longer."""

from typing import Any, Final

from models.db.clocks import Clock
from tests.routing.kit import EAST, Desk, handler, put_case

UMA: Final = handler(f"{EAST}-UMA")
LONGER: Final[dict[str, Any]] = {"n": 3, "reason": "待检测报告", "told": "phone"}
WAIT: Final[dict[str, Any]] = {"reason": "monitoring", "ends_when": "监测报告出具", "days": 5}
RIVER: Final[dict[str, Any]] = {"trigger": "river", "summary": "河面大面积死鱼"}


async def latest(desk: Desk, code: str) -> Clock:
    """Give the clock of a code that began last."""
    found = [clock for (_, name, _), clock in (await desk.clocks()).items() if name == code]
    return max(found, key=lambda clock: clock.attempt)


async def running(desk: Desk) -> set[str]:
    """Name the clocks that run."""
    clocks = await desk.clocks()
    return {code for (_, code, _), clock in clocks.items() if clock.stopped_at is None}


async def beside(desk: Desk) -> Desk:
    """Give one more case of the same city, out with its unit."""
    other = Desk(desk.db, desk.city, await put_case(desk.db, 2))
    await other.act("accept")
    return other
