"""What follows a failed attempt: the same target again, the next one, or nothing (contracts, part 1). Pure."""

from enum import StrEnum

import msgspec

from app.domain.model import Retry


class Step(StrEnum):
    RETRY = "retry"
    FAILOVER = "failover"
    STOP = "stop"


class Next(msgspec.Struct, frozen=True):
    step: Step
    delay: float = 0.0
    """Seconds to wait first."""


STOP = Next(Step.STOP)
FAILOVER = Next(Step.FAILOVER)

_HOPELESS = frozenset({"connect", "dns", "tls", "blocked_address", "redirect"})
"""Asking the same target again would fail the same way."""


def after(
    retry: Retry,
    *,
    status: int | None,
    error: str | None,
    retry_after: float | None,
    tried: int,
    total: int,
    more: bool,
) -> Next:
    """Decide after one failed attempt.

    :param status: the upstream's status (400 or more) when it answered, else None and `error` is set.
    :param error: error class as in `domain.attempt.Attempt.error`.
    :param retry_after: seconds the upstream asked to wait.
    :param tried: attempts made on this target, this one included; `total` over all targets.
    :param more: another target is left.
    """
    if total >= retry.max_attempts_total or error == "timeout_total":
        return STOP
    next_target = FAILOVER if more else STOP
    if status is not None and status < 500:
        return STOP if status in retry.final_statuses else next_target
    if error in _HOPELESS or tried >= retry.max_attempts:
        return next_target
    if retry_after is not None and retry_after > retry.delay:
        return Next(Step.RETRY, retry_after) if retry_after <= retry.max_delay else next_target
    return Next(Step.RETRY, retry.delay)


def parse_retry_after(headers: list[tuple[bytes, bytes]], now: float) -> float | None:
    """Seconds of `retry-after-ms` or `retry-after` (RFC 9110 part 10.2.3, seconds or date); None if absent or odd.

    :param headers: raw response headers.
    :param now: seconds since the epoch, for the date form.
    """
    seconds: float | None = None
    for name, value in headers:
        lower = name.lower()
        if lower == b"retry-after-ms":
            return _number(value, 1000.0)
        if lower == b"retry-after":
            seconds = _number(value, 1.0)
            if seconds is None:
                seconds = _date(value, now)
    return seconds


def _number(value: bytes, divisor: float) -> float | None:
    text = value.strip()
    if len(text) > 15 or not text.replace(b".", b"", 1).isdigit():
        return None
    return float(text) / divisor


def _date(value: bytes, now: float) -> float | None:
    from email.utils import parsedate_to_datetime  # rare, and slow to import

    try:
        return max(parsedate_to_datetime(value.decode("latin-1")).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return None
