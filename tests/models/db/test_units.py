"""Units and releases of a city follow its data files."""

import msgspec

from models.city import City
from models.db.pool import Database
from models.db.units import release, stored_units, sync_city


async def test_a_city_is_stored_with_all_its_units(db: Database, changsha: City) -> None:
    """Every unit of the data is in the store, in service, with its parent."""
    async with db.city("430100") as conn:
        assert await sync_city(conn, changsha)
        stored = {unit.code: unit for unit in await stored_units(conn, "430100")}
    assert stored.keys() == {unit.code for unit in changsha.units}
    assert all(unit.active for unit in stored.values())
    assert stored["430104-ECO"].parent == "430100-ECO"


async def test_the_same_release_is_kept_once(db: Database, kunming: City) -> None:
    """Synchronising again changes nothing and says that the release is not new."""
    async with db.city("530100") as conn:
        assert await sync_city(conn, kunming)
        before = await conn.fetch("SELECT xmin, code FROM unit ORDER BY code")
    async with db.city("530100") as conn:
        assert not await sync_city(conn, kunming)
        assert await conn.fetch("SELECT xmin, code FROM unit ORDER BY code") == before
        assert await conn.fetchval("SELECT count(*) FROM city_release") == 1


async def test_a_unit_that_the_data_no_longer_name_is_retired_not_deleted(
    db: Database, changsha: City
) -> None:
    """It stays for the cases it handled; when the data name it again it is back in service."""
    gone = changsha.units[-1].code
    smaller = msgspec.structs.replace(changsha, version="next", units=changsha.units[:-1])
    async with db.city("430100") as conn:
        await sync_city(conn, changsha)
        assert await sync_city(conn, smaller)
        assert await _active(conn, gone) is False
        await sync_city(conn, changsha)
        assert await _active(conn, gone) is True


async def test_a_renamed_unit_and_one_whose_time_is_over_are_updated(
    db: Database, changsha: City
) -> None:
    """Names follow the data; a unit past its last day is out of service."""
    first, second, *rest = changsha.units
    renamed = msgspec.structs.replace(first, name="新名称")
    ended = msgspec.convert(msgspec.to_builtins(second) | {"valid_to": "2020-01-01"}, type(second))
    edited = msgspec.structs.replace(changsha, version="next", units=(renamed, ended, *rest))
    async with db.city("430100") as conn:
        await sync_city(conn, changsha)
        await sync_city(conn, edited)
        stored = {unit.code: unit for unit in await stored_units(conn, "430100")}
    assert stored[first.code].name == "新名称"
    assert not stored[second.code].active


async def test_a_release_comes_back_as_it_was(db: Database, kunming: City) -> None:
    """A case can be explained by the very data that decided it."""
    async with db.city("530100") as conn:
        await sync_city(conn, kunming)
        assert await release(conn, "530100", kunming.version) == kunming
        assert await release(conn, "530100", "unknown") is None


async def test_one_city_does_not_touch_another(db: Database, changsha: City, kunming: City) -> None:
    """Synchronising one city retires nothing of another."""
    async with db.system() as conn:
        await sync_city(conn, changsha)
        await sync_city(conn, kunming)
        assert all(unit.active for unit in await stored_units(conn, "430100"))


async def _active(conn: object, code: str) -> bool:
    found = await conn.fetchval("SELECT active FROM unit WHERE code = $1", code)  # type: ignore[attr-defined]
    return bool(found)
