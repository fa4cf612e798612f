"""Cases that nobody is to be asked about are archived by themselves, as one of the stages.

Those without anybody to call wait a day first, so that a citizen may still say something by their
tracking code; a divided case is archived once all its parts are.
"""

from datetime import timedelta
from typing import Final

from models.case import SYSTEM
from models.db import clocks, verification
from models.errors import Conflict
from routing.catalogue import Catalogue
from routing.commands import act
from routing.watch import Watch

LEASE: Final = "archiver"
#: How long a closed case without anybody to call stays open to a word of its citizen (设计默认).
WAIT: Final = timedelta(days=1)
_BATCH: Final = 200


class Archiver(Watch):
    """Archives closed cases that need no callback."""

    name = "archive"
    lease = LEASE
    batch = _BATCH

    async def _take_up(self, book: Catalogue) -> int:
        """Archive one batch; give how many cases that were."""
        city = book.city.adcode
        async with self._db.city(city) as conn:
            before = await clocks.moment(conn) - WAIT
            found = await verification.to_archive(conn, city, before, self._batch)
        return sum([await self._archive(city, case_no) for case_no in found])

    async def _archive(self, city: str, case_no: int) -> bool:
        """Archive one case; another may have put it back to work meanwhile."""
        try:
            async with self._db.city(city) as conn:
                now = await self._cities.follow(conn, city)
                await act(conn, now, case_no, "archive", {}, SYSTEM)
        except Conflict:
            return False
        return True
