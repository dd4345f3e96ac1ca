"""Tests of rules over HTTP: their results in every answer, and their refusals of rules."""

from typing import Any

import httpx
import pytest

from app.db.session import Database
from app.domain.attempt import Verdict
from tests.support.logs import exchange, write

MODEL = "/models/meta-llama%2FLlama-3"
TESTS = f"{MODEL}/tests"
TEST: dict[str, Any] = {
    "name": "high priority goes to one",
    "request": {"headers": {"x-priority": "high"}, "body": {"temperature": 0.2}},
    "expect": {"candidates": ["one"]},
}


@pytest.fixture
async def targets(api: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Targets of a model: at `one`, with a rule, and at `two`."""
    stored = []
    for name, rule in (("one", 'headers.x-priority == "high"'), ("two", "body.temperature > 1")):
        body = {"name": name, "protocol": "openai", "base_url": "https://api.example.com"}
        provider = (await api.post("/providers", json=body)).json()
        stored.append({"provider_id": provider["id"], "target_model": name, "rule": rule})
    made: list[dict[str, Any]] = (
        await api.post("/models", json={"name": "meta-llama/Llama-3", "targets": stored})
    ).json()["targets"]
    return made


async def test_a_test_lives(api: httpx.AsyncClient, targets: list[dict[str, Any]]) -> None:
    answer = await api.post(TESTS, json=TEST)
    made = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, made["etag"])
    assert {name: made[name] for name in TEST} == TEST
    assert made["result"] == {
        "passed": True,
        "candidates": ["one"],
        "refusals": [
            {
                "target": "two",
                "target_id": targets[1]["id"],
                "refused_by": "body.temperature > 1",
                "span": {"start": 0, "end": 20},
            }
        ],
        "unknown": [],
        "message": "",
    }
    path = f"{TESTS}/{made['id']}"
    assert (await api.get(path)).json() == made
    changed = await api.patch(
        path, json={"expect": {"includes": ["two"]}}, headers={"if-match": made["etag"]}
    )
    assert changed.json()["expect"] == {"includes": ["two"]}
    assert changed.json()["result"]["passed"] is False
    assert (await api.patch(path, json={}, headers={"if-match": made["etag"]})).status_code == 412
    assert (await api.get(TESTS)).json() == {
        "items": [changed.json()],
        "total": 1,
        "page": 1,
        "page_size": 20,
    }
    run = await api.post(f"{TESTS}/run")
    assert run.status_code == 200
    assert run.json() == {
        "passed": 0,
        "failed": 1,
        "tests": [{"id": made["id"], "name": TEST["name"], "result": changed.json()["result"]}],
    }
    assert (await api.post(TESTS, json=TEST)).json()["code"] == "name_taken"
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404


async def test_a_rule_that_a_test_refuses(api: httpx.AsyncClient, targets: list[dict[str, Any]]) -> None:
    await api.post(TESTS, json=TEST)
    one = f"{MODEL}/targets/{targets[0]['id']}"
    answer = await api.patch(one, json={"rule": 'headers.x-priority == "high" and stream'})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "test_failed")
    assert problem["errors"] == [
        {
            "pointer": "/rule",
            "code": "test_failed",
            "message": "Test `high priority goes to one` of model `meta-llama/Llama-3` fails: expected `one` to take "
            "it; none takes it. Refused: `one` by `stream`, `two` by `body.temperature > 1`.",
            "span": {"start": 33, "end": 39},
        }
    ]
    assert (await api.get(one)).json()["rule"] == targets[0]["rule"]
    assert (await api.patch(MODEL, json={"rule": "has_tools"})).json()["code"] == "test_failed"
    assert (await api.patch(one, json={"is_active": False})).status_code == 200


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"expect": {}}, "/expect"),
    ({"expect": {"candidate": []}}, "/expect/candidate"),
    ({"expect": {"includes": [""]}}, "/expect/includes/0"),
    ({"request": {"endpoint": "chat"}}, "/request/endpoint"),
    ({"request": {"headers": {"x-api-key": "k"}}}, "/request/headers"),
    ({"request": {"at": "2026-11-24T08:00:00"}}, "/request/at"),
    ({"request": {"header": {}}}, "/request/header"),
    ({"name": " x"}, "/name"),
]


async def test_what_is_refused(api: httpx.AsyncClient, targets: list[dict[str, Any]]) -> None:
    for fields, pointer in REFUSED:
        answer = await api.post(TESTS, json={**TEST, **fields})
        assert (answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]) == (
            422,
            [pointer],
        )
    assert (await api.post("/models/none/tests", json=TEST)).status_code == 404
    assert len(targets) == 2


async def test_from_the_log(api: httpx.AsyncClient, targets: list[dict[str, Any]], database_url: str) -> None:
    logged = exchange(
        requested_model="meta-llama/Llama-3",
        api_key_id=None,
        trace=[
            Verdict(None, None, True),
            Verdict(targets[0]["id"], "one", True),
            Verdict(targets[1]["id"], "two", False, "body.temperature > 1", (0, 20)),
        ],
        request_headers=[(b"x-priority", b"high"), (b"x-api-key", b"gwk_secret")],
    )
    database = Database(database_url)
    await write(database, [logged])
    await database.aclose()
    answer = await api.post(f"{TESTS}/from-log", json={"request_id": logged.request_id})
    made = answer.json()
    assert answer.status_code == 201, answer.text
    assert made["expect"] == {"candidates": ["one"]}
    assert made["result"]["passed"]
    assert made["request"]["headers"]["x-priority"] == "high"
    assert "gwk_secret" not in answer.text
    refused = await api.post(f"{TESTS}/from-log", json={"request_id": "none"})
    assert refused.status_code == 404
