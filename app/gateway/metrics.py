"""Counts of the hot path: plain integers, incremented without a lock. `services/metrics.py` renders them on scrape."""

from bisect import bisect_left
from typing import Final

from app.domain.usage import Usage

OTHER: Final = "other"
"""Label of a model or provider that is not configured, or that came after `MAX_SERIES` others."""

MAX_SERIES: Final = 1000
"""Upper bound of label combinations of one name, whatever the configuration holds."""

BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds of the duration buckets, in seconds; a last bucket without a bound follows."""


class Histogram:
    """Durations in seconds, counted per bucket of `BOUNDS`."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0


class Series:
    """Everything counted for one endpoint and one model."""

    __slots__ = ("duration", "first_byte", "input_tokens", "output_tokens", "statuses")

    def __init__(self) -> None:
        self.statuses = [0] * 6
        """Requests by first digit of the status the client got; 499 is a client that left."""
        self.first_byte = Histogram()
        self.duration = Histogram()
        self.input_tokens = 0
        self.output_tokens = 0


class Metrics:
    """What one process has counted since it started. Only the event loop writes."""

    def __init__(self) -> None:
        self.in_flight = 0
        """Proxy requests between arrival and the end of their answer; the pipeline adds and subtracts."""
        self.series: dict[tuple[str, str], Series] = {}
        """By endpoint and model."""
        self.attempts: dict[tuple[str, str], int] = {}
        """By provider and outcome (`2xx` to `5xx`, or the error class)."""

    def finished(
        self,
        endpoint: str,
        model: str,
        status: int,
        first_byte: float | None,
        duration: float,
        usage: Usage | None = None,
    ) -> None:
        """Count one request.

        :param endpoint: name of the route, from a fixed set.
        :param model: name of a configured model, else `OTHER`: never a name the client made up.
        :param status: what the client got, or 499.
        :param first_byte: seconds from arrival to the first byte of the answer.
        :param duration: seconds from arrival to the end of the answer.
        """
        series = self.series.get((endpoint, model)) or self._add(endpoint, model)
        series.statuses[status // 100 if 100 <= status < 600 else 5] += 1
        histogram = series.duration  # twice the same two lines: this runs for each request
        histogram.counts[bisect_left(BOUNDS, duration)] += 1
        histogram.total += duration
        if first_byte is not None:
            histogram = series.first_byte
            histogram.counts[bisect_left(BOUNDS, first_byte)] += 1
            histogram.total += first_byte
        if usage is not None:
            series.input_tokens += usage.input or 0
            series.output_tokens += usage.output or 0

    def attempted(self, provider: str, status: int | None, error: str | None) -> None:
        """Count one upstream try of a configured provider: its error class, else the first digit of its status."""
        key = (provider, error or (f"{status // 100}xx" if status else "none"))
        try:
            self.attempts[key] += 1
        except KeyError:
            if len(self.attempts) >= MAX_SERIES:
                key = (OTHER, key[1])
            self.attempts[key] = self.attempts.get(key, 0) + 1

    def _add(self, endpoint: str, model: str) -> Series:
        key = (endpoint, model if len(self.series) < MAX_SERIES else OTHER)
        return self.series.setdefault(key, Series())
