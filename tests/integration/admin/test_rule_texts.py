"""Formatting and converting rules over HTTP."""

import json
from typing import Any

import httpx


async def _ask(api: httpx.AsyncClient, what: str, **question: Any) -> Any:
    answer = await api.post(f"/rules/{what}", json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_rule_is_formatted_worded_and_drawn(api: httpx.AsyncClient) -> None:
    found = await _ask(api, "format", text="stream&&len(body.tools)>2")

    assert found == {
        "text": "stream and len(body.tools) > 2",
        "changed": True,
        "words": "The client wants a stream, and the number of the tools is more than 2.",
        "builder": {
            "kind": "group",
            "logic": "AND",
            "items": [
                {
                    "kind": "row",
                    "field": "stream",
                    "operator": "eq",
                    "value": True,
                    "span": {"start": 0, "end": 6},
                },
                {"kind": "chip", "text": "len(body.tools) > 2", "span": {"start": 11, "end": 30}},
            ],
            "span": {"start": 0, "end": 30},
        },
        "as_written": {
            "kind": "group",
            "logic": "AND",
            "items": [
                {
                    "kind": "row",
                    "field": "stream",
                    "operator": "eq",
                    "value": True,
                    "span": {"start": 0, "end": 6},
                },
                {"kind": "chip", "text": "len(body.tools)>2", "span": {"start": 8, "end": 25}},
            ],
            "span": {"start": 0, "end": 25},
        },
    }
    again = await _ask(api, "format", text=found["text"])
    assert again == {**found, "changed": False, "as_written": found["builder"]}


async def test_wrong_syntax_points_into_the_text(api: httpx.AsyncClient) -> None:
    answer = await api.post("/rules/format", json={"text": "stream and"})

    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/text", "RULE_UNEXPECTED_END")
    assert fault["span"] == {"start": 10, "end": 10} or fault["span"]["start"] <= 10


async def test_json_becomes_text_and_text_becomes_json(api: httpx.AsyncClient) -> None:
    value = {
        "rules": [
            {"field": "headers.x-n", "operator": "gt", "value": 5},
            {"field": "stream", "operator": "eq", "value": True},
        ],
        "logic": "OR",
    }
    found = await _ask(api, "convert", **{"from": "json", "source": json.dumps(value)})
    text = "number(headers.x-n) > 5 or stream == true"
    assert [rule["text"] for rule in found["rules"]] == [text]
    assert found["unmapped"] == []
    back = await _ask(api, "convert", **{"from": "text", "source": text})
    assert back["json"] == value
    only = await _ask(api, "convert", **{"from": "text", "source": "stream and len(model) > 1"})
    assert only["json"] is None
    assert [(note["what"], note["span"]) for note in only["unmapped"]] == [
        ("len(model) > 1", {"start": 11, "end": 25})
    ]
    assert (
        only["rules"][0]["words"] == "The client wants a stream, and the length of the model is more than 1."
    )


async def test_faults_of_json_are_reported(api: httpx.AsyncClient) -> None:
    source = json.dumps([{"field": "body.temperature", "operator": "eq", "value": "0.5"}])
    typed = await _ask(api, "convert", **{"from": "json", "source": source})
    broken = await _ask(api, "convert", **{"from": "json", "source": "[{}]"})

    assert typed["rules"] == broken["rules"] == []
    assert "compared with" in typed["unmapped"][0]["why"]
    assert broken["unmapped"] == [
        {"pointer": "/0", "what": "a rule list", "why": "`field` is missing", "span": None}
    ]


async def test_rules_of_other_gateways(api: httpx.AsyncClient) -> None:
    cel = 'headers["x-tier"] == "premium" && model.startsWith("gpt-4")'
    found = await _ask(api, "convert", **{"from": "bifrost", "source": cel})
    assert found["rules"][0]["text"] == 'headers.x-tier == "premium" and model starts_with "gpt-4"'
    strategy = {"mode": "conditional", "conditions": [{"query": {"params.n": 1}, "then": "a"}]}
    found = await _ask(api, "convert", **{"from": "portkey", "source": json.dumps({"strategy": strategy})})
    assert [(rule["target"], rule["text"]) for rule in found["rules"]] == [("a", "body.n == 1")]
    settings = "model_list: [{model_name: m, litellm_params: {model: a}}]"
    found = await _ask(api, "convert", **{"from": "litellm", "source": settings})
    assert [(rule["name"], rule["text"]) for rule in found["rules"]] == [("m", "")]
    refused = await api.post("/rules/convert", json={"from": "kong", "source": ""})
    assert refused.status_code == 422
