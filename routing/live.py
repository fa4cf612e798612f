"""The cities as they are in force: whoever holds one of these follows what is published.

A decision is of the release in force when it is written: it shares the city's row, which a
publication takes, so nothing is decided by a release once another has been put in force.
"""

from collections.abc import Iterator, Mapping

from models.city import City
from models.db import releases
from models.db.pool import Connection
from routing.catalogue import catalogue


class LiveCities(Mapping[str, City]):
    """Cities by adcode: as installed until `follow` finds that another release is in force."""

    def __init__(self, installed: Mapping[str, City]) -> None:
        """Start from the installed data; catalogues are made now, not while serving."""
        self._installed = {catalogue(city).version: city for city in installed.values()}
        self._held = {adcode: (0, city) for adcode, city in installed.items()}

    def __getitem__(self, adcode: str) -> City:
        """Give a city as it was last found in force."""
        return self._held[adcode][1]

    def __iter__(self) -> Iterator[str]:
        """Name the cities."""
        return iter(self._held)

    def __len__(self) -> int:
        """Count the cities."""
        return len(self._held)

    async def follow(self, conn: Connection, adcode: str, *, held: bool = False) -> City:
        """Give the city as it is in force now; `held` keeps it so until the transaction ends."""
        found = await releases.current(conn, adcode, held=held)
        n, city = self._held[adcode]
        if found is None or found.n == n:
            return city
        fresh = self._installed.get(found.version)
        fresh = fresh or await releases.content(conn, adcode, found.version) or city
        catalogue(fresh)
        self._held[adcode] = (found.n, fresh)
        return fresh


def live(cities: Mapping[str, City]) -> LiveCities:
    """Give cities that follow what is published."""
    return cities if isinstance(cities, LiveCities) else LiveCities(cities)
