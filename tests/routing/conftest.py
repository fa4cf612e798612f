"""A fresh database that knows the small city."""

import pytest

from models.city import City
from models.db.pool import Database
from models.duty import Condition
from routing.catalogue import catalogue
from tests.routing.closing import Road
from tests.routing.kit import Desk, put_case, put_city, rule, small_city
from tests.routing.moments import UNIT, Time


@pytest.fixture(scope="session")
def city() -> City:
    """Give the small city, in which the city management bureau helps with industrial fumes."""
    when = Condition(types=("A01",))
    made = small_city(duties=(rule("own", "T4", when=when, lead="ECO", cooperating=("UMA",)),))
    catalogue(made)
    return made


@pytest.fixture
async def town(db: Database, city: City) -> Database:
    """Give a database in which the small city's units are known."""
    await put_city(db, city)
    return db


@pytest.fixture
async def desk(town: Database, city: City) -> Desk:
    """Give one tagged complaint waiting at the desk of the small city."""
    return Desk(town, city, await put_case(town, 1))


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Give the time by which acts go."""
    return Time(monkeypatch)


@pytest.fixture
async def working(desk: Desk, time: Time) -> Desk:
    """Give a case that its lead has signed on the golden Friday."""
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    return desk


@pytest.fixture
async def road(town: Database, city: City, time: Time) -> Road:
    """Give a case at the desk whose road goes by the time of the test."""
    return Road(town, city, await put_case(town, 1), time)
