"""The running application that the front door's tests speak to."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from intake.app import build_app
from models.city import City
from models.db.pool import Database
from tests.intake.kit import Platform, make_services
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
