"""Renders what `gateway/metrics.py` has counted, and the state around it, in Prometheus' text format.

All names and label values are bounded: endpoints and outcomes by the code, models and providers by the configuration.
"""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from app import __version__
from app.gateway.metrics import BOUNDS, Histogram, Metrics
from app.services.log_writer import LogWriter
from app.services.snapshot import SnapshotService

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def render(metrics: Metrics, snapshot: SnapshotService | None, log_writer: LogWriter | None) -> bytes:
    """One scrape of this process.

    :param snapshot: None, like `log_writer`, while the gateway is starting.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(GatewayCollector(metrics, snapshot, log_writer))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return generate_latest(registry)


class GatewayCollector(Collector):
    """The gateway's own metrics, as prometheus_client wants them."""

    def __init__(
        self, metrics: Metrics, snapshot: SnapshotService | None, log_writer: LogWriter | None
    ) -> None:
        self._metrics = metrics
        self._snapshot = snapshot
        self._log_writer = log_writer

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily("gw_build", "Version of the gateway; always 1.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        yield from self._proxy()
        if self._snapshot is not None:
            yield from self._configuration(self._snapshot)
        if self._log_writer is not None:
            yield from self._log(self._log_writer)

    def _proxy(self) -> Iterator[Metric]:
        labels = ["endpoint", "model"]
        requests = CounterMetricFamily("gw_requests", "Requests answered.", labels=[*labels, "status"])
        tokens = CounterMetricFamily(
            "gw_tokens", "Tokens, as reported or counted.", labels=[*labels, "direction"]
        )
        first_byte = HistogramMetricFamily("gw_first_byte_seconds", "Arrival to first byte.", labels=labels)
        duration = HistogramMetricFamily("gw_request_seconds", "Arrival to end of answer.", labels=labels)
        for key, series in self._metrics.series.items():
            for digit, count in enumerate(series.statuses):
                if count:
                    requests.add_metric([*key, f"{digit}xx"], count)
            tokens.add_metric([*key, "input"], series.input_tokens)
            tokens.add_metric([*key, "output"], series.output_tokens)
            _add(first_byte, key, series.first_byte)
            _add(duration, key, series.duration)
        attempts = CounterMetricFamily("gw_attempts", "Upstream attempts.", labels=["provider", "outcome"])
        for attempt, count in self._metrics.attempts.items():
            attempts.add_metric(attempt, count)
        in_flight = GaugeMetricFamily(
            "gw_requests_in_flight", "Requests being answered.", self._metrics.in_flight
        )
        yield from (requests, in_flight, tokens, first_byte, duration, attempts)

    @staticmethod
    def _configuration(snapshot: SnapshotService) -> Iterator[Metric]:
        yield GaugeMetricFamily("gw_config_revision", "Revision being served.", snapshot.current.revision)
        yield GaugeMetricFamily("gw_config_fresh", "1 while the database can be asked.", int(snapshot.fresh))
        yield GaugeMetricFamily("gw_config_problems", "Parts of it left out.", len(snapshot.problems))

    @staticmethod
    def _log(log_writer: LogWriter) -> Iterator[Metric]:
        figures = log_writer.figures
        yield GaugeMetricFamily("gw_log_queue", "Log records not yet written.", figures.queued)
        yield GaugeMetricFamily("gw_log_failing", "1 after a failed write.", int(figures.failing))
        yield CounterMetricFamily("gw_log_written", "Log records written.", figures.written)
        yield CounterMetricFamily("gw_log_dropped", "Log records lost.", figures.dropped)
        yield CounterMetricFamily(
            "gw_log_bodies_dropped", "Records kept without bodies.", figures.bodies_dropped
        )


def _add(family: HistogramMetricFamily, labels: tuple[str, str], histogram: Histogram) -> None:
    bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
    buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
    family.add_metric(labels, buckets, histogram.total)
