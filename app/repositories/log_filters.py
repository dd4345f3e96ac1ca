"""What a list of log rows or a statistic can be narrowed by, as conditions on the columns of one index.

An expression comes as SQL already: `app.rules.to_sql` wrote it.
"""

from typing import Final

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Text, TextClause, bindparam, text

from app.db.tables.request_log import RequestLog
from app.rules.sql import Sql


class LogFilter(msgspec.Struct, frozen=True, kw_only=True):
    """All that is not None has to hold. A range without its own kind of value (no tokens known) holds for no row."""

    start_time: int | None = None
    """Milliseconds since the epoch; this one counts."""
    end_time: int | None = None
    """Milliseconds since the epoch; this one does not."""
    requested_model: str | None = None
    target_model: str | None = None
    provider_id: int | None = None
    api_key_id: int | None = None
    status_min: int | None = None
    status_max: int | None = None
    has_error: bool | None = None
    is_stream: bool | None = None
    retry_count_min: int | None = None
    retry_count_max: int | None = None
    input_tokens_min: int | None = None
    input_tokens_max: int | None = None
    output_tokens_min: int | None = None
    output_tokens_max: int | None = None
    total_time_ms_min: int | None = None
    total_time_ms_max: int | None = None
    first_byte_delay_ms_min: int | None = None
    first_byte_delay_ms_max: int | None = None
    end_reason: str | None = None
    condition: Sql | None = None
    """What a filter expression says."""


_EQUAL: Final = (
    "requested_model",
    "target_model",
    "provider_id",
    "api_key_id",
    "has_error",
    "is_stream",
    "end_reason",
)
_RANGES: Final = (
    "status",
    "retry_count",
    "input_tokens",
    "output_tokens",
    "total_time_ms",
    "first_byte_delay_ms",
)


def conditions(wanted: LogFilter) -> list[ColumnElement[bool] | TextClause]:
    """What a row has to fulfil."""
    columns = RequestLog.__table__.columns
    found: list[ColumnElement[bool] | TextClause] = []
    if wanted.start_time is not None:
        found.append(columns["request_time"] >= wanted.start_time)
    if wanted.end_time is not None:
        found.append(columns["request_time"] < wanted.end_time)
    for name in _EQUAL:
        value = getattr(wanted, name)
        if value is not None:
            found.append(columns[name] == value)
    for name in _RANGES:
        least, most = getattr(wanted, f"{name}_min"), getattr(wanted, f"{name}_max")
        if least is not None:
            found.append(columns[name] >= least)
        if most is not None:
            found.append(columns[name] <= most)
    if wanted.condition is not None:
        found.append(_written(wanted.condition))
    return found


def _written(condition: Sql) -> TextClause:
    bound = (
        bindparam(name, value, BigInteger() if isinstance(value, int) else Text())
        for name, value in condition.parameters.items()
    )
    return text(f"({condition.text})").bindparams(*bound)
