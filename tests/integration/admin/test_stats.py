"""Statistics as the admin API shows them, of a live gateway."""

import time
from typing import Any

import httpx
import pytest

from tests.support.live import Live
from tests.support.logs import exchange, write

HOUR = 3600
NONE = {"p50": None, "p90": None, "p99": None}


@pytest.fixture
async def now(live: Live) -> float:
    """The gateway's log has two requests of this hour, one of two hours ago, one of last week."""
    assert live.gateway.services is not None
    now = time.time() // HOUR * HOUR
    records = [
        exchange(request_time=now, status=500, first_byte_delay=None, usage=None),
        exchange(request_time=now, total_time=5.0),
        exchange(request_time=now - 2 * HOUR, provider_id=3, provider="other", requested_model="a/b"),
        exchange(request_time=now - 7 * 24 * HOUR, requested_model="old"),
    ]
    await write(live.gateway.services.database, records)
    return now


async def stats(admin: httpx.AsyncClient, **query: Any) -> Any:
    answer = await admin.get("/api/admin/stats", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_last_day_by_model(admin: httpx.AsyncClient, now: float) -> None:
    found = await stats(admin)
    assert (found["group_by"], found["interval"]) == ("model", "hour")
    assert found["items"] == [
        {
            "id": None,
            "name": "chat",
            "start_time": None,
            "requests": 2,
            "errors": 1,
            "status_2xx": 1,
            "status_3xx": 0,
            "status_4xx": 0,
            "status_5xx": 1,
            "input_tokens": 12,
            "output_tokens": 34,
            "total_time_ms": {"p50": 911, "p90": 5055, "p99": 5055},
            "first_byte_delay_ms": {"p50": 203, "p90": 203, "p99": 203},
        },
        {
            "id": None,
            "name": "a/b",
            "start_time": None,
            "requests": 1,
            "errors": 0,
            "status_2xx": 1,
            "status_3xx": 0,
            "status_4xx": 0,
            "status_5xx": 0,
            "input_tokens": 12,
            "output_tokens": 34,
            "total_time_ms": {"p50": 911, "p90": 911, "p99": 911},
            "first_byte_delay_ms": {"p50": 203, "p90": 203, "p99": 203},
        },
    ]
    assert (found["total"]["requests"], found["total"]["name"]) == (3, None)


async def test_by_provider_key_and_time(admin: httpx.AsyncClient, now: float) -> None:
    providers = (await stats(admin, group_by="provider"))["items"]
    assert [(each["id"], each["name"], each["requests"]) for each in providers] == [
        (2, "acme", 2),
        (3, "other", 1),
    ]
    keys = (await stats(admin, group_by="api_key"))["items"]
    assert [(each["id"], each["name"], each["requests"]) for each in keys] == [(1, "team", 3)]
    hours = (await stats(admin, group_by="time", interval="hour"))["items"]
    assert [each["requests"] for each in hours] == [1, 2]
    assert [each["start_time"] for each in hours] == [
        time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(at)) for at in (now - 2 * HOUR, now)
    ]
    minutes = (await stats(admin, group_by="time", interval="minute"))["items"]
    assert len(minutes) == 2


async def test_filters_and_ranges(admin: httpx.AsyncClient, now: float) -> None:
    found = await stats(admin, start_time="2026-01-01T00:00:00Z", has_error="false", group_by="target_model")
    assert (found["total"]["requests"], found["interval"]) == (3, "day")
    nothing = await stats(admin, start_time="2000-01-01T00:00:00Z", end_time="2000-01-02T00:00:00Z")
    assert nothing["items"] == []
    assert nothing["total"]["requests"] == 0
    assert nothing["total"]["total_time_ms"] == NONE


@pytest.mark.parametrize("name", ["start_time", "end_time"])
@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999Z",
        "1969-12-31T23:59:59Z",
    ],
)
async def test_any_time_of_the_calendar_will_do(
    admin: httpx.AsyncClient, now: float, name: str, at: str
) -> None:
    assert (await stats(admin, **{name: at}))["total"]["requests"] in (0, 4)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"group_by": "colour"}, "/group_by"),
        ({"interval": "second"}, "/interval"),
        ({"group_by": "time", "interval": "minute", "start_time": "2020-01-01T00:00:00Z"}, "/interval"),
        ({"status_min": "x"}, "/status_min"),
    ],
)
async def test_bad_questions_are_refused(
    admin: httpx.AsyncClient, query: dict[str, str], pointer: str
) -> None:
    answer = await admin.get("/api/admin/stats", params=query)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
