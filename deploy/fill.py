"""What the database must hold before the parts run: the cities' units, and where messages go."""

from deploy.database import open_database, ready_database
from deploy.seed import seed_demo
from deploy.settings import Settings
from deploy.wiring import load_cities
from models.db import outbox
from models.db.migrate import migrate
from models.db.pool import Database
from models.db.units import sync_city
from routing import releases


async def fill(settings: Settings, db: Database) -> None:
    """Bring the stored units and addresses to what the city data and the settings say.

    Where people have published a release, its units are the ones in service.
    """
    for adcode, city in load_cities(settings).items():
        async with db.city(adcode) as conn:
            await sync_city(conn, city)
            await releases.install(conn, city)
            in_force = await releases.in_force(conn, city)
            if in_force is not city:
                await sync_city(conn, in_force)
            await outbox.set_targets(conn, adcode, settings.callbacks.get(adcode, {}))


async def prepare(settings: Settings, *, empty: bool) -> list[str]:
    """Fill the database and make the first accounts; gives a line about each that is known."""
    dsn = await ready_database(settings)
    db = await Database.connect(dsn, min_size=1, max_size=2, name="jiesu prepare")
    try:
        await fill(settings, db)
        cities = list(load_cities(settings).values())
        return [str(account) for account in await seed_demo(db, cities, empty)]
    finally:
        await db.close()


async def migrate_database(settings: Settings) -> list[str]:
    """Bring the database to this code's schema and city data; gives the migrations applied."""
    async with open_database(settings, create=True) as dsn:
        applied = await migrate(dsn)
        db = await Database.connect(dsn, min_size=1, max_size=2, name="jiesu migrate")
        try:
            await fill(settings, db)
        finally:
            await db.close()
        return applied
