"""One client request from arrival to its log record; the attempts made for it are in `attempt.py` next door."""

from enum import StrEnum

from app.domain.attempt import Attempt, Verdict
from app.domain.provider import Protocol
from app.domain.usage import Usage, UsageSource


class EndReason(StrEnum):
    """How a request came to its end."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    """The upstream cut the answer after its first byte had gone to the client."""
    CLIENT_LEFT = "client_left"
    ERROR = "error"
    ABORTED_BY_CRASH = "aborted_by_crash"


class Exchange:
    """The log record. Sizes are bytes, times seconds; payloads are raw and sanitized by the log writer.

    No struct as our other data: its fields are set and read some eighty times in each request, which costs a third
    where this module is compiled (`app/compiled.py`).
    """

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
    status: int = 0
    """Status the client got; 499 when it left."""
    error_code: str | None = None
    """Our own error code, or the error class of the last attempt."""
    first_byte_delay: float | None = None
    total_time: float = 0.0
    usage: Usage | None = None
    usage_source: UsageSource | None = None
    request_size: int = 0
    response_size: int = 0
    facts: bytes | None = None
    """JSON of `rules.recorded`: what rules could read; None where no rule was asked, or it shall not be kept."""
    request_body: bytes = b""
    response_body: bytes = b""
    """The first bytes of the answer, up to the payload cap; `response_size` has the whole length."""

    def __init__(
        self, request_id: str, request_time: float, protocol: Protocol, method: str, path: str
    ) -> None:
        """:param request_time: seconds since the epoch."""
        self.request_id = request_id
        self.request_time = request_time
        self.protocol = protocol
        self.method = method
        self.path = path
        self.end_reason = EndReason.COMPLETE
        self.attempts: list[Attempt] = []
        self.trace: list[Verdict] = []
        self.request_headers: list[tuple[bytes, bytes]] = []
        self.response_headers: list[tuple[bytes, bytes]] = []

    @property
    def retry_count(self) -> int:
        """Attempts after the first, on whatever target."""
        return max(len(self.attempts) - 1, 0)
