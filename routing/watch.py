"""The frame of stages that only one of all workers runs at a time, city by city, by a lease."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from models.city import City
from models.db import lease
from models.db.pool import Database
from routing.catalogue import Catalogue, catalogue
from routing.live import live


class Watch(ABC):
    """One of the worker's stages. Even two at once do no harm: each holds what it takes up."""

    #: The stage, the lease, and how much is taken up at a time.
    name: str
    lease: str
    batch: int

    def __init__(
        self,
        db: Database,
        cities: Mapping[str, City],
        holder: str | None = None,
        batch: int | None = None,
    ) -> None:
        """Keep the store, the cities as published, the name to hold the lease by, the batch."""
        self._db = db
        self._cities = live(cities)
        self._watch = lease.Watch(self.lease, holder)
        self._batch = batch or self.batch

    async def run_once(self, city: str) -> int:
        """Take up what waits; give how much that was, 0 too while another is at it."""
        async with self._db.city(city) as conn:
            if not await self._watch.keep(conn, city):
                return 0
            book = catalogue(await self._cities.follow(conn, city))
        return await self._take_up(book)

    @abstractmethod
    async def _take_up(self, book: Catalogue) -> int:
        """Take up what waits in a city; give how much that was."""
