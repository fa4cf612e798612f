"""Rates per client address, counted in this process; a limiter that fails lets people in."""

import math
import time
from collections.abc import Callable
from typing import Final

import structlog
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from intake.services import Settings
from models.errors import TooMany

_LOG: Final = structlog.get_logger()


class Limits:
    """Sliding windows for what the public may do; `count` is told of refusals and of failures."""

    def __init__(
        self,
        settings: Settings,
        count: Callable[[str, str], None],
        storage: Storage | None = None,
    ) -> None:
        """Read the rates; without `storage` the counts live in this process's memory."""
        self._items: dict[str, RateLimitItem] = {
            "report": RateLimitItemPerHour(settings.reports_per_hour),
            "track": RateLimitItemPerMinute(settings.tracks_per_minute),
            "login": RateLimitItemPerMinute(settings.logins_per_minute),
            "patrol": RateLimitItemPerHour(settings.patrols_per_hour),
        }
        self._limiter = SlidingWindowCounterRateLimiter(storage or MemoryStorage())
        self._count = count

    async def spend(self, name: str, key: str) -> None:
        """Count one use of a key under a name above; TooMany with `retry_after` when over."""
        item = self._items[name]
        try:
            wait = await self._wait(item, name, key)
        except Exception:  # noqa: BLE001 - a broken limiter must not keep reports out
            self._count("limiter", "failed_open")
            _LOG.warning("limiter_failed_open", limit=name)
            return
        if wait is not None:
            self._count("limiter", f"refused:{name}")
            code = "too_many_requests"
            raise TooMany(code, f"操作过于频繁,请 {wait} 秒后再试。", retry_after=wait)

    async def _wait(self, item: RateLimitItem, name: str, key: str) -> int | None:
        if await self._limiter.hit(item, name, key):
            return None
        stats = await self._limiter.get_window_stats(item, name, key)
        return max(1, math.ceil(stats.reset_time - time.time()))
