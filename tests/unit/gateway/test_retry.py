"""What follows a failed attempt (contracts, part 1)."""

import pytest

from app.domain.model import Retry
from app.gateway.retry import Next, Step, after, parse_retry_after
from tests.unit.gateway.builders import retry


def decide(policy: Retry | None = None, **given: object) -> Next:
    values: dict[str, object] = {
        "status": None,
        "error": None,
        "retry_after": None,
        "tried": 1,
        "total": 1,
        "more": True,
    }
    return after(policy or retry(), **(values | given))  # type: ignore[arg-type]  # a table of keyword arguments


@pytest.mark.parametrize(
    "given", [{"status": 500}, {"status": 529}, {"error": "timeout_first_byte"}, {"error": "reset"}]
)
def test_server_errors_and_timeouts_try_the_same_target_again(given: dict[str, object]) -> None:
    assert decide(**given) == Next(Step.RETRY, 1.0)
    assert decide(**given, tried=2, total=2) == Next(Step.RETRY, 1.0)
    assert decide(**given, tried=3, total=3).step is Step.FAILOVER
    assert decide(**given, tried=3, total=3, more=False).step is Step.STOP


@pytest.mark.parametrize("status", [400, 401, 404, 429, 499])
def test_client_errors_go_to_the_next_target_at_once(status: int) -> None:
    assert decide(status=status) == Next(Step.FAILOVER)
    assert decide(status=status, more=False).step is Step.STOP


def test_final_statuses_are_passed_on() -> None:
    policy = retry(final_statuses=frozenset({400, 422}))
    assert decide(policy, status=400).step is Step.STOP
    assert decide(policy, status=404).step is Step.FAILOVER


@pytest.mark.parametrize("error", ["connect", "dns", "tls", "blocked_address", "redirect"])
def test_an_unreachable_target_is_left_at_once(error: str) -> None:
    assert decide(error=error) == Next(Step.FAILOVER)
    assert decide(error=error, more=False).step is Step.STOP


def test_attempts_are_capped_over_all_targets() -> None:
    assert decide(status=500, total=8).step is Step.STOP
    assert decide(status=404, total=8).step is Step.STOP
    assert decide(status=500, total=7).step is Step.RETRY


def test_the_total_time_ends_everything() -> None:
    assert decide(error="timeout_total").step is Step.STOP


def test_retry_after_is_honoured_up_to_the_cap() -> None:
    assert decide(status=503, retry_after=3.0) == Next(Step.RETRY, 3.0)
    assert decide(status=503, retry_after=0.2) == Next(Step.RETRY, 1.0)
    assert decide(status=503, retry_after=5.0) == Next(Step.RETRY, 5.0)
    assert decide(status=503, retry_after=5.1).step is Step.FAILOVER
    assert decide(status=503, retry_after=5.1, more=False).step is Step.STOP


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([(b"Retry-After", b"2")], 2.0),
        ([(b"retry-after-ms", b"1500")], 1.5),
        ([(b"retry-after", b"60"), (b"retry-after-ms", b"250")], 0.25),
        ([(b"retry-after", b"Tue, 14 Nov 2023 22:13:30 GMT")], 10.0),
        ([(b"retry-after", b"Tue, 14 Nov 2023 22:13:00 GMT")], 0.0),
        ([(b"retry-after", b"-5")], None),
        ([(b"retry-after", b"soon")], None),
        ([(b"retry-after", b"1" * 400)], None),
        ([(b"retry-after", b"\xff")], None),
        ([(b"content-type", b"text/plain")], None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(
    headers: list[tuple[bytes, bytes]], seconds: float | None
) -> None:
    assert parse_retry_after(headers, 1_700_000_000.0) == seconds
