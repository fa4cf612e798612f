"""A tagger that changes its reader when another release is promoted, between two batches.

The pointer is looked at every few seconds at most. A release that cannot be used is told of and
left alone: the reader in hand goes on, at the start the shipped one.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import structlog

from classifier import readers
from classifier.district import Districts
from classifier.engine import Tagger
from classifier.releases import SHIPPED, Releases
from models.city import City
from models.errors import JiesuError
from models.tags import TagRequest, Tags

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.model")
_LOOK_S: Final = 2.0


class LiveTagger:
    """Reads texts with the release that serves; one instance serves all threads."""

    def __init__(self, releases: Releases, cities: Iterable[City], look_s: float = _LOOK_S) -> None:
        """Load the serving release, or the shipped reader where that cannot be used."""
        self._releases = releases
        self._look_s = look_s
        self._districts = Districts(tuple(cities))
        self._lock = threading.Lock()
        self._looked_at = time.monotonic()
        self._stamp = releases.stamp()
        self._tagger = self._serving() or self._with(releases.shipped)

    def tag(self, batch: Sequence[TagRequest]) -> list[Tags]:
        """Tag a batch, in its order, all of it with one reader."""
        self._look()
        return self._tagger.tag(batch)

    def _look(self) -> None:
        """Take up a release that was promoted meanwhile; one thread looks, the others go on."""
        if time.monotonic() - self._looked_at < self._look_s:
            return
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._looked_at = time.monotonic()
            stamp = self._releases.stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                self._tagger = self._serving() or self._tagger
        finally:
            self._lock.release()

    def _serving(self) -> Tagger | None:
        version = SHIPPED
        try:
            version = self._releases.current().version
            tagger = self._with(self._releases.serving())
        except JiesuError as error:
            _log.error("model_release_unusable", version=version, code=error.code)
            return None
        _log.info("model_release_loaded", version=version)
        return tagger

    def _with(self, folder: Path) -> Tagger:
        return Tagger(readers.load(folder), self._districts)
