"""The overview: its figures are those of a loop over the records."""

import time
from collections import Counter
from typing import Any

import httpx
import pytest

from app.domain.exchange import Exchange
from app.domain.usage import Usage
from app.services.overview import Overviews
from tests.support.clock import SetClock
from tests.support.live import Live
from tests.support.logs import NOW, exchange, write

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture
async def records(both: Live) -> list[Exchange]:
    """Of the last hour, of the one before, of yesterday and of the week."""
    assert both.gateway.services is not None
    now = time.time()
    found = [
        exchange(
            request_time=now - 5 - number * 50,
            provider_id=number % 2 + 1,
            provider=f"p{number % 2 + 1}",
            api_key_id=number % 7 + 1,
            api_key_name=f"key-{number % 7 + 1}",
            requested_model=f"m{number % 3}",
            status=500 if number % 10 == 0 else 404 if number % 10 == 1 else 200,
            total_time=0.02 + number / 1000,
            first_byte_delay=0.01,
            usage=Usage(10, number, 0, 0),
        )
        for number in range(100)
    ]
    found += [
        exchange(request_time=now - 26 * HOUR, requested_model="m0"),
        exchange(request_time=now - 3 * DAY),
    ]
    await write(both.gateway.services.database, found)
    return found


async def overview(api: httpx.AsyncClient, **query: Any) -> Any:
    answer = await api.get("/stats/overview", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def seconds(text: str) -> float:
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone


@pytest.mark.parametrize(
    ("name", "width", "number"), [("1h", MINUTE, 60), ("24h", 1800, 48), ("7d", 10800, 56)]
)
async def test_all_of_a_range(
    api: httpx.AsyncClient, records: list[Exchange], name: str, width: int, number: int
) -> None:
    found = await overview(api, range=name)
    start, end = seconds(found["start_time"]), seconds(found["end_time"])
    inside = [each for each in records if start <= int(each.request_time * 1000) / 1000]
    assert (found["range"], found["bucket_seconds"], len(found["buckets"])) == (name, width, number)
    assert start % width == 0
    assert end - start <= width * number
    total = found["total"]
    assert total["requests"] == len(inside)
    assert total["errors"] == sum(each.status >= 400 for each in inside)
    assert [total[f"status_{n}xx"] for n in (2, 4, 5)] == [
        sum(each.status // 100 == n for each in inside) for n in (2, 4, 5)
    ]
    assert total["output_tokens"] == sum(each.usage.output or 0 for each in inside if each.usage)
    buckets = Counter(int((int(each.request_time * 1000) / 1000 - start) // width) for each in inside)
    assert [each["requests"] for each in found["buckets"]] == [buckets[place] for place in range(number)]
    assert sum(each["input_tokens"] for each in found["buckets"]) == total["input_tokens"]
    assert [seconds(each["start_time"]) for each in found["buckets"][:2]] == [start, start + width]
    for provider in found["providers"]:
        mine = [each for each in inside if each.provider_id == provider["id"]]
        assert (provider["requests"], sum(provider["requests_by_bucket"])) == (len(mine), len(mine))
        assert provider["errors"] == sum(provider["errors_by_bucket"])
        assert len(provider["requests_by_bucket"]) == number
    assert sum(each["requests"] for each in found["providers"]) == len(inside)


async def test_durations_tops_and_the_time_before(api: httpx.AsyncClient, records: list[Exchange]) -> None:
    found = await overview(api, range="1h")
    start = seconds(found["start_time"])
    inside = [each for each in records if start <= each.request_time]
    times = sorted(round(each.total_time * 1000) for each in inside)
    for percent in (50, 95, 99):
        exact = times[-(-len(times) * percent // 100) - 1]
        assert abs(found["total"]["total_time_ms"][f"p{percent}"] - exact) <= exact * 0.025
    assert found["total"]["first_byte_delay_ms"] == {"p50": 10, "p95": 10, "p99": 10}
    keys = Counter(each.api_key_id for each in inside)
    assert [(each["id"], each["name"], each["requests"]) for each in found["api_keys"]] == [
        (key, f"key-{key}", count)
        for key, count in sorted(keys.items(), key=lambda item: (-item[1], item[0] or 0))[:5]
    ]
    models = Counter(each.requested_model for each in inside)
    assert {each["name"]: each["requests"] for each in found["models"]} == models
    before = [each for each in records if start - HOUR + MINUTE <= each.request_time < start]
    assert abs(found["before"]["requests"] - len(before)) <= 2
    assert sum(each["requests_before"] for each in found["models"]) == found["before"]["requests"]


async def test_without_requests(api: httpx.AsyncClient) -> None:
    found = await overview(api)
    assert (found["range"], found["total"]["requests"], found["providers"], found["models"]) == (
        "24h",
        0,
        [],
        [],
    )
    assert found["total"]["total_time_ms"] == {"p50": None, "p95": None, "p99": None}
    answer = await api.get("/stats/overview", params={"range": "1y"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/range")


async def test_an_answer_is_kept_for_two_seconds(both: Live) -> None:
    assert both.gateway.services is not None
    database = both.gateway.services.database
    clock = SetClock(NOW // MINUTE * MINUTE + 30)
    overviews = Overviews(database, clock)
    await write(database, [exchange(request_time=clock.now - 1)])
    first = await overviews.overview("1h")
    await write(database, [exchange(request_time=clock.now - 1)])
    clock.pass_by(1.9)
    assert await overviews.overview("1h") is first
    clock.pass_by(0.2)
    assert (first.total.sums.requests, (await overviews.overview("1h")).total.sums.requests) == (1, 2)


async def test_of_many_requests_a_sample_says_who_is_on_top(both: Live, records: list[Exchange]) -> None:
    assert both.gateway.services is not None
    found = await Overviews(both.gateway.services.database, too_many=10).overview("24h")
    assert found.total.sums.requests == 100
    assert {each.name for each in found.providers} <= {"p1", "p2"}  # which rows are in the sample is chance
    assert 0 < sum(each.sums.requests for each in found.models) < 100 * 7
    assert all(each.sums.requests % 7 == 0 for each in found.models)
