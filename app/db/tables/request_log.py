"""Request logs: one row per client request, without its payload (`request_payload.py` next door).

Times of day are milliseconds since the epoch, durations milliseconds, sizes bytes. Names are copies of what they
were when the request came, so a row outlives the provider, the key and the model it speaks of.
"""

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base

RequestId = String(36).with_variant(String(36, collation="C"), "postgresql")
"""A UUIDv7 as text: its order is the order of time."""


class RequestLog(Base):
    __tablename__ = "request_log"

    request_id: Mapped[str] = mapped_column(RequestId, primary_key=True)
    request_time: Mapped[int] = mapped_column(BigInteger)
    protocol: Mapped[str] = mapped_column(String(16))
    method: Mapped[str] = mapped_column(String(16))
    path: Mapped[str] = mapped_column(String(200))
    client_ip: Mapped[str | None] = mapped_column(String(64))
    revision: Mapped[int] = mapped_column(BigInteger)
    api_key_id: Mapped[int | None] = mapped_column(BigInteger)
    api_key_name: Mapped[str | None] = mapped_column(String(200))
    requested_model: Mapped[str | None] = mapped_column(String(200))
    is_stream: Mapped[bool]
    target_id: Mapped[int | None] = mapped_column(BigInteger)
    target_model: Mapped[str | None] = mapped_column(String(200))
    provider_id: Mapped[int | None] = mapped_column(BigInteger)
    provider: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[int] = mapped_column(BigInteger)
    has_error: Mapped[bool]
    """The status is 400 or more, or the answer did not come to its end."""
    error_code: Mapped[str | None] = mapped_column(String(64))
    end_reason: Mapped[str] = mapped_column(String(16))
    retry_count: Mapped[int] = mapped_column(BigInteger)
    """Attempts after the first, on whatever target."""
    first_byte_delay_ms: Mapped[int | None] = mapped_column(BigInteger)
    total_time_ms: Mapped[int] = mapped_column(BigInteger)
    input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    output_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cached_tokens: Mapped[int | None] = mapped_column(BigInteger)
    reasoning_tokens: Mapped[int | None] = mapped_column(BigInteger)
    usage_source: Mapped[str | None] = mapped_column(String(16))
    request_size: Mapped[int] = mapped_column(BigInteger)
    response_size: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[str] = mapped_column(Text)
    """JSON: a list of `domain.attempt.Attempt`."""
    trace: Mapped[str] = mapped_column(Text)
    """A list of `domain.attempt.Verdict`, as `services/log_traces.py` writes and reads it."""
    facts: Mapped[str | None] = mapped_column(Text)
    """JSON: what rules could read of the request, without texts. None in rows of older versions."""
    payload_file: Mapped[int | None] = mapped_column(BigInteger)
    payload_offset: Mapped[int | None] = mapped_column(BigInteger)
    """Where the payload is (`repositories.payload_files`). None if there is none, or if it is in `request_payload`."""


SCAN = Index(
    "ix_request_log_scan",
    RequestLog.request_time,
    RequestLog.request_id,
    RequestLog.provider_id,
    RequestLog.api_key_id,
    RequestLog.status,
    RequestLog.has_error,
    RequestLog.is_stream,
    RequestLog.retry_count,
    RequestLog.total_time_ms,
    RequestLog.first_byte_delay_ms,
    RequestLog.input_tokens,
    RequestLog.output_tokens,
    RequestLog.end_reason,
    RequestLog.requested_model,
    RequestLog.target_model,
    RequestLog.provider,
    RequestLog.api_key_name,
    RequestLog.error_code,
    RequestLog.protocol,
    RequestLog.path,
    RequestLog.method,
    RequestLog.client_ip,
    RequestLog.target_id,
    RequestLog.cached_tokens,
    RequestLog.reasoning_tokens,
    RequestLog.usage_source,
    RequestLog.request_size,
    RequestLog.response_size,
    RequestLog.revision,
)
"""All that a list can be filtered or a statistic made by, in the order of time, beside the wide rows themselves.

A filter that hardly ever matches reads all of it: a million rows in 0.1 to 0.25 s on SQLite, whatever the combination.
The columns behind `target_model` are for filter expressions: 100 bytes a row more, and 4 times the speed where one of
them is asked for. This one index costs a write 3 us; one per column costs 9 us, and pairs of common values still end
in the wide rows.
"""
