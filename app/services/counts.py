"""All that one process counts and measures, as plain data: to be sent to other workers, added up, and taken over.

`metrics.py` next door renders it. Nothing of prometheus_client here: a process that nobody scrapes does not load it.
"""

import os
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import httpx
import msgspec

from app.gateway.metrics import Histogram, Metrics, Series
from app.services.log_writer import LogWriter
from app.services.process_metrics import held_open
from app.services.snapshot import SnapshotService


class Figure(NamedTuple):
    """How one number is called, and what it is over several workers."""

    name: str
    text: str
    over_all: Callable[[Iterable[float]], float] = sum
    is_counter: bool = False
    state: str | None = None
    """Value of the label `state`, where there are several."""


FIGURES: Final = {
    "in_flight": Figure("gw_requests_in_flight", "Requests being answered."),
    "config_revision": Figure("gw_config_revision", "Revision being served.", min),
    "config_fresh": Figure("gw_config_fresh", "1 while the database can be asked.", min),
    "config_problems": Figure("gw_config_problems", "Parts of it left out.", max),
    "log_queue": Figure("gw_log_queue", "Log records not yet written."),
    "log_failing": Figure("gw_log_failing", "1 after a failed write.", max),
    "log_written": Figure("gw_log_written", "Log records written.", is_counter=True),
    "log_dropped": Figure("gw_log_dropped", "Log records lost.", is_counter=True),
    "log_bodies_dropped": Figure("gw_log_bodies_dropped", "Records kept without bodies.", is_counter=True),
    "upstream_busy": Figure("gw_upstream_connections", "Connections to providers.", state="busy"),
    "upstream_idle": Figure("gw_upstream_connections", "Connections to providers.", state="idle"),
    "upstream_waiting": Figure("gw_upstream_waiting", "Requests waiting for a connection."),
    "tasks": Figure("gw_tasks", "Tasks of the event loop."),
}


class Durations(msgspec.Struct, array_like=True):
    """A `Histogram` of `gateway/metrics.py`."""

    counts: list[int]
    total: float


class Counted(msgspec.Struct, array_like=True):
    """A `Series` of `gateway/metrics.py`."""

    statuses: list[int]
    first_byte: Durations
    duration: Durations
    input_tokens: int
    output_tokens: int


class Counts(msgspec.Struct, array_like=True):
    pid: int
    series: list[tuple[str, str, Counted]]
    """By endpoint and model."""
    attempts: list[tuple[str, str, int]]
    """By provider and outcome."""
    figures: dict[str, float]
    """By key of `FIGURES`."""

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, encoded: bytes) -> "Counts":
        return msgspec.msgpack.decode(encoded, type=cls)


def count(
    metrics: Metrics,
    snapshot: SnapshotService | None,
    log_writer: LogWriter | None,
    transport: httpx.AsyncBaseTransport | None,
) -> Counts:
    """This process, now. Call from the event loop's thread.

    :param snapshot: None, like `log_writer` and `transport`, while the gateway is starting.
    """
    figures: dict[str, float] = {"in_flight": metrics.in_flight}
    if snapshot is not None:
        figures["config_revision"] = snapshot.current.revision
        figures["config_fresh"] = int(snapshot.fresh)
        figures["config_problems"] = len(snapshot.problems)
    if log_writer is not None:
        log = log_writer.figures
        figures["log_queue"] = log.queued
        figures["log_failing"] = int(log.failing)
        figures["log_written"] = log.written
        figures["log_dropped"] = log.dropped
        figures["log_bodies_dropped"] = log.bodies_dropped
    if transport is not None:
        figures |= held_open(transport)
    return Counts(
        os.getpid(),
        [(*key, _counted(series)) for key, series in metrics.series.items()],
        [(*key, number) for key, number in metrics.attempts.items()],
        figures,
    )


def add(metrics: Metrics, counts: Counts) -> None:
    """Count on from another process's counts. Its figures are left out."""
    for endpoint, model, other in counts.series:
        series = metrics.series.setdefault((endpoint, model), Series())
        series.statuses = _sums(series.statuses, other.statuses)
        series.input_tokens += other.input_tokens
        series.output_tokens += other.output_tokens
        for histogram, durations in (
            (series.first_byte, other.first_byte),
            (series.duration, other.duration),
        ):
            histogram.counts = _sums(histogram.counts, durations.counts)
            histogram.total += durations.total
    for provider, outcome, number in counts.attempts:
        key = (provider, outcome)
        metrics.attempts[key] = metrics.attempts.get(key, 0) + number


def counters(counts: Counts) -> dict[str, float]:
    """Those of the figures that only ever grow."""
    return {key: value for key, value in counts.figures.items() if FIGURES[key].is_counter}


def over_all(figures: Iterable[dict[str, float]]) -> dict[str, float]:
    """The figures of several workers as one."""
    found: dict[str, list[float]] = {}
    for one in figures:
        for key, value in one.items():
            found.setdefault(key, []).append(value)
    return {key: FIGURES[key].over_all(values) for key, values in found.items()}


def _counted(series: Series) -> Counted:
    return Counted(
        list(series.statuses),
        _durations(series.first_byte),
        _durations(series.duration),
        series.input_tokens,
        series.output_tokens,
    )


def _durations(histogram: Histogram) -> Durations:
    return Durations(list(histogram.counts), histogram.total)


def _sums(left: list[int], right: list[int]) -> list[int]:
    return [a + b for a, b in zip(left, right, strict=True)]
