"""The web follows what is published: another release of a city's catalogue needs no restart."""

import asyncio
from typing import Final

import structlog

from models.db.pool import Database
from models.errors import Unavailable
from routing.live import LiveCities

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.releases")
_LOOK_S: Final = 1.0


async def follow_all(db: Database, cities: LiveCities) -> None:
    """Look each second, until cancelled, whether another release of any city is in force."""
    while True:
        try:
            for adcode in cities:
                await _follow(db, cities, adcode)
        except Unavailable as error:
            _log.warning("releases_not_followed", code=error.code)
        await asyncio.sleep(_LOOK_S)


async def _follow(db: Database, cities: LiveCities, adcode: str) -> None:
    before = cities[adcode]
    async with db.city(adcode) as conn:
        found = await cities.follow(conn, adcode)
    if found is not before:
        _log.info("release_in_force", city=adcode, version=found.version)
