"""The counters of the hot path."""

from app.domain.usage import Usage
from app.gateway.metrics import BOUNDS, MAX_SERIES, OTHER, Metrics


def test_a_request_is_counted_by_endpoint_model_and_status_class() -> None:
    metrics = Metrics()
    metrics.finished("chat_completions", "m", 200, 0.02, 0.3, Usage(input=10, output=3))
    metrics.finished("chat_completions", "m", 499, None, 0.3)
    metrics.finished("messages", "m", 503, None, 1000.0)
    series = metrics.series["chat_completions", "m"]
    assert series.statuses == [0, 0, 1, 0, 1, 0]
    assert (series.input_tokens, series.output_tokens) == (10, 3)
    assert (sum(series.first_byte.counts), sum(series.duration.counts)) == (1, 2)
    assert metrics.series["messages", "m"].duration.counts[-1] == 1


def test_a_duration_on_a_bound_is_counted_below_it() -> None:
    metrics = Metrics()
    metrics.finished("e", "m", 200, BOUNDS[3], BOUNDS[-1])
    series = metrics.series["e", "m"]
    assert series.first_byte.counts[3] == 1
    assert series.duration.counts[len(BOUNDS) - 1] == 1


def test_statuses_that_are_none_count_as_failures() -> None:
    metrics = Metrics()
    for status in (0, 99, 600, -1):
        metrics.finished("e", "m", status, None, 0.1)
    assert metrics.series["e", "m"].statuses == [0, 0, 0, 0, 0, 4]


def test_attempts_are_counted_by_provider_and_outcome() -> None:
    metrics = Metrics()
    metrics.attempted("p", 200, None)
    metrics.attempted("p", 204, None)
    metrics.attempted("p", 502, None)
    metrics.attempted("p", 200, "reset")
    metrics.attempted("p", None, None)
    assert metrics.attempts == {("p", "2xx"): 2, ("p", "5xx"): 1, ("p", "reset"): 1, ("p", "none"): 1}


def test_labels_are_bounded_whatever_comes() -> None:
    metrics = Metrics()
    for number in range(10 * MAX_SERIES):
        metrics.finished("e", f"model-{number}", 200, None, 0.1)
        metrics.attempted(f"provider-{number}", 200, None)
    assert len(metrics.series) == MAX_SERIES + 1
    assert metrics.series["e", OTHER].statuses[2] == 9 * MAX_SERIES
    assert len(metrics.attempts) == MAX_SERIES + 1
