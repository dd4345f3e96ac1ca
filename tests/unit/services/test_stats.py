"""Statistics: sums are those of a loop over the rows, percentiles are off by 2.5 % at most."""

import math
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common.errors import ValidationFailed
from app.db.session import Database
from app.domain.exchange import Exchange
from app.domain.usage import Usage
from app.repositories.log_filters import LogFilter
from app.repositories.stats import SAMPLE, STEPS, WIDEST, Histogram, width
from app.services.stats import BUCKETS, DAY, GROUPS, HOUR, MINUTE, Group, LogStats, Percentiles, percentiles
from tests.support.logs import NOW, exchange, write
from tests.unit.gateway.builders import ManualClock


class At(ManualClock):
    """Shortly after the last request of the tests."""

    def time(self) -> float:
        return NOW + 7200


def make(chance: random.Random) -> Exchange:
    provider = chance.choice([None, 1, 2])
    usage = Usage(chance.randrange(1000), chance.randrange(1000)) if chance.random() < 0.8 else None
    return exchange(
        request_time=NOW + chance.randrange(7200),
        requested_model=chance.choice([None, "chat", "embed"]),
        target_model=chance.choice(["a", "b"]),
        provider_id=provider,
        provider=provider and f"provider-{provider}",
        attempts=[],
        api_key_id=chance.choice([1, 2]),
        status=chance.choice([200, 200, 200, 304, 404, 499, 500, 0]),
        first_byte_delay=None if chance.random() < 0.3 else chance.lognormvariate(-1, 1),
        total_time=chance.lognormvariate(-2, 2),
        usage=usage,
    )


RECORDS = [make(random.Random(number)) for number in range(400)]


@pytest.fixture
async def filled(database: Database) -> Database:
    await write(database, RECORDS)
    return database


