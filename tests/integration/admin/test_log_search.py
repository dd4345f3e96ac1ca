"""`filter=` of the log and of the statistics, on SQLite and on PostgreSQL."""

from typing import Any

import httpx
import pytest

from app.domain.exchange import EndReason
from tests.support.live import Live
from tests.support.logs import NOW, exchange, write

RECORDS = [
    exchange(request_time=NOW, provider="openai", status=500, total_time=2.5),
    exchange(request_time=NOW + 1, provider="openai", status=503, total_time=1.0, api_key_name=None),
    exchange(request_time=NOW + 2, provider='azure\'s "east"', status=200, end_reason=EndReason.TRUNCATED),
    exchange(request_time=NOW + 3, provider=None, provider_id=None, attempts=[], status=429, usage=None),
    exchange(request_time=NOW + 4, path="/v1/messages", requested_model="claude-\u00e9", is_stream=True),
]


@pytest.fixture
async def logs(both: Live, api: httpx.AsyncClient) -> httpx.AsyncClient:
    assert both.gateway.services is not None
    await write(both.gateway.services.database, RECORDS)
    return api


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ('status >= 500 and provider == "openai" and total_time_ms > 2000', [0]),
        ('provider != "openai"', [4, 3, 2]),
        ("not exists(provider) or exists(provider) and provider contains '\"'", [3, 2]),
        ('endpoint == "messages" and stream and model == "claude-\u00e9"', [4]),
        ('request_time > "2026-09-21T14:13:21Z" and request_time <= "2026-09-21T16:13:23+02:00"', [3, 2]),
        ("input_tokens in 10..12.5 and has_error == true", [2, 1, 0]),
        ('not (api_key.name in ["team", "other"])', [1]),
        ("status < 1000000000000000000000", [4, 3, 2, 1, 0]),
        ("# all of them", [4, 3, 2, 1, 0]),
    ],
)
async def test_rows_that_pass_are_listed(logs: httpx.AsyncClient, text: str, numbers: list[int]) -> None:
    answer = await logs.get("/logs", params={"filter": text})
    assert answer.status_code == 200, answer.text
    assert [item["request_id"] for item in answer.json()["items"]] == [RECORDS[n].request_id for n in numbers]
    assert answer.json()["total"] == {"value": len(numbers), "relation": "eq"}


async def test_named_lists_are_asked_as_they_are(logs: httpx.AsyncClient) -> None:
    made = await logs.post("/lists", json={"name": "slow", "entries": ["openai", "other"]})
    assert made.status_code == 201, made.text
    answer = await logs.get("/logs", params={"filter": "provider in $slow"})
    assert len(answer.json()["items"]) == 2


async def test_a_filter_goes_together_with_the_other_parameters(logs: httpx.AsyncClient) -> None:
    query = {"filter": "status >= 429", "status_max": 500, "start_time": "2026-09-21T14:13:21Z"}
    answer = await logs.get("/logs", params=query)
    assert [item["status"] for item in answer.json()["items"]] == [429]


async def test_a_cursor_belongs_to_its_filter(logs: httpx.AsyncClient) -> None:
    query: dict[str, Any] = {"filter": "status >= 429", "page_size": 2}
    page = (await logs.get("/logs", params=query)).json()
    assert (len(page["items"]), page["total"]["value"]) == (2, 3)
    rest = (await logs.get("/logs", params=query | {"cursor": page["next_cursor"]})).json()
    assert [item["status"] for item in rest["items"]] == [500]
    other = await logs.get("/logs", params=query | {"cursor": page["next_cursor"], "filter": "status >= 428"})
    assert other.status_code == 422
    assert other.json()["errors"][0]["code"] == "invalid_cursor"


async def test_statistics_count_what_passes(logs: httpx.AsyncClient) -> None:
    query = {
        "filter": 'provider == "openai"',
        "start_time": "2026-09-21T00:00:00Z",
        "end_time": "2026-09-22T00:00:00Z",
    }
    for group_by in ("model", "time"):
        answer = await logs.get("/stats", params=query | {"group_by": group_by})
        assert answer.status_code == 200, answer.text
        assert answer.json()["total"]["requests"] == 2


@pytest.mark.parametrize("path", ["/logs", "/stats"])
async def test_all_that_is_wrong_is_told_at_once(logs: httpx.AsyncClient, path: str) -> None:
    text = 'requested_model == "x" and status == "500" and model matches "a.*b"'
    answer = await logs.get(path, params={"filter": text})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert [(error["code"], error["span"], error.get("suggestion")) for error in problem["errors"]] == [
        ("RULE_UNKNOWN_FIELD", {"start": 0, "end": 15}, "did you mean `model`?"),
        ("RULE_TYPE_MISMATCH", {"start": 27, "end": 42}, "use `500`"),
        (
            "RULE_NOT_SEARCHABLE",
            {"start": 61, "end": 67},
            "use `contains`, `starts_with`, `ends_with` or `in`, joined by `and` and `or`",
        ),
    ]
    assert {error["pointer"] for error in problem["errors"]} == {"/filter"}


@pytest.mark.parametrize(
    "text",
    [
        "status >=",
        "status == 1; DROP TABLE request_log",
        "model in $nowhere",
        "x" * 5000,
        "\ud7ff\x00",
        "status",
    ],
)
async def test_what_is_no_filter_is_refused(logs: httpx.AsyncClient, text: str) -> None:
    answer = await logs.get("/logs", params={"filter": text})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/filter"
