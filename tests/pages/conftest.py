"""The running application that every page test asks for."""

from collections.abc import AsyncIterator

import pytest

from models.city import City
from models.db.pool import Database
from tests.pages.kit import World, open_world


@pytest.fixture
async def world(db: Database, changsha: City) -> AsyncIterator[World]:
    """Give the application with staff of every role."""
    made = await open_world(db, changsha)
    yield made
    await made.close()
