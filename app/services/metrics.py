"""Renders what `counts.py` has gathered, of one process or of all workers, in Prometheus' text format.

All names and label values are bounded: endpoints and outcomes by the code, models and providers by the configuration.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from app import __version__
from app.gateway.metrics import BOUNDS, Histogram, Metrics
from app.services.counts import FIGURES, Counts, add, over_all
from app.services.team_counts import Worker

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def render(counts: Counts) -> bytes:
    """One scrape of this process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(GatewayCollector([counts]))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return generate_latest(registry)


def render_all(workers: Sequence[Worker], supervisor: int) -> bytes:
    """One scrape of all workers.

    :param supervisor: its process id.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(GatewayCollector([worker.lasting for worker in workers if worker.lasting is not None]))
    registry.register(WorkerCollector(workers, supervisor))
    PlatformCollector(registry=registry)
    return generate_latest(registry)


class GatewayCollector(Collector):
    """The gateway's own metrics, as prometheus_client wants them."""

    def __init__(self, counts: Sequence[Counts]) -> None:
        self._metrics = Metrics()
        for one in counts:
            add(self._metrics, one)
        self._figures = over_all(one.figures for one in counts)

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily("gw_build", "Version of the gateway; always 1.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        yield from self._proxy()
        yield from self._other()

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
        yield from (requests, tokens, first_byte, duration, attempts)

    def _other(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for key, value in self._figures.items():
            figure = FIGURES[key]
            kind = CounterMetricFamily if figure.is_counter else GaugeMetricFamily
            labels = [] if figure.state is None else ["state"]
            family = families.setdefault(figure.name, kind(figure.name, figure.text, labels=labels))
            family.add_metric([] if figure.state is None else [figure.state], value)
        yield from families.values()


class WorkerCollector(Collector):
    """How many workers there are, which of them answer, and what each process takes."""

    def __init__(self, workers: Sequence[Worker], supervisor: int) -> None:
        self._workers = workers
        self._supervisor = supervisor

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "gw_worker_up", "0 for a worker whose numbers are old, as it does not answer.", labels=["worker"]
        )
        pids = {"supervisor": self._supervisor}
        for worker in self._workers:
            up.add_metric([str(worker.number)], int(worker.answered))
            if worker.counts is not None:
                pids[str(worker.number)] = worker.counts.pid
        yield up
        families: dict[str, Metric] = {}
        for name, pid in pids.items():
            for found in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                family = families.setdefault(found.name, Metric(found.name, found.documentation, found.type))
                for sample in found.samples:
                    family.add_sample(sample.name, {**sample.labels, "worker": name}, sample.value)
        yield from families.values()


def _add(family: HistogramMetricFamily, labels: tuple[str, str], histogram: Histogram) -> None:
    bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
    buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
    family.add_metric(labels, buckets, histogram.total)
