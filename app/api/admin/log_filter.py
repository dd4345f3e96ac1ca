"""Query parameters that narrow a list of log records or a statistic."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.log import EPOCH
from app.domain.exchange import EndReason
from app.repositories.log_filters import LogFilter
from app.rules.limits import MAX_CHARS
from app.services.log_rows import storable
from app.services.log_search import condition

MOST = 2**53 - 1

StartTime = Annotated[
    datetime | None,
    QueryParameter(description="Only requests that arrived at this time or later. UTC unless it says."),
]
EndTime = Annotated[
    datetime | None,
    QueryParameter(description="Only requests that arrived before this time. UTC unless it says."),
]


Expression = Annotated[
    str,
    QueryParameter(
        max_length=MAX_CHARS,
        description="Only requests for which this expression of the rule language is true, for example "
        '`status >= 500 and provider == "openai" and total_time_ms > 2000`.',
    ),
]


async def provide_log_filter(
    db_session: NamedDependency[AsyncSession],
    filter: Expression = "",
    start_time: StartTime = None,
    end_time: EndTime = None,
    requested_model: Annotated[
        str | None, QueryParameter(max_length=200, description="Only requests for this model.")
    ] = None,
    target_model: Annotated[
        str | None, QueryParameter(max_length=200, description="Only requests sent on under this model name.")
    ] = None,
    provider_id: Annotated[
        int | None,
        QueryParameter(
            ge=1, le=MOST, description="Only requests this provider answered, or was tried last for."
        ),
    ] = None,
    api_key_id: Annotated[
        int | None, QueryParameter(ge=1, le=MOST, description="Only requests with this API key.")
    ] = None,
    status_min: Annotated[int | None, QueryParameter(ge=0, le=999, description="Least status.")] = None,
    status_max: Annotated[int | None, QueryParameter(ge=0, le=999, description="Greatest status.")] = None,
    has_error: Annotated[
        bool | None, QueryParameter(description="Only requests that failed, or only those that did not.")
    ] = None,
    is_stream: Annotated[
        bool | None, QueryParameter(description="Only requests for a stream, or only others.")
    ] = None,
    retry_count_min: Annotated[
        int | None, QueryParameter(ge=0, le=MOST, description="Least number of retries.")
    ] = None,
    retry_count_max: Annotated[
        int | None, QueryParameter(ge=0, le=MOST, description="Greatest number of retries.")
    ] = None,
    input_tokens_min: Annotated[
        int | None, QueryParameter(ge=0, le=MOST, description="Least input tokens.")
    ] = None,
    input_tokens_max: Annotated[
        int | None, QueryParameter(ge=0, le=MOST, description="Greatest input tokens.")
    ] = None,
    output_tokens_min: Annotated[
        int | None, QueryParameter(ge=0, le=MOST, description="Least output tokens.")
    ] = None,
    output_tokens_max: Annotated[
        int | None, QueryParameter(ge=0, le=MOST, description="Greatest output tokens.")
    ] = None,
    total_time_ms_min: Annotated[
        int | None, QueryParameter(ge=0, le=MOST, description="Least total time, in milliseconds.")
    ] = None,
    total_time_ms_max: Annotated[
        int | None, QueryParameter(ge=0, le=MOST, description="Greatest total time, in milliseconds.")
    ] = None,
    first_byte_delay_ms_min: Annotated[
        int | None,
        QueryParameter(ge=0, le=MOST, description="Least delay of the first byte, in milliseconds."),
    ] = None,
    first_byte_delay_ms_max: Annotated[
        int | None,
        QueryParameter(ge=0, le=MOST, description="Greatest delay of the first byte, in milliseconds."),
    ] = None,
    end_reason: Annotated[
        EndReason | None, QueryParameter(description="Only requests that ended this way.")
    ] = None,
) -> LogFilter:
    return LogFilter(
        start_time=_milliseconds(start_time),
        end_time=_milliseconds(end_time),
        requested_model=None if requested_model is None else storable(requested_model),
        target_model=None if target_model is None else storable(target_model),
        provider_id=provider_id,
        api_key_id=api_key_id,
        status_min=status_min,
        status_max=status_max,
        has_error=has_error,
        is_stream=is_stream,
        retry_count_min=retry_count_min,
        retry_count_max=retry_count_max,
        input_tokens_min=input_tokens_min,
        input_tokens_max=input_tokens_max,
        output_tokens_min=output_tokens_min,
        output_tokens_max=output_tokens_max,
        total_time_ms_min=total_time_ms_min,
        total_time_ms_max=total_time_ms_max,
        first_byte_delay_ms_min=first_byte_delay_ms_min,
        first_byte_delay_ms_max=first_byte_delay_ms_max,
        end_reason=None if end_reason is None else end_reason.value,
        condition=await condition(db_session, filter),
    )


def _milliseconds(time: datetime | None) -> int | None:
    """Since the epoch, rounded up: a row's time is whole milliseconds."""
    if time is None:
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return -((EPOCH - time) // timedelta(milliseconds=1))
