"""What the front door needs from the rest of the house; deploy/wiring.py puts it together."""

import secrets as random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from intake.privacy import Vault
from models.city import City
from models.db.pool import Database
from models.tags import TagRequest, Tags


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The front door's settings. Sizes are in bytes, rates per client address, times in seconds.

    The rate of patrols is per grid worker, since whole offices share an address.

    `trusted_proxies` are addresses or networks whose X-Forwarded-For is believed. `queue_limit` is
    how many deliveries may wait for the committer before senders are told 503, `batch_limit` how
    many one transaction takes, `linger_s` how long a batch gathers.
    """

    trusted_proxies: tuple[str, ...] = ()
    max_message_bytes: int = 1 << 20
    max_upload_bytes: int = 20 << 20
    queue_limit: int = 4096
    batch_limit: int = 256
    linger_s: float = 0.002
    reports_per_hour: int = 30
    tracks_per_minute: int = 30
    logins_per_minute: int = 20
    patrols_per_hour: int = 120
    callback_timeout_s: float = 10.0
    callback_attempts: int = 8
    callback_backoff_s: float = 2.0
    callback_backoff_max_s: float = 600.0


class VaultKey(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the vault's key: 32 bytes in hex. The highest version seals, all open."""

    version: int
    key: str


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """One platform's right to speak for one city, and the secret that both sides sign with."""

    source: str
    city: str
    app_id: str
    secret: str


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What must never be shown: kept in `secrets.toml`, keys as hex of 32 bytes.

    `index_key` makes the blind indexes, `track_key` the tracking codes: both must never change
    while cases exist that were made with them.
    """

    vault_keys: tuple[VaultKey, ...]
    index_key: str
    track_key: str
    hooks: tuple[Hook, ...] = ()

    def __repr__(self) -> str:
        """Tell how much there is and nothing of it, so that no log can show a secret."""
        return f"Secrets({len(self.vault_keys)} vault keys, {len(self.hooks)} hooks)"

    def hook(self, source: str, city: str) -> Hook | None:
        """Give the first hook of a source for a city, the one that outgoing messages sign with."""
        return next((h for h in self.hooks if (h.source, h.city) == (source, city)), None)


def fresh_secrets(cities: Sequence[str], kept: Secrets | None = None) -> Secrets:
    """Make new secrets, or complete those there are with hooks for cities that have none."""
    held = kept or Secrets(
        vault_keys=(VaultKey(version=1, key=random.token_hex(32)),),
        index_key=random.token_hex(32),
        track_key=random.token_hex(32),
    )
    wanted = [(source, city) for source in ("12345", "12369") for city in cities]
    added = tuple(_new_hook(source, city) for source, city in wanted if not held.hook(source, city))
    return msgspec.structs.replace(held, hooks=held.hooks + added)


def _new_hook(source: str, city: str) -> Hook:
    app_id = f"hotline-{city}" if source == "12345" else f"platform-{source}-{city}"
    return Hook(source=source, city=city, app_id=app_id, secret=random.token_hex(32))


class Reader(Protocol):
    """Whatever turns texts into tags: `classifier.engine.Tagger` in a running system."""

    def tag(self, batch: Sequence[TagRequest]) -> list[Tags]:
        """Tag a batch, one answer for each request in its order."""
        ...


async def _no_metrics() -> str:
    return ""


async def _always_ready() -> dict[str, str]:
    return {}


def _unobserved(method: str, route: str, status: int, seconds: float) -> None:
    """Count nothing: for systems put together without metrics."""


def _uncounted(name: str, label: str) -> None:
    """Count nothing: for systems put together without metrics."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """All that a request may use.

    `metrics` gives the text of /metrics, `ready` what is not ready (name to Chinese reason, empty
    when all is). `observe(method, route, status, seconds)` sees every response, the route as its
    pattern; `count(name, label)` counts `report` ("12345:new"), `limiter` ("failed_open") and the
    like.
    """

    db: Database
    cities: Mapping[str, City]
    vault: Vault
    secrets: Secrets
    settings: Settings = field(default_factory=Settings)
    tagger: Reader | None = None
    metrics: Callable[[], Awaitable[str]] = _no_metrics
    ready: Callable[[], Awaitable[dict[str, str]]] = _always_ready
    observe: Callable[[str, str, int, float], None] = _unobserved
    count: Callable[[str, str], None] = _uncounted
