"""The text of a rule over HTTP: check, completion, hover, with what the database knows."""

from typing import Any

import httpx
import pytest


async def _ask(api: httpx.AsyncClient, what: str, **question: Any) -> Any:
    answer = await api.post(f"/rules/{what}", json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_one_answer_serves_the_editor(api: httpx.AsyncClient) -> None:
    found = await _ask(api, "check", text='headers.X-Priority == "high" && body.temperature <= 0.5')
    assert found["valid"] is True
    assert found["diagnostics"] == []
    assert found["formatted"] == 'headers.x-priority == "high" and body.temperature <= 0.5'
    assert "temperature" in found["words"]
    assert found["tokens"][:4] == [
        {"span": {"start": 0, "end": 7}, "kind": "field"},
        {"span": {"start": 7, "end": 18}, "kind": "field"},
        {"span": {"start": 19, "end": 21}, "kind": "operator"},
        {"span": {"start": 22, "end": 28}, "kind": "string"},
    ]


async def test_a_wrong_rule_says_what_is_wrong_and_how_to_mend_it(api: httpx.AsyncClient) -> None:
    found = await _ask(api, "check", text="stream and body.temprature <= 0.5")
    assert (found["valid"], found["words"]) == (False, None)
    (fault,) = found["diagnostics"]
    assert fault["code"] == "RULE_UNKNOWN_FIELD"
    assert fault["span"] == {"start": 11, "end": 26}
    assert fault["edit"] == {"span": {"start": 11, "end": 26}, "text": "body.temperature"}
    broken = await _ask(api, "check", text="stream and")
    assert (broken["valid"], broken["formatted"]) == (False, None)
    assert broken["tokens"][1]["kind"] == "keyword"


async def test_a_text_too_long_for_a_rule(api: httpx.AsyncClient) -> None:
    found = await _ask(api, "check", text="x" * 100_000)
    assert [fault["code"] for fault in found["diagnostics"]] == ["RULE_TOO_LONG"]
    assert (await api.post("/rules/check", json={"text": "x" * 100_001})).status_code == 422


async def test_conditions_that_the_model_decides(api: httpx.AsyncClient) -> None:
    text = 'stream or model starts_with "gpt-4"'
    assert (await _ask(api, "check", text=text))["diagnostics"] == []
    (lint,) = (await _ask(api, "check", text=text, model="gpt-4o"))["diagnostics"]
    assert (lint["code"], lint["severity"]) == ("RULE_CONSTANT_CONDITION", "warning")
    assert lint["span"] == {"start": 10, "end": 35}
    assert "always true" in lint["message"]


async def test_filters_of_the_log_have_their_own_fields(api: httpx.AsyncClient) -> None:
    text = 'status >= 500 and provider == "openai"'
    assert (await _ask(api, "check", text=text, vocabulary="logs"))["valid"] is True
    assert (await _ask(api, "check", text=text))["valid"] is False
    offers = await _ask(api, "complete", text="stat", cursor=4, vocabulary="logs")
    assert offers["items"][0]["label"] == "status"


async def test_named_lists_come_from_the_database(api: httpx.AsyncClient) -> None:
    assert (await _ask(api, "check", text="client.ip in $office"))["valid"] is False
    made = await api.post("/lists", json={"name": "office", "entries": ["203.0.113.0/24", "home"]})
    assert made.status_code == 201, made.text
    found = await _ask(api, "check", text="client.ip in $office")
    assert found["valid"] is True
    assert [fault["code"] for fault in found["diagnostics"]] == ["RULE_LIST_ENTRY"]
    offers = await _ask(api, "complete", text="client.ip in $", cursor=14)
    assert offers["span"] == {"start": 13, "end": 14}
    assert [item["insert"] for item in offers["items"]] == ["$office"]


async def test_offers_know_the_configuration(api: httpx.AsyncClient) -> None:
    await api.post("/models", json={"name": "meta-llama/Llama-3"})
    key = {"name": "web", "tags": ["beta"], "metadata": {"team": "search", "level": 3}}
    assert (await api.post("/api-keys", json=key)).status_code == 201
    models = await _ask(api, "complete", text="model == ", cursor=9)
    assert models["items"][0] == {
        "label": "meta-llama/Llama-3",
        "insert": '"meta-llama/Llama-3"',
        "kind": "value",
        "detail": "seen",
        "doc": "",
        "cursor": 20,
    }
    tags = await _ask(api, "complete", text="api_key.tags contains ", cursor=22)
    assert tags["items"][0]["insert"] == '"beta"'
    names = await _ask(api, "complete", text="api_key.metadata.", cursor=17)
    assert {item["label"] for item in names["items"]} == {"team", "level"}
    teams = await _ask(api, "complete", text="api_key.metadata.team == ", cursor=25)
    assert teams["items"][0]["insert"] == '"search"'


async def test_a_cursor_past_the_end_is_at_the_end(api: httpx.AsyncClient) -> None:
    offers = await _ask(api, "complete", text="strea", cursor=99)
    assert offers["items"][0]["insert"] == "stream"


async def test_hover(api: httpx.AsyncClient) -> None:
    found = await _ask(api, "hover", text="body.temperature <= 0.5", cursor=8)
    assert found["found"] == {
        "span": {"start": 0, "end": 16},
        "type": "a number, or missing",
        "doc": "Sampling temperature.",
    }
    assert await _ask(api, "hover", text="body.temperature <= 0.5", cursor=21) == {"found": None}


@pytest.mark.parametrize(
    "question",
    [{"cursor": 1}, {"text": "x", "cursor": -1}, {"text": "x", "cursor": 0, "vocabulary": "other"}],
)
async def test_a_question_that_is_none(api: httpx.AsyncClient, question: dict[str, Any]) -> None:
    assert (await api.post("/rules/complete", json=question)).status_code == 422
