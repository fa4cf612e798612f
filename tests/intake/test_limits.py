from typing import Any

import pytest
from limits.aio.storage import MemoryStorage

from intake.limits import Limits
from intake.services import Settings
from models.errors import TooMany


class Broken(MemoryStorage):
    """A storage that fails whenever it is asked."""

    async def get(self, key: str) -> int:
        """Fail."""
        raise OSError(key)

    async def get_sliding_window(self, key: str, expiry: int | None = None) -> Any:
        """Fail."""
        raise OSError(key)

    async def acquire_sliding_window_entry(self, *args: Any, **given: Any) -> bool:
        """Fail."""
        raise OSError(args)


async def test_a_rate_holds_for_each_key() -> None:
    """A key may do as much as its rate allows; others are not touched by it."""
    counted: list[tuple[str, str]] = []
    limits = Limits(Settings(tracks_per_minute=2), lambda *seen: counted.append(seen))
    for _ in range(2):
        await limits.spend("track", "192.0.2.1")
    with pytest.raises(TooMany) as refusal:
        await limits.spend("track", "192.0.2.1")
    assert refusal.value.extra["retry_after"] in range(1, 61)
    await limits.spend("track", "192.0.2.2")
    await limits.spend("login", "192.0.2.1")
    assert counted == [("limiter", "refused:track")]


async def test_a_broken_limiter_lets_people_in() -> None:
    """When counting fails nobody is kept out, and the failure is counted."""
    counted: list[tuple[str, str]] = []
    limits = Limits(
        Settings(tracks_per_minute=1), lambda *seen: counted.append(seen), storage=Broken()
    )
    for _ in range(3):
        await limits.spend("track", "192.0.2.1")
    assert counted == [("limiter", "failed_open")] * 3
