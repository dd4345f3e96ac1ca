"""The log as the admin API shows it, of a live gateway."""

import shutil
from typing import Any

import httpx
import pytest

from app.domain.attempt import Attempt, Verdict
from app.domain.exchange import EndReason, Exchange
from tests.support.live import Live
from tests.support.logs import NOW, exchange, write

KEY = "gwk_0123456789abcdefghijABCDEFGHIJ01"
RECORDS = [
    exchange(request_time=NOW, requested_model="meta-llama/Llama-3", is_stream=True),
    exchange(request_time=NOW + 1, status=429, error_code="rate_limit_exceeded", api_key_id=7),
    exchange(
        request_time=NOW + 2, end_reason=EndReason.TRUNCATED, total_time=70.0, usage=None, usage_source=None
    ),
    exchange(request_time=NOW + 3, provider_id=9, provider="other", requested_model="100%"),
    exchange(request_time=NOW + 4, status=504, attempts=[Attempt(1, 1, "a", "b", 0.0)] * 3),
]
ODD = exchange(
    request_time=NOW - 60,
    request_headers=[(b"authorization", b"Bearer " + KEY.encode()), (b"x-a", b"\xe9")],
    request_body=b'{"key": "sk-abcdefghijklmnopqrstuvwxyz", "text": "a\0b\xc3\xa9',
    request_size=500,
    response_body=b"\xff\x00binary",
    response_size=8,
    attempts=[
        Attempt(5, 2, "acme", "large", 0.0015, error="dns", ended=0.25, next="failover"),
        Attempt(6, 3, "other", "small", 0.25, 0.5, 0.75, 200),
    ],
    trace=[Verdict(None, None, True), Verdict(7, "third", False, 'headers.x-priority == "high"', (4, 32))],
)


@pytest.fixture
async def logs(live: Live, admin: httpx.AsyncClient) -> httpx.AsyncClient:
    """The gateway has the records in its log."""
    assert live.gateway.services is not None
    await write(live.gateway.services.database, [*RECORDS, ODD])
    return admin


async def found(logs: httpx.AsyncClient, **query: Any) -> list[Exchange]:
    answer = await logs.get("/api/admin/logs", params=query)
    assert answer.status_code == 200, answer.text
    by_id = {record.request_id: record for record in [*RECORDS, ODD]}
    return [by_id[item["request_id"]] for item in answer.json()["items"]]


async def test_the_list_is_newest_first(logs: httpx.AsyncClient) -> None:
    answer = (await logs.get("/api/admin/logs")).json()
    assert [item["request_id"] for item in answer["items"]] == [
        record.request_id for record in [*reversed(RECORDS), ODD]
    ]
    assert answer["total"] == {"value": 6, "relation": "eq"}
    assert answer["next_cursor"] is None
    first = answer["items"][0]
    assert (first["request_time"], first["status"], first["retry_count"]) == ("2026-09-21T14:13:24Z", 504, 2)
    assert (first["has_error"], first["total_time_ms"], first["usage_source"]) == (True, 900, "upstream")
    assert "attempts" not in first
    assert "payload" not in first


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"start_time": "2026-09-21T14:13:22Z"}, [4, 3, 2]),
        ({"start_time": "2026-09-21T16:13:22.001+02:00"}, [4, 3]),
        ({"start_time": "2026-09-21T14:13:20", "end_time": "2026-09-21T14:13:22"}, [1, 0]),
        ({"requested_model": "meta-llama/Llama-3"}, [0]),
        ({"requested_model": "100%"}, [3]),
        ({"requested_model": "1__%"}, []),
        ({"requested_model": "a\0\ufffd"}, []),
        ({"provider_id": 9}, [3]),
        ({"api_key_id": 7}, [1]),
        ({"status_min": 400, "status_max": 499}, [1]),
        ({"has_error": "true"}, [4, 2, 1]),
        ({"is_stream": "true"}, [0]),
        ({"retry_count_min": 2}, [4]),
        ({"total_time_ms_min": 60_000}, [2]),
        ({"end_reason": "truncated"}, [2]),
        ({"has_error": "true", "status_max": 499, "end_reason": "complete"}, [1]),
    ],
)
async def test_filters(logs: httpx.AsyncClient, query: dict[str, Any], numbers: list[int]) -> None:
    matching = await found(logs, **{"start_time": "2026-09-21T14:13:20Z", **query})
    assert matching == [RECORDS[number] for number in numbers]


