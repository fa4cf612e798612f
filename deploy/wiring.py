"""The parts put together: the front door's services, and the road that a report travels."""

from collections.abc import Mapping
from functools import partial

from deploy.learning import reference_of, releases_of
from deploy.observe import Meter, Scraper
from deploy.sealer import Sealer
from deploy.settings import Settings
from deploy.worker import Runner, Step
from intake.privacy import Vault
from intake.services import Secrets, Services
from models.case import Queue
from models.city import City
from models.city_load import load_city
from models.db.pool import Database
from models.errors import Unavailable
from routing.live import LiveCities


def load_cities(settings: Settings) -> Mapping[str, City]:
    """Load the cities this installation serves, as their data files say."""
    return {adcode: load_city(adcode) for adcode in settings.cities}


def live_cities(settings: Settings) -> LiveCities:
    """Load the cities this installation serves; they follow what is published."""
    return LiveCities(load_cities(settings))


def build_services(settings: Settings, secrets: Secrets, db: Database, meter: Meter) -> Services:
    """Build what the front door needs."""
    scraper = Scraper(db, meter, partial(reference_of, releases_of(settings)))

    async def ready() -> dict[str, str]:
        try:
            async with db.system():
                return {}
        except Unavailable as error:
            return {"database": error.detail}

    return Services(
        db=db,
        cities=live_cities(settings),
        vault=Vault(secrets),
        secrets=secrets,
        settings=settings.intake,
        metrics=scraper.text,
        ready=ready,
        observe=meter.observe,
        count=meter.count,
    )


def build_steps(settings: Settings, db: Database) -> tuple[Step, ...]:
    """Build the road: from top to bottom, what happens to a report once it is stored."""
    from classifier.live import LiveTagger  # noqa: PLC0415 - the web does not read texts
    from classifier.stage import TagStage  # noqa: PLC0415
    from routing.archiving import Archiver  # noqa: PLC0415
    from routing.escalating import Escalator  # noqa: PLC0415
    from routing.grid_lapses import GridLapses  # noqa: PLC0415
    from routing.lookback import Lookbacks  # noqa: PLC0415
    from routing.recounting import Recounter  # noqa: PLC0415
    from routing.resuming import Resumer  # noqa: PLC0415
    from routing.stage import RouteStage  # noqa: PLC0415
    from routing.tracking import Sweeper  # noqa: PLC0415
    from routing.umpire import Umpire  # noqa: PLC0415

    cities = live_cities(settings)
    tagger = LiveTagger(releases_of(settings), cities.values())
    return (
        Step(TagStage(db, tagger), wakes_on=Queue.TAG),  # stored → read → route or review
        Step(RouteStage(db, cities), wakes_on=Queue.ROUTE),  # read → dispatched or review
        Step(Sweeper(db, cities), rest_s=5.0),  # clocks → warnings and breaches, each once
        Step(Escalator(db, cities), rest_s=5.0),  # warnings and breaches → people, each once
        Step(Resumer(db, cities), rest_s=15.0),  # clocks that stood still → running again in time
        Step(Recounter(db, cities), rest_s=60.0),  # another calendar → the same clocks, anew
        Step(Umpire(db, cities), rest_s=15.0),  # units not agreed in time → someone designates
        Step(Archiver(db, cities), rest_s=60.0),  # closed, nobody to ask → archived
        Step(GridLapses(db, cities), rest_s=15.0),  # asked of the grid, no answer → lapsed
        Step(Lookbacks(db, cities), rest_s=60.0),  # closed cases → looked at again when due
        Step(Sealer(db)),  # events → the chain that proves them
    )


def build_runners(
    settings: Settings, secrets: Secrets, db: Database, meter: Meter
) -> tuple[Runner, ...]:
    """Build what tells the platforms how their cases go; nothing where none has an address."""
    if not any(settings.callbacks.values()):
        return ()
    from intake.callbacks import Courier  # noqa: PLC0415 - the web sends nothing

    return (Courier(db, secrets, settings.intake, meter.count),)
