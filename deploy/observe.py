"""What runs is seen: log lines as events with fields, and metrics for Prometheus.

Metrics are taken at the edges (HTTP, stages); what the business has open comes from SQL when
somebody asks. Routes are labelled by their pattern, never by the path a client sent.
"""

import logging
import sys
import time
from collections.abc import Callable
from typing import Final, Literal

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from classifier.releases import Reference
from deploy.reading_gauges import ReadingGauges
from models.db.gauges import Gauges, read_gauges
from models.db.pool import Database
from models.errors import Unavailable

_FRESH_S: Final = 3.0
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def configure_logging(kind: Literal["auto", "json", "console"], level: str) -> None:
    """Send all log lines, also those of libraries, to stderr: for people, or as JSON."""
    people = kind == "console" or (kind == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
    ]
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if people
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[strip, last])
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


class Meter:
    """The metrics of one process."""

    def __init__(self) -> None:
        """Make a registry of its own, so that two of them can live in one test."""
        self.registry = CollectorRegistry()
        self._http = Histogram(
            "jiesu_http_seconds",
            "Answer time by route pattern",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._counts = Counter(
            "jiesu_events", "Things that happened", ("name", "label"), registry=self.registry
        )
        self._rows = Counter(
            "jiesu_stage_rows", "Rows a stage has done", ("stage", "city"), registry=self.registry
        )
        self._failures = Counter(
            "jiesu_stage_failures", "Batches that failed", ("stage", "city"), registry=self.registry
        )
        self._batches = Histogram(
            "jiesu_stage_seconds",
            "Time of a batch",
            ("stage",),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one HTTP answer; `route` is the pattern."""
        self._http.labels(method, route, str(status)).observe(seconds)

    def count(self, name: str, label: str) -> None:
        """Count one thing that happened."""
        self._counts.labels(name, label).inc()

    def stage_done(self, stage: str, city: str, rows: int, seconds: float) -> None:
        """Note one batch of a stage."""
        self._rows.labels(stage, city).inc(rows)
        self._batches.labels(stage).observe(seconds)

    def stage_failed(self, stage: str, city: str) -> None:
        """Note a batch that raised."""
        self._failures.labels(stage, city).inc()


class Scraper:
    """Answers /metrics: this process's meter, and the gauges out of SQL, read at most every 3 s."""

    def __init__(
        self,
        db: Database,
        meter: Meter,
        reference: Callable[[], Reference | None] = lambda: None,
    ) -> None:
        """Add the gauges to the meter's registry; `reference` is of the reader that serves."""
        self._db = db
        self._meter = meter
        self._read_at = float("-inf")
        self._reading = ReadingGauges(meter.registry, reference)
        self._up = self._gauge("jiesu_database_up", "Whether the database answers")
        self._queued = self._gauge("jiesu_queue_cases", "Cases that wait", "city", "queue")
        self._oldest = self._gauge(
            "jiesu_queue_oldest_seconds", "Age of the oldest case that waits", "city", "queue"
        )
        self._clocks = self._gauge("jiesu_clocks", "Clocks that run", "city", "state")
        self._outbox = self._gauge("jiesu_outbox_messages", "Messages not sent", "city", "state")
        self._unsealed = self._gauge("jiesu_unsealed_events", "Events not chained yet", "city")
        self._heartbeat = self._gauge(
            "jiesu_worker_heartbeat_age_seconds", "Since any worker's last sign of life", "city"
        )
        self._watch = self._gauge(
            "jiesu_watch_age_seconds", "Since clocks were swept and alarms told", "city", "watch"
        )

    async def text(self) -> str:
        """Give the text of /metrics; without a database, the rest of it."""
        if time.monotonic() - self._read_at > _FRESH_S:
            self._read_at = time.monotonic()
            await self._refresh()
        return generate_latest(self._meter.registry).decode()

    async def _refresh(self) -> None:
        try:
            async with self._db.system() as conn:
                gauges = await read_gauges(conn)
            await self._reading.refresh(self._db)
        except Unavailable:
            self._up.set(0)
            return
        self._up.set(1)
        self._show(gauges)

    def _show(self, gauges: Gauges) -> None:
        pairs = (
            (self._queued, gauges.queued),
            (self._oldest, gauges.oldest),
            (self._clocks, gauges.clocks),
            (self._outbox, gauges.outbox),
            (self._watch, gauges.watch_age),
        )
        for gauge, values in pairs:
            gauge.clear()
            for labels, value in values.items():
                gauge.labels(*labels).set(value)
        for gauge, by_city in (
            (self._unsealed, gauges.unsealed),
            (self._heartbeat, gauges.heartbeat_age),
        ):
            gauge.clear()
            for city, value in by_city.items():
                gauge.labels(city).set(value)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self._meter.registry)