async def test_pages_follow_each_other(logs: httpx.AsyncClient) -> None:
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        query: dict[str, Any] = {"page_size": 2, "sort": "-total_time_ms"} | (
            {"cursor": cursor} if cursor else {}
        )
        answer = (await logs.get("/api/admin/logs", params=query)).json()
        assert answer["total"] == {"value": 6, "relation": "eq"}
        seen += [item["total_time_ms"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        pages += 1
    assert pages == 3
    assert seen == [70_000, *[900] * 5]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"page_size": 0}, "/page_size"),
        ({"page_size": 201}, "/page_size"),
        ({"page_size": 10**9}, "/page_size"),
        ({"cursor": "x"}, "/cursor"),
        ({"cursor": "lcQI"}, "/cursor"),
        ({"sort": "-attempts"}, "/sort"),
        ({"provider_id": "acme"}, "/provider_id"),
        ({"provider_id": 2**70}, "/provider_id"),
        ({"input_tokens_min": -1}, "/input_tokens_min"),
        ({"status_max": 1000}, "/status_max"),
        ({"has_error": "perhaps"}, "/has_error"),
        ({"end_reason": "bored"}, "/end_reason"),
        ({"start_time": "yesterday"}, "/start_time"),
    ],
)
async def test_bad_questions_are_refused(
    logs: httpx.AsyncClient, query: dict[str, Any], pointer: str
) -> None:
    answer = await logs.get("/api/admin/logs", params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_a_record_whole(logs: httpx.AsyncClient) -> None:
    answer = await logs.get(f"/api/admin/logs/{ODD.request_id}")
    assert answer.status_code == 200
    assert KEY[4:] not in answer.text
    record = answer.json()
    assert record["attempts"] == [
        {
            "target_id": 5,
            "provider_id": 2,
            "provider": "acme",
            "target_model": "large",
            "status": None,
            "error": "dns",
            "started_ms": 1.5,
            "first_byte_ms": None,
            "ended_ms": 250.0,
            "next": "failover",
        },
        {
            "target_id": 6,
            "provider_id": 3,
            "provider": "other",
            "target_model": "small",
            "status": 200,
            "error": None,
            "started_ms": 250.0,
            "first_byte_ms": 500.0,
            "ended_ms": 750.0,
            "next": None,
        },
    ]
    assert record["trace"] == [
        {"target_id": None, "provider": None, "passed": True, "refused_by": None, "span": None},
        {
            "target_id": 7,
            "provider": "third",
            "passed": False,
            "refused_by": 'headers.x-priority == "high"',
            "span": {"start": 4, "end": 32},
        },
    ]
    assert record["payload"] == {
        "is_redacted": True,
        "request_headers": [
            {"name": "authorization", "value": "Bearer gwk_***...***"},
            {"name": "x-a", "value": "é"},
        ],
        "request_body": {
            "text": '{"key": "sk-***...***", "text": "a\0bé',
            "encoding": "utf-8",
            "truncated": True,
        },
        "response_headers": [{"name": "content-type", "value": "application/json"}],
        "response_body": {"text": "/wBiaW5hcnk=", "encoding": "base64", "truncated": False},
    }


async def test_a_record_whose_payload_is_gone(live: Live, logs: httpx.AsyncClient) -> None:
    assert live.gateway.services is not None
    database = live.gateway.services.database
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("DELETE FROM request_payload")
    if database.payload_folder is not None:
        shutil.rmtree(database.payload_folder)
    record = (await logs.get(f"/api/admin/logs/{ODD.request_id.upper()}")).json()
    assert record["payload"] is None
    assert record["request_id"] == ODD.request_id


@pytest.mark.parametrize("request_id", ["01920000-0000-7000-8000-000000000001", "x", "1"])
async def test_a_record_that_is_not_there(logs: httpx.AsyncClient, request_id: str) -> None:
    answer = await logs.get(f"/api/admin/logs/{request_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["logs", "logs/01920000-0000-7000-8000-000000000001", "stats"])
async def test_strangers_see_nothing(live: Live, path: str) -> None:
    async with httpx.AsyncClient(base_url=live.url, trust_env=False) as stranger:
        assert (await stranger.get(f"/api/admin/{path}")).status_code == 401
