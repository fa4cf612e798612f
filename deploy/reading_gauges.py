"""Gauges of how a city's latest cases were read: doubt, corrections, shift of types.

They are read from the rows of the latest few thousand cases of a city, whatever is stored, and no
more often than every few minutes: what they tell changes by the day.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from classifier.drift import TENTHS, Drift
from classifier.releases import Reference
from deploy.learning import drift_of
from models.db import invariants
from models.db.pool import Database

_FRESH_S: Final = 300.0


class ReadingGauges:
    """The gauges of one process; `refresh` reads them where they are old."""

    def __init__(
        self, registry: CollectorRegistry, reference: Callable[[], Reference | None]
    ) -> None:
        """Add the gauges; `reference` gives how texts looked that the reader was made for."""
        self._reference = reference
        self._read_at = float("-inf")

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"jiesu_reading_{name}", text, ("city", *labels), registry=registry)

        self._cases = gauge("cases", "Latest cases that the reading gauges are of", "model")
        self._review = gauge("review_share", "Share that went to the desk")
        self._doubt = gauge("doubt_share", "Share whose main type is in doubt")
        self._confidence = gauge("confidence_mean", "Mean confidence of the main type")
        self._tenths = gauge("confidence_share", "Share by upper bound of confidence", "le")
        self._corrected = gauge("corrected_share", "Share of which a person changed the types")
        self._corrected_type = gauge("corrected_type_share", "The same, by main type", "type")
        self._shift = gauge("shift_psi", "Shift of main types against training or the past", "to")

    async def refresh(self, db: Database) -> None:
        """Read the gauges of all cities, unless they are fresh; Unavailable without a database."""
        if time.monotonic() - self._read_at < _FRESH_S:
            return
        self._read_at = time.monotonic()
        reference = await asyncio.to_thread(self._reference)
        async with db.system() as conn:
            found = [
                await drift_of(conn, city, reference) for city in await invariants.cities(conn)
            ]
        for gauge in (self._cases, self._corrected_type, self._shift):
            gauge.clear()
        for one in found:
            if one.cases:
                self._show(one)

    def _show(self, one: Drift) -> None:
        for model, n in one.models.items():
            self._cases.labels(one.city, model).set(n)
        self._review.labels(one.city).set(one.review)
        self._doubt.labels(one.city).set(one.doubt)
        self._confidence.labels(one.city).set(one.confidence)
        self._corrected.labels(one.city).set(one.corrected)
        for number, part in enumerate(one.tenths, 1):
            self._tenths.labels(one.city, f"{number / TENTHS:.1f}").set(part)
        for rate in one.types:
            self._corrected_type.labels(one.city, rate.code).set(rate.corrected)
        for name, shift in (("training", one.psi), ("past", one.psi_past)):
            if shift is not None:
                self._shift.labels(one.city, name).set(shift)
