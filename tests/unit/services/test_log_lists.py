"""Lists of log rows: whatever the filter, the order and the page size, they hold what a loop over all rows finds."""

import random
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.common.errors import ResourceNotFound, ValidationFailed
from app.db.session import Database
from app.domain.attempt import Attempt
from app.domain.exchange import EndReason, Exchange
from app.domain.usage import Usage
from app.repositories.log_filters import LogFilter
from app.repositories.request_logs import Sort
from app.services.request_logs import RequestLogs, Total
from tests.support.logs import NOW, exchange, write

MODELS = ["chat", "embed", "%", "_", "meta-llama/Llama-3", ""]
REASONS = list(EndReason)
DURATIONS = [0, 1, 20, 300, 4000]
TOKENS = [0, 1, 50, 1000]
ATTEMPTS = Attempt(1, 1, "p", "m", 0.0)


def make(chance: random.Random) -> Exchange:
    """One of few values for each field, so that filters meet; some times are equal."""
    provider = chance.choice([None, 1, 2, 3])
    delay = chance.choice([None, *DURATIONS])
    return exchange(
        request_time=NOW + chance.randrange(40),
        requested_model=chance.choice([None, *MODELS]),
        target_model=chance.choice([None, *MODELS]),
        provider_id=provider,
        provider=provider and f"provider-{provider}",
        api_key_id=chance.choice([None, 1, 2]),
        status=chance.choice([200, 200, 204, 400, 429, 499, 500, 504]),
        end_reason=chance.choice(REASONS),
        is_stream=chance.random() < 0.5,
        attempts=[ATTEMPTS] * chance.randrange(4) if provider else [],
        first_byte_delay=None if delay is None else delay / 1000,
        total_time=chance.choice(DURATIONS) / 1000,
        usage=chance.choice([None, Usage(chance.choice(TOKENS), chance.choice([None, *TOKENS]))]),
    )


RECORDS = [make(random.Random(number)) for number in range(300)]

counts = st.none() | st.sampled_from([0, 1, 2, 3])
tokens = st.none() | st.sampled_from([0, 1, 2, 50, 999, 1000, 2**53 - 1])
durations = st.none() | st.sampled_from([0, 1, 19, 20, 21, 300, 4000])
statuses = st.none() | st.sampled_from([0, 200, 201, 400, 499, 500, 599])
times = st.none() | st.integers(int(NOW) * 1000 - 1, int(NOW) * 1000 + 40_001)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "start_time": times,
    "end_time": times,
    "requested_model": st.sampled_from([*MODELS, "chat%"]),
    "target_model": st.sampled_from(MODELS),
    "provider_id": st.sampled_from([1, 2, 3, 4]),
    "api_key_id": st.sampled_from([1, 2, 9]),
    "status_min": statuses,
    "status_max": statuses,
    "has_error": st.booleans(),
    "is_stream": st.booleans(),
    "retry_count_min": counts,
    "retry_count_max": counts,
    "input_tokens_min": tokens,
    "input_tokens_max": tokens,
    "output_tokens_min": tokens,
    "output_tokens_max": tokens,
    "total_time_ms_min": durations,
    "total_time_ms_max": durations,
    "first_byte_delay_ms_min": durations,
    "first_byte_delay_ms_max": durations,
    "end_reason": st.sampled_from([reason.value for reason in REASONS]),
}
filters = st.sets(st.sampled_from(sorted(FIELDS)), max_size=4).flatmap(
    lambda names: st.fixed_dictionaries({name: FIELDS[name] for name in sorted(names)})
)


def within(value: float | None, least: float | None, most: float | None) -> bool:
    if least is None and most is None:
        return True
    return value is not None and (least is None or value >= least) and (most is None or value <= most)


def ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def matches(record: Exchange, wanted: LogFilter) -> bool:
    usage = record.usage or Usage()
    retries = max(len(record.attempts) - 1, 0)
    time = int(record.request_time * 1000)
    failed = record.status >= 400 or record.end_reason is not EndReason.COMPLETE
    equal = [
        (wanted.requested_model, record.requested_model),
        (wanted.target_model, record.target_model),
        (wanted.provider_id, record.provider_id),
        (wanted.api_key_id, record.api_key_id),
        (wanted.has_error, failed),
        (wanted.is_stream, record.is_stream),
        (wanted.end_reason, record.end_reason.value),
    ]
    return (
        all(asked is None or asked == found for asked, found in equal)
        and (wanted.start_time is None or time >= wanted.start_time)
        and (wanted.end_time is None or time < wanted.end_time)
        and within(record.status, wanted.status_min, wanted.status_max)
        and within(retries, wanted.retry_count_min, wanted.retry_count_max)
        and within(usage.input, wanted.input_tokens_min, wanted.input_tokens_max)
        and within(usage.output, wanted.output_tokens_min, wanted.output_tokens_max)
        and within(ms(record.total_time), wanted.total_time_ms_min, wanted.total_time_ms_max)
        and within(
            ms(record.first_byte_delay), wanted.first_byte_delay_ms_min, wanted.first_byte_delay_ms_max
        )
    )


def expected(wanted: LogFilter, sort: Sort) -> list[str]:
    def key(record: Exchange) -> tuple[float, str]:
        value = record.total_time if sort == "-total_time_ms" else record.request_time
        return round(value * 1000), record.request_id

    found = sorted(
        (record for record in RECORDS if matches(record, wanted)), key=key, reverse=sort.startswith("-")
    )
    return [record.request_id for record in found]


@pytest.fixture
async def filled(database: Database) -> Database:
    await write(database, RECORDS)
    return database


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters, st.sampled_from(get_args(Sort)), st.sampled_from([1, 2, 7, 50, 300]))
async def test_any_filters_find_what_a_loop_finds(
    filled: Database, values: dict[str, Any], sort: Sort, page_size: int
) -> None:
    wanted = LogFilter(**values)
    found: list[str] = []
    cursor = None
    for _ in range(400):
        async with filled.read() as session:
            page = await RequestLogs(session).page(wanted, sort, cursor, page_size)
        found += [row.request_id for row in page.rows]
        assert page.total == Total(len(expected(wanted, sort)), "eq")
        cursor = page.next_cursor
        if cursor is None or len(found) > 10 * page_size:
            break
        assert len(page.rows) == page_size
    assert found == expected(wanted, sort)[: len(found)]
    assert cursor is not None or len(found) == page.total.value


async def test_rows_that_come_while_one_reads_on_move_nothing(filled: Database) -> None:
    async with filled.read() as session:
        first = await RequestLogs(session).page(LogFilter(), "-request_time", None, 100)
    await write(filled, [exchange(request_time=NOW + 1000 + number) for number in range(50)])
    async with filled.read() as session:
        second = await RequestLogs(session).page(LogFilter(), "-request_time", first.next_cursor, 100)
    assert [row.request_id for row in second.rows] == expected(LogFilter(), "-request_time")[100:200]


async def test_the_total_is_counted_up_to_a_bound(filled: Database) -> None:
    async with filled.read() as session:
        logs = RequestLogs(session, counted=299)
        page = await logs.page(LogFilter(), "-request_time", None, 10)
        assert page.total == Total(299, "gte")
        assert (await logs.page(LogFilter(), "-request_time", page.next_cursor, 10)).total == Total(
            299, "gte"
        )
        assert (await logs.page(LogFilter(), "-request_time", None, 300)).total == Total(300, "eq")


async def test_a_cursor_is_good_for_its_own_question_only(filled: Database) -> None:
    async with filled.read() as session:
        logs = RequestLogs(session)
        cursor = (await logs.page(LogFilter(), "-request_time", None, 10)).next_cursor
        assert cursor is not None
        for wanted, sort in [(LogFilter(status_min=1), "-request_time"), (LogFilter(), "request_time")]:
            with pytest.raises(ValidationFailed, match="other filters"):
                await logs.page(wanted, sort, cursor, 10)  # type: ignore[arg-type]  # the list's type is wider
        for broken in ("", "x", "é", cursor[:-4], "A" * 500, cursor[::-1]):
            with pytest.raises(ValidationFailed) as caught:
                await logs.page(LogFilter(), "-request_time", broken, 10)
            assert caught.value.errors[0].pointer == "/cursor"


async def test_a_record_that_is_not_there(filled: Database) -> None:
    async with filled.read() as session:
        with pytest.raises(ResourceNotFound):
            await RequestLogs(session).one("01920000-0000-7000-8000-000000000001")
