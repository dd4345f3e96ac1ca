"""Explaining decisions over the admin API: pasted and logged requests, drafts, configurations of the past."""

import random
from typing import Any

import httpx
import pytest

from tests.integration.whole.support import eventually
from tests.support.live import Live
from tests.support.sockets import ScriptedUpstream, answer

Api = httpx.AsyncClient

MODEL = "gpt-4o-mini"


async def call(api: Api, method: str, path: str, body: object = None) -> Any:
    answer = await api.request(method, path, json=body)
    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


async def configured(api: Api, url: str = "https://api.example.com", *rules: str, **fields: Any) -> list[int]:
    """A model with one provider and target for each rule; returns the targets' numbers."""
    targets = []
    for number, rule in enumerate(rules, 1):
        body = {
            "name": f"provider-{number}",
            "protocol": "openai",
            "base_url": url,
            "credential": "sk-upstream",
        }
        provider = await call(api, "POST", "/providers", body)
        targets.append({"provider_id": provider["id"], "target_model": f"upstream-{number}", "rule": rule})
    model = await call(api, "POST", "/models", {"name": MODEL, "targets": targets, **fields})
    return [target["id"] for target in model["targets"]]


def sample(**body: Any) -> dict[str, Any]:
    return {"headers": {"X-Priority": "high"}, "body": {"model": MODEL, "messages": [], **body}}


async def test_a_pasted_request(api: Api) -> None:
    first, second = await configured(
        api, "https://api.example.com", 'headers.x-priority == "low"', "body.temperature <= 0.5 and stream"
    )
    asked = {"request": sample(temperature=0.2, stream=True)}

    found = await call(api, "POST", "/rules/explain", asked)

    assert [target["is_candidate"] for target in found["targets"]] == [False, True]
    assert found["order"] == [{"target_ids": [second], "shares": [100.0]}]
    refused = found["targets"][0]
    assert (refused["target_id"], refused["hindrance"]) == (first, "rule")
    assert refused["rule"]["refused_by"] == 'headers.x-priority == "low"'
    assert refused["rule"]["span"] == {"start": 0, "end": 27}
    trace = refused["rule"]["trace"]
    assert (trace["kind"], trace["outcome"]) == ("compare", "false")
    assert trace["children"][0]["value"] == "high"
    assert found["targets"][1]["rule"]["trace"]["outcome"] == "true"


async def test_a_draft_is_tried_and_not_stored(api: Api) -> None:
    first, second = await configured(api, "https://api.example.com", "stream", "stream")
    draft = {
        "strategy": "weighted",
        "targets": [
            {"id": first, "rule": "not stream", "weight": 3},
            {"id": second, "rule": "api_key.id in $vips"},
        ],
        "lists": {"vips": ["7"]},
    }

    found = await call(
        api, "POST", "/rules/explain", {"request": {**sample(), "api_key": {"id": 7}}, "draft": draft}
    )

    assert found["order"] == [{"target_ids": [first, second], "shares": [75.0, 25.0]}]
    stored = await call(api, "GET", f"/models/{MODEL}")
    assert [target["rule"] for target in stored["targets"]] == ["stream", "stream"]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"draft": {"rule": "body.temprature > 1"}}, "/draft/rule", "RULE_UNKNOWN_FIELD"),
        ({"draft": {"targets": [{"id": 999, "rule": ""}]}}, "/draft/targets/0/id", "unknown_target"),
        ({"draft": {"targets": [{"id": 999, "rul": ""}]}}, "/draft/targets/0/rul", "unknown_field"),
        ({"request": {"endpoint": "audio"}, "model": MODEL}, "/request/endpoint", "unknown_endpoint"),
        ({"request_id": "0197"}, "", "one_of"),
    ],
)
async def test_faults_are_named(api: Api, changes: dict[str, Any], pointer: str, code: str) -> None:
    await configured(api, "https://api.example.com", "stream")

    answer = await api.post("/rules/explain", json={"request": sample(), **changes})

    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == (pointer, code)


async def test_unknown_models_and_requests_are_not_found(api: Api) -> None:
    assert (await api.post("/rules/explain", json={"request": sample()})).status_code == 404
    answer = await api.post("/rules/explain", json={"request_id": "01977d3f-0000-7000-8000-000000000000"})
    assert answer.status_code == 404


async def test_why_a_target_is_no_candidate(api: Api) -> None:
    ids = await configured(api, "https://api.example.com", "", "", "")
    claude = {
        "name": "claude",
        "protocol": "anthropic",
        "base_url": "https://api.example.com",
        "credential": "x",
    }
    provider = await call(api, "POST", "/providers", claude)
    target = {"provider_id": provider["id"], "target_model": "claude"}
    await call(api, "POST", f"/models/{MODEL}/targets", target)
    await call(api, "PATCH", f"/models/{MODEL}/targets/{ids[0]}", {"is_active": False})
    await call(api, "PATCH", f"/models/{MODEL}/targets/{ids[1]}", {"rule": "has_images"})

    async def hindrances() -> list[str | None]:
        found = await call(api, "POST", "/rules/explain", {"request": sample()})
        return [each["hindrance"] for each in found["targets"]]

    assert await hindrances() == ["inactive", "rule", None, "protocol"]
    await call(api, "PATCH", f"/models/{MODEL}", {"rule": "has_images"})
    assert await hindrances() == ["inactive", "model_rule", "model_rule", "model_rule"]
    await call(api, "PATCH", f"/models/{MODEL}", {"is_active": False})
    assert await hindrances() == ["model_inactive"] * 4


