"""The running application that the front door's tests speak to."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from intake.app import build_app
from intake.callbacks import Courier
from intake.services import Settings
from models.city import City
from models.db import outbox
from models.db.pool import Database
from tests.intake.kit import CITY, SECRETS, Platform, make_services
from tests.intake.receiver import PlatformReceiver
from tests.intake.telling import FAST, Start
from tests.pages.kit import World, open_world


@pytest.fixture
async def client(db: Database) -> AsyncIterator[TestClient[Any, Any]]:
    """Give a client of an application over the test's database."""
    server = TestServer(await asyncio.to_thread(build_app, make_services(db)))
    made: TestClient[Any, Any] = TestClient(server)
    await made.start_server()
    yield made
    await made.close()


@pytest.fixture
def hotline(client: TestClient[Any, Any]) -> Platform:
    """Give Changsha's 12345 platform."""
    return Platform(client)


@pytest.fixture
def national(client: TestClient[Any, Any]) -> Platform:
    """Give the national 12369 platform as it speaks to Changsha."""
    return Platform(client, "12369")


@pytest.fixture
async def world(db: Database, changsha: City) -> AsyncIterator[World]:
    """Give the application of Changsha as shipped, with staff of every role."""
    made = await open_world(db, changsha)
    yield made
    await made.close()


@pytest.fixture
async def platform(db: Database) -> AsyncIterator[PlatformReceiver]:
    """Give a platform that takes callbacks of both sources, and let the city know it."""
    made = PlatformReceiver()
    await made.start()
    async with db.city(CITY) as conn:
        urls = {source: made.url(source) for source in ("12345", "12369")}
        await outbox.set_targets(conn, CITY, urls)
    yield made
    await made.close()


@pytest.fixture
async def start(db: Database) -> AsyncIterator[Start]:
    """Give what starts a courier; all are stopped at the end."""
    running: list[tuple[Courier, asyncio.Task[None]]] = []

    def begin(settings: Settings = FAST) -> Courier:
        courier = Courier(db, SECRETS, settings)
        running.append((courier, asyncio.create_task(courier.run())))
        return courier

    yield begin
    for courier, _ in running:
        courier.stop()
    await asyncio.wait_for(asyncio.gather(*(task for _, task in running)), 20)
