"""The last stage of the road: what happened is chained, so that nobody can change it unseen."""

from typing import Final

from models.db import events
from models.db.pool import Database

_BATCH: Final = 500


class Sealer:
    """Chains waiting events of a city; two sealers at once do no harm."""

    name = "seal"

    def __init__(self, db: Database) -> None:
        """Keep the database."""
        self._db = db

    async def run_once(self, city: str) -> int:
        """Chain one batch."""
        async with self._db.city(city) as conn:
            return await events.seal(conn, city, _BATCH)