CHANGES = [
    'headers.x-priority == "high"',
    "body.temperature <= 0.5 or stream",
    'any(body.messages, .role == "system") and body.temperature > 0.3',
    'api_key.tags contains "beta" and message_count > 1',
    "api_key.id in $vips",
    'last_user_text contains "urgent" or token_usage.input_tokens > 30',
    'model starts_with "gpt" and not has_tools',
    'none(body.tools, .function.name == "search")',
]


async def test_two_hundred_logged_requests_are_explained_as_they_were_decided(both: Live, api: Api) -> None:
    """While rules, lists, tags and targets change; at the end none of them would meet what it met."""
    whole = answer(b'{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}')
    async with ScriptedUpstream((whole,)) as upstream:
        sent = await _traffic(both, api, upstream.url, random.Random(7))
    await _all_written(both)

    refusals = 0
    for request_id in sent:
        row = await call(api, "GET", f"/logs/{request_id}")
        found = await call(api, "POST", "/rules/explain", {"request_id": request_id})
        assert found["revision"] == row["revision"]
        again = [{"target_id": None, **found["rule"]}]
        again += [{"target_id": target["target_id"], **target["rule"]} for target in found["targets"]]
        assert [each["target_id"] for each in row["trace"]] == [each["target_id"] for each in again]
        for then, now in zip(row["trace"], again, strict=True):
            for name in ("passed", "refused_by", "span"):
                assert then[name] == now[name], (then, now)
            refusals += not then["passed"]
    assert refusals > 100


async def _all_written(both: Live) -> None:
    writer = both.gateway.services.log_writer

    async def written() -> bool:
        return writer.figures.queued == 0

    await eventually(written)


async def _traffic(both: Live, api: Api, url: str, chance: random.Random) -> list[str]:
    """Two hundred requests while the configuration changes; returns their ids."""
    ids = await configured(api, url, "", "", "")
    await call(api, "POST", "/lists", {"name": "vips", "entries": ["1"]})
    keys = [
        await call(api, "POST", "/api-keys", {"name": f"key-{n}", "tags": ["beta"][:n]}) for n in range(2)
    ]
    sent: list[str] = []
    async with httpx.AsyncClient(base_url=both.url, trust_env=False) as client:
        for number in range(200):
            if number % 5 == 0:
                target = f"/models/{MODEL}/targets/{chance.choice(ids)}"
                await call(api, "PATCH", target, {"rule": chance.choice(CHANGES)})
            if number % 25 == 10:
                await call(api, "PATCH", "/lists/vips", {"entries": [str(chance.randint(1, 2)), "9"]})
                key = chance.choice(keys)
                tags = chance.choice([["beta"], ["alpha"], []])
                await call(api, "PATCH", f"/api-keys/{key['id']}", {"tags": tags})
            if number % 40 == 20:
                await call(
                    api, "PUT", f"/models/{MODEL}/targets/order", {"target_ids": chance.sample(ids, 3)}
                )
                await call(api, "PATCH", f"/models/{MODEL}", {"rule": chance.choice(["", "not has_images"])})
            answer = await client.post(
                "/v1/chat/completions",
                headers={
                    "authorization": f"Bearer {chance.choice(keys)['value']}",
                    "x-priority": chance.choice(["high", "low"]),
                },
                json=_body(chance),
            )
            assert answer.status_code in (200, 422), answer.text
            sent.append(answer.headers["x-request-id"])
    await call(api, "PATCH", f"/models/{MODEL}", {"name": "renamed"})
    await call(api, "DELETE", f"/models/renamed/targets/{ids[0]}")
    return sent


def _body(chance: random.Random) -> dict[str, Any]:
    roles = chance.choices(["system", "user", "assistant"], k=chance.randint(1, 3))
    text = chance.choice(["hello", "this is urgent", "word " * 60])
    body: dict[str, Any] = {"model": MODEL, "messages": [{"role": role, "content": text} for role in roles]}
    if chance.random() < 0.7:
        body["temperature"] = chance.choice([0.1, 0.4, 0.9])
    if chance.random() < 0.3:
        body["tools"] = [{"type": "function", "function": {"name": chance.choice(["search", "other"])}}]
    if chance.random() < 0.2:
        body["messages"][-1]["content"] = [
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
        ]
    return body


async def test_the_configuration_of_a_deleted_model_is_still_known(both: Live, api: Api) -> None:
    whole = answer(b'{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}')
    async with ScriptedUpstream((whole,)) as upstream:
        first, second = await configured(api, upstream.url, "stream", "not stream")
        key = await call(api, "POST", "/api-keys", {"name": "key"})
        async with httpx.AsyncClient(base_url=both.url, trust_env=False) as client:
            headers = {"authorization": f"Bearer {key['value']}"}
            sent = await client.post("/v1/chat/completions", headers=headers, json=sample()["body"])
    await _all_written(both)
    await call(api, "DELETE", f"/models/{MODEL}")

    found = await call(api, "POST", "/rules/explain", {"request_id": sent.headers["x-request-id"]})

    assert [target["target_id"] for target in found["targets"]] == [first, second]
    assert found["order"] == [{"target_ids": [second], "shares": [100.0]}]
