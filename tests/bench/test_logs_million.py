"""A million log rows on SQLite: lists with any three filters, records, statistics. `just limits` prints the slowest."""

import random
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import pytest

from app.db.session import Database
from app.domain.attempt import Attempt, Verdict
from app.domain.exchange import EndReason
from app.domain.usage import Usage
from app.repositories.log_filters import LogFilter
from app.repositories.request_logs import Sort
from app.repositories.stats import Grouping
from app.services.log_facets import LogFacets
from app.services.log_rows import log_row
from app.services.log_search import condition
from app.services.overview import Overviews, Range
from app.services.payload_rows import payload_row
from app.services.request_logs import RequestLogs
from app.services.stats import DAY, LogStats
from tests.support.clock import SetClock
from tests.support.logs import NOW, exchange

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

ROWS = 1_000_000
LIST_SECONDS = 0.3
STATS_SECONDS = 3.0
OVERVIEW_SECONDS = 1.5
START = int(NOW * 1000)
STEP = 86
"""Milliseconds between two requests: a million in a day."""

COMMON: dict[str, dict[str, Any]] = {
    "time": {"start_time": START + DAY // 4, "end_time": START + DAY},
    "requested_model": {"requested_model": "model-0-large"},
    "target_model": {"target_model": "model-0-large-2026-05-13"},
    "provider": {"provider_id": 1},
    "api_key": {"api_key_id": 1},
    "status": {"status_min": 200, "status_max": 299},
    "has_error": {"has_error": False},
    "stream": {"is_stream": True},
    "retries": {"retry_count_max": 1},
    "input_tokens": {"input_tokens_min": 100, "input_tokens_max": 7000},
    "output_tokens": {"output_tokens_min": 100},
    "total_time": {"total_time_ms_min": 500, "total_time_ms_max": 60_000},
    "first_byte": {"first_byte_delay_ms_max": 2000},
    "end_reason": {"end_reason": "complete"},
}
RARE: dict[str, dict[str, Any]] = {
    "time": {"start_time": START + 100, "end_time": START + DAY},
    "requested_model": {"requested_model": "model-19-large"},
    "target_model": {"target_model": "model-18-large-2026-05-13"},
    "provider": {"provider_id": 5},
    "api_key": {"api_key_id": 150},
    "status": {"status_min": 504, "status_max": 504},
    "has_error": {"has_error": True},
    "stream": {"is_stream": False},
    "retries": {"retry_count_min": 3},
    "input_tokens": {"input_tokens_max": 10},
    "output_tokens": {"output_tokens_min": 2995},
    "total_time": {"total_time_ms_min": 60_000},
    "first_byte": {"first_byte_delay_ms_min": 30_000},
    "end_reason": {"end_reason": "truncated"},
}

EXPRESSIONS = [
    'model == "model-19-large"',
    'model contains "19-l"',
    'target_model ends_with "18-large-2026-05-13"',
    'provider == "provider-5"',
    'provider in ["provider-5", "provider-6", "other"]',
    "provider_id > 4",
    "target_id >= 19",
    'endpoint == "messages"',
    'path starts_with "/v1/m"',
    'protocol == "anthropic"',
    'method != "POST"',
    "not stream",
    'client.ip starts_with "10."',
    "api_key.id == 150",
    'api_key.name matches "^nobody$"',
    "status in 504..599",
    "has_error",
    "exists(error_code)",
    'end_reason not in ["complete", "truncated"]',
    "retry_count >= 3",
    "first_byte_delay_ms > 30000.5",
    "total_time_ms > 60000",
    "input_tokens < 10",
    "output_tokens > 2995",
    "cached_tokens > 0",
    "reasoning_tokens > 0",
    'usage_source == "counted"',
    "request_size > 100000",
    "response_size > 100000",
    "revision == 4",
    "len(model) > 20",
    "input_tokens > output_tokens and output_tokens > 2995",
    f'request_time < "{datetime.fromtimestamp(NOW + 20, UTC).isoformat()}"',
]
"""Conditions that few rows fulfil: what makes a search read all of them."""


def rows(count: int) -> Iterator[list[Any]]:
    """Rows as a busy gateway leaves them: few models and providers take most of the requests."""
    chance = random.Random(1)
    ends = [(200, EndReason.COMPLETE)] * 93 + [(200, EndReason.TRUNCATED), (429, EndReason.COMPLETE)]
    ends += [(499, EndReason.CLIENT_LEFT)] * 2 + [(500, EndReason.COMPLETE)] * 2 + [(504, EndReason.ERROR)]
    shapes = []
    for _ in range(4000):
        model = min(int(chance.expovariate(0.3)), 19)
        provider = min(int(chance.expovariate(0.7)), 4) + 1
        status, end = chance.choice(ends)
        took = chance.lognormvariate(0, 1.2)
        tries = 1 if chance.random() < 0.95 else chance.randrange(2, 5)
        attempt = Attempt(
            model,
            provider,
            f"provider-{provider}",
            f"model-{model}-large-2026-05-13",
            0.0,
            took / 3,
            took,
            status,
        )
        shape = exchange(
            requested_model=f"model-{model}-large",
            target_model=f"model-{model}-large-2026-05-13",
            provider_id=provider,
            provider=f"provider-{provider}",
            api_key_id=min(int(chance.expovariate(0.05)), 199) + 1,
            status=status,
            end_reason=end,
            is_stream=chance.random() < 0.5,
            attempts=[attempt] * tries,
            trace=[Verdict(target, f"provider-{target}", target == provider) for target in range(1, 4)],
            first_byte_delay=took / 3,
            total_time=took,
            usage=Usage(chance.randrange(5, 8000), chance.randrange(5, 3000), 0, 0),
        )
        shapes.append(list(log_row(shape)))
    for number in range(count):
        row = shapes[chance.randrange(4000)]
        at = START + number * STEP + chance.randrange(200)
        row[0] = f"{at >> 16:08x}-{at & 0xFFFF:04x}-7000-8000-{number:012x}"
        row[1] = at
        yield row


@pytest.fixture(scope="module")
def filled(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("million") / "gateway.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    started = time.perf_counter()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous=off")
        width = len(log_row(exchange()))
        connection.executemany(f"INSERT INTO request_log VALUES ({', '.join('?' * width)})", rows(ROWS))
        payload = payload_row(exchange(request_id="01920000-0000-7000-8000-000000000001"), 100, redacted=True)
        connection.execute(f"INSERT INTO request_payload VALUES ({', '.join('?' * len(payload))})", payload)
        connection.commit()
    sys.stdout.write(
        f"\n{ROWS:,} rows in {time.perf_counter() - started:.0f} s, {file.stat().st_size / 1e6:,.0f} MB\n"
    )
    return f"sqlite+aiosqlite:///{file}"


async def timed(work: Callable[[], Awaitable[Any]], limit: float) -> float:
    """Seconds it takes: the best of a few tries, since others use this machine too.

    On an idle machine that is the processor's time, as one thread works on what is in memory; on a busy one less than
    what passes, so the lesser counts.
    """
    best = float("inf")
    for _ in range(3):
        started, used = time.perf_counter(), time.process_time()
        await work()
        best = min(best, time.perf_counter() - started, time.process_time() - used)
        if best <= limit / 2:
            break
    return best


def report(title: str, times: dict[str, float]) -> float:
    slowest = sorted(times, key=lambda name: -times[name])[:3]
    middle = sorted(times.values())[len(times) // 2]
    sys.stdout.write(f"\n{title}: {len(times)} in all, median {middle * 1000:.0f} ms, slowest:\n")
    for name in slowest:
        sys.stdout.write(f"  {times[name] * 1000:4.0f} ms  {name}\n")
    return times[slowest[0]]


@pytest.mark.parametrize("kind", ["common", "rare"])
@pytest.mark.parametrize("sort", get_args(Sort))
async def test_any_three_filters_answer_in_time(filled: str, sort: Sort, kind: str) -> None:
    wanted = COMMON if kind == "common" else RARE
    database = Database(filled)
    times = {}
    stride = 1 if sort == "-request_time" else 7
    for three in list(combinations(wanted, 3))[::stride]:
        log_filter = LogFilter(**{name: value for each in three for name, value in wanted[each].items()})

        async def read(log_filter: LogFilter = log_filter) -> None:
            async with database.read() as session:
                await RequestLogs(session).page(log_filter, sort, None, 50)

        times[" + ".join(three)] = await timed(read, LIST_SECONDS)
    await database.aclose()
    assert report(f"{kind} values, {sort}", times) <= LIST_SECONDS


@pytest.mark.parametrize("kind", ["all of three", "one of two, and one"])
async def test_any_three_conditions_of_an_expression_answer_in_time(filled: str, kind: str) -> None:
    if kind == "all of three":
        texts = [" and ".join(three) for three in list(combinations(EXPRESSIONS, 3))[::97]]
    else:  # the last of which lets no row through, so that the search can't end early
        texts = [f"({one} or {other}) and total_time_ms < 0" for one, other in combinations(EXPRESSIONS, 2)][
            ::9
        ]
    database = Database(filled)
    times = {}
    for text in texts:

        async def read(text: str = text) -> None:
            async with database.read() as session:
                log_filter = LogFilter(condition=await condition(session, text))
                await RequestLogs(session).page(log_filter, "-request_time", None, 50)

        times[text] = await timed(read, LIST_SECONDS)
    await database.aclose()
    assert report(f"expressions, {kind}", times) <= LIST_SECONDS


async def test_pages_far_down_and_records_answer_in_time(filled: str) -> None:
    database = Database(filled)
    with closing(sqlite3.connect(filled.removeprefix("sqlite+aiosqlite:///"))) as connection:
        (one,) = connection.execute("SELECT request_id FROM request_log LIMIT 1 OFFSET 300000").fetchone()
    end = START + STEP * 1000

    async def record() -> None:
        async with database.read() as session:
            assert (await RequestLogs(session).one(one))[0].request_id == one

    async def far() -> None:
        async with database.read() as session:
            page = await RequestLogs(session).page(LogFilter(end_time=end), "-request_time", None, 50)
            assert len(page.rows) == 50

    times = {"a record": await timed(record, LIST_SECONDS), "the oldest rows": await timed(far, LIST_SECONDS)}
    await database.aclose()
    assert report("others", times) <= LIST_SECONDS


async def test_statistics_answer_in_time(filled: str) -> None:
    database = Database(filled)
    times = {}
    for by in get_args(Grouping):

        async def read(by: Grouping = by) -> None:
            async with database.read() as session:
                wanted = LogFilter(start_time=START, end_time=START + 2 * DAY)
                assert (await LogStats(session).stats(wanted, by, "hour")).total.sums.requests == ROWS

        times[by] = await timed(read, STATS_SECONDS)
    await database.aclose()
    assert report("statistics over all rows", times) <= STATS_SECONDS


async def test_the_overview_and_facets_answer_in_time(filled: str) -> None:
    database = Database(filled)
    clock = SetClock((START + DAY) / 1000)
    times = {}
    for wanted in get_args(Range):

        async def read(wanted: Range = wanted) -> None:
            assert (await Overviews(database, clock).overview(wanted)).total.sums.requests > 0

        times[f"overview of {wanted}"] = await timed(read, OVERVIEW_SECONDS)

    async def facets() -> None:
        async with database.read() as session:
            assert (await LogFacets(session).facets(LogFilter(status_min=500))).rows > 0

    times["facets"] = await timed(facets, LIST_SECONDS)
    await database.aclose()
    assert report("overview and facets", times) <= OVERVIEW_SECONDS
