"""One client request from arrival to its log record, with the upstream attempts made for it."""

from enum import StrEnum

import msgspec

from app.domain.provider import Protocol
from app.domain.usage import Usage, UsageSource


class EndReason(StrEnum):
    COMPLETE = "complete"
    TRUNCATED = "truncated"
    """The upstream cut the answer after its first byte had gone to the client."""
    CLIENT_LEFT = "client_left"
    ERROR = "error"
    ABORTED_BY_CRASH = "aborted_by_crash"


class Attempt(msgspec.Struct):
    """One upstream try. Times are seconds after the request arrived."""

    target_id: int
    provider_id: int
    provider: str
    target_model: str
    started: float
    first_byte: float | None = None
    ended: float | None = None
    status: int | None = None
    error: str | None = None
    """Error class: `connect`, `dns`, `tls`, `blocked_address`, `reset`, `protocol`, `too_large`, `redirect`,
    `timeout_connect`, `timeout_first_byte`, `timeout_idle`, `timeout_attempt`, `timeout_total`, `truncated`,
    `client_left`, `client_stalled`, `cancelled`; None where a whole answer came."""
    next: str | None = None
    """Why another attempt followed: `retry` (same target) or `failover` (next target) and the cause; None: the last."""


class Verdict(msgspec.Struct):
    """What the rules said of one target (`target_id` None: of the model as a whole)."""

    target_id: int | None
    provider: str | None
    passed: bool
    refused_by: str | None = None
    """The sub-expression (source text) that refused, or another reason such as `protocol`."""
    span: tuple[int, int] | None = None
    """Start and end offset of the sub-expression in the rule's text."""


class Exchange(msgspec.Struct):
    """The log record. Sizes are bytes, times seconds; payloads are raw and sanitized by the log writer."""

    request_id: str
    request_time: float
    """Seconds since the epoch."""
    protocol: Protocol
    method: str
    path: str
    client_ip: str | None = None
    revision: int = 0
    api_key_id: int | None = None
    api_key_name: str | None = None
    requested_model: str | None = None
    is_stream: bool = False
    target_id: int | None = None
    target_model: str | None = None
    provider_id: int | None = None
    provider: str | None = None
    attempts: list[Attempt] = []
    trace: list[Verdict] = []
    status: int = 0
    """Status the client got; 499 when it left."""
    error_code: str | None = None
    """Our own error code, or the error class of the last attempt."""
    end_reason: EndReason = EndReason.COMPLETE
    first_byte_delay: float | None = None
    total_time: float = 0.0
    usage: Usage | None = None
    usage_source: UsageSource | None = None
    request_size: int = 0
    response_size: int = 0
    facts: bytes | None = None
    """JSON of `rules.recorded`: what rules could read; None where no rule was asked, or it shall not be kept."""
    request_headers: list[tuple[bytes, bytes]] = []
    request_body: bytes = b""
    response_headers: list[tuple[bytes, bytes]] = []
    response_body: bytes = b""
    """The first bytes of the answer, up to the payload cap; `response_size` has the whole length."""

    @property
    def retry_count(self) -> int:
        """Attempts after the first, on whatever target."""
        return max(len(self.attempts) - 1, 0)
