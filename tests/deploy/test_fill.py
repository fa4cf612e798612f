"""What the database is filled with: the cities' units and the addresses of the settings."""

from pathlib import Path

from deploy.fill import fill
from deploy.settings import Settings
from models.db.pool import Database
from models.db.units import stored_units


async def targets(db: Database, city: str) -> dict[str, str]:
    """Give where a city's messages go."""
    async with db.city(city) as conn:
        found = await conn.fetch("SELECT target, url FROM outbox_target")
    return {row["target"]: row["url"] for row in found}


async def test_units_and_addresses_follow_data_and_settings(db: Database, tmp_path: Path) -> None:
    """Filling twice changes nothing; an address that is taken out of the settings is forgotten."""
    url = "http://127.0.0.1:9/back"
    settings = Settings(
        data_dir=tmp_path, cities=("430100", "530100"), callbacks={"430100": {"12345": url}}
    )
    for _ in range(2):
        await fill(settings, db)
        assert await targets(db, "430100") == {"12345": url}
        assert await targets(db, "530100") == {}
    async with db.city("530100") as conn:
        assert any(unit.level == "county" for unit in await stored_units(conn, "530100"))
    await fill(Settings(data_dir=tmp_path), db)
    assert await targets(db, "430100") == {}
