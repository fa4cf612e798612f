"""What stands still runs on by itself: when its limit has passed, or when the citizen has answered.

One of the stages, under a lease; two at once resume a case once, since the act itself finds
it running again.
"""

from typing import Final

from models.case import SYSTEM
from models.db import cases, clocks, standing
from models.db.standing import Ending
from models.errors import Conflict
from routing.catalogue import Catalogue
from routing.commands import act
from routing.watch import Watch

LEASE: Final = "resumer"
_BATCH: Final = 100
_LAPSED: Final = "停表期限已到,自动恢复计时"
_ANSWERED: Final = "已收到补充内容"


class Resumer(Watch):
    """Ends suspensions whose time has come."""

    name = "resume"
    lease = LEASE
    batch = _BATCH

    async def _take_up(self, book: Catalogue) -> int:
        """End what has come to its end; give how many suspensions that were."""
        city = book.city.adcode
        async with self._db.city(city) as conn:
            at = await clocks.moment(conn)
            lapsed = await standing.spent(conn, city, at, self._batch)
            answered = await standing.supplemented(conn, city, at, self._batch)
        for one in lapsed:
            await self._end(city, one, "resume", {"reason": _LAPSED})
        for one in answered:
            await self._end(city, one, "note_supplement", {"text": _ANSWERED})
        return len(lapsed) + len(answered)

    async def _end(self, city: str, one: Ending, verb: str, data: dict[str, str]) -> None:
        """Let a case run on; of one that is over or runs already only the suspension ends."""
        try:
            async with self._db.city(city) as conn:
                now = await self._cities.follow(conn, city)
                await act(conn, now, one.case_no, verb, data, SYSTEM)
        except Conflict:
            async with self._db.city(city) as conn:
                case = await cases.hold(conn, city, one.case_no)
                if case is not None:
                    at = await clocks.moment(conn)
                    await standing.end_suspensions(conn, case, at, "closed")