def check(group: Group, records: list[Exchange]) -> None:
    """The group's figures are those of the records."""
    sums = group.sums
    assert sums.requests == len(records)
    assert sums.errors == sum(record.status >= 400 for record in records)
    for number, found in enumerate((sums.status_2xx, sums.status_3xx, sums.status_4xx, sums.status_5xx), 2):
        assert found == sum(record.status // 100 == number for record in records)
    assert sums.input_tokens == sum((record.usage or Usage()).input or 0 for record in records)
    assert sums.output_tokens == sum((record.usage or Usage()).output or 0 for record in records)
    check_percentiles(group.total_time, [round(record.total_time * 1000) for record in records])
    delays = [round(each.first_byte_delay * 1000) for each in records if each.first_byte_delay is not None]
    check_percentiles(group.first_byte_delay, delays)


def check_percentiles(found: Percentiles, values: list[int]) -> None:
    values = sorted(values)
    if not values:
        assert found == Percentiles(None, None, None)
        return
    for percent, value in ((50, found.p50), (90, found.p90), (99, found.p99)):
        exact = values[math.ceil(len(values) * percent / 100) - 1]
        assert value is not None
        assert abs(value - exact) <= exact * 0.025
        assert value == exact or exact >= 40


KEYS: dict[str, Any] = {
    "model": lambda record: record.requested_model,
    "target_model": lambda record: record.target_model,
    "provider": lambda record: record.provider_id,
    "api_key": lambda record: record.api_key_id,
    "time": lambda record: int(record.request_time * 1000) // MINUTE * MINUTE,
}


@pytest.mark.parametrize("by", KEYS)
async def test_groups_add_up(filled: Database, by: Any) -> None:
    async with filled.read() as session:
        stats = await LogStats(session, At()).stats(LogFilter(), by, "minute")
    key = KEYS[by]
    groups = {group.sums.key: group for group in stats.groups}
    assert groups.keys() == {key(record) for record in RECORDS}
    for value, group in groups.items():
        check(group, [record for record in RECORDS if key(record) == value])
    check(stats.total, RECORDS)
    order: list[Any] = [group.sums.key if by == "time" else -group.sums.requests for group in stats.groups]
    assert order == sorted(order)


async def test_filters_apply(filled: Database) -> None:
    wanted = LogFilter(requested_model="chat", status_max=299)
    async with filled.read() as session:
        stats = await LogStats(session, At()).stats(wanted, "api_key", None)
    check(stats.total, [each for each in RECORDS if each.requested_model == "chat" and each.status <= 299])


async def test_a_range_without_requests(database: Database) -> None:
    async with database.read() as session:
        stats = await LogStats(session, At()).stats(LogFilter(), "model", None)
    assert stats.groups == []
    check(stats.total, [])


async def test_names_are_the_latest(database: Database) -> None:
    await write(
        database,
        [
            exchange(provider="new name", request_time=NOW + 9),
            exchange(provider="old name", request_time=NOW),
        ],
    )
    async with database.read() as session:
        logs = LogStats(session, At())
        (provider,) = (await logs.stats(LogFilter(), "provider", None)).groups
        (key,) = (await logs.stats(LogFilter(), "api_key", None)).groups
        (model,) = (await logs.stats(LogFilter(), "model", None)).groups
    assert (provider.sums.key, provider.name) == (2, "new name")
    assert (key.sums.key, key.name) == (1, "team")
    assert (model.sums.key, model.name) == ("chat", None)


async def test_of_many_groups_those_with_most_requests_are_told_apart(database: Database) -> None:
    records = [exchange(requested_model=f"model-{n:03}", total_time=n) for n in range(GROUPS + 20)]
    records += [
        exchange(requested_model="model-119", total_time=7),
        exchange(requested_model=None, total_time=8),
    ]
    await write(database, records)
    async with database.read() as session:
        stats = await LogStats(session, At()).stats(LogFilter(), "model", None)
    assert len(stats.groups) == GROUPS
    assert (stats.groups[0].sums.key, stats.groups[0].sums.requests) == ("model-119", 2)
    check(stats.groups[0], [record for record in records if record.requested_model == "model-119"])
    check(stats.total, records)


@pytest.mark.parametrize("by", ["provider", "time"])
async def test_of_very_many_requests_large_groups_are_sampled(filled: Database, by: Any) -> None:
    key = {
        "provider": KEYS["provider"],
        "time": lambda record: int(record.request_time * 1000) // HOUR * HOUR,
    }[by]
    sizes = Counter(key(record) for record in RECORDS)
    many = min(sizes.values())
    async with filled.read() as session:
        logs = LogStats(session, At(), too_many=len(RECORDS) - 1, many=many)
        stats = await logs.stats(LogFilter(), by, "hour")
    for group in stats.groups:
        records = [record for record in RECORDS if key(record) == group.sums.key]
        assert group.sums.requests == len(records)
        if len(records) > many:
            records = [record for record in records if int(record.request_time * 1000) % SAMPLE == 0]
            assert records
        check_percentiles(group.total_time, [round(record.total_time * 1000) for record in records])
    assert stats.total.sums.requests == len(RECORDS)
    assert stats.total.total_time.p50 is not None


@pytest.mark.parametrize(
    ("span", "interval"),
    [(HOUR, "minute"), (3 * HOUR, "minute"), (3 * HOUR + 1, "hour"), (14 * DAY, "hour"), (90 * DAY, "day")],
)
async def test_the_interval_fits_the_range(database: Database, span: int, interval: str) -> None:
    end = int(NOW * 1000)
    async with database.read() as session:
        wanted = LogFilter(start_time=end - span, end_time=end)
        assert (await LogStats(session, At()).stats(wanted, "time", None)).interval == interval


async def test_without_times_the_last_day_is_meant(database: Database) -> None:
    async with database.read() as session:
        stats = await LogStats(session, At()).stats(LogFilter(), "time", None)
    assert stats.end_time - stats.start_time == DAY
    assert stats.end_time == int(At().time() * 1000) + 1


async def test_too_many_time_buckets_are_refused(database: Database) -> None:
    async with database.read() as session:
        with pytest.raises(ValidationFailed) as caught:
            await LogStats(session, At()).stats(LogFilter(start_time=0), "time", "minute")
    assert caught.value.errors[0].pointer == "/interval"
    assert str(BUCKETS) in caught.value.message


@given(st.lists(st.integers(0, 5_000_000), min_size=1, max_size=50))
def test_percentiles_of_any_values(values: list[int]) -> None:
    histogram: Histogram = {}
    for value in values:
        step = next((step for below, step in STEPS if value < below), WIDEST)
        histogram[value // step * step] = histogram.get(value // step * step, 0) + 1
        assert width(value // step * step) == step
    check_percentiles(percentiles(histogram), values)
