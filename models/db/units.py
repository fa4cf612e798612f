"""Units and city releases in the store: the data files are the master, the tables follow them."""

from datetime import date

import msgspec

from models.city import City, Unit
from models.db import queries
from models.db.pool import Connection
from models.moment import china_day, now

_SQL = queries.load("units")


class StoredUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit as stored; one that is not `active` gets no new work and is kept for its cases."""

    code: str
    name: str
    short_name: str
    level: str
    parent: str | None
    has_enforcement: bool
    active: bool


async def sync_city(conn: Connection, city: City) -> bool:
    """Bring a city's stored units to what its data say and keep the release; True if it is new.

    Nothing is deleted: a unit that the data no longer name, or whose time is over, is set inactive.
    """
    today = china_day(now())
    units = city.units
    await conn.execute(
        _SQL["put_units"],
        city.adcode,
        [unit.code for unit in units],
        [unit.name for unit in units],
        [unit.short_name for unit in units],
        [unit.level for unit in units],
        [unit.parent for unit in units],
        [unit.has_enforcement for unit in units],
        [_in_service(unit, today) for unit in units],
    )
    await conn.execute(_SQL["retire_units"], city.adcode, [unit.code for unit in units])
    content = msgspec.to_builtins(city)
    found = await conn.fetchval(_SQL["put_release"], city.adcode, city.version, content)
    return found is not None


async def stored_units(conn: Connection, city: str) -> list[StoredUnit]:
    """Give all units of a city by code."""
    rows = await conn.fetch(_SQL["units"], city)
    return [msgspec.convert(dict(row.items()), StoredUnit) for row in rows]


async def release(conn: Connection, city: str, version: str) -> City | None:
    """Give the city as it was in a release that decided a case; None if it is not kept."""
    content = await conn.fetchval(_SQL["release"], city, version)
    return None if content is None else msgspec.convert(content, City)


def _in_service(unit: Unit, day: date) -> bool:
    return (unit.valid_from is None or unit.valid_from <= day) and (
        unit.valid_to is None or day <= unit.valid_to
    )
